"""Tokenization."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from suite.task import Checkpoint, Sample
from suite.task.scores import exact_match
from suite.task.text import TextTask
from suite.task.truths import check_text

from ..worlds import spellings

if TYPE_CHECKING:
    from suite.core.runnable import Runnable

TOGETHER = 50


class Tokenization(TextTask):
    """Take a text apart into tokens, and put it together again. Documented with `AutoTokenizer`.

    There is no model. The text goes in as UTF-8 bytes, and token ids come out; an answer is what they spell.
    """

    name = "tokenization"
    auto_class = "PreTrainedTokenizerFast"
    checkpoints = (
        Checkpoint(
            id="google-bert/bert-base-cased",
            revision="cd5ef92a9fb2f889e972770a36d4ed042daf221e",
            architecture="PreTrainedTokenizerFast",
            miniature="tokenization-wordpiece",
        ),
        Checkpoint(
            id="openai-community/gpt2",
            revision="607a30d783dfa663caf39e06633721c8d4cfcd7e",
            architecture="PreTrainedTokenizerFast",
            miniature="tokenization-bpe",
        ),
        Checkpoint(
            id="google-t5/t5-small",
            revision="df1b051c49625cf57a3d0d8d3863ed4d13564fe4",
            architecture="PreTrainedTokenizerFast",
            miniature="tokenization-unigram",
        ),
        Checkpoint(
            id="word-level",
            revision="",
            architecture="PreTrainedTokenizerFast",
            miniature="tokenization-word",
        ),
        Checkpoint(
            id="character-level",
            revision="",
            architecture="PreTrainedTokenizerFast",
            miniature="tokenization-character",
        ),
    )
    metric = "exact round trip"
    no_weights = "a tokenizer has no weights: there is nothing to quantize, compile or export"
    decides_by_argmax = False
    probe_is_timed = True

    def samples(self) -> Sequence[Sample]:
        return [
            Sample(f"{example.kind}-{index}", example.text, example.truth)
            for index, example in enumerate(spellings.spellings("test"))
        ]

    def load_model(self, directory: Path, config: Any) -> Any:
        return _speller(directory)

    def check_truth(self, truth: Any) -> None:
        check_text(truth)

    def check_answer(self, answer: Any) -> str | None:
        return None if isinstance(answer, str) else f"an answer is {type(answer).__name__}, not a string"

    def encode(self, processor: Any, inputs: Sequence[Any]) -> dict[str, Any]:
        import torch

        rows = [text.encode() for text in inputs]
        longest = max(map(len, rows))
        return {
            "text": torch.tensor([list(row.ljust(longest, b"\0")) for row in rows], dtype=torch.uint8),
            "length": torch.tensor([len(row) for row in rows]),
        }

    def decode(self, outputs: Any, batch: Mapping[str, Any], processor: Any, config: Any) -> list[str]:
        answers: list[str] = processor.batch_decode(
            outputs, skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return answers

    def numbers(self, outputs: Any, batch: Mapping[str, Any]) -> list[np.ndarray]:
        return [np.array(ids, np.float32)[:, None] for ids in outputs]

    def agreement(self, numbers: np.ndarray, reference: np.ndarray) -> float:
        return float(np.array_equal(numbers, reference))

    def accuracy(self, answers: Sequence[str], truths: Sequence[str]) -> float:
        return exact_match(answers, truths)

    def metrics(self, answers: Sequence[str], truths: Sequence[str]) -> dict[str, float]:
        """How many texts lost no more than their spaces and capitals."""
        kept = [_letters(answer) == _letters(truth) for answer, truth in zip(answers, truths, strict=True)]
        return {"letters_kept": float(np.mean(kept))}

    def probe(self, runnable: Runnable, processor: Any, samples: Sequence[Sample]) -> dict[str, float]:
        """How finely texts are taken apart, how much of them is unknown, and how fast it goes."""
        texts = [sample.input for sample in samples]
        rows: list[list[int]] = []
        seconds = 0.0
        for start in range(0, len(texts), TOGETHER):
            batch = self.encode(processor, texts[start : start + TOGETHER])
            started = time.perf_counter()
            rows += self.infer(runnable, batch)
            seconds += time.perf_counter() - started
        special = {token for token in processor.all_special_ids if token != processor.unk_token_id}
        tokens = [token for row in rows for token in row if token not in special]
        unknown = sum(token == processor.unk_token_id for token in tokens)
        return {
            "tokens_per_word": len(tokens) / sum(len(text.split()) for text in texts),
            "unknown_share": unknown / max(len(tokens), 1),
            "characters_per_second": sum(map(len, texts)) / seconds,
        }


def _letters(text: str) -> str:
    return "".join(text.split()).casefold()


def _speller(directory: Path) -> Any:
    """The tokenizer in a folder as a module without weights: UTF-8 bytes in, token ids out."""
    import torch
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(directory, local_files_only=True, trust_remote_code=False)  # type: ignore[no-untyped-call]

    class Speller(torch.nn.Module):
        def forward(self, text: torch.Tensor, length: torch.Tensor) -> list[list[int]]:
            rows = zip(text.cpu().numpy(), length.tolist(), strict=True)
            ids: list[list[int]] = tokenizer([row[:size].tobytes().decode() for row, size in rows])["input_ids"]
            return ids

    return Speller().eval()
