"""Checkpoints of a few thousand parameters, made on the spot, and tasks to open them for."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from suite.task import Checkpoint, HubDataset, Sample
from suite.task.text import GenerativeTextTask, LabelTask, TextTask

WORDS = ("a", "b", "c", "d", "e", "f", "g", "h", "good", "bad", "film", "was", "the")
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
CHECKPOINT = Checkpoint("org/tiny", revision="0" * 40, architecture="BertForSequenceClassification", miniature="tiny")


class Moods(LabelTask):
    """A stub of a classification."""

    name = "moods"
    auto_class = "AutoModelForSequenceClassification"
    checkpoints = (CHECKPOINT,)
    dataset = HubDataset("org/data", revision="1" * 40, split="test", limit=3)
    metric = "accuracy"
    labels = ("GOOD", "BAD")
    label_aliases = {"pos": "GOOD", "neg": "BAD", "label_1": "GOOD", "label_0": "BAD"}  # noqa: RUF012

    def samples(self) -> Sequence[Sample]:
        texts = ["good film", "the film was bad bad bad", "good", "bad film"]
        return [Sample(str(i), text, "GOOD" if "good" in text else "BAD") for i, text in enumerate(texts)]

    def decode(self, outputs: Any, batch: Mapping[str, Any], processor: Any, config: Any) -> list[str]:
        return [self.label(index, config) for index in outputs.logits.argmax(dim=-1).tolist()]

    def numbers(self, outputs: Any, batch: Mapping[str, Any]) -> list[np.ndarray]:
        return list(outputs.logits.numpy()[:, None])

    def accuracy(self, answers: Sequence[str], truths: Sequence[str]) -> float:
        return float(np.mean([answer == truth for answer, truth in zip(answers, truths, strict=True)]))

    def from_hub(self, row: Mapping[str, Any]) -> Sample | None:
        return Sample("", row["sentence"], self.labels[row["label"]]) if row["sentence"] else None


class Stories(GenerativeTextTask):
    """A stub of a generation."""

    name = "stories"
    auto_class = "AutoModelForCausalLM"
    checkpoints = (CHECKPOINT,)
    metric = "accuracy"
    generation = {"max_new_tokens": 2, "do_sample": False}  # noqa: RUF012

    def samples(self) -> Sequence[Sample]:
        return [Sample("0", "a b c", "d"), Sample("1", "a", "b")]

    def accuracy(self, answers: Sequence[str], truths: Sequence[str]) -> float:
        return 0.0


class Vectors(TextTask):
    """A stub of a task on a bare encoder."""

    name = "vectors"
    auto_class = "AutoModel"
    checkpoints = (CHECKPOINT,)
    metric = "none"

    def samples(self) -> Sequence[Sample]:
        return [Sample("0", "a b c", 0.0), Sample("1", "a", 1.0)]

    def decode(self, outputs: Any, batch: Mapping[str, Any], processor: Any, config: Any) -> list[float]:
        return []

    def numbers(self, outputs: Any, batch: Mapping[str, Any]) -> list[np.ndarray]:
        return []

    def accuracy(self, answers: Sequence[float], truths: Sequence[float]) -> float:
        return 0.0


def tokenizer(directory: Path, **special: str | list[str]) -> None:
    """Save a tokenizer of whole words that both generations of transformers load."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    vocabulary = {word: index for index, word in enumerate([*SPECIAL, *WORDS])}
    raw = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    raw.pre_tokenizer = pre_tokenizers.Whitespace()
    words: dict[str, Any] = {"unk_token": "[UNK]", "model_input_names": ["input_ids", "attention_mask"], **special}
    fast = PreTrainedTokenizerFast(tokenizer_object=raw, **words)
    fast.save_pretrained(directory)
    file = directory / "tokenizer_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"tokenizer_class": "PreTrainedTokenizerFast"}))


def classifier(directory: Path, labels: Sequence[str] = ("BAD", "GOOD")) -> Path:
    """A BERT classifier with its tokenizer."""
    import transformers

    config = transformers.BertConfig(**bert_sizes(), id2label=dict(enumerate(labels)))
    transformers.BertForSequenceClassification(config).save_pretrained(directory)
    tokenizer(directory, pad_token="[PAD]")
    return directory


def encoder(directory: Path) -> Path:
    """A BERT without a head."""
    import transformers

    transformers.BertModel(transformers.BertConfig(**bert_sizes())).save_pretrained(directory)
    tokenizer(directory, pad_token="[PAD]")
    return directory


def decoder(directory: Path) -> Path:
    """A GPT-2 whose tokenizer, like the real one's, has no pad token."""
    import transformers

    config = transformers.GPT2Config(
        n_embd=32, n_layer=1, n_head=2, n_positions=64, vocab_size=32, bos_token_id=3, eos_token_id=3
    )
    transformers.GPT2LMHeadModel(config).save_pretrained(directory)
    tokenizer(directory, eos_token="[SEP]")
    return directory


def bert_sizes() -> dict[str, Any]:
    """The smallest BERT."""
    return {
        "hidden_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 32,
        "vocab_size": 32,
        "max_position_embeddings": 64,
    }
