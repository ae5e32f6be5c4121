"""The suite names no task: one file of the stand-ins asks the tasks folder, by classes of transformers."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from suite.core.files import project_root
from suite.course.stand_ins import shipped
from suite.task.discovery import load_tasks, tasks_root
from suite.task.miniatures import shipped as shipped_miniatures

SUITE = project_root() / "suite"
STAND_INS = SUITE / "course" / "stand_ins"
THE_ONE_FILE = STAND_INS / "shipped.py"
PIPELINES = frozenset({
    "automatic-speech-recognition", "depth-estimation", "fill-mask", "image-classification", "image-segmentation",
    "object-detection", "question-answering", "sentence-similarity", "sentiment-analysis", "summarization",
    "text-generation", "text-to-speech", "translation", "visual-question-answering", "zero-shot-audio-classification",
    "zero-shot-classification", "zero-shot-image-classification",
})  # fmt: skip
"""Names of tasks that are also what the Hub and transformers' `pipeline` call a task."""
PIPELINE_FILES = {"catalogue.py", "hub/checkpoints.py", "services/inference.py", "services/pipelines.py"}
"""Files of the stand-ins that answer for checkpoints and calls by pipeline task."""
PIPELINE_CALLS = {"_pipeline", "endswith", "startswith", "get"}
"""Functions whose first argument may be a pipeline's name. Any other call, or a subscript, may look up a task by it."""
OTHER_WORDS = {
    ("checkpoints/files.py", "chat"): "part of the names of chat models",
    ("checkpoints/random_checkpoint.py", "chat"): "part of the names of chat models",
    ("hub/checkpoints.py", "chat"): "part of the names of chat models",
    ("hub/dataset_columns.py", "translation"): "the kind of a column: datasets.Translation",
    ("services/ollama.py", "chat"): "Ollama's route /api/chat",
}


def _string_uses(tree: ast.AST) -> Iterator[tuple[ast.Constant, ast.AST]]:
    """Every string constant except docstrings, with the node that holds it."""
    for parent in ast.walk(tree):
        for child in ast.iter_child_nodes(parent):
            if isinstance(child, ast.Constant) and isinstance(child.value, str) and not isinstance(parent, ast.Expr):
                yield child, parent


def _looks_up(constant: ast.Constant, parent: ast.AST) -> bool:
    """Whether a string's parent uses it to look something up in another place than a table of its own file."""
    if isinstance(parent, ast.Subscript):
        return True
    if isinstance(parent, ast.Call):
        name = parent.func.attr if isinstance(parent.func, ast.Attribute) else getattr(parent.func, "id", "")
        return name not in PIPELINE_CALLS or constant is not parent.args[0]
    return False


def _names_of_tasks(file: Path, names: frozenset[str]) -> list[str]:
    """A sentence for each use of a task's or miniature's name that is not allowed."""
    place = str(file.relative_to(STAND_INS)) if file.is_relative_to(STAND_INS) else str(file.relative_to(SUITE))
    uses = []
    for constant, parent in _string_uses(ast.parse(file.read_text(encoding="utf-8"))):
        word = constant.value
        if word not in names or (place, word) in OTHER_WORDS:
            continue
        if place in PIPELINE_FILES and word in PIPELINES and not _looks_up(constant, parent):
            continue
        uses.append(f"{file.relative_to(SUITE)}:{constant.lineno} names {word!r}")
    return uses


def _modules() -> list[Path]:
    files = SUITE.rglob("*.py")
    return [file for file in files if not file.is_relative_to(SUITE / "tests") and file != THE_ONE_FILE]


def test_no_module_names_a_task_or_a_miniature() -> None:
    names = frozenset(load_tasks(tasks_root())) | frozenset(shipped_miniatures(tasks_root()))
    assert len(names) > 30
    uses = [use for file in _modules() for use in _names_of_tasks(file, names)]
    assert not uses, "\n".join(uses)


def test_each_allowance_is_needed() -> None:
    for place, word in OTHER_WORDS:
        strings = {constant.value for constant, _ in _string_uses(ast.parse((STAND_INS / place).read_text()))}
        assert word in strings, (place, word)


def test_one_file_of_the_course_looks_into_the_tasks_folder() -> None:
    readers = []
    for file in _modules():
        if not file.is_relative_to(SUITE / "course"):
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module in {"suite.task.discovery", "suite.task.miniatures"}:
                readers.append(f"{file.relative_to(SUITE)}:{node.lineno} imports {node.module}")
    assert not readers, "\n".join(readers)


def test_what_is_yet_to_be_tuned_stands_in_for_nothing() -> None:
    with pytest.raises(LookupError):
        shipped.task_for("RobertaForSequenceClassification")
    assert shipped.folder_for("RobertaForMaskedLM").name == "fill-mask"
