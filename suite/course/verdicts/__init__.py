"""From what an example did to its verdict: error patterns, failure rules and output drift."""
