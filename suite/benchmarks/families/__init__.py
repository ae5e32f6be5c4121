"""The table of families: every architecture that the installed transformers maps to our Auto classes, tried tiny."""
