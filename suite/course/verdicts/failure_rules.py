"""Why an example failed: from the exception, and what it asked of the stand-ins, to a verdict.

Each rule answers or passes; the first answer counts, and what no rule knows is a genuine error of the document.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from importlib.util import find_spec

from suite.course.documents.model import Example
from suite.course.documents.names import read_names
from suite.course.documents.python_source import parse
from suite.course.documents.result import ExampleResult
from suite.course.lifecycle.table import removals
from suite.course.verdicts.error_patterns import (
    BUT_LACKS,
    CANNOT_IMPORT,
    DISK_WORDS,
    GPU_WORDS,
    HUB_PAGE,
    INSTALL,
    LACKS_INPUTS,
    MEMORY_WORDS,
    NO_ANSWER,
    NO_FILE,
    NO_NLTK_DATA,
    NO_PACKAGE,
    NO_PICTURE,
    NO_SERVER,
    NOT_MADE,
    ON_WINDOWS,
    OUTSIDE,
    OWN_MODULE,
    PACKAGES,
    PLACEHOLDER,
    PLACEHOLDER_NAME,
    PUSHES,
    READS_THE_READER,
    RENAMED_INPUTS,
    REQUIRES,
    SECRET_ERRORS,
    SECRET_NAME,
    SECRET_READ,
    SECRET_STORES,
    SECRET_WORDS,
    TOKENIZER_LACKS,
    UNEXPECTED,
    UNKNOWN_TASK,
)
from suite.course.verdicts.verdict import Judgement, Verdict

Missing = Callable[[str], str]
"""Says why a name is not there."""
Rule = Callable[[Example, ExampleResult, Missing], Judgement | None]


def cause(example: Example, found: ExampleResult, missing: Missing) -> Judgement:
    """The verdict on an example that failed. `missing` says why a name is not there."""
    for rule in RULES:
        if judgement := rule(example, found, missing):
            return judgement
    told = " ".join(found.message.split())[:300]
    where = f"line {found.line}: " if found.line else ""
    return Judgement(Verdict.BROKEN, f"{where}{_name(found)}: {told}".rstrip(": "), found.line)


def _name(found: ExampleResult) -> str:
    return found.error[0].rpartition(".")[2] if found.error else ""


def _is(found: ExampleResult, names: Sequence[str]) -> bool:
    return any(name.rpartition(".")[2] in names for name in found.error)


def _death(example: Example, found: ExampleResult, missing: Missing) -> Judgement | None:  # noqa: ARG001
    if found.died == "timeout":
        return Judgement(Verdict.TIMEOUT, "it took longer than an example may: see --example-timeout")
    if found.died == "SIGKILL" or _is(found, ("MemoryError", "OutOfMemoryError")) or MEMORY_WORDS.search(found.message):
        return Judgement(
            Verdict.TIMEOUT, "it used up the memory or the processes that an example may: see --example-memory"
        )
    if DISK_WORDS.search(found.message):
        return Judgement(Verdict.TIMEOUT, "it wrote more to the disk than an example may", found.line)
    if found.died:
        return Judgement(Verdict.BROKEN, f"it ended its own process ({found.died})", found.line)
    return None


def _name_missing(example: Example, found: ExampleResult, missing: Missing) -> Judgement | None:  # noqa: ARG001
    if not _is(found, ("NameError",)) or _is(found, ("UnboundLocalError",)):
        return None
    name = found.attributes.get("name") or next(iter(re.findall(r"'(\w+)'", found.message)), "")
    return Judgement(Verdict.FRAGMENT, f"it uses `{name}`, {missing(name)}", found.line)


def _package_missing(example: Example, found: ExampleResult, missing: Missing) -> Judgement | None:  # noqa: ARG001
    if _is(found, ("ModuleNotFoundError",)):
        module = found.attributes.get("name", "")
        for place, what in NO_PACKAGE.items():
            if module.startswith(place) or (module == "google" and place in example.code):
                return Judgement(Verdict.PACKAGE, f"it needs {place}, which there is only on {what}", found.line)
        return _package(module, found)
    if (asked := CANNOT_IMPORT.search(found.message)) and f"{asked['module']}.{asked['name']}" in PACKAGES:
        return _package(f"{asked['module']}.{asked['name']}", found)
    if _is(found, ("ImportError", "PackageNotFoundError", "OptionalDependencyNotAvailable")):
        for name in filter(None, sum(REQUIRES.findall(found.message), ())):
            if not _installed(name):
                return Judgement(Verdict.PACKAGE, f"it needs the package {name}", found.line)
    if (asked := BUT_LACKS.search(found.message)) and not _installed(asked[1]):
        return Judgement(Verdict.PACKAGE, f"it needs the package {asked[1]}", found.line)
    if (asked := INSTALL.search(found.message)) and not _installed(asked[1]):
        return Judgement(Verdict.PACKAGE, f"it needs the package {asked[1]}", found.line)
    if asked := NO_NLTK_DATA.search(found.message):
        return Judgement(Verdict.PACKAGE, f"it needs {asked['name']}, data that NLTK downloads", found.line)
    if "ffmpeg was not found" in found.message or "FFmpeg is not properly installed" in found.message:
        return Judgement(Verdict.PACKAGE, "it needs ffmpeg, a package of the system", found.line)
    return None


def _package(module: str, found: ExampleResult) -> Judgement | None:
    known = next((package for name, package in PACKAGES.items() if f"{module}.".startswith(f"{name}.")), "")
    top = module.partition(".")[0]
    if OWN_MODULE.fullmatch(top):
        return Judgement(
            Verdict.FRAGMENT, f"it imports {module}, a file of the course's or the reader's own", found.line
        )
    if not known and _is_namespace(top):
        return Judgement(Verdict.PACKAGE, f"it needs the package of {module}", found.line)
    if not known and (top in sys.stdlib_module_names or _installed(top)):
        return None
    return Judgement(Verdict.PACKAGE, f"it needs the package {known or top}", found.line)


def _is_namespace(module: str) -> bool:
    """Whether several packages share a module's name, as `google`."""
    try:
        spec = find_spec(module)
    except (ImportError, ValueError):
        return False
    return spec is not None and spec.origin is None and module not in sys.builtin_module_names


def _installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def _method_removed(example: Example, found: ExampleResult, missing: Missing) -> Judgement | None:  # noqa: ARG001
    """A method that is gone, of an object whose name in the code does not say what it is."""
    for removal in removals() if _is(found, ("AttributeError",)) else ():
        if removal.kind == "method" and TOKENIZER_LACKS.search(found.message) and removal.name in found.message:
            since = f"{removal.library} {removal.first_gone}"
            told = f"the method {removal.name}() was removed in {since}: {removal.advice}"
            return Judgement(
                Verdict.REMOVED, told, found.line, removal.name, removal.first_gone, removal.replacement
            )  # fmt: skip
    return None


def _argument_removed(example: Example, found: ExampleResult, missing: Missing) -> Judgement | None:  # noqa: ARG001
    """An argument that is gone, where the code does not say whose it was."""
    refused = UNEXPECTED.search(found.message) if _is(found, ("TypeError",)) else None
    lacking = LACKS_INPUTS.search(found.message) if _is(found, ("TypeError",)) else None
    if refused:
        callee, argument = refused["callee"].removesuffix(".__init__"), refused["argument"]
    elif lacking and (given := RENAMED_INPUTS.search(example.code)):  # taken for an option, whatever its name
        callee, argument = lacking["callee"], given["argument"]
    else:
        return None
    for removal in removals():
        callees = [f"*{one.lstrip('*').rpartition('.')[2]}" for one in removal.callee.split("|") if one]
        if removal.argument == argument and any(fnmatchcase(callee, one) for one in callees):
            since = f" in {removal.library} {removal.first_gone}" if removal.first_gone else ""
            told = f"the argument {argument}= of {callee}() was removed{since}: {removal.advice}"
            return Judgement(
                Verdict.REMOVED, told, found.line, f"{callee}({argument}=)", removal.first_gone, removal.replacement
            )
    return None


def _bare_data_set(example: Example, found: ExampleResult, missing: Missing) -> Judgement | None:  # noqa: ARG001
    if not _is(found, ("HfUriError",)):
        return None
    for note in found.notes:
        if note["kind"] == "data set" and note["outcome"] != "renamed" and "/" not in note["subject"]:
            told = f"the installed datasets finds nothing by a bare name like {note['subject']}: write its full one"
            return Judgement(Verdict.UNKNOWN, told, found.line)
        if note["kind"] == "data set" and note["outcome"] == "renamed":
            bare, full = note["subject"], note["details"].get("meant", "")
            told = f"the installed datasets no longer finds data sets by bare names like {bare}: write {full}"
            return Judgement(
                Verdict.REMOVED, told, found.line, f'load_dataset("{bare}")', "", f'load_dataset("{full}")'
            )
    return None


def _secret_missing(example: Example, found: ExampleResult, missing: Missing) -> Judgement | None:  # noqa: ARG001
    asked = next((note["subject"] for note in found.notes if note["kind"] == "secret"), "")
    if asked:
        return Judgement(Verdict.SECRET, f"it needs an account ({asked})", found.line)
    if "getpass" in found.frames or _is(found, SECRET_ERRORS):
        return Judgement(Verdict.SECRET, "it needs a key or an account of the reader's own", found.line)
    key = found.message.strip("'") if _is(found, ("KeyError",)) else ""
    if SECRET_NAME.fullmatch(key) and (key.isupper() or SECRET_STORES.search(example.code)):
        return Judgement(Verdict.SECRET, f"it needs the secret {key}", found.line)
    if _is(found, ("TypeError",)) and "NoneType" in found.message:
        unset = next(
            (one["name"] for one in SECRET_READ.finditer(example.code) if SECRET_NAME.fullmatch(one["name"])), ""
        )
        if unset:
            return Judgement(Verdict.SECRET, f"it needs the secret {unset}", found.line)
    if key.isupper() and "environ" in example.code:
        return Judgement(Verdict.FRAGMENT, f"it reads {found.message} from the reader's own environment", found.line)
    if SECRET_WORDS.search(found.message) and not _is(found, ("SyntaxError", "ImportError", "AttributeError")):
        return Judgement(Verdict.SECRET, "it needs a key or an account of the reader's own", found.line)
    return None


def _gpu_missing(example: Example, found: ExampleResult, missing: Missing) -> Judgement | None:  # noqa: ARG001
    if _is(found, ("AttributeError",)) and "NoneType" in found.message and "current_accelerator()" in example.code:
        return Judgement(Verdict.GPU, "it needs a GPU (torch.accelerator has none here)", found.line)
    if _is(found, ("SyntaxError", "KeyError", "AttributeError", "IndexError")):
        return None
    if GPU_WORDS.search(found.message):
        return Judgement(Verdict.GPU, f"it needs a GPU ({' '.join(found.message.split())[:120]})", found.line)
    return None


def _checkpoint_missing(example: Example, found: ExampleResult, missing: Missing) -> Judgement | None:  # noqa: ARG001
    for note in found.notes:
        if note["kind"] not in ("checkpoint", "data set") or note["outcome"] not in ("unknown", "misspelt"):
            continue
        if PUSHES.search(example.code) or "transformers.trainer" in found.frames:  # which was told so before
            return Judgement(Verdict.SECRET, "it writes to the Hub, which needs an account", found.line)
        meant = note["details"].get("meant")
        if PLACEHOLDER.search(note["subject"]) or PLACEHOLDER_NAME.fullmatch(note["subject"]):
            return Judgement(
                Verdict.FRAGMENT, f"{note['subject']} stands for something of the reader's own", found.line
            )
        known = f": is {meant} meant?" if meant else ", and no code says what it is for"
        return Judgement(
            Verdict.UNKNOWN, f"there is no {note['kind']} {note['subject']} that is known here{known}", found.line
        )
    return None


def _excerpt(example: Example, found: ExampleResult, missing: Missing) -> Judgement | None:  # noqa: ARG001
    """A `return` that no function is around."""
    outside = OUTSIDE.match(found.message) if _is(found, ("SyntaxError",)) else None
    if outside:
        return Judgement(Verdict.FRAGMENT, f"it is a piece of a function or of a loop ({outside[0]})", found.line)
    return None


def _reader_asked(example: Example, found: ExampleResult, missing: Missing) -> Judgement | None:  # noqa: ARG001
    if _is(found, READS_THE_READER) and "input(" in example.code:
        return Judgement(Verdict.FRAGMENT, "it asks its reader to type something", found.line)
    return None


def _arguments_missing(example: Example, found: ExampleResult, missing: Missing) -> Judgement | None:  # noqa: ARG001
    if _is(found, ("SystemExit",)) and found.message == "2":
        return Judgement(Verdict.FRAGMENT, "it is a program that expects arguments on its command line", found.line)
    return None


def _left_out(example: Example, found: ExampleResult, missing: Missing) -> Judgement | None:  # noqa: ARG001
    if (asked := UNKNOWN_TASK.search(found.message)) and PLACEHOLDER_NAME.fullmatch(asked["task"]):
        return Judgement(Verdict.FRAGMENT, f"{asked['task']!r} stands for something of the reader's own", found.line)
    try:
        tree = parse(example.code)
    except SyntaxError:
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node.value is Ellipsis:
            return Judgement(Verdict.FRAGMENT, "it leaves something out (...)", found.line)
        text = node.value.strip() if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
        if len(text) < 200 and PLACEHOLDER.search(text) and not _is(found, ("SyntaxError", "ImportError")):
            return Judgement(Verdict.FRAGMENT, f"{text[:60]!r} stands for something of the reader's own", found.line)
    return None


def _built_on_failure(example: Example, found: ExampleResult, missing: Missing) -> Judgement | None:
    """An error in what an example reads from one that failed is that one's error."""
    for name in read_names(example.code):
        why = missing(name)
        if "would make" in why:
            return Judgement(Verdict.FRAGMENT, f"it uses `{name}`, {why}", found.line)
    return None


def _file_missing(example: Example, found: ExampleResult, missing: Missing) -> Judgement | None:  # noqa: ARG001
    if not _is(found, ("FileNotFoundError", "NotADirectoryError", "LibsndfileError")):
        asks_hub = _is(found, ("OSError", "HFValidationError", "RepositoryNotFoundError"))
        local = asks_hub and ("./" in found.message or ON_WINDOWS.search(found.message))
        picture = NO_PICTURE.search(found.message)
        if not local and not picture and not NO_FILE.search(found.message):
            return None
        if picture:
            return Judgement(
                Verdict.FRAGMENT, f"it reads {picture['file']}, which the course does not bring", found.line
            )
    quoted = re.findall(r"['\"]([^'\"\s]+)['\"]", found.message)
    named = [one for one in quoted if re.search(r"[./]\w", one)] or quoted
    name = found.attributes.get("filename") or (named[-1] if named else "a file")
    return Judgement(Verdict.FRAGMENT, f"it reads {name[:120]}, which the course does not bring", found.line)


def _page_not_file(example: Example, found: ExampleResult, missing: Missing) -> Judgement | None:  # noqa: ARG001
    """On the Hub an address with /blob/ is a page about the file."""
    page = HUB_PAGE.search(example.code)
    if page is None or not _is(found, ("UnidentifiedImageError", "LibsndfileError", "JSONDecodeError")):
        return None
    told = f"{page[0]} is a page about the file: write /resolve/ for the file itself"
    return Judgement(Verdict.BROKEN, told, found.line, replacement=page[0].replace("/blob/", "/resolve/"))


def _nobody_there(example: Example, found: ExampleResult, missing: Missing) -> Judgement | None:  # noqa: ARG001
    told = " ".join(found.message.split())[:160]
    if _is(found, NO_SERVER):
        return Judgement(Verdict.FRAGMENT, f"it expects a server that nothing here starts ({told})", found.line)
    if NOT_MADE.search(found.message):
        return Judgement(Verdict.FRAGMENT, f"it asks for something that has no stand-in ({told})", found.line)
    if _is(found, NO_ANSWER) and any(note["kind"] == "host" for note in found.notes):
        return Judgement(Verdict.FRAGMENT, f"it asks for something that has no stand-in ({told})", found.line)
    return None


def _assertion(example: Example, found: ExampleResult, missing: Missing) -> Judgement | None:  # noqa: ARG001
    """What a document asserts of a real model's answers says nothing of a stand-in's."""
    stands_in = any(note["kind"] in {"checkpoint", "service", "data set"} for note in found.notes)
    if not (stands_in and _is(found, ("AssertionError",)) and found.frames[-1:] == ("__main__",)):
        return None
    told = f"it ran as far as the assertion on line {found.line}, which need not hold of a stand-in's answers"
    return Judgement(Verdict.WORKS, told, found.line)


RULES: tuple[Rule, ...] = (
    _death,
    _name_missing,
    _package_missing,
    _bare_data_set,
    _method_removed,
    _argument_removed,
    _checkpoint_missing,
    _secret_missing,
    _gpu_missing,
    _excerpt,
    _reader_asked,
    _arguments_missing,
    _file_missing,
    _left_out,
    _page_not_file,
    _nobody_there,
    _assertion,
    _built_on_failure,
)
