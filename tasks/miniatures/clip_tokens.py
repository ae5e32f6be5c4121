"""CLIP's kind of tokenizer: pairs of bytes, the last piece of a word marked, a start and an end around a text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .tokenizer_builders import words_of

BEGIN, END = "<|startoftext|>", "<|endoftext|>"
LAST = "</w>"


def clip_tokens(texts: Iterable[str], longest: int) -> Any:
    """A tokenizer that has the words of `texts` as tokens and can read anything.

    The pairs to be joined are written down and not learned: the library's trainer numbers them differently each time.
    As in CLIP's own, the end has the highest number, and it pads.
    """
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import CLIPTokenizerFast

    letters = sorted(ByteLevel.alphabet())
    # Longer words first: a pair that begins a shorter one would otherwise be joined in the middle of a longer.
    words = sorted(words_of(texts, lowercase=True), key=lambda word: (-len(word), word))
    joined: dict[tuple[str, str], None] = {}
    for word in words:
        pieces = [*word[:-1], word[-1] + LAST]
        while len(pieces) > 1:
            joined[pieces[0], pieces[1]] = None
            pieces[:2] = [pieces[0] + pieces[1]]
    names = [*letters, *(letter + LAST for letter in letters), *(one + other for one, other in joined), BEGIN, END]
    vocabulary = {name: index for index, name in enumerate(dict.fromkeys(names))}
    return CLIPTokenizerFast(
        vocab=vocabulary,
        merges=list(joined),
        unk_token=END,
        bos_token=BEGIN,
        eos_token=END,
        pad_token=END,
        model_max_length=longest,
    )
