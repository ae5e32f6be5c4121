"""What shows our own claims by killing, timing and counting real runs: not tests, and run by hand."""
