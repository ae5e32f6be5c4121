"""The recipes of the miniatures, and the shipped weights."""
