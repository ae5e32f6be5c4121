"""Real evaluation data, from a Hub on this machine and from its cache."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from suite.core.errors import CheckpointError
from suite.subjects.hub_samples import load_samples
from suite.task import HubDataset
from suite.tests.support import made_checkpoints as made
from suite.tests.support.made_hub import SHA, run, serve

CARD = b"""---
configs:
- config_name: default
  data_files:
  - split: train
    path: data/train-*
  - split: test
    path: data/test-*
- config_name: other
  data_files:
  - split: test
    path: other/test-*
---
"""

LOAD = """
import json, sys
from suite.core.errors import CheckpointError
from suite.task import HubDataset
from suite.tests.support.made_checkpoints import Moods
from suite.subjects.hub_samples import load_samples
answers = []
for values in json.loads(sys.argv[1]):
    task = Moods()
    task.dataset = HubDataset(**values)
    try:
        answers.append([[sample.id, sample.input, sample.truth] for sample in load_samples(task)])
    except CheckpointError as error:
        answers.append(str(error))
print()
print(json.dumps(answers))
"""


def parquet(tmp_path: Path, rows: list[tuple[str, int]]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet

    sentences, labels = zip(*rows, strict=True)
    file = tmp_path / "rows.parquet"
    pa.parquet.write_table(pa.table({"sentence": list(sentences), "label": list(labels)}), file)
    return file.read_bytes()


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[tuple[str, list[str]]]:
    files = {
        "README.md": CARD,
        "data/train-00000-of-00001.parquet": parquet(tmp_path, [("never", 1)] * 9),
        "data/test-00000-of-00001.parquet": parquet(tmp_path, [("a", 0), ("", 1), ("b", 1), ("c", 0), ("d", 0)]),
        "other/test-00000-of-00001.parquet": parquet(tmp_path, [("other", 1)]),
    }
    files["more/test.jsonl.gz"] = gzip.compress(b'{"sentence": "zipped", "label": 1}\n')
    with serve({"org/data": files}) as served:
        yield served


def values(**changes: Any) -> dict[str, Any]:
    return asdict(HubDataset("org/data", revision=SHA, split="test", limit=3)) | changes


def test_the_first_rows_become_samples(hub: tuple[str, list[str]], tmp_path: Path) -> None:
    endpoint, paths = hub
    rows = [["test-0", "a", "GOOD"], ["test-2", "b", "BAD"], ["test-3", "c", "GOOD"]]
    alone = values(files="data/test-*.parquet")
    assert run(LOAD, tmp_path, endpoint, [alone]) == [rows]
    assert not [path for path in paths if "train" in path and "resolve" in path]
    compressed = values(files="more/test.jsonl.gz", split="validation")
    other = values(name="other")
    requests = [
        other,
        compressed,
        values(files="nowhere/*"),
        values(split="dev"),
        values(id="org/missing"),
        values(id="org/gated"),
    ]
    named, lines, nowhere, split, missing, gated = run(LOAD, tmp_path, endpoint, requests)
    assert named == [["test-0", "other", "BAD"]]
    assert lines == [["validation-0", "zipped", "BAD"]]
    assert "compare the task with https://huggingface.co/datasets/org/data" in nowhere
    assert "The split dev of org/data" in split
    assert "The Hub has no data set org/missing" in missing
    assert "gated: see https://huggingface.co/datasets/org/gated" in gated
    assert run(LOAD, tmp_path, None, [alone, other, compressed]) == [rows, named, lines]
    (answer,) = run(LOAD, tmp_path / "empty", None, [values()])
    assert "org/data" in answer
    assert "cannot be" in answer or "HF_HUB_OFFLINE" in answer


def test_without_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(made.Moods, "dataset", None)
    with pytest.raises(CheckpointError, match=r"moods names no evaluation data.*--samples"):
        load_samples(made.Moods())


def test_data_of_another_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("suite.subjects.hub_samples._rows", lambda dataset: iter([{"sentence": "", "label": 0}]))
    with pytest.raises(CheckpointError, match="No row of org/data"):
        load_samples(made.Moods())


def test_limit_and_ids_do_not_depend_on_rows_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"sentence": text, "label": 0} for text in ("a", "", "b", "c", "d")]
    monkeypatch.setattr("suite.subjects.hub_samples._rows", lambda dataset: iter(rows))
    assert [sample.id for sample in load_samples(made.Moods())] == ["test-0", "test-2", "test-3"]
