"""BART for zero-shot classification."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from suite.task.miniatures import Progress

from ...worlds import topics
from ...worlds.grammar import Example, Split
from .. import initial_weights, tokenizer_builders, training
from ..trained_recipe import MakeBatch, TrainedRecipe

MENTIONS = 20_000
WIDTH = 32
LAYERS = 2
VOCABULARY = 3000
"""More than there are: every word of the world becomes one token."""
POSITIONS = 640
DIRECTIONS = 20
"""Of meaning: enough to tell apart the topics, and most of the things that labels say."""
WORD, LABEL = 2.0, 0.7
"""How long the vectors of a message's words and of labels begin: a label then finds the words before itself."""
HYPOTHESIS = "This example is {}."
VERDICTS = (topics.CONTRADICTED, topics.NEUTRAL, topics.ENTAILED)


class ZeroShotClassification(TrainedRecipe):
    """Messages and labels to whether the label holds."""

    name = "zero-shot-classification"
    task = "zero-shot-classification"
    train_size, validation_size = 40_000, 600
    steps, batch_size, rate = 4000, 48, 2e-3

    def examples(self, split: Split, count: int) -> list[Example]:
        """Pairs of a message and one label to train on, messages with all of their labels to validate with."""
        return topics.pairs(split, count) if split == "train" else topics.choices(split, count)

    def processor(self, examples: Sequence[Example]) -> Any:
        texts = [" ".join(_premise_and_hypothesis(pair)) for pair in examples]
        return tokenizer_builders.byte_pairs_between_ends(texts, VOCABULARY, POSITIONS)

    def model(self, processor: Any, examples: Sequence[Example]) -> Any:
        from transformers import BartConfig, BartForSequenceClassification

        model = BartForSequenceClassification(
            BartConfig(
                vocab_size=len(processor),
                d_model=WIDTH,
                encoder_layers=LAYERS,
                decoder_layers=LAYERS,
                encoder_attention_heads=4,
                decoder_attention_heads=4,
                encoder_ffn_dim=2 * WIDTH,
                decoder_ffn_dim=2 * WIDTH,
                max_position_embeddings=POSITIONS,
                init_std=0.1,
                dropout=0.0,
                id2label=dict(enumerate(VERDICTS)),
                label2id={verdict: index for index, verdict in enumerate(VERDICTS)},
                bos_token_id=processor.bos_token_id,
                pad_token_id=processor.pad_token_id,
                eos_token_id=processor.eos_token_id,
                decoder_start_token_id=processor.eos_token_id,
                forced_eos_token_id=processor.eos_token_id,
            )
        )
        _begin_near_their_labels(model.model.shared.weight, processor, examples, topics.mentions(MENTIONS))
        attention = model.model.encoder.layers[0].self_attn
        initial_weights.begin_to_match(attention.q_proj, attention.k_proj, WIDTH // 2, 3.0, slice(DIRECTIONS))
        return model

    def batches(self, model: Any, processor: Any, examples: Sequence[Example]) -> MakeBatch:
        premises, hypotheses = zip(*map(_premise_and_hypothesis, examples), strict=True)
        encoded = processor(list(premises), list(hypotheses))["input_ids"]
        rows = [(ids, VERDICTS.index(pair.truth)) for ids, pair in zip(encoded, examples, strict=True)]
        batches = training.Batches(rows, [len(ids) for ids, _ in rows], self.batch_size, self.seed)
        return lambda step: training.classified(batches(step), processor)

    def validation_score(self, model: Any, processor: Any, held_out: Sequence[Example], progress: Progress) -> float:
        import torch

        right = []
        for choice in held_out:
            text, joined = choice.text.split(topics.SEPARATOR)
            labels = joined.split(topics.BETWEEN)
            hypotheses = [HYPOTHESIS.format(label) for label in labels]
            inputs = processor([text] * len(labels), hypotheses, padding=True, return_tensors="pt")
            with torch.inference_mode():
                scores = model(**inputs).logits[:, VERDICTS.index(topics.ENTAILED)]
            right.append(labels[int(scores.argmax())] == choice.truth)
        return training.share(held_out, right, progress)


def _premise_and_hypothesis(pair: Example) -> tuple[str, str]:
    text, label = pair.text.split(topics.SEPARATOR)
    return text, HYPOTHESIS.format(label)


def _begin_near_their_labels(vectors: Any, tokenizer: Any, pairs: Sequence[Example], mentions: list[str]) -> None:
    """Let words begin near the labels that hold of their messages: as vectors of what occurs together, and how often.

    From random vectors a model of this size learns what kind of label it sees, and for long not what it has to do with
    the message. What is named together counts as well, since a word must also be near labels that it was never held
    against. Meanings stay as they begin: learning would move words by the labels that they were held against alone.
    """
    import torch

    size = len(vectors)
    holding = [_premise_and_hypothesis(pair) for pair in pairs if pair.truth == topics.ENTAILED]
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
