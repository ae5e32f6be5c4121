"""What a capability file builds on: the task and its base classes by kind, discovery, and the recipes of miniatures."""

from suite.task.base import Batch, Checkpoint, HubDataset, Sample, Task

__all__ = ["Batch", "Checkpoint", "HubDataset", "Sample", "Task"]
