"""DistilBERT for question answering."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from suite.task.miniatures import Progress, Recipe, Trained

from ...worlds import passages
from ...worlds.grammar import Example
from .. import training

TRAIN_SIZE = 40_000
STEPS = 1000
BATCH = 48
INITIAL = 0.1
WIDTH = 64
WAVES = 16
"""Dimensions in which positions begin."""
LAYERS = 4
RATE = 2e-3
SUPPORT = 1.0
"""How much it counts to know the sentences that tell the fact, before the last layer: as for HotpotQA."""

Row = tuple[list[int], int, int, list[float]]
"""Tokens of a question and a passage, the places of the answer's first and last, and which tokens tell the fact."""


class QuestionAnswering(Recipe):
    """Questions and passages to the first and the last token of the answer."""

    name = "question-answering"
    task = "question-answering"

    def train(self, directory: Path, work: Path, progress: Progress) -> Trained:
        """Train."""
        import torch
        from transformers import DistilBertConfig, DistilBertForQuestionAnswering

        training.seed_everything(self.seed)
        examples = passages.supported("train", TRAIN_SIZE)
        held_out = passages.supported("validation", 600)
        texts = [example.text for example in examples]
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

        class Pointing(torch.nn.Module):
            """The model, and a layer that tells from what it knows before its last one where the fact is told."""

            def __init__(self) -> None:
                super().__init__()
                self.model, self.support = model, torch.nn.Linear(WIDTH, 1)

            def forward(self, told: torch.Tensor, **inputs: torch.Tensor) -> Any:
                outputs = self.model(**inputs, output_hidden_states=True)
                marks = self.support(outputs.hidden_states[-2]).squeeze(-1)
                outputs.loss = outputs.loss + SUPPORT * torch.nn.functional.binary_cross_entropy_with_logits(
                    marks, told, weight=inputs["attention_mask"].float()
                )
                return outputs

        rows = _rows(tokenizer, examples)
        batches = training.Batches(rows, [len(row[0]) for row in rows], BATCH, self.seed)

        def batch(step: int) -> dict[str, Any]:
            chosen = batches(step)
            inputs = training.pad([ids for ids, *_ in chosen], tokenizer.pad_token_id)
            return {
                "input_ids": inputs,
                "attention_mask": (inputs != tokenizer.pad_token_id).long(),
                "start_positions": torch.tensor([start for _, start, _, _ in chosen]),
                "end_positions": torch.tensor([end for _, _, end, _ in chosen]),
                "told": training.pad([told for *_, told in chosen], 0.0),
            }

        seconds = training.fit(Pointing(), batch, STEPS, work, progress, rate=RATE)
        model.eval()
        right = []
        for ids, start, end, _ in _rows(tokenizer, held_out):
            with torch.inference_mode():
                outputs = model(input_ids=torch.tensor([ids]))
            right.append((int(outputs.start_logits.argmax()), int(outputs.end_logits.argmax())) == (start, end))
        training.by_kind(held_out, right, progress)
        model.save_pretrained(directory)
        tokenizer.save_pretrained(directory)
        return Trained(STEPS, seconds, sum(right) / len(right), {"validation_score": "exact match"})


def _rows(tokenizer: Any, examples: list[Example]) -> list[Row]:
    questions, contexts = zip(*(example.text.split(passages.SEPARATOR) for example in examples), strict=True)
    encoded = tokenizer(list(questions), list(contexts))
    rows = []
    for index, (example, context) in enumerate(zip(examples, contexts, strict=True)):
        answer, fact = example.truth
        found = re.search(rf"\b{re.escape(answer)}\b", context)
        if found is None:
            raise ValueError(f"the answer is not in its passage: {example}")
        begin = context.index(fact)
        start, end, first, last = (
            encoded.char_to_token(index, place, sequence_index=1)
            for place in (found.start(), found.end() - 1, begin, begin + len(fact) - 1)
        )
        ids = encoded["input_ids"][index]
        rows.append((ids, start, end, [float(first <= place <= last) for place in range(len(ids))]))
    return rows
