"""RoBERTa, pre-trained by filling masks and tuned for nothing yet: what fine-tuning begins with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from suite.task.miniatures import Progress

from ...worlds import topics
from ...worlds.grammar import Split
from .. import tokenizer_builders, training
from ..masked_language_model import roberta
from ..trained_recipe import MakeBatch, TrainedRecipe

VOCABULARY = 3000
"""More than there are: every word of the world becomes one token."""
MASKED = 0.2
WIDTH = 48
LAYERS = 2


class MaskedEncoder(TrainedRecipe):
    """Messages without labels, with words masked at random, to those words."""

    name = "masked-encoder"
    task = "fine-tuning"
    train_size, validation_size = 30_000, 1000
    steps, batch_size, rate = 3000, 64, 3e-3

    def examples(self, split: Split, count: int) -> list[str]:
        return topics.readings(count, seed=split)

    def processor(self, examples: Sequence[str]) -> Any:
        return tokenizer_builders.byte_pairs_between_ends(examples, VOCABULARY)

    def model(self, processor: Any, examples: Sequence[str]) -> Any:
        return roberta(processor, WIDTH, LAYERS)

    def batches(self, model: Any, processor: Any, examples: Sequence[str]) -> MakeBatch:
        rows = processor(list(examples))["input_ids"]
        batches = training.Batches(rows, [len(ids) for ids in rows], self.batch_size, self.seed)

        def batch(step: int) -> dict[str, Any]:
            import torch

            generator = torch.Generator().manual_seed(step)
            return masked(training.padded(batches(step), processor), processor, generator)

        return batch

    def validation_score(self, model: Any, processor: Any, held_out: Sequence[str], progress: Progress) -> float:
        import torch

        right = asked = 0
        generator = torch.Generator().manual_seed(self.seed)
        for some in training.chunks(processor(list(held_out))["input_ids"], 50):
            inputs = masked(training.padded(some, processor), processor, generator)
            labels = inputs.pop("labels")
            with torch.inference_mode():
                answers = model(**inputs).logits.argmax(dim=-1)
            right += int((answers == labels).sum())
            asked += int((labels != training.IGNORED).sum())
        progress(f"validation: {right} of {asked} masked tokens")
        return right / asked


def masked(inputs: dict[str, Any], tokenizer: Any, generator: Any) -> dict[str, Any]:
    """A padded batch with a share of its tokens masked, and these as labels (Devlin et al. 2019, without the tenths
    that are left or replaced)."""
    import torch

    ids = inputs["input_ids"]
    ordinary = inputs["attention_mask"].bool()
    for special in (tokenizer.bos_token_id, tokenizer.eos_token_id):
        ordinary &= ids != special
    chosen = ordinary & (torch.rand(ids.shape, generator=generator) < MASKED)
    labels = torch.where(chosen, ids, training.IGNORED)
    return {**inputs, "input_ids": torch.where(chosen, tokenizer.mask_token_id, ids), "labels": labels}
