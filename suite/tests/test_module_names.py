"""Modules that are named in strings exist: registry, preloads, entry points, monkeypatches, code, docstrings."""

from __future__ import annotations

import ast
import importlib
import re
import tomllib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from suite.backends import REGISTRY, get_backend
from suite.core.files import project_root
from suite.course.sandbox.document_process import ALWAYS
from suite.processes import preload
from suite.task import discovery
from suite.tests.support.import_graph import modules_of

ROOT = project_root()
WHOLE = re.compile(r"(suite|tasks)(\.\w+)+(:[\w.]*)?")
IN_BACKTICKS = re.compile(r"`(suite(?:\.\w+)+)`")
IN_CODE = re.compile(r"\bfrom (suite[\w.]*) import (\w+(?:, \w+)*)|\bimport (suite[\w.]+)")
FILES = (".py", ".md", ".csv", ".toml", ".html", ".txt")
PLANTED = {"suite.preloda", "suite:low", "suite.backends.autocast:"}
"""Names that a test expects not to exist."""
PLANTS = {"suite.tests.test_architecture", "suite.tests.test_module_names"}
"""Modules whose strings name what does not exist."""


def names_in(text: str) -> Iterator[str]:
    """The modules of ours, and what of them, that a string names."""
    if WHOLE.fullmatch(text) and not text.endswith(FILES):
        yield text
    for match in IN_BACKTICKS.finditer(text):
        yield match[1]
    for match in IN_CODE.finditer(text):
        yield from [f"{match[1]}:{name}" for name in match[2].split(", ")] if match[1] else [match[3]]


def named(file: Path) -> Iterator[tuple[int, str]]:
    """The line and name of each; of an f-string, what stands before its first value."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            for name in names_in(node.value):
                yield node.lineno, name


def problem(name: str) -> str | None:
    """Why "a.b:c" or "a.b.c" names nothing, or `None` if it names something."""
    module, _, attribute = name.partition(":")
    try:
        if find_spec(module) is not None:
            found = importlib.import_module(module)
            for part in filter(None, attribute.split(".")):
                if not hasattr(found, part) and hasattr(found, "__path__"):
                    importlib.import_module(f"{found.__name__}.{part}")
                found = getattr(found, part)
            return None
    except (ImportError, AttributeError) as error:
        if ":" in name or not isinstance(error, ModuleNotFoundError):
            return str(error)
    above, _, last = module.rpartition(".")
    if not above or ":" in name:
        return f"there is no {module}"
    return problem(f"{above}:{last}") and f"there is no {last} in {above}"


def test_every_name_in_a_string_of_ours_is_there() -> None:
    modules = modules_of(ROOT, ["suite", "tasks"])
    files = [file for name, file in modules.items() if name not in PLANTS]
    files += [file for file in [ROOT / "conftest.py"] if file.is_file()]
    places = [(file, line, name) for file in files for line, name in named(file)]
    assert len({name for _, _, name in places}) > 60, "the strings are read"
    missing = {name: problem(name) for name in {name for _, _, name in places} - PLANTED}
    assert [
        f"{file.relative_to(ROOT)}:{line} names {name}: {missing[name]}"
        for file, line, name in places
        if missing.get(name)
    ] == []
    assert {name for _, _, name in places} >= PLANTED


def _preloads() -> set[str]:
    """What the forkservers import: "module:attribute", or a name of transformers."""
    backends = [get_backend(name).preload for name in REGISTRY]
    tasks = [task.preload for task in discovery.load_tasks(discovery.tasks_root()).values()]
    return {*ALWAYS, *(name for names in [*backends, *tasks] for name in names)}


def test_every_preload_is_there() -> None:
    """A preload that is not there is only slow, and nobody is told. Attributes of others may be of one generation."""
    names = {name.rpartition(":")[0] for name in _preloads() if ":" in name} | {*preload.MODULES, preload.MODULE_NAME}
    assert "suite.course.stand_ins.network" in names
    assert {name for name in names if not _is_there(name)} == set()


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ImportError:
        return False


def test_what_pyproject_names_is_there() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = [*project["project"].get("entry-points", {}).values(), project["project"].get("scripts", {})]
    names = [name for group in groups for name in group.values()]
    names.append(project["tool"]["setuptools"]["dynamic"]["version"]["attr"])
    assert {name: why for name in names if (why := problem(name))} == {}
    patterns = [*project["tool"]["ruff"]["lint"]["per-file-ignores"]]
    data = project["tool"]["setuptools"]["package-data"]
    patterns += [f"{name}/{pattern}" for name, ones in data.items() for pattern in ones]
    assert [pattern for pattern in patterns if next(ROOT.glob(pattern), None) is None] == []


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("suite.run.worker_starter.Forkserver", False),
        ("suite.run.worker_starter.Forkservers", True),
        ("suite.worker.main:", False),
        ("suite.worker.mains:", True),
        ("suite.backends.eager:Eager", False),
        ("suite.backends.eager:Eagre", True),
        ("See `suite.report.write_report`.", False),
        ("See `suite.report.write_reports`.", True),
        ("import sys\nfrom suite.backends import REGISTRY, get_backend\n", False),
        ("import sys\nfrom suite.backends import REGISTRY, got_backend\n", True),
        ("import suite.laboratory", True),
        ("suite.pool", True),
    ],
)
def test_a_name_that_is_not_there_is_seen(text: str, missing: bool) -> None:
    names = list(names_in(text))
    assert names
    assert any(problem(name) for name in names) is missing
