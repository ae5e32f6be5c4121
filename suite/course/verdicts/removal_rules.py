"""Rules that need the table of removals: what an error says of a method, an argument or a name that is gone."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

from suite.course.lifecycle.table import removals
from suite.course.verdicts.failure import Failure
from suite.course.verdicts.verdict import Judgement, Verdict

NO_TOKENIZER_METHOD = re.compile(r"Token\w+'? (?:object )?has no attribute")
UNEXPECTED_ARGUMENT = re.compile(r"(?P<callee>[\w.]{1,200})\(\) got an unexpected keyword argument '(?P<argument>\w+)'")
NO_PIPELINE_INPUTS = re.compile(
    r"(?P<callee>\w{1,200}Pipeline\.__call__)\(\) missing 1 required positional argument: 'inputs'"
)
RENAMED_INPUTS = re.compile(r"[(,]\s*(?P<argument>images?)=")


def removed_method(failure: Failure) -> Judgement | None:
    """A method that is gone, of an object whose name in the code does not say what it is."""
    if not failure.is_a("AttributeError") or not NO_TOKENIZER_METHOD.search(failure.message):
        return None
    for removal in removals():
        if removal.kind == "method" and removal.name in failure.message:
            since = f"{removal.library} {removal.first_gone}"
            sentence = f"the method {removal.name}() was removed in {since}: {removal.advice}"
            removed = (removal.name, removal.first_gone)
            return failure.judgement(
                Verdict.REMOVED, sentence, "removed-method", removed=removed, replacement=removal.replacement
            )
    return None


def removed_argument(failure: Failure) -> Judgement | None:
    """An argument that is gone, where the code does not say whose it was."""
    callee, argument = _refused_argument(failure) if failure.is_a("TypeError") else ("", "")
    for removal in removals() if argument else ():
        callees = [f"*{name.lstrip('*').rpartition('.')[2]}" for name in removal.callee.split("|") if name]
        if removal.argument == argument and any(fnmatchcase(callee, pattern) for pattern in callees):
            since = f" in {removal.library} {removal.first_gone}" if removal.first_gone else ""
            sentence = f"the argument {argument}= of {callee}() was removed{since}: {removal.advice}"
            removed = (f"{callee}({argument}=)", removal.first_gone)
            return failure.judgement(
                Verdict.REMOVED, sentence, "removed-argument", removed=removed, replacement=removal.replacement
            )
    return None


def _refused_argument(failure: Failure) -> tuple[str, str]:
    """Who was called with an argument that it does not take, and the argument; empty where the error is another."""
    if unexpected := UNEXPECTED_ARGUMENT.search(failure.message):
        return unexpected["callee"].removesuffix(".__init__"), unexpected["argument"]
    without_inputs = NO_PIPELINE_INPUTS.search(failure.message)
    renamed = RENAMED_INPUTS.search(failure.code)  # the pipeline took it for an option, whatever its name
    return (without_inputs["callee"], renamed["argument"]) if without_inputs and renamed else ("", "")


def bare_data_set(failure: Failure) -> Judgement | None:
    """A data set by a name without its owner, which newer releases of datasets refuse before they ask for it."""
    if not failure.is_a("HfUriError"):
        return None
    for note in failure.result.notes:
        if note.kind != "data set":
            continue
        if note.outcome == "renamed":
            bare, full = note.subject, note.details.get("meant", "")
            sentence = f"the installed datasets no longer finds data sets by bare names like {bare}: write {full}"
            removed, replacement = (f'load_dataset("{bare}")', ""), f'load_dataset("{full}")'
            return failure.judgement(
                Verdict.REMOVED, sentence, "bare-data-set", removed=removed, replacement=replacement
            )
        if "/" not in note.subject:
            sentence = f"the installed datasets finds nothing by a bare name like {note.subject}: write its full one"
            return failure.judgement(Verdict.UNKNOWN, sentence, "bare-data-set")
    return None
