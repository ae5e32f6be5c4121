"""BART for summarization."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from suite.task.miniatures import Progress

from ...worlds import articles
from ...worlds.grammar import Example, Split
from .. import tokenizer_builders, training
from ..trained_recipe import Seq2SeqRecipe

WIDTH = 48
LAYERS = 2
LONGEST = 640


class Summarization(Seq2SeqRecipe):
    """Articles to one sentence."""

    name = "summarization"
    task = "summarization"
    train_size, validation_size = 40_000, 400
    steps, batch_size, rate = 1800, 32, 2e-3
    max_new_tokens = 96

    def examples(self, split: Split, count: int) -> list[Example]:
        return articles.articles(split, count)

    def processor(self, examples: Sequence[Example]) -> Any:
        return tokenizer_builders.byte_pairs_between_ends(
            [text for example in examples[:5000] for text in (example.text, example.truth)], size=800, longest=LONGEST
        )

    def special_tokens(self, tokenizer: Any) -> dict[str, Any]:
        # The real checkpoint forces its first and last tokens; this one learns to generate them.
        return {
            "pad_token_id": tokenizer.pad_token_id,
            "bos_token_id": tokenizer.bos_token_id,
            "eos_token_id": tokenizer.eos_token_id,
            "decoder_start_token_id": tokenizer.eos_token_id,
            "forced_bos_token_id": None,
            "forced_eos_token_id": None,
        }

    def model(self, processor: Any, examples: Sequence[Example]) -> Any:
        from transformers import BartConfig, BartForConditionalGeneration

        return BartForConditionalGeneration(
            BartConfig(
                **self.special_tokens(processor),
                vocab_size=len(processor),
                d_model=WIDTH,
                encoder_layers=LAYERS,
                decoder_layers=LAYERS,
                encoder_attention_heads=4,
                decoder_attention_heads=4,
                encoder_ffn_dim=2 * WIDTH,
                decoder_ffn_dim=2 * WIDTH,
                max_position_embeddings=LONGEST,
                init_std=0.1,
                dropout=0.0,
            )
        )

    def validation_score(self, model: Any, processor: Any, held_out: Sequence[Example], progress: Progress) -> float:
        """ROUGE-L; the share of exact summaries goes to `progress`."""
        answers = self.answers(model, processor, held_out)
        training.share(held_out, [answer == one.truth for answer, one in zip(answers, held_out, strict=True)], progress)
        return _rouge([one.truth for one in held_out], answers)


def _rouge(truths: list[str], answers: list[str]) -> float:
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer(["rougeL"])
    scores = [scorer.score(truth, answer)["rougeL"].fmeasure for truth, answer in zip(truths, answers, strict=True)]
    return sum(scores) / len(scores)
