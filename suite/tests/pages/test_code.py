"""The Python on the pages: each example is run against the real interfaces."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from suite.backends import REGISTRY, get_backend
from suite.core.files import project_root
from suite.course.documents.reader import read_document
from suite.task import discovery
from suite.tests.pages.reading import pages
from suite.tests.support.tiny_models import batch_for, make_batch, make_subject

ROOT = project_root()


def code(page: str) -> list[str]:
    """The Python examples of a page, in order; calls in the middle of a sentence are none."""
    return [example.code for example in read_document(ROOT / page, page).examples if example.kind == "block"]


def test_every_example_is_tried_here() -> None:
    tried = {"suite/backends/README.md": 2, "tasks/README.md": 2, "results/README.md": 1}
    assert {str(page): len(code(str(page))) for page in pages() if code(str(page))} == tried


def test_the_backend_works() -> None:
    import torch

    example, line = code("suite/backends/README.md")
    names: dict[str, Any] = {"__name__": "autocast"}
    exec(compile(example, "suite/backends/README.md", "exec"), names)
    backend = names["Autocast"]()
    batch = make_batch(2, 9)
    ours = backend.prepare(make_subject("distilbert"), None)(batch)[0]
    expected = get_backend("eager").prepare(make_subject("distilbert"), None)(batch)[0]
    distance = float((ours.float() - expected).abs().max() / expected.abs().max())
    assert 0 < distance <= backend.tolerance.fidelity
    generated = backend.prepare(make_subject("gpt2"), None).generate(batch_for("gpt2"), max_new_tokens=3)
    assert isinstance(generated, torch.Tensor)

    lines = dict(REGISTRY)
    exec(compile(line, "suite/backends/README.md", "exec"), {"REGISTRY": lines})
    assert lines["autocast"] == f"suite.backends.autocast:{type(backend).__name__}"


def test_the_capability_and_its_world_work(tmp_path: Path) -> None:
    task, world = code("tasks/README.md")
    for folder in ("text", "worlds"):
        (tmp_path / folder).mkdir()
    shutil.copy(ROOT / "tasks" / "worlds" / "grammar.py", tmp_path / "worlds")
    (tmp_path / "worlds" / "messages.py").write_text(world)
    (tmp_path / "text" / "bait_detection.py").write_text(task)
    (detection,) = discovery.load_tasks(tmp_path).values()
    truths = [sample.truth for sample in detection.samples()]
    assert set(truths) == set(detection.labels)
    assert 0.4 < detection.chance(truths) < 0.6
    assert detection.accuracy(truths, truths) == 1.0
    some = discovery.load_module(tmp_path, "worlds.messages").some
    assert not {text.text for text in some("train")} & {sample.input for sample in detection.samples()}


def test_the_baseline_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    (example,) = code("results/README.md")
    monkeypatch.chdir(ROOT / "results" / "baselines" / "epyc-2-cores")
    names: dict[str, Any] = {}
    exec(compile(example, "results/README.md", "exec"), names)
    assert len(names["cells"]) == 256


def test_the_samples_are_read() -> None:
    (line,) = re.findall(r"```json\n(.*?)\n```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    sample = discovery.load_tasks(ROOT / "tasks")["sentiment-analysis"].from_json(json.loads(line), 0, ROOT)
    assert sample.truth == "negative"
