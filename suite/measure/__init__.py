"""What is measured of a cell. Pure functions of a runnable and samples, or of the numbers that came of them."""
