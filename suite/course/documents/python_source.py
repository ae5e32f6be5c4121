"""Code as documents write it, turned into plain Python: without prompts, magics and shell lines, line by line."""

from __future__ import annotations

import ast
import doctest
import itertools
import re
import textwrap
import warnings

from suite.course.documents import effort

IN = re.compile(r"^[^\S\n]*In \[\d*\]: ?", re.MULTILINE)
CONTINUED, OUT = re.compile(r"^\s*\.{3,}: ?"), re.compile(r"^\s*Out\[\d*\]: ?")
SHELL = re.compile(
    r"\s*(?:[$%] )?(?:pip3?|uv|uvx|conda|mamba|poetry|npm|npx|git|cd|mkdir|source|export"
    r"|curl|wget|docker|sudo"
    r"|apt(?:-get)?|brew|make|pytest|tox|jupyter|uvicorn|gunicorn|flask|vllm|optimum-cli|transformers(?:-cli)?|trl"
    r"|python3? (?:-m )?[\w./-]+|accelerate|torchrun|huggingface-cli|hf|ollama|streamlit|gradio|chmod|ls|cat"
    r"|echo)(?:\s+[^\s=(]|$)"
)
PROMPT = re.compile(r"^[^\S\n]*>>> ?", re.MULTILINE)
SESSION_LINE = re.compile(r"^(?P<indent>[ \t]*)(?P<prompt>>>>|\.\.\.) ?")
LONGEST_STATEMENT = 100
"""Lines without a prompt that may belong to one statement, and lines of its output that are searched."""
COMPOUND = (ast.For, ast.While, ast.If, ast.With, ast.Try, ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)
CELL_MAGIC = re.compile(r"\s*%%(?P<name>\w+)")
PYTHON_MAGICS = {"time", "timeit", "capture", "prun"}
"""Cell magics whose cell is Python all the same."""
NOT_PYTHON = re.compile(r"^(?P<indent>\s*)(!(?!=)\s*\S|[%?]\S|[\w.]+\?+\s*$|\w+\s*=\s*!)")
IMPORTS = re.compile(r"^[^\S\n]*from [\w.]+ import [\w(*]", re.MULTILINE)
CODE_LIKE = re.compile(
    r"\s*(?:(?:from|import|def|class|for|while|if|else|elif|with|try|except|return|async|await|lambda|del|raise|assert)\b"
    r"|[@#)\]}]|[A-Za-z_][\w.]*(?:\[.*\])?\s*(?:[-+*/]?=(?!=)|\())"
)
"""A line that code might begin or go on with."""
OUTPUT_NAME = re.compile(r"[A-Z]|(tensor|array|dict_(keys|values|items)|mappingproxy|deque)$")
"""The name in an output, `Encoding(...)` or `tensor(...)`, rather than in a call."""
IN_DATA = {"tensor", "array", "torch", "np", "nan", "inf", "dtype", "float32", "float16", "int64"}
"""The names in data as Python shows it."""


def python_source(code: str) -> str:
    """The code with everything that only a notebook understands replaced by `pass`; every line keeps its number."""
    plain = textwrap.dedent(code)
    try:
        _tree(plain)
    except SyntaxError:
        pass
    else:
        return plain  # what looks like a magic is part of a text or of a sum
    magic = CELL_MAGIC.match(code)
    if magic and magic["name"] not in PYTHON_MAGICS:
        return "\n".join("pass" for _ in code.splitlines())
    lines: list[str] = []
    goes_on = False  # a command that ends with a backslash
    for line in plain.splitlines():
        match = NOT_PYTHON.match(line)
        if match or goes_on:
            goes_on = line.rstrip().endswith("\\")
            lines.append(f"{match['indent']}pass" if match else "")
        else:
            lines.append(line)
    return "\n".join(lines)


def parse(code: str) -> ast.Module:
    """The syntax tree of code in a document.

    Raises:
        SyntaxError: it is no Python, or nests too deeply.
    """
    return _tree(python_source(code))


def _tree(source: str) -> ast.Module:
    effort.go_on()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of escapes in the document's own strings
        try:
            return ast.parse(source)
        except (RecursionError, MemoryError):  # the parser's own stack, not the machine's memory
            raise SyntaxError("it nests too deeply") from None
        except ValueError as error:  # null bytes, lone surrogates, numbers of thousands of digits
            raise SyntaxError(str(error)) from None


def tree_if_any(code: str) -> ast.Module | None:
    """The syntax tree of code in a document; `None` if it is no Python."""
    try:
        return parse(code)
    except SyntaxError:
        return None


def has_code(code: str) -> bool:
    """Whether any line might be code, comments left aside."""
    return any(CODE_LIKE.match(line) and line.lstrip()[0] not in "#)]}" for line in code.splitlines())


def has_prompts(code: str) -> bool:
    """Whether the code is a session with `>>>` prompts."""
    return PROMPT.search(code) is not None or IN.search(code) is not None


def is_shell(code: str) -> bool:
    """Whether the first line of code that is no Python is a command for the shell."""
    lines = (line for line in code.splitlines() if line.strip() and not line.lstrip().startswith("#"))
    return SHELL.match(next(lines, "")) is not None


def without_prompts(code: str) -> tuple[str, str]:
    """The code of a session with prompts, at the same lines, and its outputs."""
    if IN.search(code):
        code = _as_doctest(code)
    code = _continued(textwrap.dedent(code))
    try:
        examples = doctest.DocTestParser().get_examples(code)
    except ValueError:  # prompts without a blank, outputs indented otherwise: take the lines that have one
        lines = [
            re.sub(r"^\s*(>>>|\.\.\.) ?", "", line) if re.match(r"\s*(>>>|\.\.\.)", line) else ""
            for line in code.splitlines()
        ]
        return "\n".join(lines), ""
    lines = [""] * len(code.splitlines())
    for example in examples:
        for offset, line in enumerate(example.source.splitlines()):
            lines[example.lineno + offset] = line
    return "\n".join(lines), "".join(example.want for example in examples)


def without_output(code: str) -> tuple[str, str]:
    """Code and the output under it in the same block; all of it is code if it is Python, or was meant to be."""
    lines = code.splitlines(keepends=True)
    tree = tree_if_any(code)
    if tree is not None:
        outputs = [node for node in tree.body[-1:] if _is_output(node) and _gives(tree.body[:-1])]
        end = outputs[0].lineno - 1 if outputs else len(lines)
        return "".join(lines[:end]), "".join(lines[end:])
    for end in range(len(lines) - 1, max(len(lines) - LONGEST_STATEMENT, 0), -1):
        if CODE_LIKE.match(lines[end]):
            break  # a line of code that is broken
        if lines[end].strip() and not lines[end][0].isspace():
            tree = tree_if_any("".join(lines[:end]))
            if tree is not None:
                return ("".join(lines[:end]), "".join(lines[end:])) if _gives(tree.body) else (code, "")
    return code, ""


def _gives(statements: list[ast.stmt]) -> bool:
    """Whether code does something, and shows something at last."""
    shows = statements and isinstance(statements[-1], ast.Expr | ast.For | ast.With)
    return bool(shows) and any(does_something(statement) for statement in statements)


def _is_output(statement: ast.stmt) -> bool:
    """Whether it is data as Python shows it, and not what code gives: `[1, tensor([2])]`, and not `[x, f(2)]`."""
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Name(id="Dataset" | "DatasetDict"), args=[ast.Dict(keys=keys)])):
            return all(isinstance(key, ast.Name) for key in keys)
        case ast.Expr(value=ast.List() | ast.Dict() | ast.Tuple() | ast.Call(func=ast.Name(id="tensor" | "array"))):
            return {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)} <= IN_DATA
    return False


def _continued(code: str) -> str:
    """A session in which what goes on without a prompt has one: an unclosed bracket, the body of a loop."""
    lines = code.splitlines()
    for number, line in enumerate(lines):
        start = SESSION_LINE.match(line)
        if start is None or start["prompt"] != ">>>":
            continue
        width, end = len(start["indent"]), number + 1
        while end < len(lines) and lines[end].lstrip().startswith("..."):
            end += 1
        source = [SESSION_LINE.sub("", one) for one in lines[number:end]]
        if tree_if_any("\n".join(source)) is not None:
            continue
        bare = list(itertools.takewhile(lambda one: not PROMPT.match(one), lines[end : end + LONGEST_STATEMENT]))
        bare = [one[width:] if not one[:width].strip() else one for one in bare]
        longer = ((count, tree_if_any("\n".join(source + bare[:count]))) for count in range(1, len(bare) + 1))
        closed, tree = next((one for one in longer if one[1] is not None), (0, None))
        if tree is not None and isinstance(tree.body[-1], COMPOUND):
            closed += sum(1 for _ in itertools.takewhile(lambda one: one[:1].isspace(), bare[closed:]))
        for offset, one in enumerate(bare[:closed]):
            lines[end + offset] = f"{start['indent']}... {one}".rstrip()
    return "\n".join(lines)


def _as_doctest(code: str) -> str:
    """IPython's session written as Python's, line by line."""
    lines = []
    for line in code.splitlines():
        if IN.match(line):
            lines.append(">>> " + IN.sub("", line))
        elif CONTINUED.match(line):
            lines.append("... " + CONTINUED.sub("", line))
        else:
            lines.append(OUT.sub("", line))
    return "\n".join(lines)


def is_python(code: str) -> bool:
    """Whether a block that does not say its language is Python wherever it stands: it imports something."""
    tree = tree_if_any(code)
    if tree is None:  # meant to be Python, and broken; a traceback shows imports too
        return IMPORTS.search(code) is not None and "Traceback (most recent call last)" not in code
    return any(isinstance(node, ast.Import | ast.ImportFrom) for node in ast.walk(tree))


def is_python_among_python(code: str) -> bool:
    """Whether a block that does not say its language is Python in a document that holds some: it does something.

    A block that shows values alone is an output: `[{"label": ...}]`, `tensor([1])`, `loss: 0.5`.
    """
    tree = tree_if_any(code)
    return tree is not None and any(does_something(statement) for statement in tree.body)


def does_something(statement: ast.stmt) -> bool:
    """Whether a statement does something, rather than show a value."""
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name))):
            return OUTPUT_NAME.match(name) is None
        case ast.Expr(value=ast.Await() | ast.Yield() | ast.YieldFrom()):
            return True
        case ast.Expr() | ast.AnnAssign(value=None) | ast.AnnAssign(annotation=ast.Constant()) | ast.Pass():
            return False
    return True
