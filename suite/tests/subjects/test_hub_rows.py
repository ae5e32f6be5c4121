"""Rows of the real evaluation data, as their data sets hold them, become samples of the tasks."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile
from PIL import Image

from suite.core.errors import UsageError
from suite.subjects.samples_file import fit
from suite.task import Task
from suite.task.discovery import load_tasks, tasks_root

HERE = Path(__file__).parent
TASKS = load_tasks(tasks_root())
APART = ("object-detection", "zero-shot-audio-classification")
"""Their rows are looked at below, by tests of their own."""
WITH_DATA = [task for task in TASKS.values() if task.dataset is not None and task.name not in APART]

PARAGRAPH = " ".join(f"w{number}" for number in range(50))
ROWS: dict[str, list[tuple[dict[str, Any], Any, Any]]] = {
    "stanfordnlp/sst2": [
        ({"idx": 0, "sentence": "a charming journey . ", "label": 1}, "a charming journey .", "POSITIVE"),
        ({"idx": 1, "sentence": "dull", "label": 0}, "dull", "NEGATIVE"),
    ],
    "tomaarsen/conll2003": [
        ({"tokens": ["EU", "rejects", "Peter"], "ner_tags": [3, 0, 1]}, "EU rejects Peter", ["B-ORG", "O", "B-PER"]),
        ({"tokens": ["-DOCSTART-"], "ner_tags": [0]}, None, None),
    ],
    "Salesforce/wikitext": [
        ({"text": f" {PARAGRAPH} the end \n"}, PARAGRAPH, "the"),
        ({"text": " = Heading = \n"}, None, None),
        ({"text": ""}, None, None),
    ],
    "fill-mask": [
        ({"text": f" {PARAGRAPH} the end \n"}, f"{PARAGRAPH} <mask> end", "the"),
        ({"text": " = Heading = \n"}, None, None),
    ],
    "rajpurkar/squad": [
        (
            {"question": " Who barks?", "context": "Dogs bark.", "answers": {"text": ["Dogs", "Dogs"]}},
            {"question": "Who barks?", "context": "Dogs bark."},
            ["Dogs"],
        ),
        ({"question": "Who?", "context": "word " * 300, "answers": {"text": ["word"]}}, None, None),
    ],
    "fancyzhx/ag_news": [
        (
            {"text": "Shares rose. ", "label": 2},
            {
                "text": "Shares rose.",
                "candidate_labels": ["world news", "sports", "business", "science and technology"],
            },
            "business",
        ),
    ],
    "wmt/wmt14": [({"translation": {"fr": "un chat", "en": "a cat"}}, "a cat", "un chat")],
    "translation-to-english": [({"translation": {"fr": "un chat", "en": "a cat"}}, "un chat", "a cat")],
    "Helsinki-NLP/opus-100": [
        (
            {"translation": {"en": "a cat", "es": "un gato"}},
            {"text": "a cat", "source": "eng_Latn", "target": "spa_Latn"},
            "un gato",
        ),
    ],
    "abisee/cnn_dailymail": [
        (
            {"article": "It rained. All day.", "highlights": "It rained .\nNEW: it stopped ."},
            "It rained. All day.",
            "It rained . NEW: it stopped .",
        ),
        ({"article": "again " * 601, "highlights": "Again ."}, None, None),
    ],
    "mteb/stsbenchmark-sts": [
        ({"sid": "0001", "sentence1": "a", "sentence2": "b", "score": 2.5}, ["a", "b"], 2.5),
    ],
}


PICTURE = np.arange(8 * 8 * 3, dtype=np.uint8).reshape(8, 8, 3)
ROWS["frgfm/imagenette"] = [({"image": Image.fromarray(PICTURE), "label": 0}, PICTURE, "tench, Tinca tinca")]
ROWS["tanganke/nyuv2"] = [
    (
        {"image": (PICTURE.transpose(2, 0, 1) / 255).tolist(), "depth": np.full((1, 8, 8), 4.0).tolist()},
        PICTURE,
        [[0.25] * 16] * 16,
    )
]
PEOPLE = ["yes"] * 8 + ["no"] * 2
ROWS["image-captioning"] = [
    (
        {"image": Image.fromarray(PICTURE), "captions": ["A cat.", "A cat on a mat."]},
        {"image": PICTURE, "prompt": ""},
        ["A cat.", "A cat on a mat."],
    )
]
ROWS["visual-question-answering"] = [
    (
        {"image": Image.fromarray(PICTURE), "question": "A cat?", "answers": [{"answer": answer} for answer in PEOPLE]},
        {"image": PICTURE, "question": "A cat?"},
        PEOPLE,
    )
]
ROWS["image-text-retrieval"] = [
    (
        {"image": Image.fromarray(PICTURE), "true_caption": "a big cat", "false_caption": "a small cat"},
        {"image": PICTURE, "captions": ["a small cat", "a big cat"]},
        "a big cat",
    )
]
ROWS["zero-shot-image-classification"] = [
    (
        {"img": Image.fromarray(PICTURE), "label": 3},
        {
            "image": PICTURE,
            "candidate_labels": [
                *("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
            ],
        },
        "cat",
    )
]


WAVE = np.linspace(-0.5, 0.5, 8000, dtype=np.float32)
FILE = io.BytesIO()
soundfile.write(FILE, WAVE, 16_000, format="WAV", subtype="FLOAT")
ROWS["hf-internal-testing/librispeech_asr_dummy"] = [
    ({"audio": {"bytes": FILE.getvalue(), "path": "a.flac"}, "text": "MISTER QUILTER"}, WAVE, "MISTER QUILTER"),
    ({"audio": {"bytes": FILE.getvalue(), "path": "b.flac"}, "text": ""}, None, None),
]


@pytest.mark.parametrize("task", WITH_DATA, ids=lambda task: task.name)
def test_data_is_pinned_by_a_full_commit_hash(task: Task) -> None:
    assert task.dataset is not None
    assert re.fullmatch(r"[0-9a-f]{40}", task.dataset.revision)


@pytest.mark.parametrize("task", WITH_DATA, ids=lambda task: task.name)
def test_rows_become_samples(task: Task) -> None:
    assert task.dataset is not None
    for row, expected, truth in ROWS.get(task.name) or ROWS[task.dataset.id]:
        sample = task.from_hub(row)
        if expected is None:
            assert sample is None
        else:
            assert sample is not None
            assert same(sample.input, expected)
            assert sample.truth == truth


def same(ours: Any, theirs: Any) -> bool:
    """Whether two inputs are equal, pictures and sounds in them too."""
    if isinstance(theirs, dict):
        return set(ours) == set(theirs) and all(same(ours[key], theirs[key]) for key in theirs)
    return np.array_equal(ours, theirs) if isinstance(theirs, np.ndarray) else bool(ours == theirs)


@pytest.mark.parametrize("task", TASKS.values(), ids=lambda task: task.name)
def test_a_task_reads_its_own_samples_back(task: Task) -> None:
    sample = task.samples()[0]
    try:
        json.dumps(sample.input)
    except TypeError:
        pytest.skip("its inputs lie in files")
    assert task.from_json({"id": sample.id, "input": sample.input, "truth": sample.truth}, 1, HERE) == sample


def test_own_tags() -> None:
    task = TASKS["named-entity-recognition"]
    sample = task.from_json({"input": ["EU", "rejects"], "truth": ["B-org", "O"]}, 1, HERE)
    assert sample.input == "EU rejects"
    both = SimpleNamespace(id2label={0: "O", 1: "B-ORG", 2: "I-ORG"})
    only_inside = SimpleNamespace(id2label={0: "O", 1: "I-ORG"})
    for config in (both, only_inside):
        assert fit([sample], task, config)[0].truth == ["B-ORG", "O"]
    with pytest.raises(UsageError, match="sample 1: the label 'B-org' is not one of the checkpoint's"):
        fit([sample], task, SimpleNamespace(id2label={0: "O", 1: "I-PER"}))
    with pytest.raises(ValueError, match="2 words need a list of as many tags"):
        task.from_json({"input": "EU rejects", "truth": ["O"]}, 1, HERE)


def test_rows_of_coco_become_samples() -> None:
    task = TASKS["object-detection"]
    objects = {"category": [0], "bbox": [[1, 2, 3, 4]]}
    sample = task.from_hub({"image": Image.fromarray(PICTURE), "objects": objects})
    assert sample is not None
    assert sample.truth == [("person", [1.0, 2.0, 3.0, 4.0])]
    assert np.array_equal(sample.input, PICTURE)
    assert task.from_hub({"image": Image.fromarray(PICTURE), "objects": {"category": [], "bbox": []}}) is None


def test_rows_of_esc50_become_samples() -> None:
    audio = {"bytes": FILE.getvalue(), "path": "a.wav"}
    sample = TASKS["zero-shot-audio-classification"].from_hub({"audio": audio, "category": "crying_baby"})
    assert sample is not None
    assert sample.truth == "crying baby"
    assert sample.truth in sample.input["candidate_labels"]
    assert len(sample.input["audio"]) == 3 * len(WAVE), "resampled to 48 kHz"
