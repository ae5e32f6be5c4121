"""Filling a mask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from suite.core.errors import InvalidInput
from suite.task import Batch, Checkpoint, HubDataset, Sample
from suite.task.base import on_device
from suite.task.scores import commonest, exact_match, majority_share
from suite.task.text import TextTask
from suite.task.truths import check_text

from ..worlds import cloze

if TYPE_CHECKING:
    from suite.core.runnable import Runnable

SCORED_TOGETHER = 32
BEST = 5
CONTEXT = 32
"""Words of a paragraph that stand before the one that is masked, and at most that stand after it."""
COMMON = frozenset(
    "the of and in to was is for on as with by he that it from at his an were are which be this had her first their "  # noqa: SIM905
    "its but have one not been also they two after time new would more year years city world during most season second "
    "game film series war album team song north south road house music number part river state church group".split()
)
"""Words that a byte-level vocabulary of any real size has as one token."""


class FillMask(TextTask):
    """Name the word that a mask stands for. Documented with pipeline("fill-mask").

    An input has one mask, written `<mask>` or as the checkpoint writes it. The answer is the likeliest token.
    """

    name = "fill-mask"
    auto_class = "AutoModelForMaskedLM"
    checkpoints = (
        Checkpoint(
            id="distilbert/distilroberta-base",
            revision="fb53ab8802853c8e4fbdbcd0529f21fc6f459b2b",
            architecture="RobertaForMaskedLM",
            miniature="fill-mask",
            config="distilroberta-base.json",
        ),
    )
    dataset = HubDataset(
        "Salesforce/wikitext",
        revision="b08601e04326c79dfdd32d625aee71d232d685c3",
        split="test",
        name="wikitext-2-raw-v1",
        files="wikitext-2-raw-v1/test-*.parquet",
    )
    metric = "top-1 at the mask"

    def samples(self) -> Sequence[Sample]:
        return [
            Sample(f"{sentence.kind}-{index}", sentence.text, sentence.truth)
            for index, sentence in enumerate(cloze.sentences("test"))
        ]

    def from_hub(self, row: Mapping[str, Any]) -> Sample | None:
        """A stretch of a paragraph whose first common word after enough others is masked."""
        words = row["text"].split()
        place = next((index for index in range(CONTEXT, len(words)) if words[index] in COMMON), None)
        if place is None:
            return None
        around = [*words[:place], cloze.MASK, *words[place + 1 : place + 1 + CONTEXT]]
        return Sample("", " ".join(around), words[place])

    def misfit_of_processor(self, processor: Any, config: Any, own_samples: bool) -> str | None:
        if processor.mask_token is None:
            return "the tokenizer has no mask token: this checkpoint was not made to fill masks"
        return None

    def check_input(self, value: Any, processor: Any, config: Any) -> None:
        super().check_input(value, processor, config)
        masks = _as_written(value, processor).count(processor.mask_token)
        if masks != 1:
            raise InvalidInput(
                f"{self.name} was given a text with {masks} masks: write {processor.mask_token} in place of one word."
            )

    def bad_inputs(self, processor: Any, config: Any) -> Mapping[str, Any]:
        bad = {**super().bad_inputs(processor, config), "unmasked": "All here.", "twice masked": 2 * cloze.MASK}
        return bad | {"over-long": f"{bad['over-long']}{cloze.MASK}"} if "over-long" in bad else bad

    def encode(self, processor: Any, inputs: Sequence[str]) -> dict[str, Any]:
        encoded = processor([_as_written(text, processor) for text in inputs], padding=True, return_tensors="pt")
        places = (encoded["input_ids"] == processor.mask_token_id).int().argmax(dim=1)
        return Batch(encoded, places.tolist())

    def decode(self, outputs: Any, batch: Mapping[str, Any], processor: Any, config: Any) -> list[str]:
        return [_word(row[0].argmax(), processor) for row in self.numbers(outputs, batch)]

    def numbers(self, outputs: Any, batch: Mapping[str, Any]) -> list[np.ndarray]:
        """What every token scores at the mask."""
        places: list[int] = batch.notes  # type: ignore[attr-defined]
        chosen = outputs.logits[range(len(places)), places].float().cpu().numpy()
        return list(chosen[:, None, :])

    def accuracy(self, answers: Sequence[str], truths: Sequence[str]) -> float:
        return exact_match(answers, truths)

    def probe(self, runnable: Runnable, processor: Any, samples: Sequence[Sample]) -> dict[str, float]:
        """Whether the truth is among the best five: the answers hold the best alone, for the others are often tied."""
        hits = 0
        for start in range(0, len(samples), SCORED_TOGETHER):
            chosen = samples[start : start + SCORED_TOGETHER]
            batch = on_device(self.encode(processor, [sample.input for sample in chosen]), runnable.device)
            rows = self.numbers(self.infer(runnable, batch), batch)
            for row, sample in zip(rows, chosen, strict=True):
                best = np.argpartition(-row[0], BEST)[:BEST]
                hits += sample.truth in [_word(token, processor) for token in best]
        return {"top_5": hits / len(samples)} if samples else {}

    def check_truth(self, truth: Any) -> None:
        check_text(truth)

    def blind_answers(self, truths: Sequence[str]) -> list[str]:
        return commonest(truths)

    def chance(self, truths: Sequence[str]) -> float:
        return majority_share(truths)

    def check_answer(self, answer: Any) -> str | None:
        return None if isinstance(answer, str) else f"an answer is {type(answer).__name__}, not a string"


def _as_written(text: str, processor: Any) -> str:
    """The text with the mask as this checkpoint writes it."""
    return text.replace(cloze.MASK, str(processor.mask_token))


def _word(token: Any, processor: Any) -> str:
    return str(processor.decode([int(token)])).strip()
