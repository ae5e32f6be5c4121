"""The variables that a process of ours gets for the libraries that it imports, whatever else is in its environment."""

from __future__ import annotations

import os
import sys

from suite.core.files import project_root


def library_settings(threads: int) -> dict[str, str]:
    """Where Python finds what is found here, how many threads libraries start, and that they tell nobody of it."""
    return {
        "PYTHONPATH": os.pathsep.join([str(project_root()), *filter(None, sys.path)]),
        "OMP_NUM_THREADS": str(threads),
        "MKL_NUM_THREADS": str(threads),
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }
