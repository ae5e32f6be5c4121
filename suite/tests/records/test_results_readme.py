"""results/README.md defines every column and status word, and no other."""

from __future__ import annotations

import re

import pytest

from suite.analysis.frames import SAMPLE_TYPES
from suite.core.cell import Status
from suite.core.files import project_root
from suite.course.report import COLUMNS
from suite.records.columns import ANSWERS, CELL_COLUMNS

README = (project_root() / "results" / "README.md").read_text(encoding="utf-8")


def defined_in(section: str) -> list[str]:
    body = re.search(rf"^## {re.escape(section)}\n(.*?)(?=^## |\Z)", README, flags=re.MULTILINE | re.DOTALL)
    assert body is not None
    return re.findall(r"^\| `([^`]+)` \|", body[1], flags=re.MULTILINE)


@pytest.mark.parametrize(
    ("section", "names"),
    [
        ("cells.csv and cells.parquet", list(CELL_COLUMNS)),
        ("samples.parquet", list(SAMPLE_TYPES)),
        ("answers.parquet", [column.name for column in ANSWERS]),
        ("Status words", list(Status)),
        ("examples.csv", list(COLUMNS)),
    ],
)
def test_every_name_is_defined_in_order(section: str, names: list[str]) -> None:
    assert defined_in(section) == names
