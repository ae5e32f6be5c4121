"""Extends a miniature's learned positions to the length that the real checkpoint accepts, by repeating them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from suite.course.stand_ins.checkpoints.json_files import read_json, write_json

LONGEST = {"clip": 77, "blip": 512, "blenderbot": 512}
"""By type of model, the positions of the real checkpoints."""
POSITIONS = re.compile(r"(?:^|\.)(?:position_embeddings?|embed_positions)\.weight$")


def extend_positions(folder: Path) -> None:
    """Give a copied miniature the real number of positions for text; those beyond its own repeat them."""
    config = read_json(folder / "config.json")
    target = LONGEST.get(config.get("model_type", ""))
    text: dict[str, Any] = config.get("text_config") or config
    current = text.get("max_position_embeddings")
    if target is None or not isinstance(current, int) or current >= target:
        return
    _repeat(folder / "model.safetensors", current, target)
    text["max_position_embeddings"] = target
    write_json(folder / "config.json", config)
    for name in ("tokenizer_config.json", "tokenizer.json"):
        _set_longest(folder / name, current, target)


def _repeat(file: Path, current: int, target: int) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    tensors = load_file(file)
    for name, tensor in tensors.items():
        if POSITIONS.search(name) and tensor.dim() == 2 and tensor.shape[0] == current:
            tensors[name] = tensor[torch.arange(target) % current].contiguous()
    save_file(tensors, file, {"format": "pt"})


def _set_longest(file: Path, current: int, target: int) -> None:
    if not file.is_file():
        return
    content = read_json(file)
    if content.get("model_max_length") == current:
        content["model_max_length"] = target
    if isinstance(content.get("truncation"), dict) and content["truncation"].get("max_length") == current:
        content["truncation"]["max_length"] = target
    write_json(file, content, indent=None)
