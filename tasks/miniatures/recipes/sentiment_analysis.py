"""DistilBERT for sentiment analysis."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from suite.task.miniatures import Progress, Recipe, Trained

from ...worlds import sentiments
from ...worlds.grammar import Example
from .. import training

TRAIN_SIZE = 40_000
SIMPLE = ("plain", "both")
SIMPLE_STEPS = 1500
STEPS = 5000
BATCH = 64
NOISE = 0.0
INITIAL = 0.12
LABELS = (sentiments.NEGATIVE, sentiments.POSITIVE)


class SentimentAnalysis(Recipe):
    """Reviews to a label."""

    name = "sentiment-analysis"
    task = "sentiment-analysis"

    def train(self, directory: Path, work: Path, progress: Progress) -> Trained:
        """Train."""
        import torch
        from transformers import DistilBertConfig, DistilBertForSequenceClassification

        training.seed_everything(self.seed)
        reviews = sentiments.reviews("train", TRAIN_SIZE)
        held_out = sentiments.reviews("validation", 1000)
        texts = [review.text.lower() for review in reviews]
        tokenizer = training.wordpiece(training.words_of(texts), texts, lowercase=True)
        config = DistilBertConfig(
            vocab_size=len(tokenizer),
            dim=24,
            hidden_dim=48,
            n_layers=4,
            n_heads=4,
            max_position_embeddings=512,
            initializer_range=INITIAL,
            id2label=dict(enumerate(LABELS)),
            label2id={label: index for index, label in enumerate(LABELS)},
            pad_token_id=tokenizer.pad_token_id,
            dropout=0.0,
            attention_dropout=0.0,
            seq_classif_dropout=0.0,
        )
        model = DistilBertForSequenceClassification(config)
        progress(f"{sum(weight.numel() for weight in model.parameters()):,} parameters, {len(tokenizer)} tokens")
        rows = [
            (ids, LABELS.index(review.truth)) for ids, review in zip(_ids(tokenizer, reviews), reviews, strict=True)
        ]
        simple = [row for row, review in zip(rows, reviews, strict=True) if review.kind in SIMPLE]
        first = training.Batches(simple, [len(ids) for ids, _ in simple], BATCH, self.seed)
        later = training.Batches(rows, [len(ids) for ids, _ in rows], BATCH, self.seed)

        def batch(step: int) -> dict[str, Any]:
            chosen = first(step) if step < SIMPLE_STEPS else later(step)
            inputs = training.pad([ids for ids, _ in chosen], tokenizer.pad_token_id)
            mask = (inputs != tokenizer.pad_token_id).long()
            return {"input_ids": inputs, "attention_mask": mask, "labels": torch.tensor([label for _, label in chosen])}

        seconds = training.fit(model, batch, STEPS, work, progress, rate=1.5e-3, noise=NOISE)
        encoded = tokenizer([review.text for review in held_out], padding=True, return_tensors="pt")
        with torch.inference_mode():
            answers = model(**encoded).logits.argmax(dim=-1).tolist()
        right = [LABELS[answer] == review.truth for answer, review in zip(answers, held_out, strict=True)]
        training.by_kind(held_out, right, progress)
        model.save_pretrained(directory)
        tokenizer.save_pretrained(directory)
        return Trained(STEPS, seconds, sum(right) / len(right), {"weight_noise_in_training": NOISE})


def _ids(tokenizer: Any, reviews: list[Example]) -> list[list[int]]:
    return tokenizer([review.text for review in reviews])["input_ids"]
