"""Text generation."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from suite.task import Checkpoint, HubDataset, Sample
from suite.task.scores import references
from suite.task.text import GenerativeTextTask

from ..worlds import continuations

if TYPE_CHECKING:
    from suite.core.runnable import Runnable

SCORED_TOGETHER = 50
CONTEXT = 48
"""Words of a paragraph that are given before one is asked for."""


class TextGeneration(GenerativeTextTask):
    """Continue a text. Documented with pipeline("text-generation").

    The prompts state everything that their one right continuation needs.
    """

    name = "text-generation"
    auto_class = "AutoModelForCausalLM"
    checkpoints = (
        Checkpoint(
            id="openai-community/gpt2",
            revision="607a30d783dfa663caf39e06633721c8d4cfcd7e",
            architecture="GPT2LMHeadModel",
            miniature="text-generation",
            config="gpt2.json",
        ),
        Checkpoint(
            id="HuggingFaceTB/SmolLM2-360M",
            revision="f8027fd0eaeea54caa13c31d31b9fdc459c38b49",
            architecture="LlamaForCausalLM",
            miniature="text-generation-llama",
            config="SmolLM2-360M.json",
        ),
    )
    dataset = HubDataset(
        "Salesforce/wikitext",
        revision="b08601e04326c79dfdd32d625aee71d232d685c3",
        split="test",
        name="wikitext-2-raw-v1",
        files="wikitext-2-raw-v1/test-*.parquet",
    )
    metric = "exact continuation"
    generation = {"max_new_tokens": 24, "do_sample": False, "num_beams": 1}  # noqa: RUF012

    def samples(self) -> Sequence[Sample]:
        return [
            Sample(f"{prompt.kind}-{index}", prompt.text, prompt.truth)
            for index, prompt in enumerate(continuations.prompts("test"))
        ]

    def from_hub(self, row: Mapping[str, Any]) -> Sample | None:
        """The beginning of a paragraph, and the next word: no model could know more of what an author says next."""
        words = row["text"].split()
        place = next((index for index in range(CONTEXT, len(words)) if words[index].isalpha()), None)
        return None if place is None else Sample("", " ".join(words[:place]), words[place])

    def accuracy(self, answers: Sequence[str], truths: Sequence[Any]) -> float:
        right = [
            any(_continues(answer, text) for text in references(truth))
            for answer, truth in zip(answers, truths, strict=True)
        ]
        return float(np.mean(right))

    def probe(self, runnable: Runnable, processor: Any, samples: Sequence[Sample]) -> dict[str, float]:
        """Perplexity of the true continuations, of several the first, through the same cache that generates."""
        import torch

        surprise, count = 0.0, 0
        for start in range(0, len(samples), SCORED_TOGETHER):
            chosen = samples[start : start + SCORED_TOGETHER]
            batch = self.encode(processor, [sample.input for sample in chosen])
            batch = {name: tensor.to(runnable.device) for name, tensor in batch.items()}
            rows = [
                processor(" " + references(sample.truth)[0], add_special_tokens=False)["input_ids"] for sample in chosen
            ]
            longest = max(map(len, rows))
            # Filled up with a token that ends nothing, or generation would stop before the longest row.
            tokens = torch.tensor([row + row[-1:] * (longest - len(row)) for row in rows])
            logits = self.infer(runnable, batch, tokens.numpy()).logits
            log_probabilities = logits.log_softmax(dim=-1).gather(2, tokens[:, :, None])[:, :, 0]
            for row, values in zip(rows, log_probabilities, strict=True):
                surprise -= float(values[: len(row)].sum())
                count += len(row)
        return {"perplexity": math.exp(surprise / count)} if count else {}


def _continues(answer: str, truth: str) -> bool:
    """Whether the answer is the truth, whatever a model that knows no end says after it."""
    rest = answer[len(truth) :]
    return answer.startswith(truth) and not (truth[-1:].isalnum() and rest[:1].isalnum())
