"""Checks examples against the table of removals without running them: names, arguments and tasks that are gone.

Only what is certain is reported. A name counts as a library's if it was imported from it, here or in an earlier example
of the document, or, in a call in a sentence, if it can mean nothing else.
"""

from __future__ import annotations

import ast
import functools
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from suite.course.documents.model import Document, Example
from suite.course.documents.names import QualifiedNames, root_name
from suite.course.documents.python_source import parse
from suite.course.lifecycle.table import Removal, removals
from suite.course.lint.fragments import Unparsed, fragment_reason

REMOVED, CHANGED, BROKEN, FRAGMENT, WORKS = "removed-api", "changed-default", "broken", "fragment", "works"
DEPRECATED = "works-with-warning"
TOKENIZERS = re.compile(r"tokeni[sz]er", re.IGNORECASE)
MOST_PARTS = 300
"""Parts of an expression in which a name is looked for."""


@dataclass(frozen=True)
class Finding:
    """A verdict on an example, with the sentence and, where there is one, the fix. `line` is that of the document."""

    example: Example
    line: int
    verdict: str
    sentence: str
    removed_name: str = ""
    removed_in: str = ""
    replacement: str = ""


class Names(QualifiedNames):
    """The full names of a document's names, where a pipeline of transformers is named by its class."""

    def product_of(self, call: ast.Call) -> str:
        """The class that `pipeline("image-classification")` makes, as `transformers.ImageClassificationPipeline()`."""
        if (task := _task(call)) is None or not root_name(call.func) or not _is_pipeline(call, self, inline=False):
            return ""
        return f"transformers.{''.join(word.capitalize() for word in task.split('-'))}Pipeline()"


def check_document(document: Document, releases: Mapping[str, str] | None = None) -> list[Finding]:
    """The findings on a document's examples, in order; `releases` holds the release of each library, if it matters."""
    names = Names()
    return [finding for example in document.examples for finding in check_example(example, names, dict(releases or {}))]


def check_example(example: Example, names: Names, releases: dict[str, str]) -> list[Finding]:
    """The findings on one example by line; `names` are those of the examples before it, and learns its own."""
    try:
        tree = parse(example.code)
    except SyntaxError as error:
        return [_unparsed(example, error)]
    findings: dict[tuple[str, int], Finding] = {}
    for statement in tree.body:
        names.learn(statement)
        for node in ast.walk(statement):
            for removal in _candidates(node, names):
                name = _matched(removal, node, names, inline=example.kind == "inline")
                if name and removal.gone_in(releases):
                    line = example.line + getattr(node, "lineno", 1) - 1
                    findings.setdefault((name, line), _finding(example, line, removal, name))
        names.assign(statement)
    return sorted(findings.values(), key=lambda finding: finding.line)


def _unparsed(example: Example, error: SyntaxError) -> Finding:
    number = error.lineno or 1
    line = example.line + number - 1
    if reason := fragment_reason(Unparsed(example.code, error.msg, number)):
        return Finding(example, line, FRAGMENT, reason)
    return Finding(example, line, BROKEN, f"it is no Python: {error.msg}")


def _finding(example: Example, line: int, removal: Removal, name: str) -> Finding:
    subject = {
        "task": f'the task "{name}" of pipeline()',
        "default": f'the default model of pipeline("{name}")',
        "argument": f"the argument {removal.argument}= of {name}()",
        "method": f"the method {name}()",
        "value": f"the value {name}",
        "url": f"the address {name}",
        "package": f"the package {name}",
    }.get(removal.kind, f"{removal.library}.{name}")
    since = f" in {removal.library} {removal.first_gone}" if removal.first_gone else ""
    if removal.kind == "default":
        verdict, change = CHANGED, f"changed{since}: write {removal.replacement}"
    elif removal.deprecated_in:
        verdict, change = (
            DEPRECATED,
            f"is deprecated since {removal.library} {removal.deprecated_in}: {removal.advice}",
        )
    else:
        verdict, change = REMOVED, f"was removed{since}: {removal.advice}"
    return Finding(
        example,
        line,
        verdict,
        f"{subject} {change}",
        f"{name}({removal.argument}=)" if removal.argument else name,
        removal.first_gone,
        removal.replacement,
    )


@functools.cache
def _index() -> dict[tuple[str, str], list[Removal]]:
    """The table by what code must hold for a row to apply: its kind, and an argument, a method or a package."""
    index: dict[tuple[str, str], list[Removal]] = {}
    for removal in removals():
        words = {
            "argument": removal.argument,
            "value": removal.name.partition("=")[0],
            "method": removal.name,
            "package": removal.name.partition(".")[0],
        }
        of_library = removal.library if removal.kind in ("name", "member") else ""
        index.setdefault((removal.kind, words.get(removal.kind, of_library)), []).append(removal)
    return index


def _candidates(node: ast.AST, names: Names) -> Iterable[Removal]:
    """The rows of the table that may apply to this node."""
    keys: list[tuple[str, str]] = []
    match node:
        case ast.Call(func=function, keywords=keywords):
            keys += [(kind, keyword.arg) for keyword in keywords if keyword.arg for kind in ("argument", "value")]
            if isinstance(function, ast.Attribute):
                keys.append(("method", function.attr))
            if _task(node):
                keys += [("task", ""), ("default", "")]
        case ast.Attribute():
            library = names.of(node).partition(".")[0]
            keys += [("name", library), ("member", library)]
        case ast.ImportFrom(module=str(module)):
            package = module.partition(".")[0]
            keys += [("name", package), ("member", package), ("package", package)]
        case ast.Import(names=imported):
            keys += [("package", package) for package in {alias.name.partition(".")[0] for alias in imported}]
        case ast.Constant(value=str()):
            keys.append(("url", ""))
    return (removal for key in keys for removal in _index().get(key, ()))


def _matched(removal: Removal, node: ast.AST, names: Names, *, inline: bool) -> str:
    """The name in the code that the removal applies to, or nothing."""
    match removal.kind, node:
        case "task", ast.Call():
            task = _task(node) or ""
            return task if _is_pipeline(node, names, inline=inline) and fnmatchcase(task, removal.name) else ""
        case "default", ast.Call():
            named = len(node.args) > 1 or any(keyword.arg in ("model", None) for keyword in node.keywords)
            ours = _is_pipeline(node, names, inline=inline) and _task(node) == removal.name
            return removal.name if ours and not named else ""
        case "argument", ast.Call():
            return _callee(removal, node, names, inline=inline)
        case "value", ast.Call(keywords=keywords):
            argument, _, text = removal.name.partition("=")
            values = (one.value for one in keywords if one.arg == argument)
            return removal.name if any(isinstance(one, ast.Constant) and one.value == text for one in values) else ""
        case "method", ast.Call(func=ast.Attribute(attr=attribute, value=value)):
            ours = attribute == removal.name and _is_tokenizer(value, names)
            return attribute if ours and not _keeps(removal, names.of(value)) else ""
        case "name" | "member", ast.ImportFrom(module=str(module), names=imported, level=0):
            ours = module == removal.library or (removal.kind == "name" and _within(module, removal.library))
            return next((alias.name for alias in imported if ours and fnmatchcase(alias.name, removal.name)), "")
        case "name" | "member", ast.Attribute(attr=attribute):
            ours = names.of(node) == f"{removal.library}.{attribute}"
            return attribute if ours and fnmatchcase(attribute, removal.name) else ""
        case "package", ast.Import(names=imported):
            return removal.name if any(_within(alias.name, removal.name) for alias in imported) else ""
        case "package", ast.ImportFrom(module=str(module), names=imported):
            here = any(_within(f"{module}.{alias.name}", removal.name) for alias in imported)
            return removal.name if here else ""
        case "url", ast.Constant(value=str(text)):
            return removal.name if text.startswith(removal.name) else ""
    return ""


def _within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def _keeps(removal: Removal, receiver: str) -> bool:
    """Whether the object is one of the few that have kept the method."""
    return any(fnmatchcase(receiver, f"*.{kept}") for kept in removal.kept_by.split("|") if kept)


def _is_tokenizer(node: ast.expr, names: Names) -> bool:
    """Whether it is called a tokenizer, and not known to be another library's."""
    name = names.of(node)
    foreign = isinstance(node, ast.Name) and node.id in names.known and not name.startswith("transformers.")
    return not foreign and any(TOKENIZERS.search(word) for word in _words(node))


def _words(node: ast.expr) -> Iterator[str]:
    """The names and the texts in an expression, from the outside in; of a large one the first."""
    for part in itertools.islice(ast.walk(node), MOST_PARTS):
        words = (getattr(part, field, None) for field in ("id", "attr", "arg", "value"))
        yield from (word for word in words if isinstance(word, str))


def _is_pipeline(call: ast.Call, names: Names, *, inline: bool) -> bool:
    name = names.of(call.func)
    return (name.startswith("transformers.") and name.endswith(".pipeline")) or (inline and name == "pipeline")


def _task(call: ast.Call) -> str | None:
    values = [*call.args[:1], *(keyword.value for keyword in call.keywords if keyword.arg == "task")]
    return next((v.value for v in values if isinstance(v, ast.Constant) and isinstance(v.value, str)), None)


def _callee(removal: Removal, call: ast.Call, names: Names, *, inline: bool) -> str:
    """The name of what is called with an argument that it no longer takes."""
    if not any(keyword.arg == removal.argument for keyword in call.keywords):
        return ""
    name = names.of(call.func)
    if removal.callee == "pipeline":
        return "pipeline" if _is_pipeline(call, names, inline=inline) else ""
    if name.endswith("()"):
        name = f"{name[:-2]}.__call__"
    callees = (f"*{callee.lstrip('*')}" for callee in removal.callee.split("|"))
    ours = name.partition(".")[0] == removal.library and any(fnmatchcase(name, callee) for callee in callees)
    return ".".join(name.split(".")[-2 if name.endswith("__call__") else -1 :]) if ours else ""
