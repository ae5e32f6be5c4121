"""The local stand-in of the Hugging Face Hub: repositories, checkpoints, data sets and metrics."""
