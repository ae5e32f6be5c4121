"""`python -m suite`: the same commands as the console script `touchstone`."""

from __future__ import annotations

import sys

from suite.cli.commands import main

if __name__ == "__main__":
    sys.exit(main(program="python -m suite"))
