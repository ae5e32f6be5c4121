"""Checkpoints and their data: where weights come from, and how they become the subject of a measurement.

Nothing in this package imports torch, transformers, datasets or huggingface_hub before it is asked to load something.
"""

from suite.subjects.open_checkpoint import open_subject
from suite.subjects.source import Source, resolve

__all__ = ["Source", "open_subject", "resolve"]
