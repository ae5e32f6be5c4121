"""Training a checkpoint: what it learns from, the loop that trains it, and one step of it to be timed.

Nothing here imports torch, transformers or peft before something is trained.
"""
