"""A language model that generates token by token, by the sampling parameters of a service.

transformers' own `generate()` neither streams several choices, nor says where a stop sequence began, nor draws from a
generator of its own; so the loop is here, while what changes the scores (temperature, top-p, top-k) is transformers'.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LONGEST = 64
"""Tokens of any answer: a stand-in's words have no more to say, and a course has many calls."""
TOP = 20
"""Alternatives that are kept for each token, the most that a service gives."""
UNFINISHED = "\ufffd"
"""What a decoder writes for the bytes of a letter whose other bytes are still to come."""


@dataclass(frozen=True)
class Sampling:
    """How an answer is drawn. `max_tokens` `None` is no limit of the caller's; a `temperature` of 0 is greedy."""

    max_tokens: int | None = None
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    stop: tuple[str, ...] = ()
    seed: int | None = None


@dataclass(frozen=True)
class Token:
    """A token that was drawn, its log-probability before any change of the scores, and the likeliest in its place."""

    text: str
    logprob: float
    top: tuple[tuple[str, float], ...]


@dataclass
class Answer:
    """One answer in the making: iterate over `pieces()`, then the rest is known.

    `finish` is "stop" (the model ended, or a stop sequence came up) or "length" (the caller's limit). An answer that
    only `LONGEST` cut short counts as ended, and is `capped`.
    """

    model: LanguageModel
    prompt: Sequence[int]
    sampling: Sampling
    script: Sequence[int] | None = None
    """Tokens to say in the place of what the model would draw: a caption, or an object of a schema."""
    text: str = ""
    tokens: list[Token] = field(default_factory=list)
    finish: str = "stop"
    stopped_by: str | None = None
    capped: bool = False

    def pieces(self) -> Iterator[str]:
        """The text in pieces as it comes; no piece holds the beginning of a stop sequence or half a letter."""
        ids: list[int] = []
        emitted = 0
        tokens = self.model.sampled_tokens(self) if self.script is None else self.model.scripted_tokens(self)
        for token_id in tokens:
            ids.append(token_id)
            text = self.model.decode(ids)
            cut = self._stopped(text)
            ready = len(text) - _held_back(text, self.sampling.stop) if cut is None else cut
            self.text = text[:ready]
            if ready > emitted:
                yield text[emitted:ready]
                emitted = ready
            if cut is not None:
                self.finish, self.capped = "stop", False
                return
        self.text = self.model.decode(ids)
        if len(self.text) > emitted:
            yield self.text[emitted:]

    def whole(self) -> Answer:
        """The answer, finished."""
        for _ in self.pieces():
            pass
        return self

    def _stopped(self, text: str) -> int | None:
        """Where the first stop sequence begins."""
        places = [(text.find(stop), stop) for stop in self.sampling.stop if stop and stop in text]
        if not places:
            return None
        place, self.stopped_by = min(places)
        return place


class LanguageModel:
    """A causal language model and its tokenizer, loaded from a folder."""

    def __init__(self, directory: Path) -> None:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        torch.set_num_threads(1)
        self.tokenizer = AutoTokenizer.from_pretrained(directory)
        self.model = AutoModelForCausalLM.from_pretrained(directory).eval()
        config = self.model.config
        self.positions: int = getattr(config, "max_position_embeddings", None) or config.n_positions
        ends = self.model.generation_config.eos_token_id
        self.ends = set(ends) if isinstance(ends, list) else {ends}

    def prompt_of(self, messages: Sequence[dict[str, str]]) -> list[int]:
        """The tokens of a chat, ready for the assistant's next words."""
        text = self.tokenizer.apply_chat_template(list(messages), add_generation_prompt=True, tokenize=False)
        return self.encode(str(text))

    def encode(self, text: str) -> list[int]:
        """The tokens of a text, without special ones added."""
        return list(self.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])

    def decode(self, ids: Sequence[int]) -> str:
        """The text of tokens."""
        return str(self.tokenizer.decode(list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False))

    def answer(self, prompt: Sequence[int], sampling: Sampling) -> Answer:
        """An answer to a prompt, not begun yet."""
        return Answer(self, prompt, sampling)

    def scripted_tokens(self, answer: Answer) -> Iterator[int]:
        """The tokens of an answer's script, as far as the caller's limit."""
        script = answer.script or ()
        for place, token_id in enumerate(script):
            if place == answer.sampling.max_tokens:
                answer.finish = "length"
                return
            text = self.decode([token_id])
            answer.tokens.append(Token(text, 0.0, ((text, 0.0),)))
            yield token_id

    def sampled_tokens(self, answer: Answer) -> Iterator[int]:
        """Draw token after token; each is noted in `answer.tokens`, and why there are no more in `answer.finish`."""
        import torch

        sampling = answer.sampling
        generator = torch.Generator()
        if sampling.seed is None:
            generator.seed()
        else:
            generator.manual_seed(sampling.seed % 2**63)
        changes = _changes(sampling)
        limit = LONGEST if sampling.max_tokens is None else min(sampling.max_tokens, LONGEST)
        ids = torch.tensor([self._fitted(answer.prompt)])
        cache = None
        for place in range(limit):
            with torch.inference_mode():
                output = self.model(input_ids=ids if cache is None else ids[:, -1:], past_key_values=cache)
                scores = output.logits[:, -1].float()
                if not place:
                    # Words that the world does not know may end an answer before it begins; a service says something.
                    scores[:, list(self.ends)] = -math.inf
                logprobs = scores.log_softmax(-1)[0]
                if sampling.temperature > 0:
                    chances = changes(ids, scores).softmax(-1)
                    token_id = int(torch.multinomial(chances, 1, generator=generator))
                else:
                    token_id = int(scores.argmax())
            cache = output.past_key_values
            if token_id in self.ends:
                return
            ids = torch.cat([ids, torch.tensor([[token_id]])], dim=1)
            answer.tokens.append(self._token(token_id, logprobs))
            yield token_id
        limited = sampling.max_tokens is not None and sampling.max_tokens <= LONGEST
        answer.finish, answer.capped = ("length", False) if limited else ("stop", True)

    def _token(self, token_id: int, logprobs: Any) -> Token:
        values, places = logprobs.topk(min(TOP, len(logprobs)))
        top = tuple(
            (self.decode([place]), value) for place, value in zip(places.tolist(), values.tolist(), strict=True)
        )
        return Token(
            self.decode([token_id]), float(logprobs[token_id]), tuple(pair for pair in top if pair[1] > -math.inf)
        )

    def _fitted(self, prompt: Sequence[int]) -> list[int]:
        """As much of a prompt as the model's positions leave room for: its beginning, and the most of its end."""
        room = self.positions - LONGEST
        ids = list(prompt) or [self.tokenizer.bos_token_id]
        if len(ids) <= room:
            return ids
        head = room // 4
        return ids[:head] + ids[head - room :]


def _changes(sampling: Sampling) -> Any:
    """What is done to the scores before a token is drawn from them."""
    from transformers import LogitsProcessorList, TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

    changes = LogitsProcessorList()
    if sampling.temperature > 0 and sampling.temperature != 1:
        changes.append(TemperatureLogitsWarper(float(sampling.temperature)))
    if sampling.top_k > 0:
        changes.append(TopKLogitsWarper(sampling.top_k))
    if 0 <= sampling.top_p < 1:
        changes.append(TopPLogitsWarper(max(float(sampling.top_p), 1e-6)))
    return changes


def _held_back(text: str, stops: Sequence[str]) -> int:
    """How many of the last characters may be the beginning of a stop sequence, or of a letter."""
    unfinished = len(text) - len(text.rstrip(UNFINISHED))
    beginnings = (length for stop in stops for length in range(len(stop) - 1, 0, -1) if text.endswith(stop[:length]))
    return max(unfinished, max(beginnings, default=0))
