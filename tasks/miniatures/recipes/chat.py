"""Llama for chats."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from suite.task.miniatures import Progress

from ...worlds import chats
from ...worlds.grammar import Example, Split
from .. import rotary, tokenizer_builders, training
from ..trained_recipe import GreedyRecipe, MakeBatch

MORE_STEPS = 700
MORE_RATE = 1.5e-3
HARD = ("capitals", "french", "word")
"""Rules under which a word is repeated as another token than the user wrote: the last steps practise them again."""
BEGIN, END, PADDING = "<|im_start|>", "<|im_end|>", "<|pad|>"
TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)


class Chat(GreedyRecipe):
    """Messages to their reply."""

    name = "chat"
    task = "chat"
    train_size, validation_size = 20_000, 400
    steps, batch_size, rate = 1600, 16, 2.5e-3
    max_new_tokens = 24

    def examples(self, split: Split, count: int) -> list[Example]:
        return chats.practice(split, count) if split == "train" else chats.chats(split, count)

    def processor(self, examples: Sequence[Example]) -> Any:
        messages = [message for chat in examples for message in chats.messages(chat)]
        return _tokenizer([f"{message['role']}\n{message['content']}" for message in messages])

    def special_tokens(self, tokenizer: Any) -> dict[str, Any]:
        return {
            "pad_token_id": tokenizer.pad_token_id,
            "eos_token_id": tokenizer.eos_token_id,
            "bos_token_id": tokenizer.bos_token_id,
        }

    def model(self, processor: Any, examples: Sequence[Example]) -> Any:
        return rotary.small_llama(self.special_tokens(processor), len(processor))

    def batches(self, model: Any, processor: Any, examples: Sequence[Example]) -> MakeBatch:
        rows = [_row(processor, chats.messages(chat)) for chat in examples]
        batches = training.Batches(rows, [len(ids) for ids, _ in rows], self.batch_size, self.seed)
        hard = [row for row, chat in zip(rows, examples, strict=True) if chats.rule(chat) in HARD]
        again = training.Batches(hard, [len(ids) for ids, _ in hard], self.batch_size, self.seed)

        def batch(step: int) -> dict[str, Any]:
            chosen = again(step) if step >= self.steps and step % 3 else batches(step)
            # Padding comes last, where no token can look at it: no mask is needed.
            return {
                "input_ids": training.pad([ids for ids, _ in chosen], processor.pad_token_id),
                "labels": training.pad([labels for _, labels in chosen], training.IGNORED),
            }

        return batch

    def fit(self, model: Any, processor: Any, examples: Sequence[Example], work: Path, progress: Progress) -> float:
        batch = self.batches(model, processor, examples)
        seconds = training.fit(model, batch, self.steps, work, progress, rate=self.rate)
        later = work / "later"
        later.mkdir(exist_ok=True)
        return seconds + training.fit(
            model, lambda step: batch(self.steps + step), MORE_STEPS, later, progress, rate=MORE_RATE
        )

    def total_steps(self) -> int:
        return self.steps + MORE_STEPS

    def encode(self, tokenizer: Any, examples: Sequence[Example]) -> dict[str, Any]:
        return dict(
            tokenizer.apply_chat_template(
                [chats.messages(chat) for chat in examples],
                add_generation_prompt=True,
                return_dict=True,
                return_tensors="pt",
                padding=True,
            )
        )

    def facts(self) -> dict[str, Any]:
        return {"initial_weights": rotary.BEGINNING}


def _tokenizer(texts: list[str]) -> Any:
    """Pairs of bytes, with the marks around a message that SmolLM2 has: the first begins, the second ends a text."""
    backend = tokenizer_builders.byte_pairs(texts).backend_tokenizer
    backend.add_special_tokens([BEGIN, END])
    tokenizer = tokenizer_builders.fast_tokenizer(
        backend,
        640,
        bos_token=BEGIN,
        eos_token=END,
        unk_token="<|endoftext|>",
        pad_token=PADDING,
        padding_side="left",
    )
    tokenizer.chat_template = TEMPLATE
    return tokenizer


def _row(tokenizer: Any, messages: list[dict[str, str]]) -> tuple[list[int], list[int]]:
    """The token ids of a chat, and its labels: those of the assistant's replies and their ends, others ignored."""
    text = tokenizer.apply_chat_template(messages, tokenize=False)
    ids: list[int] = []
    labels: list[int] = []
    for place, part in enumerate(text.split(f"{BEGIN}assistant\n")):
        opening, (reply, end, rest) = f"{BEGIN}assistant\n" * bool(place), part.partition(END)
        for words, learned in ((opening, False), (reply + end, bool(place)), (rest, False)):
            tokens = tokenizer(words)["input_ids"] if words else []
            ids += tokens
            labels += tokens if learned else [training.IGNORED] * len(tokens)
    return ids, labels
