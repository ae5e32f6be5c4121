"""The imports of Python files as their source has them, and which modules one module loads by them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Kind(StrEnum):
    """When an import happens."""

    LOAD = "as its module is loaded"
    CALL = "in a function"
    TYPE = "for types alone"


@dataclass(frozen=True)
class Import:
    """`module` imports `target`: a module of the tree where there is one of that name, else the name as written."""

    module: str
    target: str
    kind: Kind
    line: int

    def __str__(self) -> str:
        return f"{self.module}:{self.line} imports {self.target} {self.kind}"


def module_name(file: Path, root: Path) -> str:
    """The dotted name of a file, `a.b` for `a/b/__init__.py` too."""
    parts = file.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def modules_of(root: Path, packages: Iterable[str]) -> dict[str, Path]:
    """Every module of these packages in `root`, by name."""
    return {module_name(file, root): file for name in packages for file in sorted((root / name).rglob("*.py"))}


def imports_of(modules: Mapping[str, Path]) -> list[Import]:
    """Every import of these modules; of `from a import b`, `a.b` where that is one of them, else `a`."""
    return [entry for name, file in modules.items() for entry in _imports(name, file, modules)]


def _imports(module: str, file: Path, modules: Mapping[str, Path]) -> Iterator[Import]:
    package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    for node, kind in _statements(ast.parse(file.read_text(encoding="utf-8")), Kind.LOAD):
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        else:
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            targets = [full if (full := f"{base}.{alias.name}") in modules else base for alias in node.names]
        for target in dict.fromkeys(targets):
            yield Import(module, target, kind, node.lineno)


def _statements(node: ast.AST, kind: Kind) -> Iterator[tuple[ast.Import | ast.ImportFrom, Kind]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child, kind
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            for statement in child.body:
                yield from _statements(ast.Module([statement], []), Kind.TYPE)
            for statement in child.orelse:
                yield from _statements(ast.Module([statement], []), kind)
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _statements(child, Kind.CALL if kind is Kind.LOAD else kind)
        else:
            yield from _statements(child, kind)


def loaded_by(start: Iterable[str], imports: Iterable[Import]) -> dict[str, str]:
    """What importing these modules loads, ours and others': each with the module that loads it.

    Importing `a.b` loads `a` first, as Python does.
    """
    edges: dict[str, list[str]] = {}
    for entry in imports:
        if entry.kind is Kind.LOAD:
            edges.setdefault(entry.module, []).append(entry.target)
    waiting = [(name, "") for name in start]
    reached: dict[str, str] = {}
    while waiting:
        name, by = waiting.pop()
        if name in reached:
            continue
        reached[name] = by
        waiting += [(target, name) for target in edges.get(name, [])]
        if "." in name:
            waiting.append((name.rpartition(".")[0], name))
    return reached


def cycles(edges: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """The strongly connected components of more than one node, each sorted (Tarjan's algorithm)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    components: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for target in edges.get(node, ()):
            if target not in index:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in stack:
                low[node] = min(low[node], index[target])
        if low[node] == index[node]:
            position = stack.index(node)
            if len(stack) - position > 1:
                components.append(sorted(stack[position:]))
            del stack[position:]

    for node in edges:
        if node not in index:
            visit(node)
    return components
