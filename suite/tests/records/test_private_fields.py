"""No secret reaches a file of a run, whichever way it comes; and what the suite names itself is not touched."""

from __future__ import annotations

import json
import urllib.parse
from pathlib import Path

import pytest

from suite.core.cell import Status
from suite.course.report import COLUMNS, write_course
from suite.course.run import CourseRun
from suite.course.sandbox.namespaces import Limits
from suite.records.columns import join
from suite.records.run_folder import RunFolder
from suite.report import write_report
from suite.task.sample_answer import SampleAnswer
from suite.tests.support.synthetic_run import cell
from suite.worker.failures import failure

TAIL = "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bD1fG3hJ5"
ENVIRONMENT = {
    "GITHUB_PAT": "pat with 'quotes' and \\ slashes",
    "DEPLOY_CREDENTIAL": "first line\nsecond line",
    "STORE_PASSWD": "corr&ct horse",
    "DATABASE": "postgres://jane:dbpass%40word@db.example/x",
    "OPENAI_KEY_2": "key-of-the-second-account",
    "HF_TOKEN": "plain-old-token-of-a-user",
}


def plants() -> dict[str, tuple[str, str]]:
    """By kind: the text in which a secret comes, and the part of it that must not be seen."""
    return {
        "a worker's error": (f"401 for {ENVIRONMENT['GITHUB_PAT']}", "slashes"),
        "a checkpoint's name": (f"hf_{TAIL[:34]}", TAIL[:20]),
        "a line of a course's log": (f"export GLPAT=glpat-{TAIL[:20]}", TAIL[:20]),
        "a warning": (json.dumps({"auth": ENVIRONMENT["DEPLOY_CREDENTIAL"]}), "second line"),
        "an example's output": (f"sk-ant-api03-{TAIL}-{TAIL}", TAIL),
        "a note": (f"GET /?password={urllib.parse.quote_plus(ENVIRONMENT['STORE_PASSWD'])}", "ct+horse"),
        "a model's answer": (f"AIza{TAIL[:35]}", TAIL[:20]),
        "an unread document": ("login of jane with dbpass@word failed", "dbpass"),
        "the code of an example": (f"client('{ENVIRONMENT['OPENAI_KEY_2']}')", "second-account"),
        "a private key": (f"-----BEGIN PRIVATE KEY-----\n{TAIL}\n-----END PRIVATE KEY-----", TAIL),
        "a proxy": ("http://joe:s3cretw0rd@proxy.example:3128 refused", "s3cretw0rd"),
        "a plain token": (f"token {ENVIRONMENT['HF_TOKEN']}", "old-token"),
    }


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    return RunFolder.create(tmp_path, "run")


def test_no_secret_reaches_a_file(folder: RunFolder) -> None:
    texts = {kind: text for kind, (text, _) in plants().items()}
    log = folder.path / "log.txt"
    log.write_text(texts["a line of a course's log"] + "\n")
    folder.write_conditions({
        "run": "run", "finished": "now", "warnings": [texts["a warning"]],
        "unread": {"a.md": texts["an unread document"]},
    })  # fmt: skip
    this = cell(checkpoint=texts["a checkpoint's name"])
    folder.append(this, "conformance", Status.ERROR, failure(RuntimeError(texts["a worker's error"])).value, {
        "notes": {"cache": [texts["a note"], texts["a private key"]]},
    })  # fmt: skip
    folder.append(this, "latency", Status.ERROR, f"{texts['a proxy']}, {texts['a plain token']}", {})
    folder.append_rounds(this, [{"block": this.group, "cycle": 0, "order": 0, "latency_ms": [1.0]}])
    folder.append_sample_answers(this, [SampleAnswer("1", "in", "truth", texts["a model's answer"], None, None)])
    row = dict.fromkeys(COLUMNS, "") | {"example": "a.md:1", "document": "a.md", "verdict": "broken", "wall_s": 0.1}
    output = "it printed " + texts["an example's output"]
    folder.append_example(row | {"text": texts["the code of an example"], "sentence": output})
    write_report([folder.path], folder.path)
    write_course(folder.path)
    CourseRun([], Limits(memory=1, seconds=1), log).close()
    contents = {
        file.name: file.read_bytes().decode("utf-8", "replace") for file in folder.path.iterdir() if file.is_file()
    }
    leaks = {
        kind: [name for name, content in contents.items() if secret in content or json.dumps(secret)[1:-1] in content]
        for kind, (_, secret) in plants().items()
    }
    assert {kind: names for kind, names in leaks.items() if names} == {}


def test_the_names_of_a_cell_agree_after_a_secret_is_removed(folder: RunFolder) -> None:
    this = cell(checkpoint=f"hf_{TAIL}")
    folder.write_conditions({"cells": [this.id], "fingerprints": {this.group: "0"}})
    folder.append(this, "latency", Status.PASSED, "", {})
    folder.append_rounds(this, [{"block": this.group, "cycle": 0, "order": 0, "latency_ms": [1.0]}])
    row = folder.rows()[0]
    group = f"{this.capability}/<secret>"
    assert row["cell"] == f"{group}/eager" == folder.rounds()[0]["cell"] == folder.conditions()["cells"][0]
    assert row["checkpoint"] == "<secret>"
    assert folder.rounds()[0]["block"] == group
    assert list(folder.conditions()["fingerprints"]) == [group]


@pytest.mark.parametrize(
    "host", ["eager", "passed", "latency", "text", "cells", "gpt2", "sentiment-analysis", "run", "cpu"]
)
def test_a_host_may_be_called_like_anything_of_ours(host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def written(name: str) -> tuple[dict, dict, dict, dict]:
        folder = RunFolder.create(tmp_path / name, "run")
        this = cell(checkpoint="gpt2", checkpoint_id="gpt2")
        folder.write_conditions({"device": "cpu", "weights": "miniature", "cells": [this.id]})
        folder.append(this, "latency", Status.PASSED, "", {"latency_p50_ms": 1.0, "metrics": {"text": 0.5}})
        folder.append_rounds(this, [{"block": this.group, "cycle": 0, "order": 0, "latency_ms": [1.0]}])
        folder.append_example(
            {"example": "chat/eager.md:3", "document": "chat/eager.md", "verdict": "works", "sentence": ""}
        )
        return join(folder.rows())[0], folder.rounds()[0], folder.examples()[0], folder.conditions()

    before = written("before")
    monkeypatch.setattr("platform.node", lambda: host)
    assert written("after") == before


def test_free_text_names_no_host(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.node", lambda: "eager")
    folder.append(cell(), "latency", Status.ERROR, "eager: no space left", {"notes": {"where": ["on eager"]}})
    row = folder.rows()[0]
    assert row["reason"] == "<host>: no space left"
    assert row["notes"] == {"where": ["on <host>"]}
    assert row["backend"] == "eager"


def test_no_control_character_is_recorded(folder: RunFolder) -> None:
    folder.append(cell(checkpoint="a\x1b[2Jb"), "latency", Status.ERROR, "x\x1b]0;title\x07\x9b\u202e\ud800\r\nz", {})
    row = folder.rows()[0]
    assert row["reason"] == "x\\x1b]0;title\\x07\\x9b\\u202e\\ud800\nz"
    assert row["checkpoint"] == "a\\x1b[2Jb"
