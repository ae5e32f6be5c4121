"""Numbers about numbers: data frames, speed-ups, one run against another, changes of status; nothing is drawn."""
