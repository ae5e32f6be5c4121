"""Checkpoints of the Hub, from a Hub on this machine and from a cache, in processes of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from suite.tests.support import made_checkpoints as made
from suite.tests.support.made_hub import SHA, run, serve

NO_HUB = "http://127.0.0.1:9"

FETCH = """
import json, sys, time
from suite.core.errors import CheckpointError
from suite.subjects.hub import fetch
time.sleep = lambda seconds: None  # between retries
answers = []
for repo, revision in json.loads(sys.argv[1]):
    try:
        answers.append(sorted(file.name for file in fetch(repo, revision).iterdir()))
    except CheckpointError as error:
        answers.append(str(error))
print(json.dumps(answers))
"""

OPEN = """
import json, sys
from suite.task import Checkpoint
from suite.tests.support import made_checkpoints as made
from suite.subjects import Source, open_subject
from suite.subjects.model_option import match
matches = match("org/good", [made.Moods()])
subject = open_subject(matches[0][2], matches[0][0])
shape = list(subject.load_model()(**subject.example()).logits.shape)
print(json.dumps([matches[0][1].revision, subject.directory.parent.name, shape]))
"""


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = made.classifier(tmp_path_factory.mktemp("good"))
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.fixture(scope="module")
def hub(checkpoint: dict[str, bytes]) -> Iterator[tuple[str, list[str]]]:
    extra = {
        "pytorch_model.bin": b"a pickle",
        "modeling.py": b"raise SystemExit",
        "onnx/model.onnx": b"onnx",
        "README.md": b"",
    }
    pickled = {"config.json": checkpoint["config.json"], "pytorch_model.bin": b"a pickle"}
    empty = {"config.json": checkpoint["config.json"]}
    with serve({"org/good": checkpoint | extra, "org/pickled": pickled, "org/empty": empty}) as served:
        yield served


def test_what_is_fetched_and_what_is_refused(hub: tuple[str, list[str]], tmp_path: Path) -> None:
    endpoint, paths = hub
    requests = [
        ("org/good", SHA),
        ("org/pickled", SHA),
        ("org/empty", SHA),
        ("org/gated", SHA),
        ("org/missing", SHA),
        ("org/private", SHA),
        ("org/good", "no-such-revision"),
        ("not a name", SHA),
    ]
    good, pickled, empty, gated, missing, private, revision, name = run(FETCH, tmp_path, endpoint, requests)
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= set(good)
    assert not {"pytorch_model.bin", "modeling.py", "onnx", "README.md"} & set(good)
    assert not [path for path in paths if path.endswith((".bin", ".py", ".onnx"))]
    assert "has no safetensors, only pickles (pytorch_model.bin)" in pickled
    assert "org/empty at revision" in empty
    assert "holds no weights" in empty
    assert "org/gated is gated: accept its terms at https://huggingface.co/org/gated" in gated
    assert "The Hub has no checkpoint org/missing, or it is private" in missing
    assert "hf auth login" in private
    assert "org/good has no revision no-such-revision" in revision
    assert "'not a name' is not a name that the Hub could know" in name


def test_a_fetched_checkpoint_opens_and_later_needs_no_network(hub: tuple[str, list[str]], tmp_path: Path) -> None:
    expected = [SHA, "snapshots", [2, 2]]
    assert run(OPEN, tmp_path, hub[0]) == expected
    assert run(OPEN, tmp_path, None) == expected


def test_no_network_and_nothing_cached(tmp_path: Path) -> None:
    requests = [("org/good", SHA), ("org/good", "main")]
    for answer in run(FETCH, tmp_path, None, requests):
        assert "is not completely in the local cache and HF_HUB_OFFLINE forbids" in answer
    for answer in run(FETCH, tmp_path, NO_HUB, requests):
        assert "cannot be reached: connect once" in answer


def test_a_cache_that_only_has_the_config(tmp_path: Path, checkpoint: dict[str, bytes]) -> None:
    snapshot = tmp_path / "hub" / "models--org--good" / "snapshots" / SHA
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_bytes(checkpoint["config.json"])
    (answer,) = run(FETCH, tmp_path, None, [("org/good", SHA)])
    assert "is not completely in the local cache and HF_HUB_OFFLINE" in answer
    (answer,) = run(FETCH, tmp_path, NO_HUB, [("org/good", SHA)])
    assert "is not completely in the local cache and the Hub cannot be reached" in answer


def test_a_cached_pickle_is_refused(tmp_path: Path, checkpoint: dict[str, bytes]) -> None:
    snapshot = tmp_path / "hub" / "models--org--good" / "snapshots" / SHA
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_bytes(checkpoint["config.json"])
    (snapshot / "pytorch_model.bin").write_bytes(b"a pickle")
    (answer,) = run(FETCH, tmp_path, None, [("org/good", SHA)])
    assert "only pickles (pytorch_model.bin)" in answer
