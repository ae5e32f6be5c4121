"""`python -m suite`: the same commands as the console script `touchstone`."""

from __future__ import annotations

import sys

from suite.core.import_path import leave_out_working_directory

# Python has put the working directory first: a file in it could stand for any module that is imported from here on.
leave_out_working_directory()

from suite.cli.commands import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main(program="python -m suite"))
