"""The stand-in Hub's data sets and metrics, asked by `datasets`, `pandas` and `evaluate`."""

from __future__ import annotations

import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from suite.course.stand_ins.hub.dataset_columns import Row, value
from suite.course.stand_ins.hub.datasets import data_sets, resolve_data_set
from suite.course.stand_ins.hub.metrics import metric_repository
from suite.course.stand_ins.hub.server import hub
from suite.tests.support.running_stand_ins import Notes, script_result, served

DATA = """
import json
import datasets
import pandas
from datasets import Audio, get_dataset_config_names, load_dataset
found = {}
mrpc = load_dataset("nyu-mll/glue", "mrpc")
found["mrpc"] = {split: [len(rows), rows.column_names] for split, rows in mrpc.items()}
found["classes"] = mrpc["train"].features["label"].names
found["configs"] = get_dataset_config_names("nyu-mll/glue")
squad = load_dataset("rajpurkar/squad", split="train")
found["answers"] = [
    row["context"][start:start + len(text)] == text
    for row in squad for start, text in zip(row["answers"]["answer_start"], row["answers"]["text"])
]
conll = load_dataset("eriktks/conll2003", split="train")
found["tags"] = conll.features["ner_tags"].feature.names
found["tagged"] = all(len(row["tokens"]) == len(row["ner_tags"]) for row in conll)
found["streamed"] = sorted(next(iter(load_dataset("abisee/cnn_dailymail", "3.0.0", split="train", streaming=True))))
found["picture"] = load_dataset("AI-Lab-Makerere/beans", split="validation")[0]["image"].size
speech = load_dataset("hf-internal-testing/librispeech_asr_dummy", "clean", split="validation")
found["rate"] = speech.features["audio"].sampling_rate
found["sound"] = speech.cast_column("audio", Audio(decode=False))[0]["audio"]["bytes"][:4].decode()
found["frame"] = list(pandas.read_parquet(
    "hf://datasets/stanfordnlp/imdb/plain_text/train-00000-of-00001.parquet").shape)
for name in ("rajpurkar/sqaud", "nobody/nothing"):
    try:
        load_dataset(name)
    except datasets.exceptions.DatasetNotFoundError as error:
        found[name] = str(error)
print(json.dumps(found))
"""
METRICS = """
import json
import evaluate
found = {name: evaluate.load(name).compute(predictions=[0, 1, 1, 0], references=[0, 1, 0, 0])[name]
         for name in ("accuracy", "f1", "precision", "recall", "matthews_correlation", "mse")}
found["glue"] = evaluate.load("glue", "mrpc").compute(predictions=[0, 1, 1, 0], references=[0, 1, 0, 0])
entities = {"predictions": [["O", "B-PER", "I-PER"]], "references": [["B-LOC", "B-PER", "I-PER"]]}
found["seqeval"] = evaluate.load("seqeval").compute(**entities)["overall_f1"]
texts = {"predictions": ["the cat sat on the mat"], "references": ["the cat sat on a mat"]}
for name in ("wer", "cer"):
    found[name] = evaluate.load(name).compute(**texts)
found["rouge"] = evaluate.load("rouge").compute(**texts)["rougeL"]
found["bleu"] = evaluate.load("bleu").compute(predictions=texts["predictions"], references=[texts["predictions"]])
found["sacrebleu"] = evaluate.load("sacrebleu").compute(
    predictions=texts["predictions"], references=[texts["predictions"]])["score"]
answer = {"id": "1", "answers": {"text": ["Leo"], "answer_start": [3]}}
found["squad"] = evaluate.load("squad").compute(
    predictions=[{"id": "1", "prediction_text": "the Leo"}], references=[answer])
found["mae"] = evaluate.load("mae").compute(predictions=[0.5, 1.0], references=[0.0, 1.0])["mae"]
found["each class"] = list(evaluate.load("f1").compute(predictions=[0, 1], references=[0, 1], average=None)["f1"])
found["same"] = evaluate.load("exact_match").compute(**texts)["exact_match"]
found["described"] = evaluate.load("recall").description
for setting in ({"zero_division": 0}, {"no_such_setting": 1}):
    try:
        evaluate.load("f1").compute(predictions=[0, 1], references=[0, 1], **setting)
    except TypeError as error:
        found[str(setting)] = str(error)
found["several"] = evaluate.combine(["accuracy", "f1"]).compute(predictions=[0, 1], references=[0, 1])
print(json.dumps(found, default=float))
"""


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def address(notes: Notes, tmp_path: Path) -> Iterator[str]:
    with served(hub(notes, {}, tmp_path / "cache")) as address:
        yield address


def test_data_sets_load_with_their_columns_types_and_splits(address: str, notes: Notes, tmp_path: Path) -> None:
    results = script_result(DATA, address, tmp_path)
    columns = ["sentence1", "sentence2", "label", "idx"]
    assert results["mrpc"] == {"train": [160, columns], "validation": [40, columns], "test": [40, columns]}
    assert results["classes"] == ["not_equivalent", "equivalent"]
    assert {"sst2", "cola", "mrpc", "mnli"} <= set(results["configs"])
    assert results["answers"]
    assert all(results["answers"])
    assert results["tags"][:3] == ["O", "B-PER", "I-PER"]
    assert results["tagged"] is True
    assert results["streamed"] == ["article", "highlights", "id"]
    assert (results["picture"], results["rate"], results["sound"], results["frame"]) == (
        [64, 64],
        16000,
        "RIFF",
        [160, 2],
    )
    assert "rajpurkar/sqaud" in results
    outcomes = notes.outcomes("data set")
    assert (outcomes["nyu-mll/glue"], outcomes["nobody/nothing"]) == ("known", "unknown")
    assert notes.details("rajpurkar/sqaud") == {"meant": "rajpurkar/squad"}


def test_metrics_are_computed_by_their_libraries(address: str, tmp_path: Path) -> None:
    pytest.importorskip("evaluate")
    results = script_result(METRICS, address, tmp_path)
    assert results["accuracy"] == 0.75
    assert results["f1"] == pytest.approx(2 / 3)
    assert (results["precision"], results["recall"]) == (0.5, 1.0)
    assert results["glue"] == {"accuracy": 0.75, "f1": pytest.approx(2 / 3)}
    assert results["seqeval"] == pytest.approx(2 / 3)
    assert (results["wer"], results["rouge"]) == (pytest.approx(1 / 6), pytest.approx(5 / 6))
    assert (results["bleu"]["bleu"], results["sacrebleu"]) == (pytest.approx(1), pytest.approx(100))
    assert results["squad"] == {"exact_match": 100, "f1": 100}
    assert results["several"] == {"accuracy": 1, "f1": 1}
    assert (results["mae"], results["each class"], results["same"]) == (0.25, [1.0, 1.0], 0.0)
    assert results["described"] == "The share of what is right that was predicted."
    assert "zero_division" in results["{'zero_division': 0}"]
    assert "no_such_setting" in results["{'no_such_setting': 1}"]


def test_every_column_of_every_data_set_has_values() -> None:
    kinds = {kind for one in data_sets().values() for _, columns in one.configs.values() for kind in columns.values()}
    for kind in kinds - {"long"}:
        assert value(kind, Row(1, True)) is not None, kind


def test_a_text_column_has_every_letter_for_tokenizers_to_learn() -> None:
    assert set(string.printable.strip()) - set(value("text", Row(0, test=False))) == set()


def test_every_row_of_the_table_is_read_whole() -> None:
    assert len(data_sets()) > 100
    for one in data_sets().values():
        for config, (splits, columns) in one.configs.items():
            assert splits, (one.name, config)
            assert columns, (one.name, config)


@pytest.mark.parametrize(
    ("name", "outcome", "meant"),
    [
        ("stanfordnlp/imdb", "known", None), ("imdb", "renamed", "stanfordnlp/imdb"),
        ("sqaud", "misspelt", "rajpurkar/squad"), ("somebody/imdb", "unknown", None), ("squad_v3", "unknown", None),
    ],
)  # fmt: skip
def test_names_of_data_sets(name: str, outcome: str, meant: str | None) -> None:
    resolution = resolve_data_set(name)
    assert (resolution.outcome, resolution.meant) == (outcome, meant)


def test_a_metric_that_is_not_there_is_none() -> None:
    assert metric_repository("evaluate-metric/no-such-metric") is None
    assert metric_repository("evaluate-metric/__init__") is None
    assert metric_repository("somebody/accuracy") is None
