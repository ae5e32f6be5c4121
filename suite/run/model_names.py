"""What the models of a run are called, where the folders of several bear one name: by as many parents as it takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from suite.subjects import Source
from suite.subjects.source import whereabouts
from suite.task import Checkpoint, Task

BETWEEN = "--"
"""Between a parent and its child: a name stays one segment of a path, and one word for -k."""
REVISION = 10
"""Characters of a commit."""

Matched = tuple[Task, Checkpoint, Source]


def without_repeats(models: Sequence[Sequence[Matched]]) -> list[Sequence[Matched]]:
    """Each model once, also where it was named in two ways: `./a` and `a/`, or a link to it."""
    seen: dict[object, Sequence[Matched]] = {}
    for matched in models:
        for _, checkpoint, source in matched[:1]:
            place = (source.directory, source.adapter, None if source.directory else checkpoint)
            seen.setdefault(place, matched)
    return list(seen.values())


def distinct(models: Sequence[Sequence[Matched]]) -> list[Matched]:
    """The tasks, checkpoints and sources of some models, whose checkpoints are called differently where they can be."""
    paths = _paths(models)
    lengths = [1] * len(models)
    while True:
        names = [BETWEEN.join(path[-length:]) for path, length in zip(paths, lengths, strict=True)]
        alike = [
            place for place, name in enumerate(names) if names.count(name) > 1 and lengths[place] < len(paths[place])
        ]
        if not alike:
            break
        for place in alike:
            lengths[place] += 1
    return [
        _called(one, name if name != one[1].name else None)
        for matched, name in zip(models, names, strict=True)
        for one in matched
    ]


def _paths(models: Sequence[Sequence[Matched]]) -> list[tuple[str, ...]]:
    """Where each model is, ending in its name; of one that is there in several revisions, in the revision too."""
    paths = [whereabouts(source) for (_, _, source), *_ in models]
    return [
        (*path[:-1], f"{path[-1]}{BETWEEN}{checkpoint.revision[:REVISION]}") if paths.count(path) > 1 else path
        for path, ((_, checkpoint, _), *_) in zip(paths, models, strict=True)
    ]


def _called(matched: Matched, name: str | None) -> Matched:
    task, checkpoint, source = matched
    if name is None:
        return matched
    return task, replace(checkpoint, called=name), replace(source, checkpoint=replace(source.checkpoint, called=name))
