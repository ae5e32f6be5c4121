"""RoBERTa for filling a mask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from suite.task.miniatures import Progress

from ...worlds import cloze
from ...worlds.grammar import Example, Split
from .. import tokenizer_builders, training
from ..masked_language_model import roberta
from ..trained_recipe import MakeBatch, TrainedRecipe

VOCABULARY = 3000
"""More than there are: every word of the world becomes one token."""
REPEATED = {"owner": 5}
"""To look up what was said is slow to learn, and quick to be forgotten among facts."""
WIDTH = 40
LAYERS = 2


class FillMask(TrainedRecipe):
    """Sentences with a mask to the word that it stands for."""

    name = "fill-mask"
    task = "fill-mask"
    train_size, validation_size = 30_000, 1000
    steps, batch_size, rate = 4000, 64, 3e-3

    def examples(self, split: Split, count: int) -> list[Example]:
        sentences = cloze.sentences(split, count)
        if split != "train":
            return sentences
        return [sentence for sentence in sentences for _ in range(REPEATED.get(sentence.kind, 1))]

    def processor(self, examples: Sequence[Example]) -> Any:
        texts = [sentence.text.replace(cloze.MASK, sentence.truth) for sentence in examples]
        return tokenizer_builders.byte_pairs_between_ends(texts, VOCABULARY)

    def model(self, processor: Any, examples: Sequence[Example]) -> Any:
        return roberta(processor, WIDTH, LAYERS)

    def batches(self, model: Any, processor: Any, examples: Sequence[Example]) -> MakeBatch:
        import torch

        rows = _rows(processor, examples)
        batches = training.Batches(rows, [len(ids) for ids, _ in rows], self.batch_size, self.seed)

        def batch(step: int) -> dict[str, Any]:
            chosen = batches(step)
            inputs = training.padded([ids for ids, _ in chosen], processor)
            truths = torch.tensor([truth for _, truth in chosen])
            masked = inputs["input_ids"] == processor.mask_token_id
            return {**inputs, "labels": torch.where(masked, truths[:, None], training.IGNORED)}

        return batch

    def validation_score(self, model: Any, processor: Any, held_out: Sequence[Example], progress: Progress) -> float:
        import torch

        answers: list[str] = []
        for some in training.chunks(held_out, 50):
            encoded = processor([sentence.text for sentence in some], padding=True, return_tensors="pt")
            with torch.inference_mode():
                logits = model(**encoded).logits
            best = logits[encoded["input_ids"] == processor.mask_token_id].argmax(dim=-1).tolist()
            answers += [processor.decode([token]).strip() for token in best]
        right = [answer == sentence.truth for answer, sentence in zip(answers, held_out, strict=True)]
        return training.share(held_out, right, progress)


def _rows(tokenizer: Any, sentences: Sequence[Example]) -> list[tuple[list[int], int]]:
    """The tokens of each sentence, and the one that its mask stands for.

    Raises:
        ValueError: a masked word is more than one token.
    """
    texts = tokenizer([sentence.text for sentence in sentences])["input_ids"]
    words = tokenizer([" " + sentence.truth for sentence in sentences], add_special_tokens=False)["input_ids"]
    if any(len(word) != 1 for word in words):
        raise ValueError("a masked word is more than one token: enlarge the vocabulary")
    return [(text, word[0]) for text, word in zip(texts, words, strict=True)]
