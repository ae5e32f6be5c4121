"""The attack: an example sends its own replies. They cost that example alone, and the parent milliseconds."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from suite.course.documents.model import Example
from suite.course.documents.result import ExampleResult
from suite.course.sandbox import document_process, namespaces, outer_wall
from suite.course.sandbox.supervisor import SandboxSpec
from suite.course.stand_ins.network import new_authority
from suite.course.verdicts.document_state import DocumentState
from suite.course.verdicts.judge import judge
from suite.course.verdicts.verdict import Verdict

REASON = outer_wall.missing()
pytestmark = pytest.mark.skipif(REASON is not None, reason=f"there are no walls here: {REASON}")

SECONDS = 3.0
FIND_PIPE = """
import json, os, sys, threading, time
frame = sys._getframe()
while 'replies' not in frame.f_locals:
    frame = frame.f_back
pipe = frame.f_locals['replies'].fileno()
def send(text):
    data = text.encode('utf-8', 'surrogatepass')
    while data:
        data = data[os.write(pipe, data):]
"""
RESULT: dict[str, Any] = {
    "index": 0, "error": [], "message": "", "line": 0, "frames": [], "attributes": {}, "output": "", "values": [],
    "warnings": [], "notes": [], "termination": "",
}  # fmt: skip
NOTE = {"kind": "host", "subject": "a.example", "outcome": "refused", "details": {}}
FORGED = {
    "seven megabytes": "json.dumps({**result, 'message': 'x' * 7_000_000})",
    "blanks": "json.dumps({**result, 'error': ['ImportError'], 'message': ' ' * 8000})",
    "lone surrogate": """json.dumps({**result, 'message': 'X'}, ensure_ascii=False).replace('X', chr(0xd800))""",
    "escaped surrogate": "json.dumps({**result, 'message': chr(0xd800)})",
    "escape sequence": "json.dumps({**result, 'message': chr(27) + '[2J'})",
    "deep nesting": "'[' * 100_000",
    "deep nesting in a field": """json.dumps(result)[:-1] + ', "notes": ' + '[' * 100_000 + '}'""",
    "an error that is a text": "json.dumps({**result, 'error': 'ValueError'})",
    "an error that is a number": "json.dumps({**result, 'error': [1]})",
    "a line that is a text": "json.dumps({**result, 'line': '1'})",
    "a line beyond all": "json.dumps({**result, 'line': 10**1000})",
    "a line that is a float": "json.dumps({**result, 'line': 1e999})",
    "values without end": "json.dumps({**result, 'values': ['x'] * 100_000})",
    "warnings without end": "json.dumps({**result, 'warnings': ['deprecated'] * 100_000})",
    "an attribute that no error has": "json.dumps({**result, 'attributes': {'__class__': 'x'}})",
    "attributes that are texts": "json.dumps({**result, 'attributes': 'name'})",
    "a note that is none": "json.dumps({**result, 'notes': [{'kind': 'host', 'subject': []}]})",
    "a note of a million bits": "json.dumps({**result, 'notes': [note | {'details': {'x': 1 << 10**4}}]})",
    "a field too many": "json.dumps({**result, 'wall_s': -1e6})",
    "a field too few": "json.dumps({'index': 0})",
    "an end of its own": "json.dumps({**result, 'termination': 'x' * 1000})",
    "not a dictionary": "'[1, 2]'",
    "not JSON": "'{{{'",
    "not UTF-8": "chr(0xdcff)",
    "messages without end": "'{}' + chr(10) + ('{}' + chr(10)) * 1_000_000",
    "no line end": "'x' * 9_000_000",
}
"""Expressions for a forged message, in an example that has `result`, an honest one."""


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[document_process.DocumentProcess]:
    """A document's processes."""
    folder = tmp_path_factory.mktemp("document")
    certificate = folder / "stand-ins.pem"
    public, private = new_authority()
    certificate.write_bytes(public)
    zygote = document_process.open_zygote([], folder / "log.txt", certificate, [], str(folder))
    limits = namespaces.Limits(memory=2 * 2**30, disk=2**28, seconds=SECONDS)
    process = document_process.DocumentProcess(zygote, SandboxSpec(limits, str(folder), private))
    yield process
    process.close()
    zygote.close()


def run(process: document_process.DocumentProcess, *codes: str) -> list[ExampleResult]:
    """Examples, one after the other."""
    return [process.execute(index, Example("a.md", str(index), 1, code)) for index, code in enumerate(codes)]


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED)
def test_a_forged_reply_costs_its_example_alone(process: document_process.DocumentProcess, forged: str) -> None:
    code = f"{FIND_PIPE}\nresult = {RESULT!r}\nnote = {NOTE!r}\nsend({forged} + chr(10))\nos._exit(0)"
    used = time.thread_time()
    result = process.execute(0, Example("a.md", "0", 1, code))
    judgement = judge(Example("a.md", "0", 1, code), result, [], DocumentState())
    assert time.thread_time() - used < 10, "a linear reading takes about a tenth of a second"
    assert judgement.verdict is Verdict.BROKEN
    assert (result.termination, result.message) == ("invalid reply", "")
    assert run(process, "1 + 1")[0].values == ("2",)


def test_what_is_sent_ahead_does_not_answer_for_the_next_example(process: document_process.DocumentProcess) -> None:
    forged = {**RESULT, "index": 1, "values": ["'forged'"]}
    results = run(
        process,
        f"{FIND_PIPE}\nsend(json.dumps({forged!r}) + chr(10))\n'first'",
        "'second'",
        f"{FIND_PIPE}\nsend((json.dumps({forged | {'index': 3}!r}) + chr(10)) * 20)\n'third'",
        "'fourth'",
    )
    assert [result.values[-1:] for result in results] == [("'first'",), ("'second'",), ("'third'",), ("'fourth'",)]


def test_what_is_sent_between_two_examples_answers_for_neither(process: document_process.DocumentProcess) -> None:
    forged = json.dumps({**RESULT, "index": 1, "values": ["'forged'"]})
    late = f"def late():\n    time.sleep(0.5)\n    send({forged!r} + chr(10))\n"
    code = f"{FIND_PIPE}\n{late}threading.Thread(target=late, daemon=True).start()\n'first'"
    first = process.execute(0, Example("a.md", "0", 1, code))
    time.sleep(2)
    second = process.execute(1, Example("a.md", "1", 1, "'second'"))
    assert [result.values[-1:] for result in (first, second)] == [("'first'",), ("'second'",)]


def test_no_reply_lengthens_the_time_of_a_document(process: document_process.DocumentProcess) -> None:
    """Nor does the end that it tells of: the parent has a clock of its own."""
    forged = {**RESULT, "termination": "timeout"}
    code = f"{FIND_PIPE}\ntime.sleep(1.5)\nsend(json.dumps({forged!r}) + chr(10))\ntime.sleep(0.5)"
    begun = time.monotonic()
    result = process.execute(0, Example("a.md", "0", 1, code))
    assert 1.5 <= result.wall_s <= round(time.monotonic() - begun, 3)


def test_an_example_that_takes_no_request_is_not_waited_for_for_ever(
    process: document_process.DocumentProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request that is longer than a pipe holds cannot be sent to processes that all stand still."""
    monkeypatch.setattr(document_process, "GRACE", 1.0)
    still = (
        "import os, signal, time\nif os.fork() == 0:\n    if os.fork() == 0:\n        os.setsid()\n"
        "        time.sleep(0.5)\n        os.kill(-1, signal.SIGSTOP)\n    os._exit(0)\nos.wait()"
    )
    long = "x = 1  # " + "x" * 1_000_000
    assert run(process, still)[0].termination == ""
    time.sleep(1)
    begun = time.monotonic()
    result = process.execute(1, Example("a.md", "1", 1, long))
    assert time.monotonic() - begun < 60
    assert result.termination or not result.error
    assert run(process, "1 + 1")[0].values == ("2",)


def test_another_document_is_out_of_reach(process: document_process.DocumentProcess) -> None:
    """What an example does to its own process, and to every descriptor that it has, another document never sees."""
    other = document_process.DocumentProcess(process._zygote, process._spec)
    try:
        spoil = (
            "import builtins, json, os, sys\nbuiltins.len = builtins.print = builtins.repr = lambda *_: 'spoilt'\n"
            "sys.modules['math'] = sys.modules['suite.course.sandbox.execute'] = None\n"
            f"message = json.dumps({RESULT | {'values': ['spoilt']}!r}).encode() + bytes([10])\n"
            "for number in map(int, os.listdir('/proc/self/fd')):\n    try:\n"
            "        os.set_blocking(number, False)\n        os.write(number, message)\n"
            "    except OSError:\n        pass"
        )
        run(process, spoil)
        results = run(other, "import math\nlen('abc'), repr(math.floor(2.5))", "2 + 2")
        assert [result.values for result in results] == [("(3, '2')",), ("4",)]
    finally:
        other.close()


def test_the_next_example_of_the_document_has_what_the_first_left(process: document_process.DocumentProcess) -> None:
    """As in a notebook: both are of one author. This is not held apart, and the README says so."""
    results = run(process, "import builtins\nbuiltins.answer = 42", "answer")
    assert results[1].values == ("42",)


def test_an_honest_reply_is_never_too_long(process: document_process.DocumentProcess) -> None:
    """Whatever an example prints, shows, raises or warns of is cut before it is sent."""
    process.close()  # what forged messages above may still be at work
    process._open()
    code = (
        "import warnings\nface = chr(0x1f600) * 30_000\n"
        "for number in range(300):\n    warnings.warn(f'{number}' + chr(0) + chr(0xd800) + face)\n"
        + "face\n" * 40
        + "''\n" * 700
        + "print(chr(27) + face)\nraise ValueError(chr(0xd800) + chr(27) + face)"
    )
    result = process.execute(0, Example("a.md", "0", 1, code))
    assert (result.termination, result.error[:1]) == ("", ("ValueError",))
    assert json.dumps(result.message).isascii()
    result.message.encode()
