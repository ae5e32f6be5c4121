"""Apps are started, asked and stopped; big work is capped, and a note says so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from suite.course.sandbox import app_servers, workload_limits

flask = pytest.importorskip("flask", reason="flask is part of the extra course")


def test_an_app_is_visited_and_stopped() -> None:
    app = flask.Flask("a")
    requests: list[str] = []

    def home() -> str:
        requests.append("GET")
        return "hello"

    def generate() -> dict[str, str]:
        requests.append(flask.request.json["prompt"])
        return {"generated_text": "hello"}

    app.add_url_rule("/", view_func=home)
    app.add_url_rule("/generate", view_func=generate, methods=["POST"])
    app_servers._run_flask(app, port=5000)
    assert sorted(requests) == sorted(["GET", app_servers.TEXT])


def test_an_app_that_fails_at_its_first_visit_is_no_working_example() -> None:
    app = flask.Flask("a")

    def home() -> str:
        return str(1 / 0)

    app.add_url_rule("/", view_func=home)
    with pytest.raises(RuntimeError, match="GET / with status 500"):
        app_servers._run_flask(app)


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the caps write what they did."""
    monkeypatch.setattr(workload_limits, "_notes", tmp_path / "notes.jsonl")
    return workload_limits._notes


@pytest.mark.parametrize(("tokens", "made", "capped"), [(10, 10, False), (500, workload_limits.TOKENS, True)])
def test_generation_stops_after_some_tokens_and_notes_it(notes: Path, tokens: int, made: int, capped: bool) -> None:
    import torch

    def generate(**options: Any) -> int:
        for number in range(1, tokens + 1):
            ids = torch.zeros((2, number), dtype=torch.long)
            if all(bool(criterion(ids, None).all()) for criterion in options["stopping_criteria"]):
                return number
        return tokens

    assert workload_limits._generate(generate, None, (), {}) == made
    assert notes.exists() is capped
    if capped:
        assert json.loads(notes.read_text())["outcome"] == f"stopped after {workload_limits.TOKENS} tokens"


def test_a_prompt_that_takes_a_stand_in_more_tokens_is_given_room(notes: Path) -> None:
    def generate(**options: Any) -> int:
        if "max_length" in options:
            raise ValueError("Input length of input_ids is 21, but `max_length` is set to 20.")
        return int(options["max_new_tokens"])

    assert workload_limits._generate(generate, None, (), {"max_length": 20}) == workload_limits.FEW_TOKENS
    assert "beyond the prompt" in json.loads(notes.read_text())["outcome"]

    def fail(**options: Any) -> int:
        raise ValueError("another")

    with pytest.raises(ValueError, match="another"):
        workload_limits._generate(fail, None, (), {"max_length": 20})


@pytest.mark.parametrize(
    ("steps", "left", "capped"), [(-1, workload_limits.STEPS, True), (1000, workload_limits.STEPS, True), (2, 2, False)]
)
def test_training_is_capped_in_steps(notes: Path, steps: int, left: int, capped: bool) -> None:
    class Trainer:
        class args:  # noqa: N801 - as the Trainer names it
            max_steps = steps

    workload_limits._train(lambda **_: None, Trainer, (), {})
    assert Trainer.args.max_steps == left
    assert notes.exists() is capped
