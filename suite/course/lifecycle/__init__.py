"""The table of what libraries removed, renamed or changed, and the probes that verify each row on real releases."""
