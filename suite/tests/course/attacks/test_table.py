"""The tables of attacks in the README and the tests in this folder: neither lacks what the other has."""

from __future__ import annotations

import re
from pathlib import Path

from suite.core.files import project_root

README = project_root() / "suite/course/README.md"
HERE = Path(__file__).parent


def test_every_attack_of_the_tables_has_a_test_and_every_test_is_in_a_table() -> None:
    rows = [line for line in README.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    named = [re.findall(r"`(test_\w+\.py)`", row.rpartition(" | ")[2]) for row in rows]
    attacks = [files for files in named if files]
    assert len(attacks) > 20
    assert {file for files in attacks for file in files} == {
        path.name for path in HERE.glob("test_*.py") if path != Path(__file__)
    }
