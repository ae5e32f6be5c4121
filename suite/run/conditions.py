"""The conditions of a run: machine, libraries, settings, revision. No host, user or path is among them."""

from __future__ import annotations

from typing import Any

from suite.core.settings import GENERATION, Settings
from suite.records import machine
from suite.subjects.samples_file import samples_identity

MUST_MATCH = (
    "weights", "device", "threads", "batch_size", "seed", "strict", "budget_s", "precision", "limit", "generation",
    "samples_sha256", "train_samples_sha256", "train_steps", "isolated", "cpu", "gpu", "libraries", "extensions",
    "python", "touchstone",
)  # fmt: skip
"""What a resumed run must share with the one that it continues."""


def conditions(settings: Settings) -> dict[str, Any]:
    """Everything known before the first cell runs."""
    return {
        **machine.describe(),
        "weights": "local" if settings.models else settings.weights,
        "device": settings.device,
        "threads": settings.threads,
        "batch_size": settings.batch_size,
        "seed": settings.seed,
        "strict": settings.strict,
        "budget_s": settings.budget,
        "precision": settings.precision,
        "limit": settings.limit,
        "generation": None if settings.generation == GENERATION[0] else settings.generation,
        "cell_timeout_s": settings.cell_timeout,
        "isolated": settings.isolate,
        "samples_sha256": samples_identity(settings.samples) if settings.samples else None,
        "train_steps": settings.train_steps,
        "train_samples_sha256": samples_identity(settings.train_samples) if settings.train_samples else None,
    }


def differences(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """What keeps a run from being continued under the present conditions, a phrase each."""
    return [phrase for key in MUST_MATCH for phrase in _differences(key, before.get(key), now.get(key))]


def _differences(name: str, before: Any, now: Any) -> list[str]:
    now = list(now) if isinstance(now, tuple) else now
    if before == now:
        return []
    if isinstance(before, dict) and isinstance(now, dict):
        keys = sorted({*before, *now})
        return [phrase for key in keys for phrase in _differences(f"{name} {key}", before.get(key), now.get(key))]
    return [f"{name} was {before!r} and is {now!r}"]


def summary(known: dict[str, Any]) -> list[str]:
    """The lines of the report header: what is under test."""
    return [
        *machine.summary(known),
        f"conditions: weights {known['weights']}, device {known['device']}, threads {known['threads']}, "
        f"batch size {known['batch_size']}, budget {known['budget_s']:g} s a cell"
        + (f", at most {known['limit']} samples scored" if known["limit"] else ""),
    ]
