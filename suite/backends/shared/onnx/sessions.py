"""ONNX Runtime sessions: on which device, with how many threads, and what they keep of memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import onnxruntime


def session_options(threads: int) -> onnxruntime.SessionOptions:
    """All graph optimizations; exactly `threads` threads, which rest between calls."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    # Threads that spin on after a run take the processor from torch's share of `generate()` and from other workers.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    return options


def providers(device: str) -> list[Any]:
    """The execution providers for `device`.

    Raises:
        Unsupported: the installed build has none for it.
    """
    import onnxruntime

    from suite.core.errors import Unsupported

    if device == "cpu":
        return ["CPUExecutionProvider"]
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        raise Unsupported("this build of ONNX Runtime has no CUDA provider: install onnxruntime-gpu for this CUDA")
    index = int(device.partition(":")[2] or 0)
    return [("CUDAExecutionProvider", {"device_id": index}), "CPUExecutionProvider"]


@contextmanager
def shrinking(sessions: Sequence[onnxruntime.InferenceSession]) -> Iterator[None]:
    """While this lasts, sessions on the CPU give back their memory at the end of every run through a binding.

    Else their arena keeps what the largest run took: attention over 1,500 positions was resident with 76 MB after one
    input, and with 226 MB after the same input when it followed a batch of four (ONNX Runtime 1.23).
    """
    import onnxruntime

    options = onnxruntime.RunOptions()
    options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    for session in sessions:
        session.run_with_iobinding = partial(session.run_with_iobinding, run_options=options)
    try:
        yield
    finally:
        for session in sessions:
            del session.run_with_iobinding  # the instance's own: that of the class is there again
