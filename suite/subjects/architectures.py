"""Which Auto classes take an architecture, read from the source of the installed transformers without importing it."""

from __future__ import annotations

import ast
import functools
import importlib.util
from pathlib import Path

from suite.core.errors import UsageError

SOURCE = Path("models", "auto", "modeling_auto.py")


@functools.cache
def auto_classes() -> dict[str, frozenset[str]]:
    """Architecture -> the Auto classes that load it: `"GPT2LMHeadModel"` -> `{"AutoModelForCausalLM", ...}`.

    Raises:
        UsageError: transformers is not installed, or keeps its tables elsewhere.
    """
    spec = importlib.util.find_spec("transformers")
    folders = spec.submodule_search_locations if spec else None
    file = Path(folders[0]) / SOURCE if folders else None
    if file is None or not file.is_file():
        raise UsageError(
            "transformers is not installed, or keeps its Auto classes elsewhere: pip install transformers."
        )
    classes_of: dict[str, set[str]] = {}
    for auto_class, architectures in _tables(ast.parse(file.read_text(encoding="utf-8"))).items():
        for architecture in architectures:
            classes_of.setdefault(architecture, set()).add(auto_class)
    return {architecture: frozenset(classes) for architecture, classes in classes_of.items()}


def _tables(module: ast.Module) -> dict[str, set[str]]:
    """Auto class -> architectures. Three kinds of statements matter.

    `X_MAPPING_NAMES = OrderedDict([(model type, architecture), ...])`,
    `X_MAPPING = _LazyAutoMapping(..., X_MAPPING_NAMES)` and `class AutoModelForX: _model_mapping = X_MAPPING`.
    """
    names: dict[str, set[str]] = {}
    lazy: dict[str, str] = {}
    tables: dict[str, set[str]] = {}
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


def _architectures(call: ast.Call, names: dict[str, set[str]]) -> set[str]:
    """The second halves of the pairs, each one name or several; and what is taken over from an earlier table."""
    architectures: set[str] = set()
    for entry in ast.walk(call):
        if isinstance(entry, ast.Tuple) and len(entry.elts) == 2 and _is_text(entry.elts[0]):
            constants = (node for node in ast.walk(entry.elts[1]) if isinstance(node, ast.Constant))
            architectures |= {node.value for node in constants if isinstance(node.value, str)}
        elif isinstance(entry, ast.Name):
            architectures |= names.get(entry.id, set())
    return architectures


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _mapping_of(auto_class: ast.ClassDef) -> str:
    for statement in auto_class.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id="_model_mapping")], value=ast.Name(id=mapping)):
                return mapping
    return ""
