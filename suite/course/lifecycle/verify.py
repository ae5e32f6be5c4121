"""Verifies the table of removals: every line is tried on the release before, the one after and the newest."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Protocol

from suite.core.errors import UsageError
from suite.course.lifecycle.probes import Probe, probe_of
from suite.course.lifecycle.releases import ProbeOutcome
from suite.course.lifecycle.table import Removal, removals


class Installer(Protocol):
    """Lists the releases of libraries and runs snippets on them."""

    def known(self, library: str) -> list[str]:
        """The final releases, oldest first."""

    def run(self, library: str, release: str, snippets: Sequence[tuple[str, str]]) -> list[ProbeOutcome]:
        """The outcomes of `(prelude, snippet)` pairs on a release."""


@dataclass(frozen=True)
class Trial:
    """A snippet to be run on a release."""

    library: str
    release: str
    prelude: str
    snippet: str


@dataclass(frozen=True)
class Verified:
    """A line with the outcomes of its trials, by their names; no problem means that the line is true."""

    removal: Removal
    trials: Mapping[str, Trial]
    outcomes: Mapping[str, ProbeOutcome]
    problems: tuple[str, ...]

    def __str__(self) -> str:
        outcomes = [f"{name} ({self.trials[name].release}) {outcome}" for name, outcome in self.outcomes.items()]
        lines = [f"{'FALSE' if self.problems else 'true ':5}  {self.removal.key}: {', '.join(outcomes)}"]
        return "\n".join([*lines, *(f"       {problem}" for problem in self.problems)])


def chosen(patterns: Iterable[str]) -> list[Removal]:
    """The lines that these patterns name, by library, by pattern or by both; all of them, if there is none.

    Raises:
        UsageError: a pattern names no line.
    """
    keys = {removal.key: removal for removal in removals()}
    rows: dict[str, Removal] = {}
    for pattern in patterns:
        names = {key for key in keys if pattern in (key, *key.split(" ", 1)) or fnmatchcase(key, f"*{pattern}*")}
        if not names:
            near = difflib.get_close_matches(pattern, [key.split(" ", 1)[1] for key in keys], 1)
            hint = f"did you mean {near[0]}?" if near else "name a library or a pattern of the table."
            raise UsageError(f"No line of the table is {pattern}: {hint}")
        rows |= {key: keys[key] for key in keys if key in names}
    return list(rows.values()) or list(keys.values())


def verify(
    lines: Sequence[Removal], installer: Installer, progress: Callable[[str], None] = lambda _: None
) -> list[Verified]:
    """Try these lines, release by release; what is a service's has no release and is left out."""
    tried = [(line, probe) for line in lines if (probe := probe_of(line)) is not None]
    libraries = {line.library for line, _ in tried} | {probe.replacement_library for _, probe in tried}
    known = {library: installer.known(library) for library in sorted(libraries)}
    planned = [(line, _trials(line, probe, known)) for line, probe in tried]
    outcomes = _run([trial for _, trials in planned for trial in trials.values()], installer, progress)
    return [
        Verified(line, trials, mine, tuple(_problems(line, mine, known[line.library])))
        for line, trials in planned
        for mine in [{name: outcomes[trial] for name, trial in trials.items()}]
    ]


def bisect(line: Removal, installer: Installer) -> tuple[str, str]:
    """The last release that still has what a line is about, and the first one that has not, between the line's own.

    Raises:
        UsageError: the line has no probe, or it does not change between these releases.
    """
    probe = probe_of(line)
    known = installer.known(line.library)
    if probe is None or not {line.last_seen, line.first_gone} <= set(known):
        raise UsageError(f"{line.key} cannot be searched for: it needs a probe, and releases that the index has.")

    def works(release: str) -> bool:
        (outcome,) = installer.run(line.library, release, [(probe.prelude, probe.probe)])
        return outcome.works

    low, high = known.index(line.last_seen), known.index(line.first_gone)
    if not works(known[low]) or works(known[high]):
        raise UsageError(f"{line.key} does not go between {known[low]} and {known[high]}: name wider releases.")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if works(known[middle]) else (low, middle)
    return known[low], known[high]


def _trials(line: Removal, probe: Probe, known: Mapping[str, Sequence[str]]) -> dict[str, Trial]:
    releases = known[line.library]
    at = {"before": line.last_seen, "after": line.first_gone, "deprecated": line.deprecated_in, "back": line.back_in}
    at["newest"] = releases[-1]
    trials = {name: Trial(line.library, release, probe.prelude, probe.probe) for name, release in at.items() if release}
    if line.back_in:
        trials["still gone"] = Trial(line.library, _before(line.back_in, releases), probe.prelude, probe.probe)
    other = probe.replacement_library
    prelude = probe.prelude if other == line.library else ""
    return trials | {"replacement": Trial(other, known[other][-1], prelude, probe.replacement)}


def _run(trials: Sequence[Trial], installer: Installer, progress: Callable[[str], None]) -> dict[Trial, ProbeOutcome]:
    """Every trial once, those of a release together."""
    grouped: dict[tuple[str, str], dict[Trial, None]] = {}
    for trial in trials:
        grouped.setdefault((trial.library, trial.release), {})[trial] = None
    outcomes: dict[Trial, ProbeOutcome] = {}
    for (library, release), mine in grouped.items():
        progress(f"{library} {release}: {len(mine)} snippets")
        results = installer.run(library, release, [(trial.prelude, trial.snippet) for trial in mine])
        outcomes |= dict(zip(mine, results, strict=True))
    return outcomes


def _problems(line: Removal, outcomes: Mapping[str, ProbeOutcome], known: Sequence[str]) -> Iterable[str]:
    """What is wrong with a line, in sentences."""
    works = {"before", "deprecated", "back", "replacement"} | ({"newest"} if line.works_on_newest else set())
    for name, outcome in outcomes.items():
        if outcome.stage == "setup":
            yield f"{name}: its prelude failed ({outcome.error}: {outcome.message})"
        elif name in works and not outcome.works:
            yield f"{name}: it should work, and ended with {outcome.error}: {outcome.message}"
        elif name not in works and outcome.works:
            yield f"{name}: it should be gone, and works"
    after = outcomes.get("after")
    if after is not None and not after.works and line.error not in after.kinds:
        yield f"after: it should end with {line.error}, and ended with {after.error}: {after.message}"
    if line.deprecated_in and not outcomes["deprecated"].warning:
        yield f"deprecated: {line.deprecated_in} should warn of it, and gives no warning"
    if line.first_gone and line.first_gone not in known:
        yield f"{line.first_gone} is not a release of {line.library}"
    elif line.first_gone and _before(line.first_gone, known) != line.last_seen:
        yield f"{line.last_seen} is not the release before {line.first_gone}: {_before(line.first_gone, known)} is"


def _before(release: str, known: Sequence[str]) -> str:
    return known[known.index(release) - 1] if release in known else ""


def releases_root() -> Path:
    """Where installed releases are kept."""
    from suite.core.files import cache_root

    return cache_root() / "releases"
