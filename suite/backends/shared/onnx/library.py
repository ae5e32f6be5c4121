"""Which generation of the library exports and runs ONNX here, determined without importing torch or transformers."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path


def has_exporter() -> bool:
    """Whether the installed transformers exports by itself (5 does); otherwise optimum-onnx must."""
    # Looking for the submodule with `find_spec` would import transformers.
    transformers = find_spec("transformers")
    folders = transformers.submodule_search_locations if transformers else None
    return any((Path(folder) / "exporters").is_dir() for folder in folders or ())


def preload() -> tuple[str, ...]:
    """What a worker that runs graphs would otherwise import by itself."""
    if not has_exporter():
        return ("optimum.onnxruntime:ORTModelForCausalLM",) if _installed("optimum-onnx") else ()
    return (
        "transformers.exporters.base:ExportedModel",
        "transformers.exporters.exporter_onnx:OnnxExporter",
        "transformers.exporters.runners.runner_onnx:OnnxModelRunner",
    )


def unsupported(device: str) -> str | None:
    """Why no model can be exported and run on `device`, or `None`."""
    if not has_exporter() and not _installed("optimum-onnx"):
        return "this transformers has no ONNX exporter: install optimum-onnx, or transformers 5"
    if device == "cpu":
        return None
    if not device.startswith("cuda"):
        return f"ONNX Runtime runs on cpu and cuda here, not on {device}"
    if not _installed("onnxruntime-gpu"):
        return "ONNX Runtime needs its GPU build for cuda: install onnxruntime-gpu in place of onnxruntime"
    return None


def _installed(distribution: str) -> bool:
    try:
        version(distribution)
    except PackageNotFoundError:
        return False
    return True
