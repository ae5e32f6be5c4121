"""DistilBERT for question answering."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from suite.task.miniatures import Progress

from ...worlds import passages
from ...worlds.grammar import Example, Split
from .. import initial_weights, tokenizer_builders, training
from ..trained_recipe import MakeBatch, TrainedRecipe

if TYPE_CHECKING:
    import torch

WIDTH = 64
WAVES = 16
"""Dimensions in which positions begin."""
SUPPORT = 1.0
"""The weight of the loss on which sentences state the fact, before the last layer: as for HotpotQA."""

Row = tuple[list[int], int, int, list[float]]
"""Tokens of a question and a passage, the places of the answer's first and last, and which tokens state the fact."""


class QuestionAnswering(TrainedRecipe):
    """Questions and passages to the first and the last token of the answer."""

    name = "question-answering"
    task = "question-answering"
    train_size, validation_size = 40_000, 600
    steps, batch_size, rate = 1000, 48, 2e-3

    def examples(self, split: Split, count: int) -> list[Example]:
        return passages.supported(split, count)

    def processor(self, examples: Sequence[Example]) -> Any:
        texts = [example.text for example in examples]
        words = tokenizer_builders.words_of(texts)
        return tokenizer_builders.wordpiece(words, [text.replace("\n", " ") for text in texts], lowercase=False)

    def model(self, processor: Any, examples: Sequence[Example]) -> Any:
        from transformers import DistilBertConfig, DistilBertForQuestionAnswering

        model = DistilBertForQuestionAnswering(
            DistilBertConfig(
                vocab_size=len(processor),
                dim=WIDTH,
                hidden_dim=2 * WIDTH,
                n_layers=4,
                n_heads=4,
                max_position_embeddings=512,
                initializer_range=0.1,
                pad_token_id=processor.pad_token_id,
                dropout=0.0,
                attention_dropout=0.0,
                qa_dropout=0.0,
            )
        )
        embeddings, layers = model.distilbert.embeddings, model.distilbert.transformer.layer
        initial_weights.begin_as_waves(embeddings.word_embeddings, embeddings.position_embeddings, WAVES)
        for index, gain, reads in ((0, 2.0, slice(-WAVES)), (1, 4.0, slice(-WAVES, None))):
            attention = layers[index].attention
            initial_weights.begin_to_match(attention.q_lin, attention.k_lin, WIDTH // 2, gain, reads)
        for layer in layers:
            layer.ffn.lin2.weight.data.mul_(0.1)
        return model

    def batches(self, model: Any, processor: Any, examples: Sequence[Example]) -> MakeBatch:
        import torch

        rows = _rows(processor, examples)
        batches = training.Batches(rows, [len(row[0]) for row in rows], self.batch_size, self.seed)

        def batch(step: int) -> dict[str, Any]:
            chosen = batches(step)
            return {
                **training.padded([ids for ids, *_ in chosen], processor),
                "start_positions": torch.tensor([start for _, start, _, _ in chosen]),
                "end_positions": torch.tensor([end for _, _, end, _ in chosen]),
                "fact": training.pad([fact for *_, fact in chosen], 0.0),
            }

        return batch

    def module(self, model: Any, processor: Any) -> torch.nn.Module:
        """The model, with a layer that marks the tokens of the fact in the states before the model's last layer."""
        import torch

        class Supported(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.model, self.support = model, torch.nn.Linear(WIDTH, 1)

            def forward(self, fact: torch.Tensor, **inputs: torch.Tensor) -> Any:
                outputs = self.model(**inputs, output_hidden_states=True)
                marks = self.support(outputs.hidden_states[-2]).squeeze(-1)
                outputs.loss = outputs.loss + SUPPORT * torch.nn.functional.binary_cross_entropy_with_logits(
                    marks, fact, weight=inputs["attention_mask"].float()
                )
                return outputs

        return Supported()

    def validation_score(self, model: Any, processor: Any, held_out: Sequence[Example], progress: Progress) -> float:
        import torch

        right = []
        for ids, start, end, _ in _rows(processor, held_out):
            with torch.inference_mode():
                outputs = model(input_ids=torch.tensor([ids]))
            right.append((int(outputs.start_logits.argmax()), int(outputs.end_logits.argmax())) == (start, end))
        return training.share(held_out, right, progress)

    def facts(self) -> dict[str, Any]:
        return {"validation_score": "exact match"}


def _rows(tokenizer: Any, examples: Sequence[Example]) -> list[Row]:
    questions, contexts = zip(*(example.text.split(passages.SEPARATOR) for example in examples), strict=True)
    encoded = tokenizer(list(questions), list(contexts))
    rows = []
    for index, (example, context) in enumerate(zip(examples, contexts, strict=True)):
        answer, fact = example.truth
        match = re.search(rf"\b{re.escape(answer)}\b", context)
        if match is None:
            raise ValueError(f"the answer is not in its passage: {example}")
        begin = context.index(fact)
        start, end, first, last = (
            encoded.char_to_token(index, place, sequence_index=1)
            for place in (match.start(), match.end() - 1, begin, begin + len(fact) - 1)
        )
        ids = encoded["input_ids"][index]
        rows.append((ids, start, end, [float(first <= place <= last) for place in range(len(ids))]))
    return rows
