"""How a checkpoint makes one vector of a sentence's tokens: by what sentence-transformers wrote beside it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MODULES = "modules.json"
PROMPTS = "config_sentence_transformers.json"
LARGEST = 1_000_000
"""Bytes of such a file."""
MEAN, CLS, MAX, LAST = "mean", "cls", "max", "lasttoken"
MODES = (MEAN, CLS, MAX, LAST)
KNOWN = frozenset({"Transformer", "Pooling", "Normalize"})
"""The parts that are done here; others have weights or rules of their own."""


@dataclass(frozen=True)
class Pooling:
    """What is done with the states of the tokens: `mode`, and `is_declared` where the checkpoint says so itself.

    `prompt` stands before each sentence. `is_dot` is whether vectors are compared by their product, unscaled.
    `unknown` names what the checkpoint asks for and is not done here.
    """

    mode: str = MEAN
    is_declared: bool = False
    prompt: str = ""
    is_dot: bool = False
    unknown: tuple[str, ...] = ()

    def vectors(self, states: Any, mask: Any) -> Any:
        """One row for each of (rows, tokens, values), of length one unless they are compared as they are."""
        weight = mask.to(states.device).unsqueeze(-1)
        if self.mode == CLS:
            pooled = states[:, 0] if bool(mask[:, 0].all()) else _at(states, mask.int().argmax(dim=1))
        elif self.mode == LAST:
            last = mask.shape[1] - 1 - mask.flip(1).int().argmax(dim=1)
            pooled = _at(states, last)
        elif self.mode == MAX:
            pooled = states.masked_fill(weight == 0, float("-inf")).max(dim=1).values
        else:
            pooled = (states * weight).sum(dim=1) / weight.sum(dim=1).clamp(min=1)
        return pooled if self.is_dot else pooled / pooled.norm(dim=-1, keepdim=True).clamp(min=1e-12)


def read_pooling(directory: Path) -> Pooling:
    """What the files in a folder declare; the mean over all tokens where they declare nothing that can be read."""
    modules = _read(directory / MODULES)
    if not isinstance(modules, list):
        return Pooling()
    kinds = [str(one.get("type", "")).rpartition(".")[2] for one in modules if isinstance(one, dict)]
    unknown = [kind for kind in kinds if kind not in KNOWN]
    mode = MEAN
    for one in modules:
        if isinstance(one, dict) and str(one.get("type", "")).endswith("Pooling"):
            name = str(one.get("path", ""))
            # The path is a stranger's: a folder of the checkpoint's own, or none.
            content = _read(directory / name / "config.json") if Path(name).name == name else None
            mode, strange = _mode(content) if content is not None else (MEAN, ["a pooling that its files do not say"])
            unknown += strange
    words = _read(directory / PROMPTS)
    words = words if isinstance(words, dict) else {}
    prompts, default = words.get("prompts"), words.get("default_prompt_name")
    prompt = prompts.get(default) if isinstance(prompts, dict) and isinstance(default, str) else ""
    return Pooling(
        mode, True, prompt if isinstance(prompt, str) else "", words.get("similarity_fn_name") == "dot", tuple(unknown)
    )


def _mode(content: Any) -> tuple[str, list[str]]:
    """How tokens are pooled by the config of that part, and what of it is not done here."""
    content = content if isinstance(content, dict) else {}
    said = content.get("pooling_mode")
    old = {
        CLS: content.get("pooling_mode_cls_token"), MEAN: content.get("pooling_mode_mean_tokens"),
        MAX: content.get("pooling_mode_max_tokens"), LAST: content.get("pooling_mode_lasttoken"),
        "mean over the square root of the length": content.get("pooling_mode_mean_sqrt_len_tokens"),
        "weighted mean": content.get("pooling_mode_weightedmean_tokens"),
    }  # fmt: skip
    chosen = [said] if isinstance(said, str) else [mode for mode, is_on in old.items() if is_on is True]
    if len(chosen) == 1 and chosen[0] in MODES:
        return chosen[0], []
    return MEAN, [f"pooling by {' and '.join(map(str, chosen))}"[:80]] if chosen else []


def _at(states: Any, places: Any) -> Any:
    import torch

    return states[torch.arange(len(states), device=states.device), places.to(states.device)]


def _read(file: Path) -> Any:
    try:
        if file.stat().st_size > LARGEST:
            return None
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
