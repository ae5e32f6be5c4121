"""The snippets that try the lines of the table of removals, from the file beside this one."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from suite.course.lifecycle.table import Removal

FILE = Path(__file__).with_name("lifecycle_probes.toml")


@dataclass(frozen=True)
class Probe:
    """How a line is tried: `probe` works while the thing is there, `replacement` on the newest release.

    `prelude` goes before either. `example` is the thing as documents write it. The replacement belongs to another
    library if `replacement_library` names one.
    """

    probe: str
    replacement: str
    prelude: str = ""
    example: str = ""
    replacement_library: str = ""


@functools.cache
def probes() -> Mapping[str, Probe]:
    """All probes, by "library pattern"."""
    content = tomllib.loads(FILE.read_text(encoding="utf-8"))
    preludes = content.pop("preludes")
    return {
        f"{library} {pattern}": Probe(
            one["probe"],
            one["replacement"],
            preludes[one["uses"]] if "uses" in one else "",
            one.get("example", one["probe"]),
            one.get("replacement_library", library),
        )
        for library, lines in content.items()
        for pattern, one in lines.items()
    }


def probe_of(removal: Removal) -> Probe | None:
    """The probe of a line; a service that is gone has none, since no release shows it."""
    return probes().get(removal.key)
