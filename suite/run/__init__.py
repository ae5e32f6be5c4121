"""One session: which cells there are, in which order they are built and measured, and what is recorded."""
