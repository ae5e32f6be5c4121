"""The pages in a real browser: whatever a stranger's names hold, nothing runs and nothing is fetched."""

from __future__ import annotations

import http.server
import io
import shutil
import subprocess
import threading
import wave
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PIL import Image

from suite.core.cell import Status
from suite.course.report import COLUMNS, write_course
from suite.records.run_folder import RunFolder
from suite.report import write_report
from suite.task.answer_sheet import AnswerSheet, Questions
from suite.task.sample_answer import SampleAnswer
from suite.tests.support.synthetic_run import cell, write_run

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed"), pytest.mark.network, pytest.mark.slow,
]  # fmt: skip
MARK = "document.documentElement.dataset.owned=1"
NASTY = [
    "<script>MARK</script><script src='URL/1.js'></script>",
    "\"><img src='URL/2.png' onerror=\"MARK\">",
    "' onmouseover='MARK' autofocus onfocus='MARK' x='",
    "javascript:MARK",
    "<svg onload=\"MARK\"><image href='URL/5.png'/></svg>",
    "{{ ''.__class__ }}{% include '/etc/passwd' %}<iframe srcdoc=\"<script>parent.MARK</script>\" src=URL/6></iframe>",
    "</style><style>@import 'URL/7.css'; body{background:url(URL/7.png)}</style>",
    "</title><base href='URL/'><link rel=stylesheet href='URL/8.css'><meta http-equiv=refresh content='0;url=URL/8'>",
    "</code></td></table><form action='URL/9'><input autofocus onfocus=\"MARK\"></form><video src='URL/9' autoplay>",
    "--><!--><object data='URL/10'></object><embed src='URL/10.swf'><audio src='URL/10.wav' autoplay onerror=\"MARK\">",
]  # fmt: skip
"""Each would run a script or fetch something where it stood in a page unescaped. MARK and URL are filled in."""


@dataclass
class Listener:
    """A server on the loopback interface, and the paths that were asked of it."""

    url: str = ""
    requests: list[str] = field(default_factory=list)

    def nasty(self) -> list[str]:
        return [text.replace("MARK", MARK).replace("URL", self.url) for text in NASTY]


@pytest.fixture
def listener() -> Iterator[Listener]:
    heard = Listener()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.requests.append(self.path)
            self.send_error(404)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    heard.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield heard
    server.shutdown()
    server.server_close()


def opened(page: Path, profile: Path) -> tuple[str, str]:
    """The page as the browser has it after it is loaded, and what the browser logged."""
    assert CHROMIUM is not None
    command = [
        CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
        f"--user-data-dir={profile}", "--enable-logging=stderr", "--virtual-time-budget=3000",
        "--dump-dom", page.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    return done.stdout, "\n".join(line for line in done.stderr.splitlines() if "CONSOLE" in line)


def owned(dom: str) -> bool:
    return "data-owned" in dom[: dom.index("<head")]


def sound() -> bytes:
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(800))
    return stream.getvalue()


def picture() -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(stream, "png")
    return stream.getvalue()


def pages(folder: Path, texts: list[str]) -> list[Path]:
    """A report and the page of a course in which each text stands wherever a stranger's can."""
    run = RunFolder(write_run(folder, capabilities=["translation"], cycles=2))
    for number, text in enumerate(texts):
        this = cell(text.replace("/", "|"), "eager", checkpoint=text.replace("/", "|"), architecture=text)
        run.append_rounds(this, [{"cycle": i, "order": 0, "latency_ms": [1.0, 2.0]} for i in range(2)])
        measured = {"accuracy": 0.5, "accuracy_stderr": 0.1, "latency_p50_ms": 1.5, "notes": {text: text}}
        run.append(this, "latency", Status.FAILED, text, measured)
        answer = SampleAnswer(str(number), text, text, text, picture(), sound())
        run.append_sample_answers(this, [answer])
    for number, text in enumerate([*texts, "other"]):  # models of one capability, compared in texts of theirs
        this = cell("translation", "eager", checkpoint=f"{text.replace('/', '|')}{number}")
        asked = Questions(["1", text], [text, "b"], [text, "b"], [[text], []])
        sheet = AnswerSheet(asked, [text, f"{text}{number}"], [1.0, 0.0], None, {text: 0.5}, one_label=True)
        run.append_answers(this, sheet, [picture(), None])
        run.append(this, "accuracy", Status.PASSED, text, {"accuracy": 0.5, "accuracy_stderr": 0.1, "samples": 2})
    run.append_sample_answers(cell("translation"), [SampleAnswer("0", "in", "truth", "answer", picture(), sound())])
    course = RunFolder.create(folder, "course")
    course.write_conditions({"run": "course", "courses": texts, "unread": dict.fromkeys(texts, "x"), "libraries": {}})
    for text in [*texts, "a.md"]:
        for verdict in ("works", "broken"):
            row = dict.fromkeys(COLUMNS, text) | {"document": text, "line": 1, "wall_s": 0.1, "verdict": verdict}
            course.append_example(row | {"example": f"{text}:{verdict}"})
    write_course(course.path)
    return [write_report([run.path], run.path), course.path / "course.html"]


def test_no_foreign_script_runs_and_no_request_leaves(tmp_path: Path, listener: Listener) -> None:
    for page in pages(tmp_path, listener.nasty()):
        dom, _ = opened(page, tmp_path / "profile")
        assert not owned(dom), page
        assert "</main>" in dom
    assert listener.requests == []


def test_the_policy_holds_even_where_a_text_is_not_escaped(tmp_path: Path, listener: Listener) -> None:
    report, course = pages(tmp_path, [])
    for page in (report, course):
        text = page.read_text(encoding="utf-8")
        planted = text.replace("</h1>", "</h1>" + "\n".join(f"<div>{one}</div>" for one in listener.nasty()[:7]))
        policy = text[text.index("<meta http-equiv") : text.index(">", text.index("<meta http-equiv")) + 1]
        page.write_text(planted.replace(policy, ""), encoding="utf-8")
        dom, _ = opened(page, tmp_path / "profile")
        assert owned(dom), "what is planted would run without the policy"
        assert listener.requests, "and would be fetched"
        listener.requests.clear()
        page.write_text(planted, encoding="utf-8")
        dom, _ = opened(page, tmp_path / "profile")
        assert not owned(dom)
        assert listener.requests == []


def test_the_policy_refuses_nothing_of_our_own(tmp_path: Path) -> None:
    for page in pages(tmp_path, []):
        dom, console = opened(page, tmp_path / "profile")
        assert "Content Security Policy" not in console
        if page.name == "report.html":
            assert '<img src="data:image/png' in dom
            assert "<audio controls" in dom
            assert "<svg" in dom
