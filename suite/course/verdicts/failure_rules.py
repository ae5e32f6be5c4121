"""The rules that explain a failure, in order: rows of the table of errors, and those that need logic.

Each rule answers or passes; the first answer counts, and what no rule knows is a genuine error of the document.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Sequence

from suite.course.documents.names import read_names
from suite.course.documents.python_source import parse
from suite.course.verdicts.document_state import NameOrigin
from suite.course.verdicts.error_patterns import error_patterns
from suite.course.verdicts.failure import Failure, one_line
from suite.course.verdicts.fragment_patterns import own_module, placeholder, placeholder_name
from suite.course.verdicts.packages import is_installed, is_namespace, package_name, packages, platforms
from suite.course.verdicts.removal_rules import bare_data_set, removed_argument, removed_method
from suite.course.verdicts.verdict import Judgement, Verdict

Rule = Callable[[Failure], Judgement | None]
CANNOT_IMPORT = re.compile(r"cannot import name '(?P<name>\w+)' from '(?P<module>[\w.]+)'")
UNKNOWN_TASK = re.compile(r"Unknown task (?P<task>\S+),")
WRITES_TO_HUB = re.compile(r"push_to_hub|create_repo|upload_f(?:ile|older)|delete_repo|notebook_login")
UNEXPLAINED = "unexplained"


def explain(failure: Failure) -> Judgement:
    """The verdict on an example that failed."""
    for link in CHAIN:
        rules: Sequence[Rule] = error_patterns()[link] if isinstance(link, str) else (link,)
        for rule in rules:
            if judgement := rule(failure):
                return judgement
    line = f"line {failure.result.line}: " if failure.result.line else ""
    sentence = f"{line}{failure.error_name}: {one_line(failure.message, 300)}".rstrip(": ")
    return failure.judgement(Verdict.BROKEN, sentence, UNEXPLAINED)


def missing_name(failure: Failure) -> Judgement | None:
    """A name that the document did not make, or lost."""
    if not failure.is_a("NameError") or failure.is_a("UnboundLocalError"):
        return None
    name = failure.result.attributes.get("name") or next(iter(re.findall(r"'(\w+)'", failure.message)), "")
    sentence = f"it uses `{name}`, {failure.state.missing(name).clause}"
    return failure.judgement(Verdict.FRAGMENT, sentence, "missing-name")


def missing_module(failure: Failure) -> Judgement | None:
    """A module that is not installed, or that is a file of the course's or the reader's own."""
    if failure.is_a("ModuleNotFoundError"):
        module = failure.result.attributes.get("name", "")
        if not module:
            sentence = f"it needs a package ({one_line(failure.message, 160)})"
            return failure.judgement(Verdict.PACKAGE, sentence, "missing-module")
        for name, platform in platforms().items():
            if module.startswith(name) or (module == "google" and name in failure.code):
                sentence = f"it needs {name}, which only {platform} has"
                return failure.judgement(Verdict.PACKAGE, sentence, "platform-module")
        return _package_of(module, failure)
    imported = CANNOT_IMPORT.search(failure.message)
    module = f"{imported['module']}.{imported['name']}" if imported else ""
    return _package_of(module, failure) if module in packages() else None


def _package_of(module: str, failure: Failure) -> Judgement | None:
    package, top = package_name(module), module.partition(".")[0]
    if own_module(top):
        sentence = f"it imports {module}, a file of the course's or the reader's own"
        return failure.judgement(Verdict.FRAGMENT, sentence, "own-module")
    if package is None and is_namespace(top):
        return failure.judgement(Verdict.PACKAGE, f"it needs the package of {module}", "missing-module")
    if package is None and (top in sys.stdlib_module_names or is_installed(top)):
        return None
    return failure.judgement(Verdict.PACKAGE, f"it needs the package {package or top}", "missing-module")


def missing_checkpoint(failure: Failure) -> Judgement | None:
    """A checkpoint or data set that no stand-in answers for."""
    missing = (note for note in failure.result.notes if note.kind in ("checkpoint", "data set"))
    note = next((note for note in missing if note.outcome in ("unknown", "misspelt")), None)
    if note is None:
        return None
    if WRITES_TO_HUB.search(failure.code) or "transformers.trainer" in failure.result.frames:
        # An earlier note of the same example says that the Hub refused to be written to.
        return failure.judgement(Verdict.SECRET, "it writes to the Hub, which needs an account", "hub-upload")
    if row := placeholder(note.subject) or placeholder_name(note.subject):
        sentence = f"{note.subject} stands for something of the reader's own"
        return failure.judgement(Verdict.FRAGMENT, sentence, f"placeholder-{row}")
    meant = note.details.get("meant")
    reason = f": is {meant} meant?" if meant else ", and no code says what it is for"
    sentence = f"there is no {note.kind} {note.subject} that is known here{reason}"
    return failure.judgement(Verdict.UNKNOWN, sentence, "unknown-checkpoint")


def left_out(failure: Failure) -> Judgement | None:
    """Code that leaves something out, or has a placeholder for something of the reader's own."""
    task = UNKNOWN_TASK.search(failure.message)
    if task and (row := placeholder_name(task["task"])):
        sentence = f"{task['task']!r} stands for something of the reader's own"
        return failure.judgement(Verdict.FRAGMENT, sentence, f"placeholder-{row}")
    try:
        tree = parse(failure.example.code)
    except SyntaxError:
        return None
    for node in ast.walk(tree):
        value = node.value if isinstance(node, ast.Constant) else None
        if value is Ellipsis:
            return failure.judgement(Verdict.FRAGMENT, "it leaves something out (...)", "ellipsis")
        text = value.strip() if isinstance(value, str) else ""
        if (row := placeholder(text)) and not failure.is_a("SyntaxError", "ImportError"):
            sentence = f"{text[:60]!r} stands for something of the reader's own"
            return failure.judgement(Verdict.FRAGMENT, sentence, f"placeholder-{row}")
    return None


def refused_request(failure: Failure) -> Judgement | None:
    """A request that no stand-in answers, where the error repeats the text of the refusal."""
    replies = [str(note.details.get("reply", "")) for note in failure.result.notes if note.outcome == "refused"]
    if not any(reply and reply in failure.message for reply in replies):
        return None
    sentence = f"it asks for something that has no stand-in ({one_line(failure.message, 160)})"
    return failure.judgement(Verdict.FRAGMENT, sentence, "refused-request")


def assertion_on_stand_in(failure: Failure) -> Judgement | None:
    """What a document asserts of a real model's answers says nothing of a stand-in's."""
    result = failure.result
    stands_in = any(note.kind in ("checkpoint", "service", "data set") for note in result.notes)
    if not (stands_in and failure.is_a("AssertionError") and result.frames[-1:] == ("__main__",)):
        return None
    sentence = f"it ran as far as the assertion on line {result.line}, which need not hold of a stand-in's answers"
    return failure.judgement(Verdict.WORKS, sentence, "assertion-on-stand-in")


def built_on_failure(failure: Failure) -> Judgement | None:
    """An error in what an example reads from one that failed is that one's error."""
    for name in read_names(failure.example.code):
        missing = failure.state.missing(name)
        if missing.origin is NameOrigin.FAILED_EXAMPLE:
            sentence = f"it uses `{name}`, {missing.clause}"
            return failure.judgement(Verdict.FRAGMENT, sentence, "built-on-failure")
    return None


CHAIN: tuple[Rule | str, ...] = (
    "limits",
    missing_name,
    missing_module,
    "packages",
    bare_data_set,
    removed_method,
    removed_argument,
    missing_checkpoint,
    "secrets",
    "hardware",
    "excerpts",
    "files",
    left_out,
    "requests",
    refused_request,
    assertion_on_stand_in,
    built_on_failure,
)
"""The rules in order; a text is a group of `error_patterns.toml`."""
