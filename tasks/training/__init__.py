"""Training: what a checkpoint is after it has learnt, and how it got there."""
