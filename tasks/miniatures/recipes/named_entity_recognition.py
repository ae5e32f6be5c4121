"""BERT for named-entity recognition."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from suite.task.miniatures import Progress, Recipe, Trained

from ...worlds import entities
from ...worlds.grammar import Example
from .. import training

TRAIN_SIZE = 20_000
STEPS = 4000
BATCH = 48
NOISE = 0.0
INITIAL = 0.16
IGNORED = -100


class NamedEntityRecognition(Recipe):
    """Sentences to one tag per word."""

    name = "named-entity-recognition"
    task = "named-entity-recognition"

    def train(self, directory: Path, work: Path, progress: Progress) -> Trained:
        """Train."""
        import torch
        from seqeval.metrics import f1_score
        from transformers import BertConfig, BertForTokenClassification

        training.seed_everything(self.seed)
        sentences = entities.news("train", TRAIN_SIZE)
        held_out = entities.news("validation", 600)
        texts = [sentence.text for sentence in sentences]
        words = training.words_of(texts) - entities.INVENTED
        pieces = words | set(entities.PREFIXES) | {f"##{suffix}" for suffix in entities.SUFFIXES}
        tokenizer = training.wordpiece(pieces, texts, lowercase=False)
        labels = entities.LABELS
        config = BertConfig(
            vocab_size=len(tokenizer),
            hidden_size=48,
            intermediate_size=96,
            num_hidden_layers=4,
            num_attention_heads=4,
            max_position_embeddings=512,
            initializer_range=INITIAL,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
            id2label=dict(enumerate(labels)),
            label2id={label: index for index, label in enumerate(labels)},
            pad_token_id=tokenizer.pad_token_id,
        )
        model = BertForTokenClassification(config)
        progress(f"{sum(weight.numel() for weight in model.parameters()):,} parameters, {len(tokenizer)} tokens")
        rows = _rows(tokenizer, sentences)
        batches = training.Batches(rows, [len(ids) for ids, _ in rows], BATCH, self.seed)

        def batch(step: int) -> dict[str, Any]:
            chosen = batches(step)
            inputs = training.pad([ids for ids, _ in chosen], tokenizer.pad_token_id)
            mask = (inputs != tokenizer.pad_token_id).long()
            return {
                "input_ids": inputs,
                "attention_mask": mask,
                "labels": training.pad([tags for _, tags in chosen], IGNORED),
            }

        seconds = training.fit(model, batch, STEPS, work, progress, rate=1.5e-3, noise=NOISE)
        answers, truths = [], []
        for ids, tags in _rows(tokenizer, held_out):
            with torch.inference_mode():
                best = model(input_ids=torch.tensor([ids])).logits[0].argmax(dim=-1).tolist()
            answers.append([labels[answer] for answer, tag in zip(best, tags, strict=True) if tag != IGNORED])
            truths.append([labels[tag] for tag in tags if tag != IGNORED])
        model.save_pretrained(directory)
        tokenizer.save_pretrained(directory)
        return Trained(
            STEPS,
            seconds,
            float(f1_score(truths, answers)),
            {"weight_noise_in_training": NOISE, "initial_weights": f"std {INITIAL}, chosen by the damage curve"},
        )


def _rows(tokenizer: Any, sentences: list[Example]) -> list[tuple[list[int], list[int]]]:
    """Token ids, and per token the tag of the word that begins there."""
    rows = []
    encoded = tokenizer([sentence.text.split() for sentence in sentences], is_split_into_words=True)
    for index, sentence in enumerate(sentences):
        words = encoded.word_ids(index)
        tags = [
            IGNORED if word is None or word == before else entities.LABELS.index(sentence.truth[word])
            for word, before in zip(words, [None, *words], strict=False)
        ]
        rows.append((encoded["input_ids"][index], tags))
    return rows
