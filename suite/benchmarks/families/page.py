"""The table of families as a page: by Auto class what runs, what does not and why, and what could not be tried."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from suite.benchmarks.families.trial import Result
from suite.benchmarks.families.trials import BACKENDS, Row

LONGEST_REASON = 160


def lines(rows: Sequence[Row], versions: str, untried: int) -> Iterator[str]:
    """The page, line by line, in Markdown."""
    yield "# Families: which architectures run"
    yield ""
    yield (
        "Written by `python -m suite families`: of every architecture that the installed transformers maps to an Auto "
        "class of our tasks, a tiny checkpoint with random weights goes the way of any checkpoint given by `--model`. "
        "It *runs* on a backend where it conforms there and, but for eager, computes what eager does; it is "
        "*unsupported* where the reason says so. It *strays* where its graph computes something else than the model, "
        "and where transformers' exporter and ONNX Runtime by themselves do so too; what *fails* is a fault of ours. A "
        "checkpoint is *not tiny* where none could be made, of the sizes that configurations have in common, that "
        "plain transformers runs."
    )
    yield ""
    yield f"Tried with {versions}." + (f" {untried} architectures have not been tried." if untried else "")
    yield ""
    yield from _table(
        ("Auto class", "capability", "backend", *Result),
        (
            (f"`{auto_class}`", capability, backend, *(str(counts[one]) for one in Result))
            for auto_class, of in _by_class(rows)
            for capability in sorted({row.capability for row in of})
            for backend in BACKENDS
            if (counts := Counter(row.result for row in of if (row.capability, row.backend) == (capability, backend)))
        ),
    )
    for auto_class, of in _by_class(rows):
        yield ""
        yield f"## {auto_class}"
        yield ""
        yield from _runs(of)
        yield from _reasons(of)


def _by_class(rows: Iterable[Row]) -> list[tuple[str, list[Row]]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.auto_class, []).append(row)
    return sorted(found.items())


def _runs(rows: Sequence[Row]) -> Iterator[str]:
    """The families that run, by the backends on which they do, and those of which that is not known yet."""
    on: dict[str, set[str]] = {}
    tried: dict[str, set[str]] = {}
    for row in rows:
        tried.setdefault(row.family, set()).add(row.backend)
        if row.result == Result.RUNS:
            on.setdefault(row.family, set()).add(row.backend)
    kinds: dict[str, list[str]] = {}
    for family, where in sorted(on.items()):
        untried = [backend for backend in BACKENDS if backend not in tried[family]]
        kind = "Runs on " + " and ".join(backend for backend in BACKENDS if backend in where)
        if untried:
            kind += f", not tried on {', '.join(untried)}"
        elif len(where) == 1:
            kind += " alone"
        kinds.setdefault(kind, []).append(family)
    for kind, names in sorted(kinds.items()):
        yield f"{kind}: {', '.join(names)}."
        yield ""


def _reasons(rows: Sequence[Row]) -> Iterator[str]:
    """Why the others do not, the same reason once."""
    why: dict[tuple[str, str, str], list[str]] = {}
    for row in rows:
        if row.result != Result.RUNS:
            why.setdefault((row.result, row.backend, row.reason), []).append(row.family)
    both: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for (result, backend, reason), names in why.items():
        both.setdefault((result, reason, tuple(sorted(set(names)))), []).append(backend)
    if both:
        yield from _table(
            ("family", "backend", "result", "why"),
            (
                (", ".join(names), ", ".join(backends), result, _cell(reason))
                for (result, reason, names), backends in sorted(both.items())
            ),
        )


def _cell(text: str) -> str:
    text = text if len(text) <= LONGEST_REASON else text[: LONGEST_REASON - 1] + "…"
    return text.replace("|", "\\|").replace("<", "&lt;")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
