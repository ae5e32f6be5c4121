"""The command that runs one cell again, from what `run.json` and the cell's row say."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Any

from suite.core.settings import GENERATION, PRECISION, WEIGHTS
from suite.report.limits import LONGEST_NAME

LOCAL = "local"
_MODEL, _SAMPLES = "MODEL", "SAMPLES"
_KEYWORD = re.compile(r"\w[\w:+.\[\]/-]*")
"""What pytest's -k takes as one word."""
_HUB_ID = re.compile(r"[\w.-]+(/[\w.-]+)?")


def command(cell: Mapping[str, Any], conditions: Mapping[str, Any]) -> tuple[str, str]:
    """A line for a POSIX shell, and what has to be filled in, or is not exact, in a sentence (often empty).

    Both are empty where the record does not say enough, or says something that no command line holds. A folder is never
    written: where it lay is not recorded.
    """
    names = [str(cell[column]) for column in ("capability", "checkpoint", "backend")]
    if any(not name or len(name) > LONGEST_NAME or not name.isprintable() for name in names):
        return "", ""
    capability, checkpoint, backend = names
    words = ["pytest", f"--capability={capability}", f"--backend={backend}"]
    notes = []
    if conditions.get("weights") == LOCAL:
        words.append(f"--model={_identity(cell) or _MODEL}")
        if not _identity(cell):
            notes.append(f"{_MODEL} stands for the folder of {checkpoint}")
    elif conditions.get("weights") in WEIGHTS:
        words.append(f"--weights={conditions['weights']}")
        identity = f"{capability}/{checkpoint}/{backend}"
        if _KEYWORD.fullmatch(identity):
            words += ["-k", identity]
        else:
            notes.append(f"it runs every checkpoint of {capability}")
    else:
        return "", ""
    if conditions.get("samples_sha256"):
        words.append(f"--samples={_SAMPLES}")
        notes.append(f"{_SAMPLES} stands for your own file of samples")
    words += _settings(conditions)
    return " ".join(map(_quoted, words)), f"{'; '.join(notes)}." if notes else ""


def _identity(cell: Mapping[str, Any]) -> str:
    """What --model took, where it was an id of the Hub."""
    if cell.get("weights") != "hub" or not _HUB_ID.fullmatch(str(cell["checkpoint_id"])):
        return ""
    revision = str(cell.get("revision") or "")
    return f"{cell['checkpoint_id']}@{revision}" if _HUB_ID.fullmatch(revision) else str(cell["checkpoint_id"])


def _quoted(word: str) -> str:
    """A word for the shell; of an option only its value is in quotes."""
    option, equals, value = word.partition("=")
    return f"{option}={shlex.quote(value)}" if equals and option.startswith("--") else shlex.quote(word)


def _settings(conditions: Mapping[str, Any]) -> list[str]:
    """The options that were not left as they are, and those whose defaults differ between machines or presets."""
    words = []
    device = conditions.get("device")
    if isinstance(device, str) and device != "cpu" and re.fullmatch(r"(cuda|mps)(:\d{1,3})?", device):
        words.append(f"--device={device}")
    for option, key, usual in (
        ("threads", "threads", None), ("batch-size", "batch_size", 1), ("budget", "budget_s", None),
        ("limit", "limit", None), ("cell-timeout", "cell_timeout_s", 300),
    ):  # fmt: skip
        value = conditions.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool) and value != usual:
            words.append(f"--{option}={value:g}")
    precision = conditions.get("precision")
    if isinstance(precision, int | float) and not isinstance(precision, bool) and precision != PRECISION:
        words.append(f"--precision={100 * precision:g}%")
    if conditions.get("generation") in GENERATION[1:]:
        words.append(f"--generation={conditions['generation']}")
    words += ["--strict"] if conditions.get("strict") is True else []
    words += ["--no-isolate"] if conditions.get("isolated") is False else []
    return words
