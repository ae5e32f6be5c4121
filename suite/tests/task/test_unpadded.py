"""Families that read their padding are asked without any: answers do not depend on what is beside an input."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from suite.checks.conformance import CellUnderTest, examine
from suite.core.runnable import Runnable
from suite.subjects import Source, open_subject
from suite.task import families
from suite.task.declared import Declared
from suite.tests.support import made_checkpoints as made

SIZES = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32, "vocab_size": 32}
FUNNEL = {"block_sizes": [1, 1], "d_model": 16, "n_head": 2, "d_head": 8, "d_inner": 32, "vocab_size": 32}
KINDS: dict[str, dict[str, Any]] = {
    "ConvBert": {**SIZES, "embedding_size": 16, "initializer_range": 0.5},
    "FNet": {**SIZES, "initializer_range": 0.5},
    "Funnel": {**FUNNEL, "initializer_std": 0.5},
}


INPUTS = ["good film was the a b c d", "the film was bad bad bad, the film was bad bad bad", "good good good good e f"]


class Tags(made.Moods):
    """A stub of a task that answers for each token."""

    name = "tags"
    auto_class = "AutoModelForTokenClassification"
    decides_by_argmax = False

    def decode(self, outputs: Any, batch: Any, processor: Any, config: Any) -> list[str]:
        return ["GOOD" for _ in outputs.logits]

    def numbers(self, outputs: Any, batch: Any) -> list[np.ndarray]:
        mask = batch["attention_mask"].bool()
        return [logits[kept].numpy() for logits, kept in zip(outputs.logits, mask, strict=True)]


def complaints(directory: Path, task: Any) -> list[str]:
    import torch

    torch.manual_seed(0)
    subject = open_subject(Source("local", made.CHECKPOINT, directory=directory), task)
    assert subject.notes["batches"].startswith("of one length")
    cell = CellUnderTest(task, subject, Runnable(subject.load_model(), "cpu"), 1e-4, 0)
    return [problem for problem in examine(cell, INPUTS) if "refused" not in problem]


@pytest.mark.parametrize("head", ["SequenceClassification", "TokenClassification"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("side", ["left", "right"])
def test_a_batch_answers_as_its_inputs_do_alone(tmp_path: Path, kind: str, head: str, side: str) -> None:
    import torch
    import transformers

    torch.manual_seed(0)
    config = getattr(transformers, f"{kind}Config")(**KINDS[kind], id2label={0: "BAD", 1: "GOOD"})
    getattr(transformers, f"{kind}For{head}")(config).save_pretrained(tmp_path)
    made.tokenizer(tmp_path, pad_token="[PAD]", padding_side=side)
    assert complaints(tmp_path, made.Moods() if head.startswith("Seq") else Tags()) == []


RECURRENT: dict[str, dict[str, Any]] = {
    "Rwkv": {"hidden_size": 16, "attention_hidden_size": 16, "num_hidden_layers": 2, "vocab_size": 32},
    "RecurrentGemma": {
        **SIZES, "num_hidden_layers": 3, "intermediate_size": 48, "lru_width": 16, "attention_window_size": 8,
    },
}  # fmt: skip


@pytest.mark.parametrize("kind", RECURRENT)
def test_a_writer_of_such_a_family_is_asked_about_one_text_at_a_time(tmp_path: Path, kind: str) -> None:
    import torch
    import transformers

    torch.manual_seed(0)
    config = getattr(transformers, f"{kind}Config")(**RECURRENT[kind], bos_token_id=3, eos_token_id=3, pad_token_id=0)
    model = getattr(transformers, f"{kind}ForCausalLM")(config)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    model.save_pretrained(tmp_path)
    made.tokenizer(tmp_path, pad_token="[PAD]", eos_token="[SEP]")
    task = made.Stories()
    task.generation = {"max_new_tokens": 5, "do_sample": False}  # type: ignore[misc]
    subject = open_subject(Source("local", made.CHECKPOINT, directory=tmp_path), task)
    assert subject.notes["batches"].startswith("of one text")
    cell = CellUnderTest(task, subject, Runnable(subject.load_model(), "cpu"), 1e-4, 0)
    assert [problem for problem in examine(cell, INPUTS) if "refused" not in problem] == []
    observed = cell.observe(INPUTS)
    followed = cell.observe(INPUTS, task.trail(task.infer(cell.runnable, cell.encode(INPUTS))))
    assert observed.tokens == followed.tokens
    assert all(np.allclose(a, b, atol=1e-4) for a, b in zip(observed.numbers, followed.numbers, strict=True))


def test_a_classifier_with_a_writer_s_tokenizer_is_padded_where_its_positions_stay(tmp_path: Path) -> None:
    """GPT-2 counts positions from the left end, padding or not: its own classifier is right on the other side."""
    import torch
    import transformers

    torch.manual_seed(0)
    sizes: dict[str, Any] = {
        "n_embd": 32,
        "n_layer": 1,
        "n_head": 2,
        "n_positions": 64,
        "vocab_size": 32,
        "initializer_range": 0.5,
    }
    config = transformers.GPT2Config(**sizes, id2label={0: "BAD", 1: "GOOD"}, pad_token_id=0)
    transformers.GPT2ForSequenceClassification(config).save_pretrained(tmp_path)
    made.tokenizer(tmp_path, pad_token="[PAD]", eos_token="[SEP]", padding_side="left")
    task = made.Moods()
    subject = open_subject(Source("local", made.CHECKPOINT, directory=tmp_path), task)
    cell = CellUnderTest(task, subject, Runnable(subject.load_model(), "cpu"), 1e-4, 0)
    assert [problem for problem in examine(cell, INPUTS) if "refused" not in problem] == []


def test_a_family_that_wants_more_than_text_is_told_so() -> None:
    bros = Declared("BrosForTokenClassification", {"model_type": "bros"}, frozenset({Tags.auto_class}))
    assert "the place of each word on its page" in str(made.Moods().misfit(bros, own_samples=True))
    assert families.more_than_text(Declared("BertModel", {"model_type": "bert"})) is None


def test_a_decoder_that_only_reads_keeps_no_cache(tmp_path: Path) -> None:
    import transformers

    sizes: dict[str, Any] = {"n_embd": 32, "n_layer": 1, "n_head": 2, "n_positions": 64, "vocab_size": 32}
    config = transformers.GPT2Config(**sizes, id2label={0: "BAD", 1: "GOOD"}, pad_token_id=0)
    transformers.GPT2ForSequenceClassification(config).save_pretrained(tmp_path)
    made.tokenizer(tmp_path, pad_token="[PAD]", eos_token="[SEP]")
    subject = open_subject(Source("local", made.CHECKPOINT, directory=tmp_path), made.Moods())
    assert subject.load_model()(**subject.example()).past_key_values is None
