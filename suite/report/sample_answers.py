"""Sample answers for the page: each sample once, with every different answer to it."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from suite.records.run_folder import RunFolder
from suite.report.limits import MEDIA_BYTES, cut, left_out, spread

TYPES = {".png": "image/png", ".wav": "audio/wav"}


@dataclass
class Answer:
    """An answer that some backends share, in words and, if there is one, as a picture (a data URI)."""

    backends: list[str]
    text: str
    picture: str | None


@dataclass(frozen=True)
class AnsweredSample:
    """A sample of one checkpoint with its answers. `input` describes the sample in words, `sound` is a data URI."""

    checkpoint: str
    input: str
    truth: str
    sound: str | None
    answers: list[Answer] = field(default_factory=list)


@dataclass(frozen=True)
class Shown:
    """The samples of a capability that the page shows, of how many."""

    samples: list[AnsweredSample] = field(default_factory=list)
    total: int = 0
    media_left_out: int = 0

    @property
    def note(self) -> str:
        """What is not shown, and where it is."""
        texts = [
            left_out(len(self.samples), self.total, "samples", "exhibits.jsonl"),
            media_left_out(self.media_left_out),
        ]
        return " ".join(filter(None, texts))


def media_left_out(number: int) -> str:
    """The sentence on pictures and sounds for which a page has no room, or nothing."""
    if not number:
        return ""
    what = "A picture or sound is" if number == 1 else f"{number:,} pictures and sounds are"
    return f"{what} left out, since the page has room for {MEDIA_BYTES // 10**6} MB: the run's folder exhibits has all."


class MediaBudget:
    """Reads pictures and sounds as data URIs until a page has as many bytes of them as it has room for."""

    def __init__(self, most: int = MEDIA_BYTES) -> None:
        self._left = most
        self.left_out = 0

    def data_uri(self, folder: Path, name: str | None) -> str | None:
        """A file's content; `None` for one that is missing, or for which there is no room."""
        if name is None or not (folder / name).is_file():
            return None
        size = (folder / name).stat().st_size * 4 // 3
        if size > self._left:
            self.left_out += 1
            return None
        self._left -= size
        content = base64.b64encode((folder / name).read_bytes()).decode()
        return f"data:{TYPES[Path(name).suffix]};base64,{content}"


def by_capability(folder: Path, rows: Sequence[Mapping[str, Any]], most: int, budget: MediaBudget) -> dict[str, Shown]:
    """The sample answers of a run, at most so many samples of each capability, taken from all its checkpoints.

    Cells that answered the same to a sample, and drew the same, are named together.
    """
    by_sample: dict[str, dict[tuple[str, str], list[Mapping[str, Any]]]] = {}
    for row in rows:
        capability, _, rest = row["cell"].partition("/")
        key = (rest.rpartition("/")[0], row["sample"])
        by_sample.setdefault(capability, {}).setdefault(key, []).append(row)
    shown: dict[str, Shown] = {}
    for capability, samples in by_sample.items():
        before = budget.left_out
        answered = [_answered(folder, keys[0], samples[keys], budget) for keys in spread(list(samples), most)]
        shown[capability] = Shown(answered, len(samples), budget.left_out - before)
    return shown


def _answered(folder: Path, checkpoint: str, rows: Sequence[Mapping[str, Any]], budget: MediaBudget) -> AnsweredSample:
    first = rows[0]
    sound = budget.data_uri(folder, first["sound"])
    sample = AnsweredSample(checkpoint, cut(first["input"]), cut(first["truth"]), sound)
    for row in rows:
        backend = row["cell"].rpartition("/")[2]
        _add(sample.answers, backend, cut(row["answer"]), row["picture"])
    for answer in sample.answers:
        answer.picture = budget.data_uri(folder, answer.picture)
    return sample


@dataclass(frozen=True)
class Media:
    """The pictures and sounds of a run's samples, read when they are shown: files by capability and sample."""

    folder: Path
    pictures: Mapping[tuple[str, str], str]
    sounds: Mapping[tuple[str, str], str]
    budget: MediaBudget

    def of(self, capability: str, sample: str) -> tuple[str | None, str | None]:
        """The picture and the sound of a sample as data URIs, where there are any."""
        key = (capability, sample)
        picture = self.budget.data_uri(self.folder, self.pictures.get(key))
        return picture, self.budget.data_uri(self.folder, self.sounds.get(key))


def media(run: RunFolder, answers: Sequence[Mapping[str, Any]], budget: MediaBudget) -> Media:
    """What a run kept of its samples; `answers` are those that are shown, of which the first cell's pictures count."""
    pictures: dict[tuple[str, str], str] = run.sample_pictures()
    sounds: dict[tuple[str, str], str] = {}
    for row in answers:
        key = (row["cell"].partition("/")[0], row["sample"])
        if row["picture"] is not None:
            pictures.setdefault(key, row["picture"])
        if row["sound"] is not None:
            sounds.setdefault(key, row["sound"])
    return Media(run.path, pictures, sounds, budget)


def _add(answers: list[Answer], backend: str, text: str, picture: str | None) -> None:
    for answer in answers:
        if (answer.text, answer.picture) == (text, picture):
            answer.backends.append(backend)
            return
    answers.append(Answer([backend], text, picture))
