"""Which lines of a run's files, and which conditions, can be used: those whose values are of the expected types."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from suite.core.cell import Status
from suite.core.column import Column

DEPTH = 20
"""How deep values may be nested."""
_LARGEST = 2**63
_KEPT_FILE = re.compile(r"exhibits/[0-9a-f]{16}\.(png|wav)")

Test = Callable[[Any], bool]


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LARGEST


def _is_integer(value: Any) -> bool:
    return _is_number(value) and math.floor(value) == value


def _is_object(value: Any) -> bool:
    return isinstance(value, dict) and is_shallow(value)


def _is_list_of(test: Test) -> Test:
    return lambda value: isinstance(value, list) and all(map(test, value))


def _is_object_of(test: Test) -> Test:
    return lambda value: isinstance(value, dict) and all(map(test, value.values()))


def _is_kept_file(value: Any) -> bool:
    return _is_text(value) and _KEPT_FILE.fullmatch(value) is not None


_ROUND_NEEDS: Mapping[str, Test] = {"cell": _is_text, "cycle": _is_integer, "latency_ms": _is_list_of(_is_number)}
_ROUND_MAY_HAVE: Mapping[str, Test] = {
    "order": _is_integer,
    "reference_ms": _is_number,
    "ttft_ms": _is_list_of(_is_number),
    "load": _is_number,
    "idle_share": _is_number,
}
_ANSWER_NEEDS: Mapping[str, Test] = dict.fromkeys(("cell", "sample", "input", "truth", "answer"), _is_text)
_ANSWER_MAY_HAVE: Mapping[str, Test] = {"picture": _is_kept_file, "sound": _is_kept_file}
_ANSWERS_NEED: Mapping[str, Test] = {"cell": _is_text, "set": _is_text, "answer": _is_list_of(_is_text)}
_ANSWERS_MAY_HAVE: Mapping[str, Test] = {
    **dict.fromkeys(("score", "resampled_accuracy"), _is_list_of(lambda value: value is None or _is_number(value))),
    "slice_accuracy": _is_list_of(
        lambda pair: isinstance(pair, list) and len(pair) == 2 and _is_text(pair[0])
        and (pair[1] is None or _is_number(pair[1]))
    ),
}  # fmt: skip
_EXAMPLE_NEEDS: Mapping[str, Test] = dict.fromkeys(("example", "verdict", "sentence"), _is_text)
_EXAMPLE_MAY_HAVE: Mapping[str, Test] = {
    **dict.fromkeys(("document", "text", "removed_name", "removed_in", "replacement", "checkpoints"), _is_text),
    "wall_s": _is_number,
}
_CONDITIONS: Mapping[str, Test] = {
    **dict.fromkeys(("run", "started"), _is_text),
    **dict.fromkeys(("libraries", "extensions", "fingerprints", "unread"), _is_object_of(_is_text)),
    **dict.fromkeys(("cells", "checkpoints", "courses", "without_examples", "warnings"), _is_list_of(_is_text)),
    "outcomes": _is_object_of(_is_integer),
}


def is_cell(row: Mapping[str, Any]) -> bool:
    """A line of `cells.jsonl`: of a check and a status that exist, with numbers where numbers belong."""
    needs, may_have = _cell_tests()
    return _has(row, needs) and _may_have(row, may_have)


@cache
def _cell_tests() -> tuple[Mapping[str, Test], Mapping[str, Test]]:
    """What a row of a cell needs and what it may have. A course, which has no cells, loads no checks."""
    from suite.checks import REGISTRY
    from suite.records.columns import CELLS

    statuses = frozenset(map(str, Status))
    needs: dict[str, Test] = {
        **dict.fromkeys(("run", "cell", "capability", "checkpoint", "backend", "reason"), _is_text),
        "check": lambda value: _is_text(value) and value in REGISTRY,
        "status": lambda value: _is_text(value) and value in statuses,
    }
    return needs, {column.name: _test_of(column) for column in CELLS}


def _test_of(column: Column) -> Test:
    if column.is_json:
        return _is_object
    if column.is_text:
        return _is_text
    return _is_integer if column.is_integer else _is_number


def is_selection(row: Mapping[str, Any]) -> bool:
    """A line of `selected.jsonl`: of checks that exist, and of a cell as its rows have it."""
    from suite.checks import REGISTRY

    names = _is_list_of(lambda value: _is_text(value) and value in REGISTRY)
    needs, may_have = _cell_tests()
    identity = {name: test for name, test in needs.items() if name not in ("check", "status", "reason")}
    return _has(row, identity) and _may_have(row, {**may_have, "checks": names, "left_out": names})


def is_round(row: Mapping[str, Any]) -> bool:
    """A line of `samples.jsonl`."""
    return _has(row, _ROUND_NEEDS) and _may_have(row, _ROUND_MAY_HAVE)


def is_curve(row: Mapping[str, Any]) -> bool:
    """A line of `curves.jsonl`."""
    return _has(row, {"cell": _is_text, "loss": _is_list_of(lambda value: value is None or _is_number(value))})


def is_sample_answer(row: Mapping[str, Any]) -> bool:
    """A line of `exhibits.jsonl`; the files that it names are those of this folder."""
    return _has(row, _ANSWER_NEEDS) and _may_have({"picture": None, "sound": None, **row}, _ANSWER_MAY_HAVE)


def is_questions(row: Mapping[str, Any]) -> bool:
    """A line of `questions.jsonl`: as many inputs and truths as samples."""
    columns = ("sample", "input", "truth")
    if not _has(row, {"set": _is_text, **dict.fromkeys(columns, _is_list_of(_is_text))}):
        return False
    pictures = row.get("picture")
    if pictures is not None and not _is_list_of(lambda value: value is None or _is_kept_file(value))(pictures):
        return False
    slices = row.get("slices")
    if slices is not None and not _is_list_of(_is_list_of(_is_text))(slices):
        return False
    return len({len(row[name]) for name in columns} | ({len(slices)} if slices is not None else set())) == 1


def is_answers(row: Mapping[str, Any]) -> bool:
    """A line of `answers.jsonl`."""
    return _has(row, _ANSWERS_NEED) and _may_have(row, _ANSWERS_MAY_HAVE)


def is_example(row: Mapping[str, Any]) -> bool:
    """A line of `examples.jsonl`."""
    return _has(row, _EXAMPLE_NEEDS) and _may_have(row, _EXAMPLE_MAY_HAVE)


def wrong_condition(conditions: Mapping[str, Any]) -> str | None:
    """The first key of `run.json` whose value is of another type than it must be."""
    for key, value in conditions.items():
        if not is_shallow(value) or (key in _CONDITIONS and not _CONDITIONS[key](value)):
            return key
    return None


def is_shallow(value: Any) -> bool:
    """Whether nothing in it is nested deeper than `DEPTH`."""
    level = [value]
    for _ in range(DEPTH):
        level = [inner for one in level if isinstance(one, dict | list) for inner in _inside(one)]
    return not level


def _inside(value: dict[str, Any] | list[Any]) -> list[Any]:
    return [*value.values()] if isinstance(value, dict) else value


def _has(row: Mapping[str, Any], tests: Mapping[str, Test]) -> bool:
    return all(name in row and test(row[name]) for name, test in tests.items())


def _may_have(row: Mapping[str, Any], tests: Mapping[str, Test]) -> bool:
    # By what is there: a row of a cell has a dozen of seventy columns, and a run has a hundred thousand rows.
    return all(value is None or name not in tests or tests[name](value) for name, value in row.items())
