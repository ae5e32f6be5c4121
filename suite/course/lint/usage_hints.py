"""How a document uses checkpoints and libraries: the task or class of each checkpoint, modules to import early."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from importlib.util import find_spec

from suite.course.documents.model import Document
from suite.course.documents.names import assigned_texts, imports, last_name
from suite.course.documents.python_source import tree_if_any

PRELOADED = (
    "accelerate", "datasets", "evaluate", "flask", "google.genai", "gradio", "huggingface_hub", "matplotlib.pyplot",
    "ollama", "openai", "pandas", "peft", "PIL.Image", "requests", "scipy", "sentence_transformers", "sklearn",
    "soundfile", "tokenizers", "torch", "transformers", "uvicorn",
)  # fmt: skip
"""Libraries that start no thread when they are imported, and so can be imported once for all documents."""
_WEAK = ("Tokenizer", "Processor", "FeatureExtractor", "Config")


def trees(document: Document) -> Iterator[ast.Module]:
    """The syntax trees of a document's examples; those that are no Python are left out."""
    return (tree for example in document.examples if (tree := tree_if_any(example.code)) is not None)


def calls(document: Document) -> Iterator[tuple[ast.Call, dict[str, str]]]:
    """Every call in a document, with the texts that its plain names stand for at that point."""
    known: dict[str, str] = {}
    for tree in trees(document):
        known |= assigned_texts(tree)
        yield from ((node, known) for node in ast.walk(tree) if isinstance(node, ast.Call))


def checkpoint_hints(documents: Iterable[Document]) -> dict[str, str]:
    """For each checkpoint that the code names: the task of the pipeline or the class that it is loaded with."""
    hints: dict[str, str] = {}
    for document in documents:
        for call, known in calls(document):
            for name, hint in _hints(call, known):
                if name not in hints or hints[name].endswith(_WEAK):
                    hints[name] = hint
    return hints


def _hints(call: ast.Call, known: dict[str, str]) -> Iterator[tuple[str, str]]:
    function = call.func
    called = last_name(function)
    first = _text(call.args[0], known) if call.args else ""
    options = {keyword.arg: _text(keyword.value, known) for keyword in call.keywords}
    if called == "pipeline":
        model = options.get("model") or (_text(call.args[1], known) if len(call.args) > 1 else "")
        if model:
            yield model, first or options.get("task", "")
    elif called == "from_pretrained" and isinstance(function, ast.Attribute):
        model = first or options.get("pretrained_model_name_or_path", "")
        if model:
            yield model, last_name(function.value)
    elif called in ("SentenceTransformer", "CrossEncoder") and first:
        yield first, called


def _text(node: ast.AST, known: dict[str, str]) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return known.get(node.id, "") if isinstance(node, ast.Name) else ""


def local_checkpoints(documents: Iterable[Document]) -> tuple[str, ...]:
    """The checkpoints that documents load from ./models/<org>/<name>."""
    checkpoints: dict[str, None] = {}
    for document in documents:
        for call, known in calls(document):
            for name, _ in _hints(call, known):
                parts = name.removeprefix("./").removeprefix("../").split("/")
                if parts[0] == "models" and len(parts) in (2, 3):
                    checkpoints["/".join(parts[1:])] = None
    return tuple(checkpoints)


def preloads(documents: Iterable[Document]) -> tuple[list[str], list[str]]:
    """The installed modules to import once for all documents, and the names that they take from transformers."""
    modules: set[str] = set()
    names: set[str] = set()
    for node in (node for document in documents for tree in trees(document) for node in ast.walk(tree)):
        if isinstance(node, ast.Import):
            modules.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            modules.update(name for one in imports(node) for name in (one.module, one.target))
            names.update(one.name for one in imports(node) if one.module.partition(".")[0] == "transformers")
    wanted = [
        name
        for name in PRELOADED
        if any(module == name or module.startswith(f"{name}.") or name.startswith(f"{module}.") for module in modules)
    ]
    return [name for name in wanted if _installed(name)], sorted(names - {"*"})


def _installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        return False
