"""The names that code binds, changes and reads."""

from __future__ import annotations

import ast

from suite.course.documents.python_source import parse


def assigned_names(code: str) -> set[str]:
    """The names that stand on the left of an assignment, or are made by a loop."""
    try:
        tree = parse(code)
    except SyntaxError:
        return set()
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def changed_names(code: str, line: int) -> set[str]:
    """The names of what an example that failed at a line would have changed from there on."""
    try:
        tree = parse(code)
    except SyntaxError:
        return set()
    left = [statement for statement in tree.body if (statement.end_lineno or 0) >= line]
    return {root for statement in left for node in ast.walk(statement) if (root := _changed_root(node))}


def _changed_root(node: ast.AST) -> str:
    """The name of what is changed by writing to a part of it, or by calling its method for no result."""
    if isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store):
        target: ast.expr = node
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        target = node.value.func
    else:
        return ""
    while isinstance(target, ast.Subscript | ast.Attribute):
        target = target.value
    return target.id if isinstance(target, ast.Name) else ""


def bound_names(code: str, before: int | None = None) -> set[str]:
    """The names that an example makes for those after it, or does with its statements that end before a line."""
    try:
        tree = parse(code)
    except SyntaxError:
        return set()
    if before is not None:
        tree.body = [statement for statement in tree.body if (statement.end_lineno or 0) < before]
    found: set[str] = set()
    inner: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name) if node not in inner else None
            inner.update(ast.walk(node))
        elif node in inner:
            continue
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found.update((alias.asname or alias.name).partition(".")[0] for alias in node.names)
    return found


def read_names(code: str) -> list[str]:
    """The names that an example takes from those before it, as far as it does not make them itself first."""
    try:
        tree = parse(code)
    except SyntaxError:
        return []
    made: set[str] = set()
    read: dict[str, None] = {}
    for statement in tree.body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id not in made:
                read[node.id] = None
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                made.add(node.id)
            elif isinstance(node, ast.FunctionDef | ast.ClassDef):
                made.add(node.name)
            elif isinstance(node, ast.Import | ast.ImportFrom):
                made.update((alias.asname or alias.name).partition(".")[0] for alias in node.names)
    return list(read)
