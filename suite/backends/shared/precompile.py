"""Run as a program: compiles what the C++ of all models has in common into a folder, for this compiler and processor.

It imports nothing of the project, so that it can be run by its path. `inductor.settle` starts it, once per machine.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path


def main(folder: Path) -> None:
    """Fill `folder` with inductor's precompiled headers, and with the trials of the vector instructions."""
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(folder)
    os.environ["TORCH_WARM_POOL"] = "0"

    import torch
    import torch._inductor.config as inductor
    from torch._inductor import codecache

    inductor.compile_threads = 1
    inductor.cpp.vec_isa_ok = True
    inductor.cpp_cache_precompile_headers = True
    vars(codecache)["_HEADER_DIR"] = str(folder / "headers")
    vars(codecache)["_HEADER_LOCK_DIR"] = str(folder / "locks")
    # A kernel with vector instructions and one without: their flags differ, and so does the header for them.
    with torch.inference_mode():
        torch.compile(lambda numbers: numbers * 2 + 1)(torch.ones(64))
        torch.compile(lambda numbers: numbers * 2 + 1)(torch.ones(1, dtype=torch.float64))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
