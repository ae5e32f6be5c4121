"""Executes one example as a notebook would, and records what it prints, raises and warns of."""

from __future__ import annotations

import ast
import asyncio
import codeop
import contextlib
import functools
import inspect
import linecache
import logging
import os
import sys
import tempfile
import traceback
import types
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from suite.course.documents.expected_output import shows_error
from suite.course.documents.model import Example
from suite.course.documents.python_source import python_source
from suite.course.documents.result import ExampleResult

LONGEST = 20_000
"""Characters of an output that are kept."""
MAIN = "__main__"
WRAPPERS = {"suite", "warnings", "logging", "contextlib", "functools", "typing_extensions"}
"""Packages that stand between the one who calls and the one who warns; beyond that one, torch does, too."""


def new_namespace() -> dict[str, Any]:
    """The names of a document before its first example."""
    module = types.ModuleType(MAIN)
    sys.modules[MAIN] = module
    module.__dict__["display"] = lambda *values: print(*map(repr, values))
    return module.__dict__


def execute(example: Example, namespace: dict[str, Any]) -> ExampleResult:
    """Run an example in the namespace of its document; whatever it raises is recorded, not raised."""
    result = ExampleResult()
    name = f"<{example.id}>"
    source = python_source(example.code)
    linecache.cache[name] = (len(source), None, ["\n"] * (example.line - 1) + source.splitlines(keepends=True), name)
    values: list[str] = []
    with _captured_output() as read_output, _captured_warnings(name) as warning_lines:
        try:
            _run(source, example, name, namespace, values)
        except SystemExit as error:
            if error.code not in (None, 0):
                _record_error(result, error, name)
        except BaseException as error:
            _record_error(result, error, name)
        _flush()
        result.output = read_output()
    result.values = tuple(values)
    result.warnings = tuple(dict.fromkeys(warning_lines))
    return result


def _run(source: str, example: Example, name: str, namespace: dict[str, Any], values: list[str]) -> None:
    """A statement whose error the document shows stops nothing, as in a session; the error is raised at the end."""
    tree = ast.parse(source, name)
    ast.increment_lineno(tree, example.line - 1)
    expected_error: Exception | None = None
    for node in tree.body:
        try:
            _run_statement(node, name, namespace, values)
        except Exception as error:
            if not shows_error(example.expected, type(error).__name__):
                raise
            expected_error = error
    if expected_error is not None:
        raise expected_error


def _run_statement(node: ast.stmt, name: str, namespace: dict[str, Any], values: list[str]) -> None:
    # Expressions are evaluated one by one, for a notebook shows the value of one.
    kind: Any = ast.Expression(node.value) if isinstance(node, ast.Expr) else ast.Module([node], [])
    code = _compiler()(kind, name, "eval" if isinstance(node, ast.Expr) else "exec")
    value = eval(code, namespace)
    if code.co_flags & inspect.CO_COROUTINE:
        value = _loop().run_until_complete(value)
    if isinstance(node, ast.Expr) and value is not None:
        namespace["_"] = value
        values.append(_repr(value))


@functools.cache
def _compiler() -> codeop.Compile:
    """One compiler for all of a document, as a notebook has: the document's `from __future__` holds for what follows.

    This module's own does not: `compile` by itself would hand it on to the example.
    """
    compiler = codeop.Compile()
    compiler.flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    return compiler


@functools.cache
def _loop() -> asyncio.AbstractEventLoop:
    """One loop for all of a document, as a notebook has: clients keep connections from one `await` to the next."""
    return asyncio.new_event_loop()


def _repr(value: Any) -> str:
    try:
        return repr(value)[:LONGEST]
    except Exception as error:
        return f"<{type(value).__name__}: {type(error).__name__}>"


def _record_error(result: ExampleResult, error: BaseException, name: str) -> None:
    result.error = tuple(_qualified(kind) for kind in type(error).__mro__ if kind is not object)
    try:
        result.message = str(error)[:2000]
    except Exception:
        result.message = ""
    for attribute in ("name", "filename", "status_code", "code"):
        value = getattr(error, attribute, None)
        if isinstance(value, str | int):
            result.attributes[attribute] = str(value)
    trace = list(traceback.walk_tb(error.__traceback__))
    result.line = next((line for frame, line in reversed(trace) if frame.f_code.co_filename == name), 0)
    if isinstance(error, SyntaxError) and error.filename == name:
        result.line = error.lineno or 0
    result.frames = tuple(dict.fromkeys(str(frame.f_globals.get("__name__", "")) for frame, _ in trace))[-40:]
    # What a library wraps in an error of its own says more than the wrapper.
    causes: list[str] = []
    cause = error.__cause__ or error.__context__
    while cause is not None and len(causes) < 5:
        causes.append(f"{type(cause).__name__}: {cause}"[:300])
        cause = cause.__cause__ or cause.__context__
    result.attributes["causes"] = "\n".join(causes)


def _qualified(kind: type) -> str:
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


@contextlib.contextmanager
def _captured_output() -> Iterator[Callable[[], str]]:
    """Let everything that is printed, by whatever means, go to a file; yields a function that reads it."""
    _flush()
    saved = [os.dup(1), os.dup(2)]
    with tempfile.TemporaryFile() as file, tempfile.TemporaryFile() as errors:
        os.dup2(file.fileno(), 1)
        os.dup2(errors.fileno(), 2)

        def read() -> str:
            return os.pread(file.fileno(), LONGEST, 0).decode(errors="replace")

        try:
            yield read
        finally:
            _flush()
            for number, copy in zip((1, 2), saved, strict=True):
                os.dup2(copy, number)
                os.close(copy)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()


class _Listener(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__(logging.WARNING)
        self.lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        with contextlib.suppress(Exception):
            if _concerns_reader():
                self.lines.append(record.getMessage()[:500])


def _concerns_reader() -> bool:
    """Whether what warns was called by the document: what one library says to another, no reader can fix."""
    warner = ""
    frame = sys._getframe(1)
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        package = module.partition(".")[0]
        if module == MAIN:
            return True
        if package != warner and package not in WRAPPERS and not (warner and package == "torch"):
            if warner:
                return False
            warner = package
        frame = frame.f_back  # type: ignore[assignment]
    return True


@contextlib.contextmanager
def _captured_warnings(name: str) -> Iterator[list[str]]:
    """Every warning that the document causes, and every line that a library logs as one."""
    lines: list[str] = []
    listener = _Listener(lines)
    loggers = [logging.getLogger(name) for name in ("", "transformers", "datasets", "huggingface_hub")]

    def show(message: Any, category: type[Warning], filename: str, *_: Any, **__: Any) -> None:
        # As in Python itself, a plain DeprecationWarning is for the one whose line it is put down to.
        aside = category in (DeprecationWarning, PendingDeprecationWarning) and filename != name
        if not aside and _concerns_reader():
            lines.append(f"{category.__name__}: {message}"[:500])

    with warnings.catch_warnings():
        warnings.simplefilter("default")
        warnings.showwarning = show
        for logger in loggers:
            logger.addHandler(listener)
        try:
            yield lines
        finally:
            for logger in loggers:
                logger.removeHandler(listener)
