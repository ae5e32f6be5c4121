"""What a report imports, for a run that lets it be imported while its first workers start.

Importing this module imports all of it, which takes as long as drawing the report of a few cells.
"""

from __future__ import annotations

import contextlib
import importlib

MODULES = (
    "suite.report.write", "suite.report.terminal", "suite.report.html", "suite.report.plots", "suite.report.svg",
    "suite.report.page_data", "matplotlib.backends.backend_svg", "pyarrow.parquet", "rich.console", "rich.table",
)  # fmt: skip

for _name in MODULES:
    with contextlib.suppress(ImportError):  # whoever writes the report says what is missing
        importlib.import_module(_name)
