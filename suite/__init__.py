"""Touchstone: how right, how fast, how large and how faithful a model is, on every backend.

The harness. It knows no task by name: tasks live in a folder that it is pointed at.
"""

__version__ = "0.1.0"
