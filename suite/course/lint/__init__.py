"""The check of a course's examples against the table of removals, without running anything."""
