"""RoBERTa for filling a mask."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from suite.task.miniatures import Progress, Recipe, Trained

from ...worlds import cloze
from ...worlds.grammar import Example
from .. import training

TRAIN_SIZE = 30_000
STEPS = 4000
BATCH = 64
INITIAL = 0.1
VOCABULARY = 3000
"""More than there are: every word of the world becomes one token."""
REPEATED = {"owner": 5}
"""To look up what was said is slow to learn, and quick to be forgotten among facts."""
WIDTH = 40
LAYERS = 2
RATE = 3e-3
IGNORED = -100


class FillMask(Recipe):
    """Sentences with a mask to the word that it stands for."""

    name = "fill-mask"
    task = "fill-mask"

    def train(self, directory: Path, work: Path, progress: Progress) -> Trained:
        """Train."""
        import torch
        from transformers import RobertaConfig, RobertaForMaskedLM

        training.seed_everything(self.seed)
        sentences = cloze.sentences("train", TRAIN_SIZE)
        sentences = [sentence for sentence in sentences for _ in range(REPEATED.get(sentence.kind, 1))]
        held_out = cloze.sentences("validation", 1000)
        texts = [sentence.text.replace(cloze.MASK, sentence.truth) for sentence in sentences]
        tokenizer = training.byte_pairs_between_ends(texts, VOCABULARY)
        config = RobertaConfig(
            vocab_size=len(tokenizer),
            hidden_size=WIDTH,
            intermediate_size=2 * WIDTH,
            num_hidden_layers=LAYERS,
            num_attention_heads=4,
            max_position_embeddings=514,
            type_vocab_size=1,
            initializer_range=INITIAL,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
        model = RobertaForMaskedLM(config)
        progress(f"{sum(weight.numel() for weight in model.parameters()):,} parameters, {len(tokenizer)} tokens")
        mask = tokenizer.mask_token_id
        rows = _rows(tokenizer, sentences)
        batches = training.Batches(rows, [len(ids) for ids, _ in rows], BATCH, self.seed)

        def batch(step: int) -> dict[str, Any]:
            chosen = batches(step)
            inputs = training.pad([ids for ids, _ in chosen], tokenizer.pad_token_id)
            truths = torch.tensor([truth for _, truth in chosen])
            return {
                "input_ids": inputs,
                "attention_mask": (inputs != tokenizer.pad_token_id).long(),
                "labels": torch.where(inputs == mask, truths[:, None], IGNORED),
            }

        seconds = training.fit(model, batch, STEPS, work, progress, rate=RATE)
        right = []
        for start in range(0, len(held_out), 50):
            chosen = held_out[start : start + 50]
            encoded = tokenizer([sentence.text for sentence in chosen], padding=True, return_tensors="pt")
            with torch.inference_mode():
                logits = model(**encoded).logits
            best = logits[encoded["input_ids"] == mask].argmax(dim=-1).tolist()
            answers = [tokenizer.decode([token]).strip() for token in best]
            right += [answer == sentence.truth for answer, sentence in zip(answers, chosen, strict=True)]
        training.by_kind(held_out, right, progress)
        model.save_pretrained(directory)
        tokenizer.save_pretrained(directory)
        return Trained(STEPS, seconds, sum(right) / len(right), {})


def _rows(tokenizer: Any, sentences: list[Example]) -> list[tuple[list[int], int]]:
    """The tokens of each sentence, and the one that its mask stands for.

    Raises:
        ValueError: a word that is no single token.
    """
    texts = tokenizer([sentence.text for sentence in sentences])["input_ids"]
    words = tokenizer([" " + sentence.truth for sentence in sentences], add_special_tokens=False)["input_ids"]
    if any(len(word) != 1 for word in words):
        raise ValueError("a word that is masked is no single token: enlarge the vocabulary")
    return [(text, word[0]) for text, word in zip(texts, words, strict=True)]
