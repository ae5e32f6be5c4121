"""The names in code: which an example reads, binds and changes, and what they stand for."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from suite.course.documents.python_source import tree_if_any


@dataclass(frozen=True)
class Import:
    """A name that an import binds: `from module import name as bound`, or `import module as bound` without `name`."""

    module: str
    name: str
    bound: str
    level: int = 0

    @property
    def target(self) -> str:
        """The full name of what is bound: `transformers.pipeline`, or `.mine.pipeline` of a relative import."""
        return "." * self.level + ".".join(filter(None, (self.module, self.name)))


def imports(node: ast.AST) -> Iterator[Import]:
    """The names that an import statement binds; none for any other node. `import a.b` binds `a`, which is `a`."""
    match node:
        case ast.Import(names=aliases):
            for alias in aliases:
                module = alias.name if alias.asname else alias.name.partition(".")[0]
                yield Import(module, "", alias.asname or module)
        case ast.ImportFrom(module=module, names=aliases, level=level):
            for alias in aliases:
                yield Import(module or "", alias.name, alias.asname or alias.name, level)


Kind = Literal["read", "assigned", "defined", "imported", "changed"]


@dataclass(frozen=True)
class NameUse:
    """A place where code uses a plain name.

    `statement` is the index of the statement of the module that it stands in; `is_local` whether it stands in a
    definition. `changed` is the name of an object that is written to in part, or whose method is called for no result.
    """

    name: str
    kind: Kind
    statement: int
    is_local: bool

    @property
    def binds(self) -> bool:
        """Whether the name is bound here."""
        return self.kind in ("assigned", "defined", "imported")


def name_uses(tree: ast.Module) -> Iterator[NameUse]:
    """The uses of names in a module, as they stand in the source. The walk is a loop: code may nest without end."""
    left: list[tuple[ast.AST, int, bool]] = []
    for number, statement in reversed(list(enumerate(tree.body))):
        left.append((statement, number, False))
    while left:
        node, number, is_local = left.pop()
        for name, kind in _uses_by(node):
            yield NameUse(name, kind, number, is_local)
        is_local = is_local or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        left += [(child, number, is_local) for child in ast.iter_child_nodes(node)][::-1]


def _uses_by(node: ast.AST) -> Iterator[tuple[str, Kind]]:
    """The names that a node uses itself, without its children."""
    match node:
        case ast.Name(id=name, ctx=ast.Store()):
            yield name, "assigned"
        case ast.Name(id=name, ctx=ast.Load()):
            yield name, "read"
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name, "defined"
        case ast.Import() | ast.ImportFrom():
            yield from ((one.bound, "imported") for one in imports(node))
        case ast.Subscript(ctx=ast.Store()) | ast.Attribute(ctx=ast.Store()):
            yield root_name(node), "changed"
        case ast.Expr(value=ast.Call(func=function)):
            yield root_name(function), "changed"


def root_name(node: ast.expr) -> str:
    """The name at the root of `a.b["c"]`; empty if it is not a name."""
    while isinstance(node, ast.Subscript | ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def last_name(node: ast.AST) -> str:
    """The last name of `a.b.c`; empty if it is neither a name nor an attribute."""
    return str(getattr(node, "attr", None) or getattr(node, "id", ""))


def assigned_names(code: str) -> set[str]:
    """The names on the left of an assignment or bound by a loop, in definitions too."""
    return {use.name for use in name_uses(_module(code)) if use.kind == "assigned"}


def changed_names(code: str, line: int) -> set[str]:
    """The names of objects that statements change which end at a line, from 1, or after it."""
    tree = _module(code)
    left = {number for number, statement in enumerate(tree.body) if (statement.end_lineno or 0) >= line}
    return {use.name for use in name_uses(tree) if use.kind == "changed" and use.statement in left} - {""}


def bound_names(code: str, before: int | None = None) -> set[str]:
    """The names that code binds for what comes after it; with `before`, by statements that end before that line."""
    tree = _module(code)
    done = {
        number for number, statement in enumerate(tree.body) if before is None or (statement.end_lineno or 0) < before
    }
    return {use.name for use in name_uses(tree) if use.binds and not use.is_local and use.statement in done}


def read_names(code: str) -> list[str]:
    """The names that code reads and no earlier statement of it binds, in order."""
    uses = list(name_uses(_module(code)))
    bound: dict[str, int] = {}
    for use in uses:
        if use.binds:
            bound.setdefault(use.name, use.statement)
    read = (use for use in uses if use.kind == "read" and bound.get(use.name, use.statement) >= use.statement)
    return list(dict.fromkeys(use.name for use in read))


def _module(code: str) -> ast.Module:
    """The syntax tree of code; an empty one if it is no Python."""
    return tree_if_any(code) or ast.Module([], [])


DEEPEST = 20
"""Attributes and calls of an expression whose full name is looked for."""


@dataclass
class QualifiedNames:
    """The full names that plain ones stand for: `pipeline` -> `transformers.pipeline`; empty for own definitions."""

    known: dict[str, str] = field(default_factory=dict)

    def learn(self, tree: ast.AST) -> None:
        """Take in the imports and definitions of a statement."""
        for node in ast.walk(tree):
            self.known |= {one.bound: one.target for one in imports(node)}
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                self.known[node.name] = ""

    def assign(self, statement: ast.stmt) -> None:
        """Take in an assignment: the name stands for its value alone, for instance `huggingface_hub.HfApi()`."""
        match statement:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ):
                self.known[name] = self.of(value)

    def of(self, node: ast.AST) -> str:
        """The full name of an expression: `transformers.AutoModel.from_pretrained`; empty if it has none."""
        parts: list[str] = []
        while len(parts) <= DEEPEST:
            match node:
                case ast.Name(id=name):
                    root = self.known.get(name, name)
                    return "".join((root, *reversed(parts))) if root else ""
                case ast.Attribute(value=value, attr=attribute):
                    parts.append(f".{attribute}")
                    node = value
                case ast.Call(func=function):
                    if product := self.product_of(node):
                        return "".join((product, *reversed(parts)))
                    parts.append("()")
                    node = function
                case _:
                    return ""
        return ""

    def product_of(self, call: ast.Call) -> str:  # noqa: ARG002
        """The full name of what a call gives, where it is more than the callee's name and `()`."""
        return ""


def assigned_texts(tree: ast.AST) -> dict[str, str]:
    """The texts that are assigned to plain names; the last one of each name."""
    return {
        target.id: node.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
