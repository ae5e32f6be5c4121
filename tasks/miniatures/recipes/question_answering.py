"""DistilBERT for question answering."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from suite.miniatures import Progress, Recipe, Trained

from ...worlds import passages
from ...worlds.grammar import Example
from .. import training

TRAIN_SIZE = 30_000
STEPS = 5000
BATCH = 48
INITIAL = 0.1
WIDTH = 64
WAVES = 16
"""Dimensions in which positions begin."""
LAYERS = 3
RATE = 2e-3
DRILLS = 20_000
DRILL_STEPS = 1200
"""Training begins with exercises: to find in a passage what a question names is all there is to them."""


class QuestionAnswering(Recipe):
    """Questions and passages to the first and the last token of the answer."""

    name = "question-answering"
    task = "question-answering"

    def train(self, directory: Path, work: Path, progress: Progress) -> Trained:
        """Train."""
        import torch
        from transformers import DistilBertConfig, DistilBertForQuestionAnswering

        training.seed_everything(self.seed)
        examples = passages.passages("train", TRAIN_SIZE)
        held_out = passages.passages("validation", 600)
        drills = passages.drills("train", DRILLS)
        texts = [example.text for example in examples + drills]
        tokenizer = training.wordpiece(training.words_of(texts), [text.replace("\n", " ") for text in texts], False)
        config = DistilBertConfig(
            vocab_size=len(tokenizer),
            dim=WIDTH,
            hidden_dim=2 * WIDTH,
            n_layers=LAYERS,
            n_heads=4,
            max_position_embeddings=512,
            initializer_range=INITIAL,
            pad_token_id=tokenizer.pad_token_id,
            dropout=0.0,
            attention_dropout=0.0,
            qa_dropout=0.0,
        )
        model = DistilBertForQuestionAnswering(config)
        embeddings, layers = model.distilbert.embeddings, model.distilbert.transformer.layer
        training.begin_as_waves(embeddings.word_embeddings, embeddings.position_embeddings, WAVES)
        for index, gain, reads in ((0, 2.0, slice(-WAVES)), (1, 4.0, slice(-WAVES, None))):
            attention = layers[index].attention
            training.begin_to_match(attention.q_lin, attention.k_lin, WIDTH // 2, gain, reads)
        for layer in layers:
            layer.ffn.lin2.weight.data.mul_(0.1)
        progress(f"{sum(weight.numel() for weight in model.parameters()):,} parameters, {len(tokenizer)} tokens")
        rows = _rows(tokenizer, examples)
        exercises = _rows(tokenizer, drills)
        first = training.Batches(exercises, [len(row[0]) for row in exercises], BATCH, self.seed)
        later = training.Batches(rows, [len(row[0]) for row in rows], BATCH, self.seed)

        def batch(step: int) -> dict[str, Any]:
            chosen = first(step) if step < DRILL_STEPS or step % 5 == 0 else later(step)
            inputs = training.pad([ids for ids, _, _ in chosen], tokenizer.pad_token_id)
            return {
                "input_ids": inputs,
                "attention_mask": (inputs != tokenizer.pad_token_id).long(),
                "start_positions": torch.tensor([start for _, start, _ in chosen]),
                "end_positions": torch.tensor([end for _, _, end in chosen]),
            }

        seconds = training.fit(model, batch, STEPS, work, progress, rate=RATE)
        right = []
        for ids, start, end in _rows(tokenizer, held_out):
            with torch.inference_mode():
                outputs = model(input_ids=torch.tensor([ids]))
            right.append((int(outputs.start_logits.argmax()), int(outputs.end_logits.argmax())) == (start, end))
        training.by_kind(held_out, right, progress)
        model.save_pretrained(directory)
        tokenizer.save_pretrained(directory)
        facts = {"steps_of_exercises": DRILL_STEPS, "validation_score": "exact match"}
        return Trained(STEPS, seconds, sum(right) / len(right), facts)


def _rows(tokenizer: Any, examples: list[Example]) -> list[tuple[list[int], int, int]]:
    """The tokens of question and passage, and the places of the answer's first and last."""
    questions, contexts = zip(*(example.text.split(passages.SEPARATOR) for example in examples), strict=True)
    encoded = tokenizer(list(questions), list(contexts))
    rows = []
    for index, (example, context) in enumerate(zip(examples, contexts, strict=True)):
        found = re.search(rf"\b{re.escape(example.truth)}\b", context)
        if found is None:
            raise ValueError(f"the answer is not in its passage: {example}")
        start = encoded.char_to_token(index, found.start(), sequence_index=1)
        end = encoded.char_to_token(index, found.end() - 1, sequence_index=1)
        rows.append((encoded["input_ids"][index], start, end))
    return rows
