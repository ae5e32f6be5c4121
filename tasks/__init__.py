"""What Touchstone measures: one file per capability, the worlds they draw from, and the miniatures."""
