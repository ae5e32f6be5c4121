"""How a checkpoint makes one vector of a sentence's tokens: by what sentence-transformers wrote beside it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

MODULES = "modules.json"
PROMPTS = "config_sentence_transformers.json"
LARGEST = 1_000_000
"""Bytes of such a file."""
MEAN, CLS, MAX, LAST = "mean", "cls", "max", "lasttoken"
MODES = (MEAN, CLS, MAX, LAST)
COSINE, DOT, EUCLIDEAN, MANHATTAN = "cosine", "dot", "euclidean", "manhattan"
SIMILARITIES = {
    "cosine": COSINE, "cos_sim": COSINE, "dot": DOT, "dot_score": DOT, "dot_product": DOT, "euclidean": EUCLIDEAN,
    "manhattan": MANHATTAN,
}  # fmt: skip
LIMITS = "sentence_bert_config.json"
KNOWN = frozenset({"Transformer", "Pooling", "Normalize"})
"""The parts that are done here; others have weights or rules of their own."""


@dataclass(frozen=True)
class Pooling:
    """What is done with the states of the tokens: `mode`, and `is_declared` where the checkpoint says so itself.

    `prompt` stands before each sentence, which is given in small letters where the checkpoint says `is_lower_case`.
    `is_normalized` is whether vectors are brought to length one, and `similarity` how two of them are compared.
    `unknown` names what the checkpoint asks for and is not done here.
    """

    mode: str = MEAN
    is_declared: bool = False
    prompt: str = ""
    is_lower_case: bool = False
    is_normalized: bool = True
    similarity: str = COSINE
    unknown: tuple[str, ...] = ()

    def vectors(self, states: Any, mask: Any) -> Any:
        """One row for each of (rows, tokens, values)."""
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
        return pooled / pooled.norm(dim=-1, keepdim=True).clamp(min=1e-12) if self.is_normalized else pooled

    def similarities(self, first: np.ndarray, second: np.ndarray) -> list[float]:
        """How near the vectors of pairs are to each other: (pairs, values) twice; more is nearer."""
        if self.similarity == EUCLIDEAN:
            values = -np.linalg.norm(first - second, axis=-1)
        elif self.similarity == MANHATTAN:
            values = -np.abs(first - second).sum(axis=-1)
        else:
            values = (first * second).sum(axis=-1)
        return [float(value) for value in values]


def read_pooling(directory: Path) -> Pooling:
    """What the files in a folder declare; the mean over all tokens where they declare nothing that can be read."""
    modules = _read(directory / MODULES)
    if not isinstance(modules, list):
        return Pooling()
    kinds = [str(one.get("type", "")).rpartition(".")[2] for one in modules if isinstance(one, dict)]
    unknown = [kind for kind in kinds if kind not in KNOWN]
    mode, is_without_prompt = MEAN, False
    for one in modules:
        if isinstance(one, dict) and str(one.get("type", "")).endswith("Pooling"):
            name = str(one.get("path", ""))
            # The path is a stranger's: a folder of the checkpoint's own, or none.
            content = _read(directory / name / "config.json") if Path(name).name == name else None
            mode, strange = _mode(content) if content is not None else (MEAN, ["a pooling that its files do not say"])
            unknown += strange
            is_without_prompt = isinstance(content, dict) and content.get("include_prompt") is False
    words, limits = _object(directory / PROMPTS), _object(directory / LIMITS)
    prompts, default, named = (words.get(name) for name in ("prompts", "default_prompt_name", "similarity_fn_name"))
    prompt = prompts.get(default) if isinstance(prompts, dict) and isinstance(default, str) else ""
    if prompt and is_without_prompt:
        unknown.append("a mean that leaves out the prompt")
    similarity = SIMILARITIES.get(named or COSINE) if isinstance(named, str | None) else None
    if similarity is None:
        unknown.append(f"the similarity {named}"[:80])
    return Pooling(
        mode,
        True,
        prompt if isinstance(prompt, str) else "",
        limits.get("do_lower_case") is True,
        similarity in (None, COSINE) or "Normalize" in kinds,
        similarity or COSINE,
        tuple(unknown),
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


def _object(file: Path) -> dict[str, Any]:
    content = _read(file)
    return content if isinstance(content, dict) else {}


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
