"""ONNX Runtime sessions: on which device, with how many threads."""

from __future__ import annotations

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
