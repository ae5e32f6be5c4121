"""What is removed from texts: secrets by name and by shape, in every form, and nothing that is none."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from urllib.parse import quote

import pytest

from suite.core import privacy
from suite.core.privacy import environment_secrets, scrub, scrub_file, scrub_name

LETTERS = "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bD1fG3hJ5kL7n"


@pytest.fixture(autouse=True)
def _no_secrets_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if privacy._names_credential(name.upper()):
            monkeypatch.delenv(name)


@pytest.mark.parametrize(
    "name",
    [
        "HF_TOKEN", "OPENAI_API_KEY", "AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "GITHUB_PAT", "DB_PASSWORD",
        "DB_PASSWD", "MYSQL_PWD", "GCP_CREDENTIALS", "REGISTRY_AUTH", "SECRET_2", "apikey", "ssh_passphrase",
    ],
)  # fmt: skip
def test_a_value_is_a_secret_by_its_variables_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "cor'rect\\horse 1/2")
    for form in (
        "cor'rect\\horse 1/2", json.dumps("cor'rect\\horse 1/2"), repr("cor'rect\\horse 1/2"),
        quote("cor'rect\\horse 1/2"), quote("cor'rect\\horse 1/2", safe=""),
    ):  # fmt: skip
        text = scrub(f"before {form} after")
        assert "horse" not in text
        assert text.startswith("before ")
        assert text.endswith(" after")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PATH", "translation"), ("TOKENIZERS_PARALLELISM", "translation"), ("PWD", "translation"),
        ("KEYBOARD_LAYOUT", "translation"), ("GIT_AUTHOR", "translation"), ("PATTERN", "translation"),
        ("CI_KEY", "eager"), ("CACHE_KEY", "chat"), ("AUTH", "none"), ("MAX_TOKENS", "100000"),
        ("KEY_VERSION", "2.13.0"), ("SSL_KEY_FILE", "/usr"), ("SECRET", ""), ("COMPASS", "translation"),
    ],
)  # fmt: skip
def test_what_is_no_secret_stays(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    text = f"translation of 100000 tokens on eager: chat 2.13.0 in /usr {value}"
    assert scrub(text) == text


def test_passwords_in_urls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE", "postgres://jane:hunter%402x@db.example/x")
    assert environment_secrets() == ["hunter%402x", "hunter@2x"] or "hunter@2x" in environment_secrets()
    assert "hunter" not in scrub("login failed for hunter@2x; quoted hunter%402x")
    assert scrub("proxy http://joe:s3cret-word@proxy.example:3128/ refused") == (
        "proxy http://<secret>@proxy.example:3128/ refused"
    )
    assert scrub("see https://example.org:8080/a@b") == "see https://example.org:8080/a@b"


TOKENS = {
    "Hugging Face": "hf_" + LETTERS[:34],
    "OpenAI": "sk-" + LETTERS,
    "OpenAI project": "sk-proj-" + LETTERS + "_" + LETTERS,
    "Anthropic": "sk-ant-api03-" + LETTERS + "-" + LETTERS,
    "GitHub": "ghp_" + LETTERS[:36],
    "GitHub fine-grained": "github_pat_11" + LETTERS[:20] + "_" + LETTERS,
    "GitLab": "glpat-" + LETTERS[:20],
    "AWS": "AKIA" + "IOSFODNN7EXAMPLQ",
    "Google": "AIza" + LETTERS[:35],
    "Slack": "xoxb-123456789012-1234567890123-" + LETTERS[:24],
    "npm": "npm_" + LETTERS[:36],
    "PyPI": "pypi-AgEIcHlwaS5vcmc" + LETTERS * 2,
    "JSON Web Token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0." + LETTERS,
    "private key": f"-----BEGIN RSA PRIVATE KEY-----\n{LETTERS}\n{LETTERS}\n-----END RSA PRIVATE KEY-----",
}


@pytest.mark.parametrize("kind", TOKENS)
def test_tokens_are_known_by_their_shape(kind: str) -> None:
    token = TOKENS[kind]
    for text in (
        token,
        f"refused: {token}.",
        json.dumps(f"line\n{token}"),
        f'{{"key": "{token}"}}',
        f"?t=%20{token}&x=1",
    ):
        scrubbed = scrub(text)
        assert LETTERS[:16] not in scrubbed, text
        assert token[:24] not in scrubbed
        assert "<secret>" in scrubbed


@pytest.mark.parametrize(
    "text",
    [
        "hf_hub_download and sk-learn-intelex-for-benchmarks, mask-language-modeling-task-1234567890",
        "sentence-transformers/all-MiniLM-L6-v2 at 4e53496f0123456789abcdef0123456789abcdef",
        "exhibits/0123456789abcdef.png", "gpt2-medium/onnx-int8", "risk-of-something-very-long-2024-01-01",
        "-----BEGIN CERTIFICATE----- is public", "AKIA", "npm_config_cache", "Bearer of bad news",
    ],
)  # fmt: skip
def test_words_that_look_a_little_like_tokens_stay(text: str) -> None:
    assert scrub(text) == text


def test_the_patterns_are_linear() -> None:
    pieces = (
        "sk-", "sk-a", "://", "://a:", "eyJ", "eyJaaaaaaaaa.", "-----BEGIN PRIVATE KEY-----", "hf_", "Bearer ",
        "-----BEGIN ", "%20", "SG.", "/home/", " ",
    )  # fmt: skip
    for piece in pieces:
        start = time.process_time()
        scrub(piece * (200_000 // len(piece)))
        assert time.process_time() - start < 20, piece


def test_a_name_keeps_words_that_are_also_the_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.node", lambda: "eager")
    assert scrub("on eager") == "on <host>"
    assert scrub_name("org/eager") == "org/eager"
    assert scrub_name("docs/home/index.md") == "docs/home/index.md"
    assert scrub_name("/home/jane/model") == "~/model"
    assert scrub_name("../../home/jane/x.md") == "../..~/x.md"


def test_a_file_is_scrubbed_in_blocks_and_keeps_what_is_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(privacy, "_BLOCK", 256)
    path = tmp_path / "log.txt"
    lines = [f"{number}\r\n".encode() + b"\xff caf\xc3\xa9\n" for number in range(300)]
    path.write_bytes(b"".join(lines))
    scrub_file(path)
    assert path.read_bytes() == b"".join(lines)
    secret = TOKENS["private key"].replace(LETTERS, "\n".join([LETTERS] * 2)).encode()
    path.write_bytes(b"".join(lines[:150]) + secret + b"\n" + TOKENS["GitHub"].encode() + b"\n" + b"".join(lines[150:]))
    path.chmod(0o640)
    scrub_file(path)
    assert path.read_bytes() == b"".join(lines[:150]) + b"<secret>\n<secret>\n" + b"".join(lines[150:])
    assert path.stat().st_mode & 0o777 == 0o640
    assert [one.name for one in tmp_path.iterdir()] == ["log.txt"]
    scrub_file(tmp_path / "missing.txt")
