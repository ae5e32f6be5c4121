"""Labels come from the checkpoint and truths from the user: what is scored, and what is refused when a file is read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from suite.core.errors import UsageError
from suite.subjects.samples_file import fit, read_samples, samples_identity
from suite.task import Sample, discovery
from suite.task.discovery import tasks_root
from suite.tests.support import made_checkpoints as made

TASKS = discovery.load_tasks(tasks_root())
NER = TASKS["named-entity-recognition"]


def config(*labels: str) -> Any:
    return SimpleNamespace(id2label=dict(enumerate(labels)))


def written(tmp_path: Path, *rows: Any) -> Path:
    file = tmp_path / "own.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return file


# The checkpoint's own labels.


def test_entity_types_of_the_checkpoint_s_own_conform() -> None:
    assert NER.check_answer(["O", "B-DRUG", "I-DRUG"]) is None
    assert "which is no tag" in str(NER.check_answer(["O", 3, ""]))
    own = fit([Sample("1", "a b c", ["b-drug", "I-DRUG", 0])], NER, config("O", "B-DRUG", "I-DRUG"))
    assert own[0].truth == ["B-DRUG", "I-DRUG", "O"]


@pytest.mark.parametrize(
    ("tags", "other"),
    [
        (["B-X", "I-X", "O", "B-X"], ["B-X", "O", "O", "B-X"]),  # IOB2
        (["I-X", "I-X", "O", "I-X"], ["I-X", "O", "O", "I-X"]),  # IOB1
        (["B-X", "E-X", "O", "S-X"], ["S-X", "O", "O", "S-X"]),  # BIOES
        (["B-X", "L-X", "O", "U-X"], ["U-X", "O", "O", "U-X"]),  # BILOU
        (["B_X", "I_X", "O", "B_X"], ["B_X", "O", "O", "B_X"]),
        (["X", "X", "O", "X"], ["X", "O", "O", "X"]),  # no letters at all
        (["B", "I", "O", "B"], ["B", "O", "O", "B"]),  # no kinds at all
    ],
)
def test_schemes_are_read_as_seqeval_reads_them(tags: list[str], other: list[str]) -> None:
    assert NER.accuracy([tags], [tags]) == 1.0
    assert NER.accuracy([other], [tags]) == pytest.approx(0.5), "of two entities one has another end"
    assert NER.accuracy([["O"] * 4], [tags]) == 0.0
    assert NER.accuracy([tags], [["B-X", "I-X", "O", "B-X"]]) in (0.0, 1.0)


BIO = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC")


@pytest.mark.parametrize(
    ("labels", "truth", "fitted"),
    [
        (BIO, ["S-PER", "O", "B-LOC", "E-LOC"], ["S-PER", "O", "B-LOC", "E-LOC"]),  # BIOES
        (BIO, ["U-PER", "O", "B-LOC", "L-LOC"], ["S-PER", "O", "B-LOC", "E-LOC"]),  # BILOU
        (BIO, ["PER", "O", "loc"], ["I-PER", "O", "I-LOC"]),
        (("O", "PER", "LOC"), ["B-PER", "I-PER", "O"], ["B-PER", "I-PER", "O"]),
        (("OUT", "B-X", "I-X"), ["OUT", "B-X", 0], ["O", "B-X", "O"]),
        (("O", "X-B", "X-I"), ["X-B", "X-I", "O"], ["B-X", "I-X", "O"]),
        (("O", "SIZE_M", "SIZE_L"), ["SIZE_M", "SIZE_L"], ["SIZE_M", "SIZE_L"]),
    ],
)
def test_truths_in_another_scheme_than_the_checkpoint_s(
    labels: tuple[str, ...], truth: list[Any], fitted: list[str]
) -> None:
    assert fit([Sample("1", "a b c d", truth)], NER, config(*labels))[0].truth == fitted


def test_a_kind_that_the_checkpoint_does_not_have() -> None:
    with pytest.raises(UsageError, match="'S-DRUG' is not one of the checkpoint's"):
        fit([Sample("1", "a b", ["S-DRUG", "O"])], NER, config(*BIO))


def test_one_kind_of_entity_is_no_reason_to_fail() -> None:
    truths = [["B-X", "I-X", "O", "O"], ["O", "O", "O", "B-X"]] * 20
    assert NER.chance(truths) < 0.5, "tagging every word is not all that there is to do"
    assert NER.chance([["O", "O"]]) == 1.0, "whoever finds nothing is right"


def test_numbered_tags_ask_for_names() -> None:
    samples = [Sample(str(number), "a b", [0, 1]) for number in range(40)]
    with pytest.raises(UsageError, match=r"no names \(LABEL_0, LABEL_1\).*id2label .* O, B-PER and I-PER") as refused:
        fit(samples, NER, config("LABEL_0", "LABEL_1"))
    assert str(refused.value).count("id2label") == 1, "said once for all samples"


def test_numbered_classes_take_numbers_or_ask_for_names() -> None:
    moods = TASKS["sentiment-analysis"]
    fitted = fit([Sample("1", "a", 1), Sample("2", "b", "label_0")], moods, config("LABEL_0", "LABEL_1"))
    assert [sample.truth for sample in fitted] == ["LABEL_1", "LABEL_0"]
    with pytest.raises(UsageError, match="its classes have no names: set id2label"):
        fit([Sample("1", "a", "joy")], moods, config("LABEL_0", "LABEL_1"))


@pytest.mark.parametrize("name", ["sentiment-analysis", "image-classification", "zero-shot-image-classification"])
def test_f1_is_over_the_labels_of_the_truths(name: str) -> None:
    truths = ["joy", "sadness", "joy", "sadness"]
    metrics = TASKS[name].metrics
    assert metrics(truths, truths)["macro_f1"] == 1.0
    assert metrics(["joy", "sadness", "joy", "joy"], truths)["macro_f1"] == pytest.approx((0.8 + 2 / 3) / 2)


# Truths.


@pytest.mark.parametrize(
    "name", ["translation", "translation-to-english", "summarization", "text-generation", "conversation", "chat",
             "image-captioning", "question-answering"],
)  # fmt: skip
def test_several_references_are_scored_as_the_field_does_it(name: str) -> None:
    task = TASKS[name]
    truths: list[Any] = [
        "the king sees it now",
        ["a queen sleeps well here", "the queen sleeps very well"],
        ["one dog runs home"],
    ]
    for truth in truths:
        task.check_truth(truth)
    best = ["the king sees it now", "the queen sleeps very well", "one dog runs home"]
    assert task.accuracy(best, truths) == pytest.approx(1.0)
    assert task.accuracy([*best[:2], "no"], truths) == pytest.approx(2 / 3)
    metrics = task.metrics(best, truths)
    assert all(metrics[name] == pytest.approx(1.0) for name in metrics)
    assert task.blind_answers(truths) is not None
    assert all(isinstance(task.describe_answer(truth), str) for truth in truths)


BOX = ["dog", [1, 2, 30, 40]]
RIGHT: dict[str, Sequence[Any]] = {
    "sentiment-analysis": ("POSITIVE", 1), "image-classification": ("cat", 0), "translation": ("a", ["a", "b"]),
    "summarization": ("a",), "text-generation": ("a",), "conversation": ("a",), "chat": ("a", {"reply": "a"}),
    "question-answering": ("a", ["a", "b"]), "fill-mask": ("a",), "sentence-similarity": (1, 0.5),
    "automatic-speech-recognition": ("one two",), "automatic-speech-recognition-ctc": ("one",),
    "text-to-speech": ("a",), "text-to-speech-vits": ("a",), "image-captioning": ("a", ["a", "b"]),
    "visual-question-answering": ("a", ["a"] * 10), "image-text-retrieval": ("a",), "zero-shot-classification": ("a",),
    "zero-shot-image-classification": ("a",), "zero-shot-audio-classification": ("a",), "tokenization": ("a",),
    "multilingual-translation": ("a",), "translation-to-english": ("a",),
    "object-detection": ([BOX], [["dog", [0, 0, 1, 1]]]),
    "image-segmentation": ({"size": [2, 2], "counts": [1, 3]},), "named-entity-recognition": (["O", "B-X"], [0, 1]),
    "fine-tuning": ("sport", 1), "lora": ("sport",),
}  # fmt: skip
WRONG: dict[str, Sequence[Any]] = {
    "sentiment-analysis": (1.0, True, ["POSITIVE"], {"a": 1}), "image-classification": (0.5, ["cat"]),
    "fill-mask": (["a"], 3), "sentence-similarity": ("high", True, [1], float("inf")),
    "automatic-speech-recognition": (["one"], 1, "?!"), "automatic-speech-recognition-ctc": (["one", "two"], 1),
    "text-to-speech": (["a"],), "text-to-speech-vits": (1,), "image-text-retrieval": (["a"], 0),
    "zero-shot-classification": (["a"], 0), "zero-shot-image-classification": (["a"], 0),
    "zero-shot-audio-classification": (0,), "tokenization": (["a"], 1), "chat": ({"rule": "x"}, 1, [1]),
    "object-detection": ("dog", [["dog", [1, 2, 3]]], [["dog", [5, 5, 1, 1]]], [[0.5, [0, 0, 1, 1]]]),
    "image-segmentation": ("a", {"size": [2, 2], "counts": [1]}), "named-entity-recognition": ([0.5], [True]),
    **dict.fromkeys(("fine-tuning", "lora"), (1.0, True, ["sport"], {"a": 1})),
}  # fmt: skip
FREE: tuple[Any, ...] = (1, 1.5, [1, "a"], [], {"a": "b"})


@pytest.mark.parametrize("name", sorted(TASKS))
def test_a_truth_is_scored_or_refused_when_the_file_is_read(name: str) -> None:
    task = TASKS[name]
    if name == "depth-estimation":
        return  # whose truths are made into what is scored while they are read
    for truth in RIGHT[name]:
        task.check_truth(truth)
    for truth in WRONG.get(name, FREE):
        with pytest.raises(UsageError) as refused:
            task.check_truth(truth)
        assert len(str(refused.value).split()) > 5, "a sentence"


def test_every_bad_line_is_named_at_once(tmp_path: Path) -> None:
    good = {"input": "a", "truth": "b"}
    file = written(tmp_path, good, {"input": "a", "truth": 3}, good, {"input": "a"}, {"input": "b", "truth": 4.5})
    with pytest.raises(UsageError) as refused:
        read_samples(file, TASKS["translation"])
    message = str(refused.value)
    assert "own.jsonl has 3 lines that cannot be used: line 2: cannot be scored: the truth 3 is not" in message
    assert "line 4: lacks 'truth'" in message
    assert "line 5: cannot be scored: the truth 4.5 is not" in message


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\u0085", "\x1c", "\x0b", "\x0c"])
def test_only_a_newline_ends_a_line(tmp_path: Path, separator: str) -> None:
    raw = separator not in "\x1c\x0b\x0c"  # which JSON wants escaped
    file = tmp_path / "own.jsonl"
    texts = [json.dumps({"input": f"a{separator}b", "truth": "c"}, ensure_ascii=not raw) for _ in range(2)]
    file.write_bytes("\r\n".join(texts).encode())
    assert [sample.input for sample in read_samples(file, made.Moods())] == [f"a{separator}b"] * 2


def test_pictures_are_a_part_of_the_samples(tmp_path: Path) -> None:
    file = written(tmp_path, {"input": {"image": "a.png", "question": "what?"}, "truth": "b"}, {"input": "x.txt"}, 7)
    seen = [samples_identity(file)]
    for content in (b"one", b"two"):
        (tmp_path / "a.png").write_bytes(content)
        seen.append(samples_identity(file))
    assert len(set(seen)) == 3
    file.write_bytes(b"\xff\xfe")
    assert samples_identity(file) not in seen


@pytest.mark.parametrize("name", ["sentiment-analysis", "translation", "named-entity-recognition", "chat", "fill-mask"])
def test_our_own_truths_could_be_a_user_s(name: str) -> None:
    for sample in TASKS[name].samples():
        TASKS[name].check_truth(sample.truth)


def test_tables_of_labels_that_contradict_each_other_are_noted() -> None:
    moods = type(TASKS["sentiment-analysis"])()
    agreeing = SimpleNamespace(id2label={0: "a", 1: "b"}, label2id={"a": 0, "b": 1}, model_type="bert")
    assert "labels" not in moods.adapt(Path(), agreeing)
    agreeing.label2id = {"a": 1, "b": 0}
    assert moods.adapt(Path(), agreeing)["labels"] == "by id2label, which label2id contradicts"
