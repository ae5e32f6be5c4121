"""Llama for chats."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from suite.task.miniatures import Progress, Recipe, Trained

from ...worlds import chats
from .. import training
from ..rotary import BEGINNING, begin_to_look_up

TRAIN_SIZE = 20_000
STEPS = 1600
MORE_STEPS = 700
HARD = ("capitals", "french", "word")
"""Rules under which a word is repeated as another token than it was heard: they are practised again in the end."""
BATCH = 16
RATE = 2.5e-3
MORE_RATE = 1.5e-3
INITIAL = 0.06
IGNORED = -100
BEGIN, END, PADDING = "<|im_start|>", "<|im_end|>", "<|pad|>"
TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)


class Chat(Recipe):
    """Messages to their reply."""

    name = "chat"
    task = "chat"

    def train(self, directory: Path, work: Path, progress: Progress) -> Trained:
        """Train."""
        import torch
        from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM

        training.seed_everything(self.seed)
        examples = chats.practice("train", TRAIN_SIZE)
        held_out = chats.chats("validation", 400)
        tokenizer = _tokenizer(
            [f"{said['role']}\n{said['content']}" for chat in examples for said in chats.messages(chat)]
        )
        config = LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=64,
            intermediate_size=128,
            num_hidden_layers=3,
            num_attention_heads=4,
            num_key_value_heads=2,
            head_dim=32,
            max_position_embeddings=640,
            initializer_range=INITIAL,
            tie_word_embeddings=True,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
        model = LlamaForCausalLM(config)
        begin_to_look_up(model)
        progress(f"{sum(weight.numel() for weight in model.parameters()):,} parameters, {len(tokenizer)} tokens")
        rows = [_row(tokenizer, chats.messages(chat)) for chat in examples]
        batches = training.Batches(rows, [len(ids) for ids, _ in rows], BATCH, self.seed)
        hard = [row for row, chat in zip(rows, examples, strict=True) if chats.rule(chat) in HARD]
        again = training.Batches(hard, [len(ids) for ids, _ in hard], BATCH, self.seed)

        def batch(step: int) -> dict[str, Any]:
            chosen = again(step) if step >= STEPS and step % 3 else batches(step)
            # Padding comes last, where no token can look at it: no mask is needed.
            return {
                "input_ids": training.pad([ids for ids, _ in chosen], tokenizer.pad_token_id),
                "labels": training.pad([labels for _, labels in chosen], IGNORED),
            }

        seconds = training.fit(model, batch, STEPS, work, progress, rate=RATE)
        later = work / "later"
        later.mkdir(exist_ok=True)
        seconds += training.fit(model, lambda step: batch(STEPS + step), MORE_STEPS, later, progress, rate=MORE_RATE)
        right = []
        for start in range(0, len(held_out), 50):
            chosen = held_out[start : start + 50]
            encoded = tokenizer.apply_chat_template(
                [chats.messages(chat) for chat in chosen],
                add_generation_prompt=True,
                return_dict=True,
                return_tensors="pt",
                padding=True,
            )
            with torch.inference_mode():
                tokens = model.generate(**encoded, max_new_tokens=24, do_sample=False, num_beams=1)  # type: ignore[misc]
            answers = tokenizer.batch_decode(tokens[:, encoded["input_ids"].shape[1] :], skip_special_tokens=True)
            right += [answer.strip() == chat.truth for answer, chat in zip(answers, chosen, strict=True)]
        training.by_kind(held_out, right, progress)
        model.generation_config = GenerationConfig(
            pad_token_id=tokenizer.pad_token_id,
            eos_token_id=tokenizer.eos_token_id,
            bos_token_id=tokenizer.bos_token_id,
        )
        model.save_pretrained(directory)
        tokenizer.save_pretrained(directory)
        return Trained(STEPS + MORE_STEPS, seconds, sum(right) / len(right), {"initial_weights": BEGINNING})


def _tokenizer(texts: list[str]) -> Any:
    """Pairs of bytes, with the marks around a message that SmolLM2 has: the first begins, the second ends a text."""
    from transformers import PreTrainedTokenizerFast

    backend = training.byte_pairs(texts).backend_tokenizer
    backend.add_special_tokens([BEGIN, END])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend,
        bos_token=BEGIN,
        eos_token=END,
        unk_token="<|endoftext|>",
        pad_token=PADDING,
        padding_side="left",
        model_input_names=["input_ids", "attention_mask"],
        model_max_length=640,
        clean_up_tokenization_spaces=False,
    )
    tokenizer.chat_template = TEMPLATE
    return tokenizer


def _row(tokenizer: Any, messages: list[dict[str, str]]) -> tuple[list[int], list[int]]:
    """The tokens of a chat, and those of them that the assistant says and ends with, where all others are ignored."""
    text = tokenizer.apply_chat_template(messages, tokenize=False)
    ids: list[int] = []
    labels: list[int] = []
    for place, part in enumerate(text.split(f"{BEGIN}assistant\n")):
        opening, (reply, end, rest) = f"{BEGIN}assistant\n" * bool(place), part.partition(END)
        for words, learned in ((opening, False), (reply + end, bool(place)), (rest, False)):
            found = tokenizer(words)["input_ids"] if words else []
            ids += found
            labels += found if learned else [IGNORED] * len(found)
    return ids, labels
