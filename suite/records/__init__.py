"""The rows of a run on the disk: the run folder, its columns, and how a run is found again."""
