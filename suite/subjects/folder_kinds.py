"""What a folder is that holds no weights which could be loaded here as they are: each kind told, with the way out."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from suite.core.printable import shortened

ADAPTER = "adapter_config.json"
ADAPTER_WEIGHTS = "adapter_model.safetensors"
ORIGINAL = "pass the checkpoint that it was made from"
QUANTIZED = f"{ORIGINAL}, which the backends int8 and onnx-int8 quantize themselves"

FOREIGN: tuple[tuple[tuple[str, ...], str], ...] = (
    (("model_index.json",), "a pipeline of diffusers, made of several models: pass the folder of one of them"),
    (("*.gguf",), f"weights for llama.cpp (GGUF): {ORIGINAL}, or convert it back"),
    (("*.onnx", "onnx/*.onnx"), f"an exported graph (ONNX), which the backend onnx makes itself: {ORIGINAL}"),
    (("openvino_model.xml", "openvino/*.xml"), f"an exported graph (OpenVINO): {ORIGINAL}"),
    (("tf_model.h5", "saved_model.pb", "saved_model/*.pb"), f"weights for TensorFlow: {ORIGINAL}, or convert it with "
     "a transformers 4 that still reads them (from_tf=True) and save_pretrained()"),
    (("flax_model.msgpack", "flax_model*.msgpack"), f"weights for Flax: {ORIGINAL}, or convert it with a transformers "
     "4 that still reads them (from_flax=True) and save_pretrained()"),
    (("weights.npz", "weights.*.safetensors"), f"weights for MLX: {ORIGINAL}"),
    (("*.tflite",), f"a graph for TensorFlow Lite: {ORIGINAL}"),
    (("*.mlpackage", "*.mlmodel", "coreml/*"), f"a model for Core ML: {ORIGINAL}"),
    (("*.engine", "*.plan"), f"an engine of TensorRT: {ORIGINAL}"),
    (("*.pte",), f"a program for ExecuTorch: {ORIGINAL}"),
    (("*.rknn", "*.rkllm"), f"a graph for Rockchip's processors: {ORIGINAL}"),
    (("shared_vocabulary.*", "source_vocabulary.*"), f"a model of CTranslate2: {ORIGINAL}"),
    (("consolidated*.safetensors", "consolidated*.pth"), "weights under their maker's own names: pass the folder "
     "in the form of transformers (config.json, model.safetensors), or convert it"),
    (("*/*.distcp", "*.distcp"), "the shards of a training on several devices (FSDP): bring them together with "
     "accelerate merge-weights, and pass what comes out"),
    (("zero_to_fp32.py", "global_step*/*"), "the shards of a training on several devices (DeepSpeed): run its "
     "zero_to_fp32.py with --safe_serialization, and pass what comes out"),
    (("checkpoint-*/model*.safetensors",), "the checkpoints of a training: pass the folder of one of them"),
)  # fmt: skip
"""Patterns of names that give a kind away, and what it is; the first that is there counts."""

METHODS = {
    "bitsandbytes": "bitsandbytes",
    "gptq": "GPTQ",
    "awq": "AWQ",
    "compressed-tensors": "compressed-tensors",
    "fp8": "fp8 in blocks",
    "fbgemm_fp8": "fp8 by FBGEMM",
    "mxfp4": "MXFP4",
    "hqq": "HQQ",
    "eetq": "EETQ",
    "quanto": "quanto",
    "torchao": "torchao",
    "aqlm": "AQLM",
    "vptq": "VPTQ",
    "bitnet": "BitNet",
}
"""What quantized a checkpoint, by the `quant_method` of its config."""


QUANTIZERS_FILES = {
    "quantize_config.json": "GPTQ",
    "quant_config.json": "AWQ",
    "hf_quant_config.json": "ModelOpt",
}
"""What a quantizer leaves beside a config that does not mention it, and which it was."""
PLACES = ("quantization_config", "compression_config", "quantization")
"""Where a config says how it was quantized."""


def foreign_kind(directory: Path) -> str | None:
    """What a folder without safetensors of a model is instead; `None` where nothing gives it away."""
    if any(directory.glob("model*.safetensors")):
        return None
    below = _part_below(directory)
    if below is not None:
        return (
            f"{directory} was saved by an old sentence-transformers, which put the model into the folder {below}: open "
            "it with a new one, SentenceTransformer(DIR).save(OTHER), and pass the other folder."
        )
    for patterns, kind in FOREIGN:
        found = next((file for pattern in patterns for file in sorted(directory.glob(pattern))), None)
        if found is not None:
            name = shortened(found.relative_to(directory).as_posix())
            return f"{directory} holds no safetensors but {name}, {kind}."
    return None


def _part_below(directory: Path) -> str | None:
    """The folder in which the first part of a model of sentence-transformers lies, where it has one of its own."""
    try:
        modules = json.loads((directory / "modules.json").read_text(encoding="utf-8"))
        path = modules[0]["path"]
    except (OSError, ValueError, RecursionError, LookupError, TypeError):
        return None
    is_folder = isinstance(path, str) and Path(path).name == path != "" and (directory / path / "config.json").is_file()
    return shortened(path) if is_folder else None


def quantization(config: Mapping[str, Any], where: str, files: Collection[str] = ()) -> str | None:
    """How a checkpoint was quantized, by its config, its parts' and the names of its files; `None` where it was not."""
    parts = [config, *(part for part in config.values() if isinstance(part, Mapping))]
    found = [part[name] for part in parts for name in PLACES if isinstance(part.get(name), Mapping) and part[name]]
    methods = [method for name, method in QUANTIZERS_FILES.items() if name in files]
    if not found and not methods:
        return None
    content: Mapping[str, Any] = found[0] if found else {"quant_method": methods[0]}
    method = content.get("quant_method")
    if isinstance(method, str):
        kind = METHODS.get(method, shortened(method))
    else:
        kind = "MLX" if {"group_size", "bits"} <= content.keys() else "a method that its config does not name"
    return (
        f"{where} is quantized ({kind}), and its numbers would be those of another runtime's kernels, or of weights "
        f"that are turned back: {QUANTIZED}."
    )


def adapter_alone(directory: Path) -> str | None:
    """What to do with a folder that holds an adapter and no model; `None` for any other."""
    if not (directory / ADAPTER).is_file() or any(directory.glob("model*.safetensors")):
        return None
    return (
        f"{directory} holds an adapter (PEFT), which is nothing without the model that it was trained on: name that "
        "with --base DIR_OR_ID."
    )
