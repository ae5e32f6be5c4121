"""A run of a course, and the lint of one, load nothing of the matrix, and need what the extra `course` installs."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest

from suite.core.files import project_root
from suite.tests.support.import_graph import Kind, imports_of, modules_of
from suite.tests.test_architecture import MATRIX, ROOT, outside, room

HEAVY = {"torch", "transformers", "onnx", "onnxruntime", "pandas", "matplotlib", "scipy", "sklearn", "datasets"}
"""What only the processes of a document may load."""

EXAMPLE = f"""
```python
import sys
print(sorted({{name.split(".")[1] for name in sys.modules if name.startswith("suite.")}} & {set(MATRIX)!r}))
```
```output
[]
```
"""

SCRIPT = """
import sys
{call}
print(*sys.modules)
sys.exit(code)
"""
COURSE = "import pytest; code = pytest.main(['-p', 'suite.plugin', '-p', 'no:cacheprovider', *sys.argv[1:]])"
LINT = "from suite.__main__ import main; code = main(['lint-course', *sys.argv[1:]])"


def loaded(folder: Path, call: str, *arguments: str) -> set[str]:
    """The modules in a process that has made this call, successfully."""
    command = [sys.executable, "-c", SCRIPT.format(call=call), *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return set(done.stdout.splitlines()[-1].split())


@pytest.fixture
def document(tmp_path: Path) -> Path:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    path = tmp_path / "page.md"
    path.write_text(EXAMPLE)
    return path


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        (COURSE, ["--course", "page.md", "--co", "-q"]),
        (COURSE, ["--course", "page.md", "--unsafe"]),
        (LINT, ["page.md"]),
    ],
    ids=["collection", "run", "lint"],
)  # fmt: skip
def test_nothing_of_the_matrix_is_loaded(document: Path, call: str, arguments: list[str]) -> None:
    """The example itself asks whether its own process has any of it."""
    names = loaded(document.parent, call, *arguments)
    assert "suite.course" in names
    assert sorted(name for name in names if room(name) in MATRIX) == []
    assert {name.partition(".")[0] for name in names} & HEAVY == set()


def test_what_is_loaded_is_seen(document: Path) -> None:
    """The fault is planted: a module of the matrix."""
    names = loaded(document.parent, "import suite.run.plan; " + LINT, "page.md")
    assert {"run", "backends", "subjects"} <= {room(name) for name in names}


BROUGHT = {"werkzeug": "flask", "tokenizers": "transformers", "yaml": "huggingface-hub"}
"""Modules that come with another distribution, which always requires theirs."""
OPTIONAL = {"pynvml"}
"""Modules that are imported only where they are there."""


def test_the_extra_installs_what_the_course_imports() -> None:
    """By what the rooms of a course import, in functions too."""
    project = tomllib.loads((project_root() / "pyproject.toml").read_text())["project"]
    declared = _names([*project["dependencies"], *project["optional-dependencies"]["course"]])
    rooms = {"course", "core", "processes", "records", "task", "plugin"}
    imports = [entry for entry in imports_of(modules_of(ROOT, ["suite"])) if room(entry.module) in rooms]
    names = {outside(entry.target) for entry in imports if entry.kind is not Kind.TYPE}
    names -= {"", *sys.stdlib_module_names, *OPTIONAL}
    distributions = packages_distributions()
    sources = {name: _names(distributions.get(name, [name])) for name in names}
    assert {name for name, source in sources.items() if not source & declared} == BROUGHT.keys()
    for name, distribution in BROUGHT.items():
        assert distribution in declared
        assert sources[name] & _names(requires(distribution) or [])


def _names(requirements: Iterable[str]) -> set[str]:
    """The distributions of requirements, in one spelling."""
    return {re.sub(r"[-_.]+", "-", re.split(r"[\[<>=!~;( ]", text)[0]).lower() for text in requirements}
