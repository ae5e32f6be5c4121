"""Five tokenizers: pairs of bytes, pieces of words, a unigram model, whole words, characters."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections import Counter
from pathlib import Path
from typing import Any, ClassVar

from suite.task.miniatures import Progress, Recipe, Trained

from ...worlds import spellings
from .. import tokenizer_builders, training

SENTENCES = 2000
"""Of each world."""
WORDS = 2500
ALONE = "a  space"
"""Makes a space a piece of its own, as unknown words need it before them."""
UNKNOWN, PADDING = "<unk>", "<pad>"


class _Tokenization(Recipe):
    """A tokenizer that was made from the worlds' sentences, and a config.json that names it."""

    task = "tokenization"
    model_type: ClassVar[str] = "bert"

    @abstractmethod
    def make(self, texts: list[str]) -> Any:
        """The tokenizer."""

    def train(self, directory: Path, work: Path, progress: Progress) -> Trained:
        """Count, write it down, and look how it does on the validation split."""
        texts = [sentence.text for sentence in spellings.plain("train", SENTENCES)]
        tokenizer = self.make(texts)
        tokenizer.save_pretrained(directory)
        config = {"architectures": ["PreTrainedTokenizerFast"], "model_type": self.model_type}
        (directory / "config.json").write_text(json.dumps(config))
        held_out = spellings.spellings("validation", 500)
        rows = tokenizer([example.text for example in held_out])["input_ids"]
        answers = tokenizer.batch_decode(rows, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        right = [answer == example.truth for answer, example in zip(answers, held_out, strict=True)]
        progress(f"{len(tokenizer)} tokens")
        return Trained(0, 0.0, training.share(held_out, right, progress), {"tokens": len(tokenizer)})


class BytePairs(_Tokenization):
    """GPT-2's kind: nothing is unknown to it."""

    name = "tokenization-bpe"
    model_type = "gpt2"

    def make(self, texts: list[str]) -> Any:
        return tokenizer_builders.byte_pairs(texts, 2000)


class WordPieces(_Tokenization):
    """BERT's kind: words, and what continues one. It forgets where spaces were."""

    name = "tokenization-wordpiece"

    def make(self, texts: list[str]) -> Any:
        return tokenizer_builders.wordpiece(
            _frequent(tokenizer_builders.words_of([text]) for text in texts), texts, lowercase=False
        )


class Unigrams(_Tokenization):
    """T5's kind: the likeliest way to put a text together, however it was spaced."""

    name = "tokenization-unigram"
    model_type = "t5"

    def make(self, texts: list[str]) -> Any:
        from tokenizers import Regex, normalizers

        tokenizer = tokenizer_builders.pieces([*texts, ALONE])
        tokenizer.backend_tokenizer.normalizer = normalizers.Sequence(
            [normalizers.NFKC(), normalizers.Replace(Regex(r"\s+"), " ")]
        )
        return tokenizer


class Words(_Tokenization):
    """What stands between spaces, if it is among the most frequent."""

    name = "tokenization-word"

    def make(self, texts: list[str]) -> Any:
        from tokenizers import Tokenizer, models, pre_tokenizers

        known = [PADDING, UNKNOWN, *_frequent(text.split() for text in texts)]
        tokenizer = Tokenizer(models.WordLevel({word: index for index, word in enumerate(known)}, unk_token=UNKNOWN))
        tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
        return tokenizer_builders.fast_tokenizer(tokenizer, 512, unk_token=UNKNOWN, pad_token=PADDING)


class Characters(_Tokenization):
    """One character after another."""

    name = "tokenization-character"

    def make(self, texts: list[str]) -> Any:
        from tokenizers import Tokenizer, decoders, models

        known = [PADDING, UNKNOWN, *sorted(set("".join(texts)))]
        vocabulary = {character: index for index, character in enumerate(known)}
        tokenizer = Tokenizer(models.BPE(vocabulary, [], unk_token=UNKNOWN))
        tokenizer.decoder = decoders.Fuse()
        return tokenizer_builders.fast_tokenizer(tokenizer, 512, unk_token=UNKNOWN, pad_token=PADDING)


def _frequent(texts: Any) -> list[str]:
    counts = Counter(word for words in texts for word in words)
    return [word for word, _ in sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))[:WORDS]]
