"""What a model cannot take is said before it runs: by the sample's name, and of all samples at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from suite.core.errors import CheckpointError, InvalidInput, Misfit
from suite.core.subject import Subject
from suite.subjects import Source, open_subject
from suite.subjects.input_checks import check_inputs
from suite.task import Sample, discovery
from suite.task.text import longest_input
from suite.tests.support import made_checkpoints as made
from suite.worker.cell_worker import CellWorker
from suite.worker.messages import Request, Spec


def roberta(directory: Path, kind: str = "Roberta", **changes: Any) -> Path:
    """A classifier whose positions begin after the padding index, 1, with a tokenizer that knows no limit."""
    import transformers

    sizes = {
        "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32, "vocab_size": 32,
        "max_position_embeddings": 20, "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2,
    }  # fmt: skip
    config = getattr(transformers, f"{kind}Config")(**sizes | changes, id2label={0: "BAD", 1: "GOOD"})
    getattr(transformers, f"{kind}ForSequenceClassification")(config).save_pretrained(directory)
    made.tokenizer(directory, pad_token="[PAD]")
    return directory


def opened(directory: Path) -> Subject:
    return open_subject(Source("local", made.CHECKPOINT, directory=directory), made.Moods())


def samples(*texts: str) -> list[Sample]:
    return [Sample(f"s{number}", text, "GOOD") for number, text in enumerate(texts)]


@pytest.mark.parametrize(
    ("kind", "takes"), [("Roberta", 18), ("XLMRoberta", 18), ("Camembert", 18), ("MPNet", 18), ("Bert", 20)]
)
def test_positions_that_begin_after_the_padding_are_fewer(tmp_path: Path, kind: str, takes: int) -> None:
    subject = opened(roberta(tmp_path, kind))
    assert longest_input(subject.processor, subject.config) == takes
    check_inputs(samples("a " * takes), made.Moods(), subject)
    with pytest.raises(InvalidInput, match=rf"sample s0: .* {takes + 1} tokens, .* takes {takes}"):
        check_inputs(samples("a " * (takes + 1)), made.Moods(), subject)


def test_what_fits_runs(tmp_path: Path) -> None:
    subject = opened(roberta(tmp_path))
    batch = made.Moods().encode(subject.processor, ["a " * 18, "b"])
    assert subject.load_model()(**batch).logits.shape == (2, 2)


def test_every_bad_sample_is_named_at_once(tmp_path: Path) -> None:
    subject = opened(roberta(tmp_path))
    with pytest.raises(InvalidInput) as refused:
        check_inputs(samples("a", "a " * 30, "", "b", "b " * 40), made.Moods(), subject)
    message = str(refused.value)
    assert message.startswith("3 of 5 samples cannot be used: sample s1: ")
    assert all(words in message for words in ("given 30 tokens", "sample s2: moods was given an empty text", "s4: "))
    with pytest.raises(InvalidInput, match=r"^100 of 100 .*, sample s19 and 80 others: moods was given an empty"):
        check_inputs(samples(*[" "] * 100), made.Moods(), subject)


def test_a_token_beyond_the_vocabulary_is_refused_by_name(tmp_path: Path) -> None:
    directory = made.classifier(tmp_path)
    subject = opened(directory)
    assert subject.vocabulary == 32
    subject.processor.add_tokens([f"word{number}" for number in range(20)])
    check_inputs(samples("a", "word0"), made.Moods(), subject)
    with pytest.raises(
        InvalidInput, match=r"2 of 3 .*s1: the tokenizer makes word18 of it \(id 3\d\).* knows 32 ids.*s2"
    ):
        check_inputs(samples("a", "good word18", "word19"), made.Moods(), subject)


def test_a_padding_token_beyond_the_vocabulary_is_refused(tmp_path: Path) -> None:
    directory = made.classifier(tmp_path)
    file = directory / "tokenizer.json"
    content = json.loads(file.read_text())
    content["model"]["vocab"]["[PAD]"] = 99
    content["added_tokens"] = [
        one | {"id": 99} if one["content"] == "[PAD]" else one for one in content["added_tokens"]
    ]
    file.write_text(json.dumps(content))
    with pytest.raises(CheckpointError, match=r"pads with '\[PAD\]', id 99, and the model knows 32 ids"):
        opened(directory)


class Endings(made.Stories):
    """A generation by an encoder-decoder, of ten tokens."""

    auto_class = "AutoModelForSeq2SeqLM"
    generation = {"max_new_tokens": 10, "do_sample": False}  # noqa: RUF012


def written(directory: Path, kind: str, **sizes: int) -> Path:
    """An encoder-decoder with random weights."""
    import transformers

    ids = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3, "decoder_start_token_id": 2, "vocab_size": 32}
    config = getattr(transformers, f"{kind}Config")(**ids, **sizes)
    suffix = {"Marian": "MTModel"}.get(kind, "ForConditionalGeneration")
    getattr(transformers, f"{kind}{suffix}")(config).save_pretrained(directory)
    made.tokenizer(directory, pad_token="[PAD]", eos_token="[SEP]")
    return directory


BART = {
    "d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2,
    "decoder_attention_heads": 2, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32,
}  # fmt: skip
T5 = {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 1, "num_heads": 2, "n_positions": 4}


@pytest.mark.parametrize(
    ("kind", "sizes", "room"),
    [
        ("Bart", {**BART, "max_position_embeddings": 10}, 9),
        ("Bart", {**BART, "max_position_embeddings": 11}, None),
        ("Marian", {**BART, "max_position_embeddings": 10}, 9),
        ("LED", {**BART, "max_decoder_position_embeddings": 10, "attention_window": 4}, 9),
        ("T5", T5, None),
    ],
)
def test_an_answer_longer_than_the_decoder_s_positions(
    tmp_path: Path, kind: str, sizes: dict[str, int], room: int | None
) -> None:
    source = Source("local", made.CHECKPOINT, directory=written(tmp_path, kind, **sizes))
    if room is None:
        subject = open_subject(source, Endings())
        batch = Endings().encode(subject.processor, ["a b"])
        answer = subject.load_model().generate(**batch, min_new_tokens=10, max_new_tokens=10)
        assert answer.shape == (1, 11)
        return
    with pytest.raises(Misfit, match=rf"an answer of {room} tokens, and stories asks for 10"):
        open_subject(source, Endings())


class Pairs(made.Moods):
    """A classification of two texts."""

    def texts(self, value: Any) -> tuple[str, ...]:
        return tuple(value)

    def encode(self, processor: Any, inputs: Any) -> dict[str, Any]:
        firsts, seconds = zip(*inputs, strict=True)
        return dict(processor(list(firsts), list(seconds), padding=True, return_tensors="pt"))


@pytest.mark.parametrize(("known", "fits"), [(1, False), (2, True)])
def test_parts_of_a_pair_that_the_model_does_not_know(tmp_path: Path, known: int, fits: bool) -> None:
    import transformers

    config = transformers.BertConfig(**made.bert_sizes(), type_vocab_size=known)
    transformers.BertForSequenceClassification(config).save_pretrained(tmp_path)
    names = ["input_ids", "token_type_ids", "attention_mask"]
    made.tokenizer(tmp_path, pad_token="[PAD]", model_input_names=names)
    subject = opened(tmp_path)
    assert subject.segments == known
    pairs = [Sample("s0", ("a", "b"), "GOOD")]
    if fits:
        check_inputs(pairs, Pairs(), subject)
        return
    with pytest.raises(InvalidInput, match=r"s0: the tokenizer numbers the parts of a pair, .* knows 1 of them"):
        check_inputs(pairs, Pairs(), subject)


def test_our_own_samples_are_checked_and_before_an_export(tasks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task = tasks / "text" / "colour_naming.py"
    task.write_text(
        task.read_text()
        .replace("for i, (text, truth) in", "for i, (text, truth) in [*")
        .replace("enumerate(rows)]", "enumerate(rows), (7, ('red ' * 99, 'ONE'))]]")
    )
    loaded = discovery.load_tasks(tasks)["colour-naming"]
    source = Source("miniature", loaded.checkpoints[0], directory=tasks / "miniatures" / "shipped" / "tiny")
    spec = Spec("a/b/onnx", loaded.name, tasks, source, "suite.backends.onnx:Onnx", "cpu", 1, 1, 0, None, False)
    worker = CellWorker(spec)
    monkeypatch.setattr("suite.worker.cell_worker.ensure_build", lambda *_: pytest.fail("an export was made"))
    for request in ("build", "conformance", "answers"):
        with pytest.raises(InvalidInput, match=r"^sample 7: colour-naming was given 101 tokens"):
            worker.answer(Request(request, {}))
