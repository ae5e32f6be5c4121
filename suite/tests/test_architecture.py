"""Who may import whom: the rooms of suite/ and their levels, read from the source of every module.

Each import counts by when it happens. As its module is loaded and in a function: for every rule. For types alone: for
the rules about rooms, since a type is knowledge too, but neither for other people's libraries nor for cycles. What a
module loads by way of others counts as its own. Tests may import anything; nothing imports them.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import pytest

from suite.core.files import project_root
from suite.tests.support.import_graph import Import, Kind, cycles, imports_of, loaded_by, modules_of

ROOT = project_root()

LEVELS = {
    "core": 1, "measure": 1,
    "task": 2,
    "subjects": 3, "processes": 3, "training": 3,
    "checks": 4, "backends": 4,
    "records": 5,
    "worker": 6, "analysis": 6, "course": 6,
    "executors": 7, "report": 7,
    "run": 8,
    "plugin": 9, "benchmarks": 9,
    "cli": 10,
    "__main__": 11,
}  # fmt: skip
"""A room imports rooms of lower levels only."""

ONLY = {
    "core": set(),
    "measure": set(),
    "task": {"core"},
    "course": {"core", "processes", "records", "task"},
    "tasks": {"core", "task"},
    "tasks.test": {"core", "task", "plugin"},
}
"""All that these import of suite/. `tasks.test` are the test functions beside the tasks, which are of the matrix."""

MATRIX = ("run", "worker", "executors", "backends", "checks", "subjects", "analysis", "report")

NEVER = {
    "run": ("course",),
    "worker": ("course",),
    "report": ("course", "torch", "transformers"),
    "analysis": ("matplotlib", "jinja2", "torch", "transformers"),
    "records": ("torch", "transformers"),
    "plugin": ("torch", "transformers"),
    "course": MATRIX,
}
"""What these never import, neither themselves nor by way of what they load."""

LAZY = ("torch", "transformers", "onnxruntime", "onnx", "optimum", "datasets", "tokenizers", "torchao")
LOADS_AT_ONCE = {
    "suite.backends.shared.inductor": "imported by workers alone, by name",
    "suite.backends.shared.onnx.imports": "imported by a forkserver alone, by name",
    "suite.course.stand_ins.hub.metric_scripts": "served as text, never imported",
}
"""The modules that import one of the above as they are loaded; a package stands for all in it."""


def room(module: str) -> str:
    """The room of a module of ours; `tasks` and `tasks.test` for the tasks, "" for anything else."""
    first, _, rest = module.partition(".")
    if first == "tasks":
        return "tasks.test" if re.match(r"test_|conftest$", rest) else "tasks"
    return rest.partition(".")[0] if first == "suite" else ""


def outside(module: str) -> str:
    """The distribution's top-level name, for a module that is not ours."""
    first = module.partition(".")[0]
    return "" if first in ("suite", "tasks") else first


def under_rules(imports: Iterable[Import]) -> list[Import]:
    return [entry for entry in imports if room(entry.module) != "tests"]


def upward(imports: Iterable[Import]) -> list[str]:
    """Imports of a room that is not below, of tests, and of a room that the table of levels lacks."""
    problems = []
    for entry in under_rules(imports):
        own, other = room(entry.module), room(entry.target)
        if not other or own == other or own.startswith("tasks"):
            continue
        levels = LEVELS.get(own), LEVELS.get(other)
        if other.startswith("tasks") or (own and (None in levels or not levels[1] < levels[0])):  # type: ignore[operator]
            problems.append(f"{entry}: {own} is on level {levels[0]}, {other} on {levels[1]}")
    return problems


def not_allowed(imports: Iterable[Import]) -> list[str]:
    """Imports of a room beyond the few that `ONLY` allows."""
    return [
        str(entry)
        for entry in under_rules(imports)
        if (own := room(entry.module)) in ONLY
        and (other := room(entry.target))
        and not (other == own or other in ONLY[own] or (own.startswith("tasks") and other.startswith("tasks")))
    ]


def forbidden(imports: Iterable[Import]) -> list[str]:
    """What a room never imports, imported by it or loaded by way of what it loads."""
    imports = list(imports)
    problems = []
    for own, nevers in NEVER.items():
        direct = [entry for entry in imports if room(entry.module) == own]
        problems += [
            str(entry)
            for entry in direct
            if room(entry.target) in nevers or (outside(entry.target) in nevers and entry.kind is not Kind.TYPE)
        ]
        reached = loaded_by({entry.module for entry in direct}, imports)
        problems += [
            f"{own} loads {name} by way of {by}"
            for name, by in reached.items()
            if room(by) != own and (room(name) in nevers or outside(name) in nevers) and room(by) not in nevers
        ]
    return problems


def loaded_at_once(imports: Iterable[Import]) -> list[str]:
    """Heavy libraries that are imported as a module is loaded."""
    return [
        str(entry)
        for entry in under_rules(imports)
        if entry.kind is Kind.LOAD
        and outside(entry.target) in LAZY
        and room(entry.module) not in ("tasks", "tasks.test")
        and not any(entry.module == name or entry.module.startswith(f"{name}.") for name in LOADS_AT_ONCE)
    ]


def room_cycles(imports: Iterable[Import]) -> list[list[str]]:
    """Rooms that import each other as they are loaded, or in functions."""
    edges: dict[str, set[str]] = {}
    for entry in under_rules(imports):
        own, other = room(entry.module), room(entry.target)
        if entry.kind is not Kind.TYPE and own and other and own != other:
            edges.setdefault(own, set()).add(other)
    return cycles(edges)


def module_cycles(imports: Iterable[Import]) -> list[list[str]]:
    """Modules that import each other as they are loaded; a package that imports its own modules is none."""
    edges: dict[str, set[str]] = {}
    for entry in under_rules(imports):
        if entry.kind is Kind.LOAD and not entry.module.startswith(f"{entry.target}."):
            edges.setdefault(entry.module, set()).add(entry.target)
    return cycles(edges)


Rule = Callable[[list[Import]], Sequence[object]]
RULES: tuple[Rule, ...] = (upward, not_allowed, forbidden, loaded_at_once, room_cycles, module_cycles)


@pytest.fixture(scope="module")
def imports() -> list[Import]:
    return imports_of(modules_of(ROOT, ["suite", "tasks"]))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_imports_obey(rule: Rule, imports: list[Import]) -> None:
    assert len({entry.module for entry in imports}) > 200, "the whole tree is read"
    assert rule(imports) == []


@pytest.mark.parametrize(
    ("rule", "files", "problem"),
    [
        (upward, {"suite/core/a.py": "import suite.task"}, "suite.core.a:1 imports suite.task as its module is loaded"),
        (upward, {"suite/task/a.py": "def f():\n    from suite.run import run"}, "task is on level 2, run on 8"),
        (upward, {"suite/core/a.py": "from ..task.b import c"}, "core is on level 1, task on 2"),
        (upward, {"suite/report/a.py": "from suite.executors import base"}, "report is on level 7, executors on 7"),
        (
            upward,
            {"suite/core/a.py": "import typing\nif typing.TYPE_CHECKING:\n    from suite.task import Task"},
            "suite.core.a:3 imports suite.task for types alone: core is on level 1, task on 2",
        ),
        (upward, {"suite/loft/a.py": "from suite.core import cell"}, "loft is on level None, core on 1"),
        (upward, {"suite/course/a.py": "from tasks.worlds import x"}, "suite.course.a:1 imports tasks.worlds"),
        (upward, {"suite/run/a.py": "from suite.tests.support import tiny"}, "run is on level 8, tests on None"),
        (not_allowed, {"suite/measure/a.py": "from suite.core import cell"}, "suite.measure.a:1 imports suite.core"),
        (not_allowed, {"suite/course/a.py": "import suite.measure.memory"}, "suite.course.a:1 imports suite.measure"),
        (not_allowed, {"tasks/text/a.py": "from suite.subjects import a"}, "tasks.text.a:1 imports suite.subjects"),
        (not_allowed, {"tasks/text/a.py": "import suite.plugin.bench"}, "tasks.text.a:1 imports suite.plugin.bench"),
        (forbidden, {"suite/worker/a.py": "import suite.course.run"}, "suite.worker.a:1 imports suite.course.run"),
        (forbidden, {"suite/analysis/a.py": "def f():\n    import matplotlib.pyplot"}, "imports matplotlib.pyplot in "),
        (
            forbidden,
            {"suite/records/a.py": "import suite.core.b", "suite/core/b.py": "import torch.nn"},
            "records loads torch.nn by way of suite.core.b",
        ),
        (
            forbidden,
            {
                "suite/course/a.py": "import suite.records.b",
                "suite/records/b.py": "import suite.checks.c",
                "suite/checks/c.py": "",
            },
            "course loads suite.checks.c by way of suite.records.b",
        ),
        (loaded_at_once, {"suite/backends/a.py": "class A:\n    import torch"}, "suite.backends.a:2 imports torch"),
        (
            room_cycles,
            {"suite/task/a.py": "from suite.core import b", "suite/core/b.py": "def f():\n    import suite.task.a"},
            ["core", "task"],
        ),
        (
            module_cycles,
            {"suite/core/a.py": "from suite.core import b", "suite/core/b.py": "from .a import x"},
            ["suite.core.a", "suite.core.b"],
        ),
    ],
)  # fmt: skip
def test_a_planted_import_is_reported(
    tmp_path: Path, rule: Rule, files: Mapping[str, str], problem: str | list[str]
) -> None:
    for name, text in {**files, "suite/__init__.py": "", "tasks/__init__.py": ""}.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        (file.parent / "__init__.py").touch()
        file.write_text(text)
    reported = rule(imports_of(modules_of(tmp_path, ["suite", "tasks"])))
    assert any(problem in str(entry) if isinstance(problem, str) else problem == entry for entry in reported), reported


def test_what_is_allowed_is_not_reported(tmp_path: Path) -> None:
    for name, text in {
        "suite/records/a.py": "if TYPE_CHECKING:\n    import torch\nfrom suite.core.b import c\nfrom suite import x",
        "suite/core/b.py": "def f():\n    import torch\nfrom suite.core import d",
        "suite/core/d.py": "",
        "suite/course/e.py": "from suite.records import a\nimport jinja2",
        "tasks/text/a.py": "from suite.task import Task\nfrom ..worlds import grammar\nimport torch",
        "tasks/worlds/grammar.py": "",
        "tasks/test_speed.py": "from suite.plugin.bench import verify",
        "suite/tests/test_all.py": "import suite.run.run, tasks.worlds, torch",
    }.items():  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    read = imports_of(modules_of(tmp_path, ["suite", "tasks"]))
    assert {rule.__name__: problems for rule in RULES if (problems := rule(read))} == {}


def test_every_folder_is_a_room_that_says_what_it_is_for() -> None:
    """Data apart, nothing lies beside the rooms; the first paragraph of each `__init__.py` is one sentence."""
    suite = ROOT / "suite"
    assert {file.name for file in suite.iterdir() if file.is_file()} == {
        "README.md",
        "__init__.py",
        "__main__.py",
    }
    rooms = {folder.name for folder in suite.iterdir() if folder.is_dir() and folder.name != "__pycache__"}
    assert rooms - LEVELS.keys() == {"tests"}
    folders = {file.parent for file in suite.rglob("*.py") if "tests" not in file.parts}
    assert {folder.name for folder in folders if not (folder / "__init__.py").is_file()} == set()
    unclear = [folder for folder in folders if not _is_one_sentence(_docstring(folder / "__init__.py"))]
    assert [folder.relative_to(ROOT).as_posix() for folder in unclear] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", False),
        ("Numbers", False),
        ("Numbers about numbers, and no drawing at all.", True),
        ("The registry. A backend is one file here, and a line there.", False),
        ("What is measured of a cell, in `suite.measure`.\n\nMore. And more.", True),
    ],
)
def test_one_sentence(text: str, expected: bool) -> None:
    assert _is_one_sentence(text) is expected


def _docstring(file: Path) -> str:
    return ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""


def _is_one_sentence(text: str) -> bool:
    first = " ".join(text.partition("\n\n")[0].split())
    return len(first) > 20 and first.endswith(".") and not re.search(r"[.!?] [A-Z`]", first)
