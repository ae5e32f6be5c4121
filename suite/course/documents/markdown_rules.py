"""Block rules for markdown-it-py: frameworks' branches, tags of site generators, and fences in unusual places.

Documents of courses use forms that CommonMark does not have; each is a rule of the parser here. mdit-py-plugins has a
plugin for none of them. Every pattern is applied to one line without its indentation, and takes linear time.
"""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, fence, html_block

from suite.course.documents import effort

BRANCH = re.compile(r"#if\s(?P<condition>.*)|(?P<otherwise>:else(?:\s+if\s(?P<next>.*))?)|(?P<end>/if)")
"""What stands in the braces of `{#if fw === 'pt'}`, `{:else}` and `{/if}`."""
OTHER_FRAMEWORK = re.compile(r"['\"](tf|tensorflow|jax|flax|keras)['\"]")
FRAMEWORK = re.compile(r"<(?P<end>/?)(?P<name>frameworkcontent|pt|tf|jax|flax)>")
"""A tag around what is for one framework."""
HIGHLIGHT = re.compile(
    r"(?:\{%-?|\{\{[<%])\s*(?:highlight\s+(?P<language>\w+).*|(?P<end>(?:end|/)highlight)\s*+)(?:-?%|[>%]\})\}"
)
"""What Jekyll and Hugo write for a fence."""
FENCE_LINE = re.compile(r"(?P<mark>(?P<char>[`~])(?P=char){2,}+)(?P<info>[^`]*)")
FENCE_START = re.compile(r"(?:```|~~~)\s*[\w{]")
"""A fence that names a language or a directive."""
TAG = re.compile(r"</?[A-Za-z].*>|<!--.*-->")
"""A line that begins and ends with a tag or a comment."""
SHOWS_FENCES = {"", "markdown", "md", "mdx", "text", "txt"}
"""Languages of fences that may show how fences are written, so that a fence in one does not end it."""
BRANCHES, PASSED_OVER, TAG_RUN = "touchstone.branches", "touchstone.passed_over", "touchstone.tag_run"
"""Keys of the parser's environment: which of the open branches are read, the lines that were passed over as ranges, and
the last run of HTML that was searched for a fence."""


def new_parser() -> MarkdownIt:
    """A parser of CommonMark with tables and the rules of this module."""
    parser = MarkdownIt("commonmark", {"html": True}).enable("table")
    ruler = parser.block.ruler
    everywhere = ["paragraph", "reference", "blockquote", "list"]
    for name, rule in (("branch", branch), ("framework_tag", framework_tag), ("highlight", highlight)):
        ruler.before("table", name, rule, {"alt": everywhere})
    ruler.before("code", "indented_fences", indented_fences)
    ruler.at("fence", fence_or_unclosed, {"alt": everywhere})
    ruler.at("html_block", html_before_fence, {"alt": ["paragraph", "reference", "blockquote"]})
    return parser


def branch(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Read `{#if fw === 'pt'}` and what belongs to it: branches for other frameworks than PyTorch are passed over."""
    effort.go_on()  # this rule is the first that is tried on a line
    match = _branch_at(state, start)
    if match is None or silent:
        return match is not None
    read: list[bool] = state.env.setdefault(BRANCHES, [])
    line = start
    while match:
        if match["condition"] is not None:
            read.append(_is_torch(match["condition"]))
        elif match["otherwise"] and read:
            read[-1] = _is_torch(match["next"]) if match["next"] else not read[-1]
        elif match["end"] and read:
            read.pop()
        line += 1
        while not all(read) and line < end and _branch_at(state, line) is None:
            line += 1
        match = _branch_at(state, line) if not all(read) and line < end else None
    if not all(read):  # the document or the container ends in a branch
        del read[read.index(False) :]
    return _pass_over(state, start, line)


def framework_tag(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Read `<pt>`, `<tf>` and the tags around them: what is between `<tf>` and a closing tag is passed over."""
    match = FRAMEWORK.fullmatch(_text(state, start, "<"))
    if match is None or silent:
        return match is not None
    if match["name"] in ("tf", "jax", "flax") and not match["end"]:
        for line in range(start + 1, end):
            if tag := FRAMEWORK.fullmatch(_text(state, line, "<")):
                return _pass_over(state, start, line + 1 if tag["end"] else start + 1)
    return _pass_over(state, start, start + 1)


def highlight(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Read what is between `{% highlight python %}` and `{% endhighlight %}` as a fence."""
    opening = HIGHLIGHT.fullmatch(_text(state, start, "{"))
    if opening is None or opening["end"] or silent:
        return opening is not None and not opening["end"]
    line = start + 1
    while line < end and not (state.sCount[line] < state.blkIndent and not state.isEmpty(line)):
        tag = HIGHLIGHT.fullmatch(_text(state, line, "{"))
        if tag and tag["end"]:
            break
        line += 1
    else:
        end = line  # it is closed by its container
    state.line = min(line + 1, end)
    token = state.push("fence", "code", 0)
    token.info, token.markup, token.map = opening["language"], "highlight", [start, state.line]
    token.content = state.getLines(start + 1, line, state.sCount[start], True)
    return True


def indented_fences(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Read an indented block that holds fences as Markdown: they are indented too far for CommonMark, as in lists."""
    if silent or not state.is_code_block(start):
        return False
    after, fences = start, False
    for line in range(start, end):
        if state.isEmpty(line):
            continue
        if not state.is_code_block(line):
            break
        after, fences = line + 1, fences or _text(state, line).startswith(("```", "~~~"))
    if not fences:
        return False
    before = state.blkIndent, state.lineMax, state.level
    state.blkIndent = min(state.sCount[line] for line in range(start, after) if not state.isEmpty(line))
    state.lineMax, state.level = after, state.level + 1  # the level bounds how often this may nest
    state.md.block.tokenize(state, start, after)
    state.blkIndent, state.lineMax, state.level = before
    state.line = after
    return True


def fence_or_unclosed(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Read a fence; one that was never closed ends with its branch, or before the next that names a language."""
    return fence(state, start, end if silent else _fence_end(state, start, end), silent)


def _fence_end(state: StateBlock, start: int, end: int) -> int:
    """The line that a fence ends before at the latest."""
    opening = FENCE_LINE.fullmatch(_text(state, start))
    if opening is None or opening["info"].strip().lower() in SHOWS_FENCES:
        return end
    for line in range(start + 1, end):
        if state.env.get(BRANCHES) and _branch_at(state, line):
            return line
        mark = FENCE_LINE.fullmatch(_text(state, line, opening["char"]))
        if mark and mark["info"].strip():
            if mark["mark"] == opening["mark"] and state.isEmpty(line - 1):
                return line - 1
        elif mark and len(mark["mark"]) >= len(opening["mark"]):
            return end
        elif state.sCount[line] < state.blkIndent and not state.isEmpty(line):
            return end  # its list item is over
    return end


def html_before_fence(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Read a block of HTML, which ends before a fence right under a tag; to CommonMark the fence would be HTML."""
    is_comment = _text(state, start).startswith(("<!", "<?"))
    return html_block(state, start, end if silent or is_comment else _html_end(state, start, end), silent)


def _html_end(state: StateBlock, start: int, end: int) -> int:
    """The line that a block of HTML ends before at the latest; each line is searched once for all blocks."""
    first, after = state.env.get(TAG_RUN, (0, 0))
    if not first <= start < after:
        after = start + 1
        while after < end and not state.isEmpty(after) and not _ends_html(state, after):
            after += 1
        state.env[TAG_RUN] = start, after
    return after if after < end and not state.isEmpty(after) else end


def _ends_html(state: StateBlock, line: int) -> bool:
    text = _text(state, line)
    if text.startswith("{") and not HIGHLIGHT.fullmatch(text):
        return _branch_at(state, line) is not None
    if text.startswith("{") or FENCE_START.match(text):
        return TAG.fullmatch(_text(state, line - 1)) is not None
    return FRAMEWORK.fullmatch(text) is not None


def _text(state: StateBlock, line: int, first: str = "") -> str:
    """A line without the marks of its containers and without blanks around it; empty if it begins otherwise."""
    at = state.bMarks[line] + state.tShift[line]
    return state.src[at : state.eMarks[line]].rstrip() if state.src.startswith(first, at) else ""


def _branch_at(state: StateBlock, line: int) -> re.Match[str] | None:
    text = _text(state, line, "{")
    return BRANCH.fullmatch(text[1:-1].strip()) if text.endswith("}") else None


def _is_torch(condition: str) -> bool:
    """Whether a branch is for PyTorch; one that depends on something else than the framework is taken."""
    return not OTHER_FRAMEWORK.search(condition) or "!=" in condition


def _pass_over(state: StateBlock, start: int, after: int) -> bool:
    """Go on at the line `after`, without a token for those before it."""
    state.env.setdefault(PASSED_OVER, []).append(range(start, after))
    state.line = after
    return True
