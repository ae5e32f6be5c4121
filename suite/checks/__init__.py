"""One file per check: what it asks of a worker, how the answer is judged, and which columns it writes."""
