"""Which Auto classes take an architecture, read from the source of the installed transformers without importing it."""

from __future__ import annotations

import ast
import functools
import importlib.util
from pathlib import Path

from suite.core.errors import UsageError

SOURCE = Path("models", "auto", "modeling_auto.py")
Pair = tuple[str, str]
"""A model type and an architecture of it."""


def auto_classes() -> dict[str, frozenset[str]]:
    """Architecture -> the Auto classes that load it: `"GPT2LMHeadModel"` -> `{"AutoModelForCausalLM", ...}`.

    Raises:
        UsageError: transformers is not installed, or keeps its tables elsewhere.
    """
    return _inverted(1)


def classes_of_types() -> dict[str, frozenset[str]]:
    """Model type -> the Auto classes that load an architecture of it: `"clip"` -> `{"AutoModel", ...}`.

    Raises:
        UsageError: as `auto_classes` does.
    """
    return _inverted(0)


def model_types() -> dict[str, dict[str, list[str]]]:
    """Auto class -> model type -> the architectures that it loads for it.

    Raises:
        UsageError: as `auto_classes` does.
    """
    table: dict[str, dict[str, list[str]]] = {}
    for auto_class, pairs in _pairs().items():
        for model_type, architecture in sorted(pairs):
            table.setdefault(auto_class, {}).setdefault(model_type, []).append(architecture)
    return table


@functools.cache
def _inverted(half: int) -> dict[str, frozenset[str]]:
    """Of the pairs of model type and architecture the one half, each with the Auto classes that have it."""
    classes_of: dict[str, set[str]] = {}
    for auto_class, pairs in _pairs().items():
        for pair in pairs:
            classes_of.setdefault(pair[half], set()).add(auto_class)
    return {name: frozenset(classes) for name, classes in classes_of.items()}


@functools.cache
def _pairs() -> dict[str, set[Pair]]:
    spec = importlib.util.find_spec("transformers")
    folders = spec.submodule_search_locations if spec else None
    file = Path(folders[0]) / SOURCE if folders else None
    if file is None or not file.is_file():
        raise UsageError(
            "transformers is not installed, or keeps its Auto classes elsewhere: pip install transformers."
        )
    return _tables(ast.parse(file.read_text(encoding="utf-8")))


def _tables(module: ast.Module) -> dict[str, set[Pair]]:
    """Auto class -> model types with their architectures. Three kinds of statements matter.

    `X_MAPPING_NAMES = OrderedDict([(model type, architecture), ...])`,
    `X_MAPPING = _LazyAutoMapping(..., X_MAPPING_NAMES)` and `class AutoModelForX: _model_mapping = X_MAPPING`.
    """
    names: dict[str, set[Pair]] = {}
    lazy: dict[str, str] = {}
    tables: dict[str, set[Pair]] = {}
    for statement in module.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=target)], value=ast.Call(func=ast.Name(id="OrderedDict")) as call):
                names[target] = _architectures(call, names)
            case ast.Assign(
                targets=[ast.Name(id=target)], value=ast.Call(func=ast.Name(id="_LazyAutoMapping")) as call
            ):
                lazy[target] = ast.unparse(call.args[1])
            case ast.ClassDef(name=auto_class) if auto_class.startswith("AutoModel"):
                tables[auto_class] = names.get(lazy.get(_mapping_of(statement), ""), set())
    return tables


def _architectures(call: ast.Call, names: dict[str, set[Pair]]) -> set[Pair]:
    """The pairs, each architecture of several by itself; and what is taken over from an earlier table."""
    architectures: set[Pair] = set()
    for entry in (element for argument in call.args for element in getattr(argument, "elts", [argument])):
        if isinstance(entry, ast.Tuple) and len(entry.elts) == 2 and _is_text(entry.elts[0]):
            constants = (node for node in ast.walk(entry.elts[1]) if isinstance(node, ast.Constant))
            model_type = ast.literal_eval(entry.elts[0])
            architectures |= {(model_type, node.value) for node in constants if isinstance(node.value, str)}
        else:
            taken_over = (node.id for node in ast.walk(entry) if isinstance(node, ast.Name))
            architectures = architectures.union(*(names.get(name, set()) for name in taken_over))
    return architectures


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _mapping_of(auto_class: ast.ClassDef) -> str:
    for statement in auto_class.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id="_model_mapping")], value=ast.Name(id=mapping)):
                return mapping
    return ""
