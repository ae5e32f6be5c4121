"""Checkpoints made to break what reads them: `--model` refuses each in a sentence, in little time and memory."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from suite.core.errors import CheckpointError, UsageError, sentence
from suite.subjects import open_subject
from suite.subjects.answer_files import sampled_fingerprint
from suite.subjects.model_option import match
from suite.subjects.source import miniature_folder
from suite.task import Task
from suite.task.discovery import tasks_root
from suite.tests.conftest import Touchstone
from suite.tests.support import made_checkpoints as made

TASKS: tuple[Task, ...] = (made.Moods(), made.Stories(), made.Vectors())
WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
DEEP = '{"a":' * 100_000 + "1" + "}" * 100_000
SECONDS = 20.0


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made.classifier(tmp_path_factory.mktemp("made"))


@pytest.fixture
def model(classifier: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(classifier, tmp_path / "model"))


def configured(**values: Any) -> Callable[[Path], None]:
    def spoil(model: Path) -> None:
        file = model / "config.json"
        file.write_text(json.dumps({**json.loads(file.read_text()), **values}))

    return spoil


def written(name: str, text: str) -> Callable[[Path], None]:
    def spoil(model: Path) -> None:
        (model / name).write_text(text)

    return spoil


def headed(raw: str, length: int | None = None) -> Callable[[Path], None]:
    """The weights behind another header."""

    def spoil(model: Path) -> None:
        raw_bytes = raw.encode("utf-8", "surrogateescape")
        (model / WEIGHTS).write_bytes(struct.pack("<Q", length or len(raw_bytes)) + raw_bytes + bytes(8))

    return spoil


def tensor(offsets: str, shape: str = "[2]", dtype: str = '"F32"', name: str = "a") -> Callable[[Path], None]:
    return headed(f'{{"{name}": {{"dtype": {dtype}, "shape": {shape}, "data_offsets": {offsets}}}}}')


def indexed(text: str) -> Callable[[Path], None]:
    def spoil(model: Path) -> None:
        (model / WEIGHTS).rename(model / "model-00001-of-00001.safetensors")
        (model / INDEX).write_text(text)

    return spoil


def linked(name: str, target: str) -> Callable[[Path], None]:
    def spoil(model: Path) -> None:
        (model / name).unlink(missing_ok=True)
        (model / name).symlink_to(target)

    return spoil


def stored_as_integers(model: Path) -> None:
    tensors = {name: (1000 * value).astype(np.int32) for name, value in load_file(model / WEIGHTS).items()}
    save_file(tensors, model / WEIGHTS, metadata={"format": "pt"})


REFUSED: dict[str, tuple[Callable[[Path], None], str]] = {
    "config-nested": (written("config.json", DEEP), "nests too deeply"),
    "config-list-nested": (written("config.json", "[" * 100_000), "nests too deeply"),
    "config-of-digits": (written("config.json", f'{{"a": {"9" * 5000}}}'), "not valid JSON"),
    "config-large": (written("config.json", f'{{"a": "{"a" * 30_000_000}"}}'), "larger than 25 MB"),
    "config-loop": (linked("config.json", "config.json"), "has no config.json"),
    "architecture-control-characters": (configured(architectures=["\x1b]0;x\x07Bert"]), "is a \\x1b]0;x\\x07Bert"),
    "architecture-lone-surrogate": (configured(architectures=["Bert\ud800"]), "is a Bert\\ud800"),
    "architecture-1-mb": (configured(architectures=["B" * 1_000_000]), "BBB... (1,000,000 characters), which"),
    "architecture-nested": (configured(architectures=[[[[]]]]), "is not a text"),
    "architecture-number": (configured(architectures=[1]), "is not a text"),
    "architecture-object": (configured(architectures={"a": 1}), "does not say which architecture"),
    "remote-code": (
        configured(architectures=["Mine"], auto_map={"AutoConfig": "mine.Mine", "AutoModel": "mine.Mine"}),
        "code that comes with a checkpoint is not run",
    ),
    "header-nested": (headed(DEEP), "nests too deeply"),
    "header-long": (headed("{}", 2**63), "is said to take 9,223,372,036,854,775,808 bytes"),
    "header-no-text": (headed('{"\udcff": 1}'), "not JSON"),
    "header-twice-the-same": (headed('{"a": 1, "a": 2}'), "lacks the place"),
    "offsets-infinite": (tensor("[0, Infinity]"), "lacks the place"),
    "offsets-1e999": (tensor("[0, 1e999]"), "lacks the place"),
    "offsets-nan": (tensor("[0, NaN]"), "lacks the place"),
    "offsets-1e300": (tensor("[0, 1e300]"), "lacks the place"),
    "offsets-fraction": (tensor("[0.0, 8.0]"), "lacks the place"),
    "offsets-negative": (tensor("[-8, 0]"), "lacks the place"),
    "offsets-text": (tensor('"08"'), "lacks the place"),
    "offsets-object": (tensor('{"0": 0, "8": 8}'), "lacks the place"),
    "shape-too-large": (tensor("[0, 8]", shape="[1000000000, 1000000000]"), "lacks the place"),
    "shape-text": (tensor("[0, 8]", shape='"a"'), "lacks the place"),
    "type-list": (tensor("[0, 8]", dtype="[]"), "lacks the place"),
    "tensor-control-characters": (tensor("[4, 8]", shape="[1]", name="\\u001b[2J"), "the tensor \\x1b[2J does not"),
    "whole-numbers": (stored_as_integers, "stores weights as whole numbers ("),
    "truncated": (written(WEIGHTS, "\x01"), "truncated or damaged"),
    "weights-loop": (linked(WEIGHTS, WEIGHTS), "has no model.safetensors"),
    "weights-without-end": (linked(WEIGHTS, "/dev/zero"), "has no model.safetensors"),
    "index-nested": (indexed(DEEP), "nests too deeply"),
    "index-odd": (indexed('{"weight_map": {"a": ["\\u001b"]}}'), "names shards that are not there"),
    "index-control-characters": (indexed('{"weight_map": {"a": "\\u001b[2J"}}'), "not there (\\x1b[2J)"),
    "index-long-name": (indexed(json.dumps({"weight_map": {"a": "x" * 100_000}})), "(100,000 characters))"),
    "index-many": (
        indexed(json.dumps({"weight_map": {str(number): f"s{number}" for number in range(50_000)}})),
        "(s0, s1, s10 and 49,997 others)",
    ),
    "card-nested": (written("card.json", DEEP), "is not valid JSON"),
    "card-long-name": (written("card.json", json.dumps({"sha256": {"x" * 100_000: "1"}})), "(100,000 characters))"),
    "adapter": (written("adapter_config.json", '{"peft_type": "LORA"}'), "merge_and_unload()"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_hostile_checkpoint_is_refused_in_a_sentence(model: Path, name: str) -> None:
    spoil, words = REFUSED[name]
    spoil(model)
    started = time.thread_time()
    with pytest.raises(UsageError) as refusal:
        match(str(model), TASKS)
    assert time.thread_time() - started < SECONDS
    text = sentence(refusal.value)
    assert words in text
    assert text.isprintable()
    assert len(text) < 2000


def test_a_run_refuses_it_with_exit_code_4(touchstone: Touchstone, model: Path) -> None:
    headed(DEEP)(model)
    result = touchstone.run("--co", "--model", str(model))
    assert result.ret == 4
    (line,) = [line for line in result.errlines if line.startswith("ERROR: ")]
    assert line.endswith("its header nests too deeply. Fetch or save it again.")
    assert "INTERNALERROR" not in "\n".join([*result.outlines, *result.errlines])


@pytest.mark.skipif(sys.platform != "linux", reason="other systems know no such files")
def test_what_is_no_file_is_not_opened_for_a_fingerprint(model: Path) -> None:
    before = sampled_fingerprint(model)
    os.mkfifo(model / "pipe.safetensors")
    (model / "folder.safetensors").mkdir()
    linked("loop.safetensors", "loop.safetensors")(model)
    linked("zero.safetensors", "/dev/zero")(model)
    assert sampled_fingerprint(model) == before


@pytest.mark.skipif(sys.platform != "linux", reason="other systems may write the zeros")
def test_a_fingerprint_of_weights_that_never_end_takes_a_bounded_time(model: Path) -> None:
    with (model / WEIGHTS).open("wb") as file:
        file.truncate(2**43)
    started = time.thread_time()
    sampled_fingerprint(model)
    assert time.thread_time() - started < SECONDS


@pytest.mark.parametrize("name", ["classifier.bias", "bert.embeddings.LayerNorm.bias"])
def test_whole_numbers_where_the_model_has_floating_point_are_refused(model: Path, name: str) -> None:
    tensors = load_file(model / WEIGHTS)
    tensors[name] = np.ones(tensors[name].shape, np.int64)
    save_file(tensors, model / WEIGHTS, metadata={"format": "pt"})
    ((task, _, source),) = match(str(model), TASKS)
    with pytest.raises(CheckpointError, match=rf"parameters of BertForSequenceClassification as whole .*\({name}\)"):
        open_subject(source, task).load_model()


def test_whole_numbers_that_are_no_parameters_are_taken(model: Path) -> None:
    tensors = load_file(model / WEIGHTS) | {"bert.embeddings.position_ids": np.arange(64)[None]}
    save_file(tensors, model / WEIGHTS, metadata={"format": "pt"})
    ((task, _, source),) = match(str(model), TASKS)
    open_subject(source, task).load_model()


@pytest.mark.parametrize(
    ("name", "text"),
    [("tokenizer.json", DEEP), ("tokenizer_config.json", DEEP), ("tokenizer.json", '{"model": 1e999}')],
)
def test_a_hostile_tokenizer_is_refused_in_a_sentence(model: Path, name: str, text: str) -> None:
    (model / name).write_text(text)
    ((task, _, source),) = match(str(model), TASKS)
    with pytest.raises(CheckpointError, match="cannot be loaded with AutoTokenizer") as refusal:
        open_subject(source, task)
    assert len(sentence(refusal.value)) < 2000


def test_the_generation_settings_of_a_stranger_make_no_output_longer(tmp_path: Path) -> None:
    folder = made.decoder(tmp_path / "model")
    greedy: dict[str, Any] = {"max_length": 10**9, "min_length": 10**9, "max_new_tokens": 10**9, "eos_token_id": 3}
    (folder / "generation_config.json").write_text(json.dumps(greedy))
    ((task, _, source),) = match(str(folder), (made.Stories(),))
    subject = open_subject(source, task)
    assert subject.generation is not None
    batch = subject.example()
    output = subject.load_model().generate(**batch, **subject.generation)
    assert output.shape[1] <= batch["input_ids"].shape[1] + subject.generation["max_new_tokens"]


ENDLESS = "{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}" + "{% endfor %}" * 3


@pytest.mark.slow
def test_a_chat_template_without_end_costs_its_cell_its_timeout(tmp_path: Path) -> None:
    model = Path(shutil.copytree(miniature_folder(tasks_root(), "chat"), tmp_path / "model"))
    (model / "card.json").unlink()
    (model / "chat_template.jinja").write_text(ENDLESS)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "suite", "bench", "--capability", "chat", "--backend", "eager"),
            *("-k", "conformance"),
            *("--model", str(model), "--cell-timeout", "5", "-p", "no:cacheprovider"),
            *("--results", str(tmp_path / "results")),
        ],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 6, done.stdout + done.stderr
    assert "INTERNALERROR" not in done.stdout
    rows = [json.loads(line) for line in (tmp_path / "results" / "latest" / "cells.jsonl").read_text().splitlines()]
    assert [row["status"] for row in rows] == ["timeout"]
    assert "--cell-timeout" in rows[0]["reason"]
