"""Sample answers for the page: each sample once, with every different answer to it."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from suite.records.run_folder import RunFolder

TYPES = {".png": "image/png", ".wav": "audio/wav"}


@dataclass(frozen=True)
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


def by_capability(folder: Path, rows: Sequence[Mapping[str, Any]]) -> dict[str, list[AnsweredSample]]:
    """The sample answers of a run. Cells that answered the same to a sample, and drew the same, are named together."""
    samples: dict[tuple[str, str, str], AnsweredSample] = {}
    for row in rows:
        capability, _, rest = row["cell"].partition("/")
        checkpoint, _, backend = rest.rpartition("/")
        key = (capability, checkpoint, row["sample"])
        if key not in samples:
            samples[key] = AnsweredSample(checkpoint, row["input"], row["truth"], _data_uri(folder, row["sound"]))
        _add(samples[key].answers, backend, row["answer"], _data_uri(folder, row["picture"]))
    grouped: dict[str, list[AnsweredSample]] = {}
    for (capability, _, _), sample in samples.items():
        grouped.setdefault(capability, []).append(sample)
    return grouped


@dataclass(frozen=True)
class Media:
    """The pictures and sounds of a run's samples, read when they are shown: files by capability and sample."""

    folder: Path
    pictures: Mapping[tuple[str, str], str]
    sounds: Mapping[tuple[str, str], str]

    def of(self, capability: str, sample: str) -> tuple[str | None, str | None]:
        """The picture and the sound of a sample as data URIs, where there are any."""
        key = (capability, sample)
        return _data_uri(self.folder, self.pictures.get(key)), _data_uri(self.folder, self.sounds.get(key))


def media(run: RunFolder) -> Media:
    """What a run kept of its samples. Of samples and answers that are shown the first cell's pictures count."""
    pictures: dict[tuple[str, str], str] = run.sample_pictures()
    sounds: dict[tuple[str, str], str] = {}
    for row in run.sample_answers():
        key = (row["cell"].partition("/")[0], row["sample"])
        if row["picture"] is not None:
            pictures.setdefault(key, row["picture"])
        if row["sound"] is not None:
            sounds.setdefault(key, row["sound"])
    return Media(run.path, pictures, sounds)


def _add(answers: list[Answer], backend: str, text: str, picture: str | None) -> None:
    for answer in answers:
        if (answer.text, answer.picture) == (text, picture):
            answer.backends.append(backend)
            return
    answers.append(Answer([backend], text, picture))


def _data_uri(folder: Path, name: str | None) -> str | None:
    """A file's content as a data URI; `None` for one that is missing."""
    if name is None or not (folder / name).is_file():
        return None
    content = base64.b64encode((folder / name).read_bytes()).decode()
    return f"data:{TYPES[Path(name).suffix]};base64,{content}"
