"""The scripts that `evaluate.load` fetches, written anew around the libraries that compute each metric.

They are served by the stand-in Hub as the Spaces `evaluate-metric/<name>`, and are never imported from here.
"""
