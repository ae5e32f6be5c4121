"""How a cell's worker is reached: in this process or in a child process, behind one protocol."""
