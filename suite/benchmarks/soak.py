"""Kills real runs at random moments, continues them, and counts what was lost, doubled or left behind.

A small matrix (the smallest miniature, `eager` and `onnx`, the quick selection) is killed and continued with `--resume`
until it is complete; a small course, which cannot be continued, is killed and run again. SIGKILL goes to pytest's
process, to its whole process group, or to one worker, at a moment that is any of those the run is expected to take.
Every process that a run starts becomes a child of this one when its parent dies: none escapes the count (Linux).
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from suite.checks.latency import Latency
from suite.core.cell import COULD_NOT_MEASURE
from suite.core.errors import UsageError
from suite.core.ownership import TemporaryFolder
from suite.core.settings import LATEST
from suite.core.work import Work
from suite.course.sandbox import outer_wall
from suite.records.run_folder import LOCK, RunFolder, read_lines
from suite.task import discovery, miniatures

TARGETS = ("parent", "group", "worker")
KILLS_A_RUN = 5
"""So often is one run of the matrix killed, or one of a course begun anew, before it may end."""
GONE_SECONDS = 180.0
"""How long the processes of a run may take to end: on a crowded machine, what unloads the libraries takes long."""
LONGEST_RUN = 1200.0
"""Seconds after which a run that should end by itself hangs."""
FINISHED = (0, 1, 6)
"""The exit codes of a run of the matrix that measured all: on a busy machine a latency may be unstable, or fail."""
_BECOME_SUBREAPER = 36
_PLAIN = ("-q", "-p", "no:cacheprovider", "-p", "suite.plugin")
DOCUMENT = "# A document\n" + "".join(
    f"```python\nimport time\ntime.sleep(0.3)\nx{number} = {number}\n```\n" for number in range(5)
)

Pair = tuple[str, ...]


@dataclass
class Counts:
    """What went wrong, by kind; each should be 0."""

    rows_lost: int = 0
    rows_doubled: int = 0
    processes_left: int = 0
    folders_left: int = 0
    kills: Counter[str] = field(default_factory=Counter)

    @property
    def is_clean(self) -> bool:
        """Whether nothing went wrong."""
        return not (self.rows_lost or self.rows_doubled or self.processes_left or self.folders_left)

    def lines(self) -> list[str]:
        """How many kills of which kind, and the four numbers, a line each."""
        kinds = [f"{count:4} of {kind}" for kind, count in sorted(self.kills.items())]
        return [
            *kinds,
            f"rows lost:      {self.rows_lost}",
            f"rows doubled:   {self.rows_doubled}",
            f"processes left: {self.processes_left}",
            f"folders left:   {self.folders_left}",
        ]


def soak(kills: int, seconds: float | None, seed: int, progress: Callable[[str], None]) -> Counts:
    """Kill runs so often, or for so long if that is over sooner; `progress` gets a line for each kill.

    Raises:
        UsageError: this system is not Linux, or a run fails without being killed.
    """
    if sys.platform != "linux":
        raise UsageError("The soak counts processes by a means that only Linux has: run it there.")
    ctypes.CDLL(None).prctl(_BECOME_SUBREAPER, 1)
    counts, dice = Counts(), random.Random(seed)
    end = time.monotonic() + (seconds or float("inf"))
    with TemporaryFolder("soak-") as place:
        matrix, course = Matrix(place / "m", counts, dice, progress), Course(place / "c", counts, dice, progress)
        walls = outer_wall.missing()
        if walls:
            progress(f"no course is killed: {walls}")
        subjects: list[Matrix | Course] = [matrix] if walls else [matrix, course]
        for subject in subjects:
            subject.measure()

        def goes_on() -> bool:
            return counts.kills.total() < kills and time.monotonic() < end

        while goes_on():
            for subject in subjects:
                if goes_on():
                    subject.kill_one(goes_on)
    return counts


class Killed:
    """Runs of one kind, in a folder of their own, whose temporary files lie there too."""

    def __init__(self, place: Path, counts: Counts, dice: random.Random, progress: Callable[[str], None]) -> None:
        self.place, self.counts, self.dice, self.progress = place, counts, dice, progress
        self.results, self.temporary = place / "results", place / "t"
        self.temporary.mkdir(parents=True)
        self.seconds = 0.0
        """How long a run takes that nobody kills, as far as the last ones tell."""
        self.kind = type(self).__name__.lower()

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Begin a run, as the leader of a process group."""
        environment = {"TMPDIR": str(self.temporary), "TORCHINDUCTOR_CACHE_DIR": str(self.place / "kernels")}
        with (self.place / "output.txt").open("ab") as output:
            return subprocess.Popen(
                [sys.executable, "-m", "pytest", *_PLAIN, "--results", str(self.results), *arguments],
                cwd=self.place, env=os.environ | environment, start_new_session=True, stdin=subprocess.DEVNULL,
                stdout=output, stderr=output,
            )  # fmt: skip

    def finish(self, process: subprocess.Popen[bytes]) -> int | None:
        """Wait for the end of a run; its exit code, or None for one that had to be killed."""
        began = time.monotonic()
        try:
            code = process.wait(LONGEST_RUN)
            self.seconds = max(self.seconds, time.monotonic() - began)
            return code
        except subprocess.TimeoutExpired:
            self.counts.processes_left += 1
            self.progress("a run hangs and is killed")
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return None
        finally:
            self.count_processes()

    def kill(self, process: subprocess.Popen[bytes], seconds: float) -> None:
        """Kill a run that may take so long, or a worker of it, at a random moment; it may have ended before."""
        target = self.dice.choice(TARGETS)
        moment = self.dice.uniform(0, seconds)
        began = time.monotonic()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(moment)
            self.seconds = time.monotonic() - began  # the machine is less crowded than it was
            self.count_processes()
            return
        workers = _workers(process.pid) if target == "worker" else []
        if workers:
            with contextlib.suppress(psutil.NoSuchProcess):
                self.dice.choice(workers).kill()
            self.note(target, moment)
            self.finish(process)
            return
        if target == "group":
            os.killpg(process.pid, signal.SIGKILL)
        else:  # of the parent, or of a worker where there is none yet
            target = "parent"
            process.kill()
        process.wait()
        self.note(target, moment)
        self.count_processes()

    def note(self, target: str, moment: float) -> None:
        """Count a kill."""
        self.counts.kills[f"{self.kind}: {target}"] += 1
        self.progress(f"{self.counts.kills.total():4} {self.kind}: {target} after {moment:.1f} s")

    def count_processes(self) -> None:
        """Count, and then end, what has outlived its run."""
        deadline = time.monotonic() + GONE_SECONDS
        while (left := _children()) and time.monotonic() < deadline:
            time.sleep(0.05)
        self.counts.processes_left += len(left)
        for child in left:
            self.progress(f"left: process {child.pid} ({' '.join(_command(child))[:200]})")
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()

    def count_folders(self, run: Path) -> None:
        """Count what the last of the runs has left behind, and forget it."""
        folders = [path for path in self.temporary.iterdir() if path.is_dir()]  # ONNX Runtime leaves a file, .ses
        left = [*folders, *run.glob(LOCK)]
        self.counts.folders_left += len(left)
        for path in left:
            self.progress(f"left: {path.name}")
            path.rename(self.place / f"left-{self.counts.folders_left}-{path.name}")

    def compare(self, before: Counter[Pair], after: Counter[Pair]) -> None:
        """Count rows that are there no more, and those that are there more than once."""
        lost, doubled = before.keys() - after.keys(), [pair for pair, count in after.items() if count > 1]
        self.counts.rows_lost += len(lost)
        self.counts.rows_doubled += len(doubled)
        for word, pairs in (("lost", lost), ("doubled", doubled)):
            for pair in pairs:
                self.progress(f"{word}: {' '.join(pair)}")


class Matrix(Killed):
    """A few cells of the matrix: killed and continued until it is complete."""

    def measure(self) -> None:
        """One run without a kill: how long it takes, and which rows there must be."""
        self.arguments = (
            "--import-mode=importlib", str(discovery.tasks_root()), "-m", "quick", "--capability", _smallest(),
            "--backend", "eager", "--backend", "onnx", "--budget", "0.05", "--limit", "10",
            "--rootdir", str(self.place), "-c", os.devnull,
        )  # fmt: skip
        self.finish(self.start(*self.arguments))  # the first makes builds, which later ones find
        began = time.monotonic()
        if self.finish(self.start(*self.arguments)) not in FINISHED:
            raise UsageError(_failure(self.place))
        self.seconds = time.monotonic() - began
        self.expected = Counter(_pairs(self.run))
        began = time.monotonic()
        self.finish(self.start(*self.arguments, "--resume"))
        self.least = min(time.monotonic() - began, self.seconds)
        self.progress(f"matrix: {len(self.expected)} rows in {self.seconds:.0f} s, none in {self.least:.0f} s")

    @property
    def run(self) -> Path:
        """The folder of the latest run."""
        return (self.results / LATEST).resolve()

    def kill_one(self, goes_on: Callable[[], bool]) -> None:
        """Begin a run, kill it several times, complete it, and look at it."""
        earlier, before = self.run, Counter[Pair]()
        for _ in range(KILLS_A_RUN):
            missing = 1 - (len(before) / len(self.expected) if self.run != earlier else 0)
            if not goes_on() or missing <= 0:
                break
            least = min(self.least, self.seconds)
            self.kill(self._start_or_continue(earlier), least + missing * (self.seconds - least))
            if self.run != earlier:
                before |= _measured(self.run)
        last = self.finish(self._start_or_continue(earlier))
        if last not in FINISHED:
            self.progress(f"the last run ended with {last}: {_failure(self.place)}")
        after = _measured(self.run)
        self.compare(Counter(dict.fromkeys(before, 1)), after)
        self.compare(self.expected, Counter(_pairs(self.run)) & self.expected)
        self.compare(Counter(_timed(self.run)), Counter(_rounds(self.run)))
        self.count_folders(self.run)

    def _start_or_continue(self, earlier: Path) -> subprocess.Popen[bytes]:
        """Continue the run that was begun after `earlier`, if one was."""
        return self.start(*self.arguments, *(["--resume"] if self.run != earlier else []))


class Course(Killed):
    """Two documents, killed as they are run and then run again."""

    def measure(self) -> None:
        """One run without a kill: how long it takes, and which rows there must be."""
        course = self.place / "course"
        course.mkdir()
        for name in ("one.md", "two.md"):
            (course / name).write_text(DOCUMENT)
        self.arguments = (f"--course={course}", "-c", os.devnull, "--rootdir", str(self.place), "--noconftest")
        began = time.monotonic()
        if self.finish(self.start(*self.arguments)) != 0:
            raise UsageError(_failure(self.place))
        self.seconds = time.monotonic() - began
        self.expected = self._examples(self._newest())
        self.progress(f"course: {len(self.expected)} rows in {self.seconds:.0f} s")

    def kill_one(self, goes_on: Callable[[], bool]) -> None:
        """Kill several runs; what they have written can be read, and another run has every row."""
        for _ in range(KILLS_A_RUN):
            if not goes_on():
                break
            before = {*self.results.iterdir()}
            self.kill(self.start(*self.arguments), self.seconds)
            for run in {*self.results.iterdir()} - before:
                if not run.is_symlink():
                    self.compare(Counter(), self._examples(run))
        if self.finish(self.start(*self.arguments)) != 0:
            self.progress(_failure(self.place))
        self.compare(self.expected, self._examples(self._newest()))
        self.count_folders(self._newest())

    def _newest(self) -> Path:
        return (self.results / LATEST).resolve()

    def _examples(self, run: Path) -> Counter[Pair]:
        return Counter((row["example"],) for row in RunFolder(run).examples())


def _pairs(run: Path) -> list[Pair]:
    """The (cell, check) of every row of a run, each once."""
    return [(row["cell"], row["check"]) for row in RunFolder(run).rows()]


def _measured(run: Path) -> Counter[Pair]:
    """How often each (cell, check) has a row with a result: what could not be measured is rightly measured again."""
    rows = [row for row in read_lines(run / "cells.jsonl") if row.get("status") not in COULD_NOT_MEASURE]
    return Counter((str(row.get("cell")), str(row.get("check"))) for row in rows)


def _timed(run: Path) -> list[Pair]:
    """The first round of every cell whose latency was measured."""
    return [(cell, "round", "0") for cell, check in _measured(run) if check == Latency.name]


def _rounds(run: Path) -> list[Pair]:
    return [(row["cell"], "round", str(row["cycle"])) for row in RunFolder(run).rounds()]


def _smallest() -> str:
    """The capability of the smallest shipped miniature that has weights."""
    root = discovery.tasks_root()
    sizes = {name: _bytes_of_weights(folder) for name, folder in miniatures.shipped(root).items()}
    tasks = discovery.load_tasks(root).values()
    answering = [task for task in tasks if task.work is Work.INFERENCE]
    made = [(sizes.get(one.miniature or "", 0), task.name) for task in answering for one in task.checkpoints]
    return min((size, name) for size, name in made if size)[1]


def _bytes_of_weights(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.glob("*.safetensors"))


def _workers(parent: int) -> list[psutil.Process]:
    """The processes below those that a run has started: what a forkserver or a zygote has forked, and theirs."""
    try:
        direct = psutil.Process(parent).children()
        return [worker for child in direct for worker in child.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _children() -> list[psutil.Process]:
    """The processes below this one that live, after those that ended were taken note of."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    living = []
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if child.status() != psutil.STATUS_ZOMBIE:
                living.append(child)
    return living


def _command(process: psutil.Process) -> Sequence[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return ["ended meanwhile"]


def _failure(place: Path) -> str:
    lines = (place / "output.txt").read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return f"A run fails without being killed: {' / '.join(lines[-5:])}"
