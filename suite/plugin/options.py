"""What the user asked for: the options of `pytest --help`, checked and gathered into one value."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import psutil
import pytest

from suite.core.errors import UsageError, known_name
from suite.core.settings import DEVICES, GENERATION, LATEST, PRECISION, WEIGHTS, CourseSettings, Settings

BUDGET, QUICK_BUDGET, QUICK_LIMIT = "0.5", "0.2", "50"
OWN_COURSE = ""
"""Stands for the suite's own course."""


def add_options(parser: pytest.Parser) -> None:
    """The options, in one group of `pytest --help`."""
    # pytest has a --strict of its own and lets no plugin add another: its value is read, and means this too.
    group = parser.getgroup(
        "touchstone",
        "touchstone: models across backends (with --strict, 99.9 % of the reference's accuracy must be kept, not 99 %, "
        "and a latency that is too noisy is an error, not a warning)",
    )
    add = group.addoption
    add("--capability", action="append", default=[], metavar="NAME", help="run only this capability (repeatable)")
    add("--backend", action="append", default=[], metavar="NAME", type=_BackendName(),
        help="run only this backend (repeatable), or all: %(type)s")  # fmt: skip
    add("--model", action="append", default=[], metavar="DIR_OR_ID",
        help="a checkpoint of your own instead of the tasks' (repeatable), matched by its config.json")  # fmt: skip
    add("--base", default=None, metavar="DIR_OR_ID",
        help="the model that an adapter (PEFT), given by --model, is merged into")  # fmt: skip
    add("--weights", default="miniature", metavar="KIND",
        help=f"where the weights come from: {', '.join(WEIGHTS)} (default: miniature)")  # fmt: skip
    add("--generation", default=GENERATION[0], metavar="POLICY",
        help="plain: greedy, whatever a checkpoint's settings say; own: as they say (default: plain)")  # fmt: skip
    add("--samples", default=None, metavar="FILE",
        help='your own data, rows of {"input": ..., "truth": ..., "slice": ...}: JSON Lines, JSON, CSV, Parquet, '
        "or a folder of datasets' save_to_disk()")  # fmt: skip
    add("--train-samples", default=None, metavar="FILE",
        help="your own data to learn from, in the same forms: for the capabilities that train")  # fmt: skip
    add("--train-steps", default=None, metavar="N", help="steps of a training (default: the capability's own number)")
    add("--device", default="cpu", metavar="NAME", help="cpu, cuda, cuda:N or mps (default: cpu)")
    add("--threads", default=None, metavar="N", help="threads per worker (default: physical cores)")
    add("--batch-size", default="1", metavar="N", help="inputs per timed call (default: 1)")
    add("--budget", default=None, metavar="SECONDS",
        help=f"longest time measured per latency cell (default: {BUDGET}; with -m quick {QUICK_BUDGET})")  # fmt: skip
    add("--precision", default=f"{PRECISION:.0%}", metavar="PERCENT",
        help="a cell is timed no longer once its median is known this well; 0 takes the whole budget "
        "(default: %(default)s)")  # fmt: skip
    add("--limit", default=None, metavar="N",
        help=f"score at most so many samples (default: all; with -m quick {QUICK_LIMIT})")  # fmt: skip
    add("--cell-timeout", default="300", metavar="SECONDS", help="longest that one request to a cell may take")
    add("--results", default="results", metavar="DIR", help="where runs are written (default: results)")
    add("--plots", action="store_true", help="write the report's figures to plots/ too, as PNG files")
    add("--resume", nargs="?", const=LATEST, default=None, metavar="RUN",
        help="continue a run (default: the latest) and measure only what is missing")  # fmt: skip
    add("--no-isolate", action="store_true", help="run everything in this process, for a debugger")
    add("--course", action="append", nargs="?", const=OWN_COURSE, default=[], metavar="PATH",
        help="run a course's examples instead: a document or a folder (repeatable; default: our own)")  # fmt: skip
    add("--example-timeout", default="30", metavar="SECONDS", help="longest that one example of a course may take")
    add("--example-memory", default="4", metavar="GB", help="memory that the examples of a document may use")
    add("--unsafe", action="store_true", help="run examples without walls, with your own rights and network")
    add("--tasks", default=None, metavar="DIR", help="the folder of task files (default: beside the suite)")


class _BackendName:
    """The type of --backend. As text it lists the names, which are looked up only when the help is printed."""

    def __call__(self, text: str) -> str:
        return text

    def __str__(self) -> str:
        from suite.backends import REGISTRY, references

        try:
            return ", ".join(references())
        except UsageError:  # the run says it; the help is still to be had
            return ", ".join(REGISTRY)


def read_settings(config: pytest.Config, default_tasks: Path, further_tasks: Iterable[Path] = ()) -> Settings:
    """The options as one checked value; capability names are checked later, once the tasks are known.

    Raises:
        UsageError: a value that cannot be used, with what could.
    """
    from suite.backends import ALL, references  # a course loads none of it

    get = config.getoption
    quick = config.option.markexpr.strip() == "quick"
    weights = known_name("kind of weights", get("--weights"), WEIGHTS)
    backends = tuple(known_name("backend", name, [*references(), ALL]) for name in get("--backend"))
    backends = tuple(references()) if ALL in backends else backends
    samples, train_samples = (_data(option, get(option)) for option in ("--samples", "--train-samples"))
    return Settings(
        capabilities=tuple(get("--capability")),
        backends=backends,
        models=tuple(get("--model")),
        generation=known_name("generation policy", get("--generation"), GENERATION),
        base=_base(get("--base"), get("--model")),
        weights=weights,
        samples=samples,
        train_samples=train_samples,
        train_steps=_count("--train-steps", get("--train-steps")) if get("--train-steps") else None,
        device=_device(get("--device")),
        threads=_count("--threads", get("--threads")) if get("--threads") else physical_cores(),
        batch_size=_count("--batch-size", get("--batch-size")),
        budget=_seconds("--budget", get("--budget") or (QUICK_BUDGET if quick else BUDGET)),
        precision=_share("--precision", get("--precision")),
        limit=_count("--limit", get("--limit")) if get("--limit") else int(QUICK_LIMIT) if quick else None,
        cell_timeout=_seconds("--cell-timeout", get("--cell-timeout")),
        results=(config.invocation_params.dir / _expanded(get("--results"))).absolute(),
        resume=get("--resume"),
        strict=bool(getattr(config.option, "strict", False)),
        isolate=not get("--no-isolate"),
        tasks=_expanded(get("--tasks")).absolute() if get("--tasks") else default_tasks,
        further_tasks=tuple(further_tasks),
    )


def read_course_settings(config: pytest.Config, own: Path) -> CourseSettings:
    """The options of a run of courses, checked. The suite's own course is the pages of the folder `own`, none below it.

    Raises:
        UsageError: a value that cannot be used, with what could.
    """
    get = config.getoption
    here = config.invocation_params.dir
    return CourseSettings(
        courses=tuple(
            path
            for name in get("--course")
            for path in (sorted(own.glob("*.md")) if name == OWN_COURSE else [here / name])
        ),
        results=(here / get("--results")).absolute(),
        example_timeout=_seconds("--example-timeout", get("--example-timeout")),
        unsafe=get("--unsafe"),
        example_memory=int(_seconds("--example-memory", get("--example-memory")) * 2**30),
    )


def physical_cores() -> int:
    """The physical cores that this process may run on."""
    physical = psutil.cpu_count(logical=False) or os.cpu_count() or 1
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else physical
    return max(1, min(physical, allowed))


def _expanded(path: str) -> Path:
    """A path with the home directory for `~`, which no shell replaces after `=` or in quotes."""
    try:
        return Path(path).expanduser()
    except RuntimeError:  # a user that does not exist
        return Path(path)


def _data(option: str, name: str | None) -> Path | None:
    file = _expanded(name).absolute() if name else None
    if file is not None and not file.is_file() and not file.is_dir():
        raise UsageError(f"{option} {file} is not a file: name a JSON Lines file of inputs and truths.")
    return file


def _base(base: str | None, models: Sequence[str]) -> str | None:
    if base is not None and not models:
        raise UsageError(f"--base {base} is what an adapter stands on: name the adapter with --model.")
    return base


def _device(text: str) -> str:
    kind, colon, index = text.partition(":")
    known_name("device", kind, DEVICES)
    if colon and not index.isdecimal():
        raise UsageError(f"--device {text} names no device: write cuda:0 for the first GPU.")
    return text


def _count(option: str, text: str) -> int:
    if not re.fullmatch(r"[0-9]+", text) or int(text) < 1:
        raise UsageError(f"{option} takes a whole number of at least 1, not {text!r}.")
    return int(text)


def _share(option: str, text: str) -> float:
    number = text.removesuffix("%")
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,6})?", number) or float(number) > 100:
        raise UsageError(f"{option} takes a percentage from 0 to 100, not {text!r}.")
    return float(number) / 100


def _seconds(option: str, text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise UsageError(f"{option} takes a number of seconds above 0, not {text!r}.")
    return seconds
