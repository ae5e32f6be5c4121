"""Quantizes float32 graphs to int8 with ONNX Runtime's dynamic quantization."""

from __future__ import annotations

import json
import platform
import shutil
from functools import cache
from pathlib import Path
from typing import Any

from suite.measure import processor

OPERATORS = ("MatMul", "Gemm", "Attention")
"""Not Gather: an embedding table is quantized with one scale for all rows, and one that is the output layer too (GPT-2,
T5) would be dequantized at every step: T5 took half again as long, GPT-2's error doubled. torchao leaves it as well."""
NOTES = "notes.json"
NAMED = 4
"""Unquantized weights that the notes name; of more, only the number."""
_SMALL = 4096
"""Elements below which a weight (a bias, a norm) is not worth naming."""


@cache
def saturates() -> bool:
    """Whether this processor's 8-bit products may overflow their 16-bit sums, so that weights must do with 7 bits.

    x86 without VNNI multiplies unsigned by signed bytes and adds pairs of products in 16 bits.
    """
    if platform.machine().lower() not in ("x86_64", "amd64", "i386", "i686"):
        return False
    return not {"avx512_vnni", "avx_vnni", "avx512vnni", "avxvnni"} & processor.flags()


def quantize_folder(base: Path, directory: Path, options: dict[str, Any]) -> None:
    """Quantize every graph in `base` into `directory`, and bring along what describes them."""
    notes: dict[str, Any] = {"quantized": 0, "unquantized": [], "unquantized_share": 0.0}
    before = after = 0
    for path in sorted(base.iterdir()):
        if path.suffix == ".onnx":
            counts = _quantize(path, directory / path.name, options)
            notes["quantized"] += counts["quantized"]
            notes["unquantized"] += counts["unquantized"]
            before, after = before + counts["before"], after + counts["after"]
        elif path.suffix == ".json":
            shutil.copy(path, directory)
    notes["unquantized_share"] = round(after / before, 4) if before else 0.0
    (directory / NOTES).write_text(json.dumps(notes), encoding="utf-8")


def read_notes(directory: Path) -> dict[str, Any]:
    """What was quantized, and which share of the float32 bytes was not."""
    notes: dict[str, Any] = json.loads((directory / NOTES).read_text(encoding="utf-8"))
    return notes


def _quantize(source: Path, target: Path, options: dict[str, Any]) -> dict[str, Any]:
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    model = onnx.load(source)
    before = _float_weights(model)
    # Gemm weights are transposed in place; shapes recorded for them would then contradict.
    shapes = [info for info in model.graph.value_info if info.name not in before]
    del model.graph.value_info[:]
    model.graph.value_info.extend(shapes)
    external = any(tensor.external_data for tensor in onnx.load(source, load_external_data=False).graph.initializer)
    quantize_dynamic(
        model,
        target,
        op_types_to_quantize=list(options["operators"]),
        per_channel=options["per_channel"],
        reduce_range=options["reduce_range"],
        weight_type=QuantType.QInt8,
        use_external_data_format=external,
    )
    if external:
        # Of a graph with no weight worth it, no such file is written, though those who open it expect one.
        target.with_name(f"{target.name}.data").touch()
    quantized = onnx.load(target)
    after = _float_weights(quantized)
    large = [name for name, size in after.items() if size >= 4 * _SMALL]
    names = f"{len(large)} weights" if len(large) > NAMED else ", ".join(large)
    return {
        "quantized": sum(node.op_type.endswith("Integer") for node in quantized.graph.node),
        "unquantized": [f"{source.stem}: {names}"] if large else [],
        "before": sum(before.values()),
        "after": sum(after.values()),
    }


def _float_weights(model: Any) -> dict[str, int]:
    import math

    import onnx

    return {
        tensor.name: 4 * math.prod(tensor.dims)
        for tensor in model.graph.initializer
        if tensor.data_type == onnx.TensorProto.FLOAT
    }
