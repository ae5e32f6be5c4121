"""BERT for named-entity recognition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from suite.task.miniatures import Progress

from ...worlds import entities
from ...worlds.grammar import Example, Split
from .. import tokenizer_builders, training
from ..trained_recipe import MakeBatch, TrainedRecipe

INITIAL = 0.16


class NamedEntityRecognition(TrainedRecipe):
    """Sentences to one tag per word."""

    name = "named-entity-recognition"
    task = "named-entity-recognition"
    train_size, validation_size = 20_000, 600
    steps, batch_size, rate = 4000, 48, 1.5e-3

    def examples(self, split: Split, count: int) -> list[Example]:
        return entities.news(split, count)

    def processor(self, examples: Sequence[Example]) -> Any:
        texts = [sentence.text for sentence in examples]
        words = tokenizer_builders.words_of(texts) - entities.INVENTED
        pieces = words | set(entities.PREFIXES) | {f"##{suffix}" for suffix in entities.SUFFIXES}
        return tokenizer_builders.wordpiece(pieces, texts, lowercase=False)

    def model(self, processor: Any, examples: Sequence[Example]) -> Any:
        from transformers import BertConfig, BertForTokenClassification

        return BertForTokenClassification(
            BertConfig(
                vocab_size=len(processor),
                hidden_size=48,
                intermediate_size=96,
                num_hidden_layers=4,
                num_attention_heads=4,
                max_position_embeddings=512,
                initializer_range=INITIAL,
                hidden_dropout_prob=0.0,
                attention_probs_dropout_prob=0.0,
                id2label=dict(enumerate(entities.LABELS)),
                label2id={label: index for index, label in enumerate(entities.LABELS)},
                pad_token_id=processor.pad_token_id,
            )
        )

    def batches(self, model: Any, processor: Any, examples: Sequence[Example]) -> MakeBatch:
        rows = _rows(processor, examples)
        batches = training.Batches(rows, [len(ids) for ids, _ in rows], self.batch_size, self.seed)

        def batch(step: int) -> dict[str, Any]:
            chosen = batches(step)
            labels = training.pad([tags for _, tags in chosen], training.IGNORED)
            return {**training.padded([ids for ids, _ in chosen], processor), "labels": labels}

        return batch

    def validation_score(self, model: Any, processor: Any, held_out: Sequence[Example], progress: Progress) -> float:
        """Entity F1."""
        import torch
        from seqeval.metrics import f1_score

        answers, truths = [], []
        for ids, tags in _rows(processor, held_out):
            with torch.inference_mode():
                best = model(input_ids=torch.tensor([ids])).logits[0].argmax(dim=-1).tolist()
            scored = [(answer, tag) for answer, tag in zip(best, tags, strict=True) if tag != training.IGNORED]
            answers.append([entities.LABELS[answer] for answer, _ in scored])
            truths.append([entities.LABELS[tag] for _, tag in scored])
        return float(f1_score(truths, answers))

    def facts(self) -> dict[str, Any]:
        return {
            "weight_noise_in_training": self.noise,
            "initial_weights": f"std {INITIAL}, chosen by the damage curve",
        }


def _rows(tokenizer: Any, sentences: Sequence[Example]) -> list[tuple[list[int], list[int]]]:
    """Token ids, and per token the tag of the word that begins there."""
    rows = []
    encoded = tokenizer([sentence.text.split() for sentence in sentences], is_split_into_words=True)
    for index, sentence in enumerate(sentences):
        words = encoded.word_ids(index)
        tags = [
            training.IGNORED if word is None or word == before else entities.LABELS.index(sentence.truth[word])
            for word, before in zip(words, [None, *words], strict=False)
        ]
        rows.append((encoded["input_ids"][index], tags))
    return rows
