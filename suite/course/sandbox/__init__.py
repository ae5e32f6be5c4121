"""Runs a document's examples in a closed process: namespaces, a system-call filter, and limits on time, memory and
workload.
"""
