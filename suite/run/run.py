"""One pytest session: its settings, its cells, its runner and its folder."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from suite.checks import REGISTRY
from suite.core import privacy
from suite.core.cell import COULD_NOT_MEASURE, Cell, Status
from suite.core.errors import UsageError
from suite.core.outcome import Outcome
from suite.core.printable import printable
from suite.core.settings import Settings
from suite.records import machine
from suite.records.run_folder import RunFolder, find_run, point_latest
from suite.run import conditions, known_failures, plan
from suite.run.known_failures import KnownFailure
from suite.run.plan import Planned
from suite.run.runner import CheckRunner
from suite.task import discovery


class Run:
    """What the hooks of the plugin share. Nothing is started and no folder is made before the first check."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.selected: list[tuple[Cell, str]] = []
        self.deselected = 0
        self._statuses: dict[tuple[str, str], Status] = {}
        self.unmeasured: set[str] = set()
        self.noisy: dict[tuple[str, str], str] = {}
        """What noise, or too few samples, leave open, by cell and check, where that is a warning."""
        self.unasked: list[Cell] = []
        """Of each check that did not pass, and that nothing asked for by name."""
        self.messages: deque[str] = deque()
        """What was built, a line each, for whoever shows it and takes it away."""
        self._runner: CheckRunner | None = None
        self._locked: RunFolder | None = None
        self._started = time.monotonic()

    @cached_property
    def conditions(self) -> dict[str, Any]:
        """What the numbers depend on."""
        return conditions.conditions(self.settings)

    @cached_property
    def planned(self) -> list[Planned]:
        """Every cell that exists under these settings."""
        return plan.plan(self.settings, discovery.load_tasks(*self.settings.task_folders))

    @cached_property
    def known_failures(self) -> list[KnownFailure]:
        """The lines of the data file that apply here.

        Raises:
            UsageError: a line that matches no cell.
        """
        entries = [entry for folder in self.settings.task_folders for entry in known_failures.load(folder)]
        if self.settings.models or self.settings.weights != "miniature":
            return []
        existing = [(entry.cell.id, check) for entry in self.planned for check in entry.checks]
        for entry in known_failures.stale(entries, existing):
            raise UsageError(
                f"{known_failures.FILE}:{entry.line} matches no cell ({entry.cell}, {entry.check}): correct it."
            )
        return entries

    def known_failure(self, cell: Cell, check: str) -> KnownFailure | None:
        """Why this check is expected to fail, if it is."""
        return next((entry for entry in self.known_failures if entry.matches(cell.id, check)), None)

    def check(self, cell: Cell, check: str) -> Outcome:
        """Carry out one check."""
        together = [other for other, selected in self.selected if selected == check and REGISTRY[check].interleaved]
        outcome = self.runner.check(cell, check, together)
        self._statuses[cell.id, check] = outcome.status
        return replace(outcome, reason=printable(privacy.scrub(outcome.reason)))

    @property
    def statuses(self) -> list[Status]:
        """How the checks of this session ended: of one that was carried out twice, the second time."""
        return [*self._statuses.values()]

    def let_go(self) -> None:
        """Close the checkpoint that the run has come to, so that whatever is measured next begins anew."""
        self.runner.let_go()

    @cached_property
    def resumed(self) -> RunFolder | None:
        """The run that this one continues.

        Raises:
            UsageError: there is no such run.
        """
        return find_run(self.settings.results, self.settings.resume) if self.settings.resume else None

    @property
    def runner(self) -> CheckRunner:
        """The runner, opened with the run's folder at the first call."""
        if self._runner is None:
            self._runner = CheckRunner(
                self.settings, self.planned, self._open_folder(), self.known_failure, self.messages.append
            )
            self._runner.recorder.select(self.selected)
        return self._runner

    @property
    def remarks(self) -> list[str]:
        """What does not turn the run red and must be said all the same: a line for each capability."""
        entries = [entry for entry in self._selected_entries if entry.source.misfit]
        counts = Counter(cell.group for cell in self.unasked)
        return [
            *dict.fromkeys(f"{entry.cell.group}: unsupported: {entry.source.misfit}" for entry in entries),
            *(
                f"{group}: {count} checks did not pass, which counts only where it is asked for: --capability "
                f"{group.partition('/')[0]}"
                for group, count in counts.items()
            ),
        ]

    def is_one_of_several(self, cell: Cell) -> bool:
        """Whether the cell's checkpoint is of a class that does other capabilities too: nobody knows what it is for."""
        return (
            len(
                {
                    e.cell.capability
                    for e in self.planned
                    if e.cell.checkpoint == cell.checkpoint and not e.source.misfit
                }
            )
            > 1
        )

    @property
    def shows_nothing(self) -> bool:
        """Whether no selected capability takes the checkpoint, or nothing passed of what nothing asked for by name."""
        entries = self._selected_entries
        fits_nothing = bool(entries) and all(entry.source.misfit for entry in entries)
        return fits_nothing or (bool(self.unasked) and Status.PASSED not in self.statuses)

    @property
    def _selected_entries(self) -> list[Planned]:
        chosen = {cell.id for cell, _ in self.selected}
        return [entry for entry in self.planned if entry.cell.id in chosen]

    @property
    def folder(self) -> RunFolder | None:
        """The run's folder, once there is one."""
        return self._runner.folder if self._runner else None

    def prepare(self) -> None:
        """Find out before the first cell whether the run can be done at all.

        Raises:
            UsageError: no such device, no place for results, or a run that cannot be continued.
        """
        if self.settings.device != "cpu":
            check_device(self.settings.device)
        _ = self.runner

    def leave_out(self, cell: Cell, check: str) -> None:
        """Note that a check which was selected is not to be carried out after all: something else skipped it."""
        if self._runner is not None and not self._runner.recorder.has(cell, check):
            self._runner.recorder.select([(cell, check)], left_out=True)

    def begin(self, *, times: bool) -> None:
        """Begin with what can be done before its turn; `times` says whether anything will be timed."""
        self.runner.prepare(pair for pair in self.selected if times or not REGISTRY[pair[1]].interleaved)

    def finish(self, exit_status: int) -> None:
        """Stop the workers and complete `run.json`."""
        if self._runner is None:
            return
        self._runner.close()
        folder = self._runner.folder
        counts = {str(status): self.statuses.count(status) for status in Status if status in self.statuses}
        results = {
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
            "load_after": machine.load(),
            "wall_s": round(time.monotonic() - self._started, 1),
            "exit_status": exit_status,
            "outcomes": counts,
            "warnings": self._runner.warnings,
        }
        with contextlib.suppress(OSError):
            privacy.scrub_file(self._runner.log)
        try:
            folder.write_conditions({**folder.conditions(), **results})
        except (OSError, UsageError) as error:
            self._runner.warnings.append(f"run.json could not be completed ({error}); the rows are safe")

    def close(self) -> None:
        """Leave no worker behind, and let other sessions continue the run."""
        if self._runner is not None:
            self._runner.close()
        if self._locked is not None:
            self._locked.unlock()
            self._locked = None

    def _lock(self, folder: RunFolder) -> None:
        folder.lock()
        self._locked = folder

    def _open_folder(self) -> RunFolder:
        selected = plan.describe(self._selected_entries)
        if self.resumed:
            return self._continue(self.resumed, selected)
        name = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        folder = RunFolder.create(self.settings.results, name)
        self._lock(folder)
        counts = {"selected": len(self.selected), "deselected": self.deselected}
        try:
            folder.write_conditions({"run": folder.name, **self.conditions, **selected, **counts})
            point_latest(self.settings.results, folder.path)
        except OSError as error:
            raise UsageError(f"Cannot write to {folder.path} ({error.strerror}): name another --results.") from error
        return folder

    def _continue(self, folder: RunFolder, selected: dict[str, Any]) -> RunFolder:
        if folder.is_baseline:
            raise UsageError(
                f"{folder.path} holds a baseline, the table of a run without its lines, and cannot be continued: "
                "start a new run without --resume."
            )
        self._lock(folder)
        before = folder.conditions()
        known = before.get("fingerprints", {})
        different = conditions.differences(before, self.conditions)
        different += [
            f"the files of {group} have changed"
            for group, fingerprint in selected["fingerprints"].items()
            if known.get(group, fingerprint) != fingerprint
        ]
        if different:
            raise UsageError(
                f"The run {folder.name} cannot be continued, since {'; '.join(different)}: start a new one without "
                "--resume."
            )
        try:
            folder.write_conditions({**before, "fingerprints": {**known, **selected["fingerprints"]}})
        except OSError as error:
            raise UsageError(f"Cannot write to {folder.path} ({error.strerror}): make room and try again.") from error
        return folder


COULD_NOT_MEASURE_STATUS = 6
"""The exit code where something, or everything, could not be measured, and nothing failed."""


def exit_status(statuses: Iterable[Status]) -> int:
    """6 where something could not be measured and nothing failed; 1 where something failed."""
    seen = set(statuses)
    if Status.FAILED in seen:
        return 1
    return COULD_NOT_MEASURE_STATUS if seen & COULD_NOT_MEASURE else 0


def check_device(device: str) -> None:
    """Ask torch for the device, in a process of its own.

    Raises:
        UsageError: torch cannot use it.
    """
    code = f"import torch; torch.zeros(1, device={device!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "no reason given"
        raise UsageError(f"torch cannot use the device {device!r} here ({last}): choose --device cpu.")
