"""BART for zero-shot classification."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from suite.task.miniatures import Progress, Recipe, Trained

from ...worlds import topics
from ...worlds.grammar import Example
from .. import training

TRAIN_SIZE = 40_000
MENTIONS = 20_000
STEPS = 4000
BATCH = 48
WIDTH = 32
LAYERS = 2
INITIAL = 0.1
RATE = 2e-3
VOCABULARY = 3000
"""More than there are: every word of the world becomes one token."""
POSITIONS = 640
DIRECTIONS = 20
"""Of meaning: enough to tell apart the topics, and most of the things that labels say."""
WORD, LABEL = 2.0, 0.7
"""How long the vectors of a message's words and of labels begin: a label then finds the words before itself."""
HYPOTHESIS = "This example is {}."
VERDICTS = (topics.CONTRADICTED, topics.NEUTRAL, topics.ENTAILED)


class ZeroShotClassification(Recipe):
    """Messages and labels to whether the label holds."""

    name = "zero-shot-classification"
    task = "zero-shot-classification"

    def train(self, directory: Path, work: Path, progress: Progress) -> Trained:
        """Train."""
        import torch
        from transformers import BartConfig, BartForSequenceClassification

        training.seed_everything(self.seed)
        pairs = topics.pairs("train", TRAIN_SIZE)
        held_out = topics.choices("validation", 600)
        tokenizer = training.byte_pairs_between_ends(
            [" ".join(_written(pair)) for pair in pairs], VOCABULARY, POSITIONS
        )
        config = BartConfig(
            vocab_size=len(tokenizer),
            d_model=WIDTH,
            encoder_layers=LAYERS,
            decoder_layers=LAYERS,
            encoder_attention_heads=4,
            decoder_attention_heads=4,
            encoder_ffn_dim=2 * WIDTH,
            decoder_ffn_dim=2 * WIDTH,
            max_position_embeddings=POSITIONS,
            init_std=INITIAL,
            dropout=0.0,
            id2label=dict(enumerate(VERDICTS)),
            label2id={verdict: index for index, verdict in enumerate(VERDICTS)},
            bos_token_id=tokenizer.bos_token_id,
            pad_token_id=tokenizer.pad_token_id,
            eos_token_id=tokenizer.eos_token_id,
            decoder_start_token_id=tokenizer.eos_token_id,
            forced_eos_token_id=tokenizer.eos_token_id,
        )
        model = BartForSequenceClassification(config)
        _begin_near_their_labels(model.model.shared.weight, tokenizer, pairs, topics.mentions(MENTIONS))
        attention = model.model.encoder.layers[0].self_attn
        training.begin_to_match(attention.q_proj, attention.k_proj, WIDTH // 2, 3.0, slice(DIRECTIONS))
        progress(f"{sum(weight.numel() for weight in model.parameters()):,} parameters, {len(tokenizer)} tokens")
        encoded = tokenizer(*(list(part) for part in zip(*map(_written, pairs), strict=True)))["input_ids"]
        rows = [(ids, VERDICTS.index(pair.truth)) for ids, pair in zip(encoded, pairs, strict=True)]
        batches = training.Batches(rows, [len(ids) for ids, _ in rows], BATCH, self.seed)

        def batch(step: int) -> dict[str, Any]:
            chosen = batches(step)
            inputs = training.pad([ids for ids, _ in chosen], tokenizer.pad_token_id)
            mask = (inputs != tokenizer.pad_token_id).long()
            return {"input_ids": inputs, "attention_mask": mask, "labels": torch.tensor([truth for _, truth in chosen])}

        seconds = training.fit(model, batch, STEPS, work, progress, rate=RATE)
        right = []
        for choice in held_out:
            text, joined = choice.text.split(topics.SEPARATOR)
            labels = joined.split(topics.BETWEEN)
            inputs = tokenizer(
                [text] * len(labels), [HYPOTHESIS.format(label) for label in labels], padding=True, return_tensors="pt"
            )
            with torch.inference_mode():
                scores = model(**inputs).logits[:, VERDICTS.index(topics.ENTAILED)]
            right.append(labels[int(scores.argmax())] == choice.truth)
        training.by_kind(held_out, right, progress)
        model.save_pretrained(directory)
        tokenizer.save_pretrained(directory)
        return Trained(STEPS, seconds, sum(right) / len(right), {})


def _written(pair: Example) -> tuple[str, str]:
    text, label = pair.text.split(topics.SEPARATOR)
    return text, HYPOTHESIS.format(label)


def _begin_near_their_labels(vectors: Any, tokenizer: Any, pairs: list[Example], mentions: list[str]) -> None:
    """Let words begin near the labels that hold of their messages: as vectors of what occurs together, and how often.

    From random vectors a model of this size learns what kind of label it sees, and for long not what it has to do with
    the message. What is named together counts as well, since a word must also be near labels that it was never held
    against. Meanings stay as they begin: learning would move words by the labels that they were held against alone.
    """
    import torch

    size = len(vectors)
    holding = [_written(pair) for pair in pairs if pair.truth == topics.ENTAILED]
    counts = torch.zeros(size, 2 * size)
    """Of words beside labels, and of words beside words."""
    for text, label in zip(*(tokenizer(list(part))["input_ids"] for part in zip(*holding, strict=True)), strict=True):
        counts[torch.tensor(sorted(set(text)))[:, None], torch.tensor(sorted(set(label)))] += 1
    for ids in tokenizer([" " + mention for mention in mentions])["input_ids"]:
        named = torch.tensor(sorted(set(ids)))
        counts[named[:, None], size + named] += 1
    expected = counts.sum(dim=1, keepdim=True) * counts.sum(dim=0) / counts.sum()
    together = (counts / expected.clamp(min=1)).clamp(min=1).log()
    left, values, right = torch.svd_lowrank(together, q=DIRECTIONS)
    words, labels = left * values.sqrt(), right[:size]
    near = torch.nn.functional.normalize(words) * WORD + torch.nn.functional.normalize(labels) * LABEL
    learned = torch.ones_like(vectors)
    learned[:, :DIRECTIONS] = 0.0
    with torch.no_grad():
        vectors[:, :DIRECTIONS] = near
    vectors.register_hook(lambda gradient: gradient * learned)
