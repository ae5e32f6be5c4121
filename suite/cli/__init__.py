"""The commands of `python -m suite`, and what the harness itself costs."""
