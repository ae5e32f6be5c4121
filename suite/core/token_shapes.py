"""The shapes of tokens, as those who issue them document them, and their removal from a text.

Rule sets for searching repositories (detect-secrets 1.5) lack Hugging Face's, Anthropic's and Google's, take
milliseconds a line, and say that there is a secret rather than where it ends.
"""

from __future__ import annotations

import re
from functools import cache

PREFIXES = (
    ("hf_", "(?:oauth_|jwt_)?"), ("api_org_", ""),  # Hugging Face
    ("gh", "[oprsu]_"), ("github_pat_", ""),
    ("gl", "(?:pat|ptt|dt|rt|cbt|soat|agent|oas|ffct)-"),  # GitLab
    ("AIza", ""), ("ya29.", ""), ("GOCSPX-", ""),  # Google
    ("xox", r"[abeoprs](?:\.xox[bp])?-"), ("xapp-", ""),  # Slack
    ("npm_", ""), ("pypi-", ""),
    ("sk_", "(?:live|test)_"), ("rk_", "(?:live|test)_"),  # Stripe
    ("gsk_", ""), ("nvapi-", ""), ("r8_", ""), ("xai-", ""), ("pplx-", ""), ("SG.", ""),
)  # fmt: skip
"""What tokens begin with: a text, and a pattern for more. At least twenty letters and digits follow, with few hyphens,
dots and underscores between.
"""
_REST = r"(?=[A-Za-z_.-]{0,60}[0-9A-Z])[A-Za-z0-9](?:[._-]?[A-Za-z0-9]){19,}[=_-]*"
_OTHERS = (
    # OpenAI's, Anthropic's and OpenRouter's: words with hyphens look alike, so that a digit must be among them.
    ("sk-", r"(?=[A-Za-z_-]{0,80}[0-9])[A-Za-z0-9_-]{20,}"),
    ("AKIA", r"[A-Z0-9]{16}(?![A-Z0-9])"),
    ("ASIA", r"[A-Z0-9]{16}(?![A-Z0-9])"),
    ("eyJ", r"[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?"),
)
_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z0-9 ]{0,40}-----|\Z)", re.DOTALL
)
_HEADER = re.compile(
    r"(bearer |authorization: basic |authorization: token )(?=.{0,60}[0-9])[a-z0-9._~+/-]{12,}=*", re.I
)
_URL_PASSWORD = re.compile(r"(://)[^\s/:@'\"<>]{0,200}:[^\s/@'\"<>]{1,200}(?=@)")


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    """One for each prefix.

    A token starts where no word goes on; an escaped line break, or an escaped character of a URL, may precede it.
    """
    shapes = [(prefix, more + _REST) for prefix, more in PREFIXES]
    return tuple(re.compile(_start(re.escape(prefix)) + rest) for prefix, rest in (*shapes, *_OTHERS))


def _start(prefix: str) -> str:
    """First the prefix, which is found fast, then what precedes it."""
    return rf"{prefix}(?:(?<![A-Za-z0-9]{prefix})|(?<=\\[nrt]{prefix})|(?<=%[0-9A-F]{{2}}{prefix}))"


def remove_tokens(text: str, instead: str) -> str:
    """The text with `instead` for everything that has the shape of a token, in time linear in the text."""
    for pattern in (_PRIVATE_KEY, *_patterns()):
        text = pattern.sub(instead, text)
    for pattern in (_HEADER, _URL_PASSWORD):
        text = pattern.sub(rf"\1{instead}", text)
    return text
