"""The conditions in run.json as rows of a table: only the keys listed here, none of which names a host or a user."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from suite.core.privacy import scrub
from suite.report.number_format import MISSING

LABELS = {
    "started": "Started", "finished": "Finished", "wall_s": "Duration, s", "touchstone": "Touchstone",
    "git_revision": "Git revision", "git_dirty": "Uncommitted changes", "weights": "Weights", "device": "Device",
    "threads": "Threads", "batch_size": "Batch size", "seed": "Seed", "strict": "Strict", "budget_s": "Budget, s",
    "precision": "Precision",
    "limit": "Samples scored at most",
    "cell_timeout_s": "Time limit of a cell, s", "isolated": "Workers in processes of their own",
    "samples_sha256": "SHA-256 of the samples given",
    "python": "Python", "platform": "Platform", "cpu": "Processor", "affinity": "Processor affinity",
    "memory_gb": "Memory, GB", "gpu": "GPU", "power": "Power", "load_before": "Load before (1, 5, 15 min)",
    "load_after": "Load after (1, 5, 15 min)", "libraries": "Libraries",
    "extensions": "Extensions", "tasks": "Tasks", "options": "Options",
    "selected": "Checks selected", "deselected": "Checks deselected", "outcomes": "Outcomes",
    "exit_status": "Exit status",
}  # fmt: skip
"""Keys of run.json and their labels in the report."""

_PRIVATE = ("host", "hostname", "node", "user", "username", "login", "token", "key", "password", "secret")


@dataclass(frozen=True)
class Condition:
    """One row: a name and, per run, a value."""

    name: str
    values: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Whether the runs disagree."""
        return len(set(self.values)) > 1


def table(conditions: Sequence[Mapping[str, Any]]) -> list[Condition]:
    """The rows for some runs; what no run recorded is left out."""
    rows = [
        Condition(name, tuple(_text(run.get(key)) for run in conditions))
        for key, name in LABELS.items()
        if any(run.get(key) not in (None, {}, [], "") for run in conditions)
    ]
    return rows


def under_test(conditions: Mapping[str, Any]) -> list[str]:
    """The few conditions that belong beside the verdict."""
    libraries = _mapping(conditions.get("libraries"))
    device = conditions.get("device")
    hardware = _name(conditions.get("gpu" if device not in (None, "cpu") else "cpu"))
    words = [
        f"{conditions['weights']} weights" if conditions.get("weights") else "",
        f"{device}{f' ({hardware})' if hardware else ''}" if device else "",
        _quantity(conditions.get("threads"), "thread"),
        f"batch size {conditions['batch_size']}" if conditions.get("batch_size") else "",
        *(f"{name} {libraries[name]}" for name in ("torch", "transformers", "onnxruntime") if libraries.get(name)),
    ]
    return [scrub(word) for word in words if word]


def _quantity(number: Any, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}" if number else ""


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _name(hardware: Any) -> str:
    """The name of a processor, or of the first of several GPUs."""
    first = hardware[0] if isinstance(hardware, list) and hardware else hardware
    return str(_mapping(first).get("name") or "")


def _text(value: Any) -> str:
    if value in (None, "", [], {}):
        return MISSING
    match value:
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.6g}"
        case Mapping():
            public = {k: v for k, v in value.items() if str(k).lower() not in _PRIVATE and v not in (None, "", [], {})}
            name = [_text(public.pop("name"))] if "name" in public else []
            return ", ".join(name + [f"{str(key).replace('_', ' ')} {_text(inner)}" for key, inner in public.items()])
        case list() | tuple():
            return ("; " if any(map(_mapping, value)) else " ").join(map(_text, value))
        case _:
            return scrub(str(value))
