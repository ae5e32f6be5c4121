"""torch.compile in a worker: where its kernels are kept, what makes it start fast, and what it imports on its way.

The forkserver imports this module ahead of the workers. With a CUDA build of torch it imports nothing more: some of
these modules ask for the device, which must not happen before a fork.
"""

from __future__ import annotations

import os
from pathlib import Path

import torch

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

    os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(directory)
    inductor.compile_threads = 1
    # The vector instructions are taken from the processor's flags. Trying each out costs an interpreter's start.
    inductor.cpp.vec_isa_ok = True
    # Looking for the precompiled headers costs a compiler run even if all kernels are there, and 100 MB per build.
    inductor.cpp_cache_precompile_headers = False
    # A model's floats are constants. As inputs they make the tracer begin all over again.
    dynamo.specialize_float = True
    # Sizes that happen to be equal in the example need not be so ever after.
    shapes.use_duck_shape = False
    dynamo.recompile_limit = 64
