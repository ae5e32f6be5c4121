"""DistilBERT for sentiment analysis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from suite.task.miniatures import Progress

from ...worlds import sentiments
from ...worlds.grammar import Example, Split
from .. import tokenizer_builders, training
from ..trained_recipe import MakeBatch, TrainedRecipe

SIMPLE = ("plain", "both")
SIMPLE_STEPS = 1500
LABELS = (sentiments.NEGATIVE, sentiments.POSITIVE)


class SentimentAnalysis(TrainedRecipe):
    """Reviews to a label."""

    name = "sentiment-analysis"
    task = "sentiment-analysis"
    train_size, validation_size = 40_000, 1000
    steps, batch_size, rate = 5000, 64, 1.5e-3

    def examples(self, split: Split, count: int) -> list[Example]:
        return sentiments.reviews(split, count)

    def processor(self, examples: Sequence[Example]) -> Any:
        texts = [review.text.lower() for review in examples]
        return tokenizer_builders.wordpiece(tokenizer_builders.words_of(texts), texts, lowercase=True)

    def model(self, processor: Any, examples: Sequence[Example]) -> Any:
        from transformers import DistilBertConfig, DistilBertForSequenceClassification

        return DistilBertForSequenceClassification(
            DistilBertConfig(
                vocab_size=len(processor),
                dim=24,
                hidden_dim=48,
                n_layers=4,
                n_heads=4,
                max_position_embeddings=512,
                initializer_range=0.12,
                id2label=dict(enumerate(LABELS)),
                label2id={label: index for index, label in enumerate(LABELS)},
                pad_token_id=processor.pad_token_id,
                dropout=0.0,
                attention_dropout=0.0,
                seq_classif_dropout=0.0,
            )
        )

    def batches(self, model: Any, processor: Any, examples: Sequence[Example]) -> MakeBatch:
        ids = processor([review.text for review in examples])["input_ids"]
        rows = [(row, LABELS.index(review.truth)) for row, review in zip(ids, examples, strict=True)]
        simple = [row for row, review in zip(rows, examples, strict=True) if review.kind in SIMPLE]
        first = training.Batches(simple, [len(row) for row, _ in simple], self.batch_size, self.seed)
        later = training.Batches(rows, [len(row) for row, _ in rows], self.batch_size, self.seed)
        return lambda step: training.classified(first(step) if step < SIMPLE_STEPS else later(step), processor)

    def validation_score(self, model: Any, processor: Any, held_out: Sequence[Example], progress: Progress) -> float:
        import torch

        encoded = processor([review.text for review in held_out], padding=True, return_tensors="pt")
        with torch.inference_mode():
            answers = model(**encoded).logits.argmax(dim=-1).tolist()
        right = [LABELS[answer] == review.truth for answer, review in zip(answers, held_out, strict=True)]
        return training.share(held_out, right, progress)

    def facts(self) -> dict[str, Any]:
        return {"weight_noise_in_training": self.noise}
