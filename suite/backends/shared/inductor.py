"""torch.compile in a worker: where its kernels are kept, what makes it start fast, and what it imports on its way.

The forkserver imports this module ahead of the workers. With a CUDA build of torch it imports nothing more: some of
these modules ask for the device, which must not happen before a fork.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import torch

from suite.backends.shared import compiler_files, precompile
from suite.core.files import fill_once

# Otherwise a pool of compiler processes is started by an import, in the forkserver too.
os.environ.setdefault("TORCH_WARM_POOL", "0")

if not torch.backends.cuda.is_built():
    import setuptools  # noqa: F401
    import torch._dynamo.backends.inductor
    import torch._functorch.aot_autograd
    import torch._inductor.codecache
    import torch._inductor.codegen.cpp_wrapper_cpu_array_ref
    import torch._inductor.codegen.cpp_wrapper_gpu
    import torch._inductor.compile_fx
    import torch.export._trace


def settle(directory: Path) -> None:
    """Keep kernels in `directory`, compile in this process alone, and leave out what only costs time at the start."""
    import torch._dynamo.config as dynamo
    import torch._inductor.config as inductor
    import torch.fx.experimental._config as shapes

    inductor.compile_threads = 1
    # The vector instructions are taken from the processor's flags. Trying each out costs an interpreter's start.
    inductor.cpp.vec_isa_ok = True
    inductor.cpp_cache_precompile_headers = False
    if not torch.backends.cuda.is_built():
        _use_common_files()
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(directory)
    # A model's floats are constants. As inputs they make the tracer begin all over again.
    dynamo.specialize_float = True
    # Sizes that happen to be equal in the example need not be so ever after.
    shapes.use_duck_shape = False
    dynamo.recompile_limit = 64


def _use_common_files() -> None:
    """Take what the kernels of all models have in common from one folder, which the first process here fills.

    A kernel is compiled in a quarter of the time with its header precompiled. Where that cannot be had (a full disk, no
    `openssl`, which torch hashes the header with), each kernel reads the header as it is.
    """
    import torch._inductor.config as inductor
    from torch._inductor import codecache
    from torch._inductor.cpu_vec_isa import valid_vec_isa_list

    if shutil.which("openssl") is None:
        return
    common = compiler_files.folder_for([torch.__version__, torch.backends.cpu.get_cpu_capability()])
    try:
        if not common.is_dir():
            fill_once(common, _precompile)
    except (OSError, subprocess.CalledProcessError):
        return
    # They are looked for as soon as a kernel is made, and would be compiled for each build anew.
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(common)
    valid_vec_isa_list()
    inductor.cpp_cache_precompile_headers = True
    vars(codecache)["_HEADER_DIR"] = str(common / "headers")
    vars(codecache)["_HEADER_LOCK_DIR"] = str(common / "locks")


def _precompile(folder: Path) -> None:
    # In a process of its own: torch remembers where it found a header.
    subprocess.run([sys.executable, "-P", precompile.__file__, str(folder)], check=True, capture_output=True)
