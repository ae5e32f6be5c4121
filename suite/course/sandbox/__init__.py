"""Runs a document's examples in closed processes: namespaces, Landlock, and limits on time, memory and workload."""
