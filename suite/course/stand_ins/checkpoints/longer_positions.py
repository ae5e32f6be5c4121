"""Room for inputs as long as the real checkpoint takes: a miniature's learned positions, repeated."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

LONGEST = {"clip": 77, "blip": 512, "blenderbot": 512}
"""By type of model, the positions of the real checkpoints."""
POSITIONS = re.compile(r"(?:^|\.)(?:position_embeddings?|embed_positions)\.weight$")


def lengthen(folder: Path) -> None:
    """Give a copied miniature the real number of positions for text; those beyond its own repeat them."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    wanted = LONGEST.get(config.get("model_type", ""))
    text: dict[str, Any] = config.get("text_config") or config
    had = text.get("max_position_embeddings")
    if wanted is None or not isinstance(had, int) or had >= wanted:
        return
    _repeat(folder / "model.safetensors", had, wanted)
    text["max_position_embeddings"] = wanted
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    for name in ("tokenizer_config.json", "tokenizer.json"):
        _set_longest(folder / name, had, wanted)


def _repeat(file: Path, had: int, wanted: int) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    tensors = load_file(file)
    for name, tensor in tensors.items():
        if POSITIONS.search(name) and tensor.dim() == 2 and tensor.shape[0] == had:
            tensors[name] = tensor[torch.arange(wanted) % had].contiguous()
    save_file(tensors, file, {"format": "pt"})


def _set_longest(file: Path, had: int, wanted: int) -> None:
    if not file.is_file():
        return
    content = json.loads(file.read_text(encoding="utf-8"))
    if content.get("model_max_length") == had:
        content["model_max_length"] = wanted
    if isinstance(content.get("truncation"), dict) and content["truncation"].get("max_length") == had:
        content["truncation"]["max_length"] = wanted
    file.write_text(json.dumps(content) + "\n", encoding="utf-8")
