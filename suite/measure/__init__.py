"""What is measured of a cell: times, memory and CPU time.

Pure functions of a runnable and samples, or of the numbers that came of them."""
