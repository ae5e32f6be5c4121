"""Builders of the tokenizers that the miniatures use: BERT's, T5's, GPT-2's and RoBERTa's kinds."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

PIECE = re.compile(r"▁?\w+'?|▁?[^\w▁]|▁")


def wordpiece(words: Iterable[str], texts: Iterable[str], lowercase: bool) -> Any:
    """BERT's kind of tokenizer: whole `words`, pieces that continue one (with ##), and every character of `texts`.

    The vocabulary is written down and not learned: the library's trainers number their tokens differently each time.
    """
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = sorted(set("".join(texts)) - {" "})
    vocabulary = dict.fromkeys([*special, *letters, *(f"##{letter}" for letter in letters), *sorted(words)])
    tokens = {token: index for index, token in enumerate(vocabulary)}
    tokenizer = Tokenizer(models.WordPiece(tokens, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B [SEP]",
        special_tokens=[("[CLS]", tokens["[CLS]"]), ("[SEP]", tokens["[SEP]"])],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token="[UNK]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_input_names=["input_ids", "attention_mask"],
        model_max_length=512,
    )


def words_of(texts: Iterable[str], lowercase: bool = False) -> set[str]:
    """The words and marks that BERT's way of splitting finds in `texts`."""
    pattern = re.compile(r"\w+|[^\w\s]")
    return {word for text in texts for word in pattern.findall(text.lower() if lowercase else text)}


def pieces(texts: Sequence[str], special: Sequence[str] = ("<pad>", "</s>", "<unk>"), codes: Sequence[str] = ()) -> Any:
    """T5's kind of tokenizer: a unigram model whose pieces are the words of `texts`, and every character.

    The `special` tokens are the first, in the order that the kind of model has them. `codes` are tokens that no text
    contains, either: NLLB's languages.
    """
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors

    counts = Counter(piece for text in texts for piece in PIECE.findall("▁" + text.replace(" ", "▁")))
    counts.update(dict.fromkeys(sorted(set("".join(texts)) - {" "}), 0))
    total = sum(counts.values())
    vocabulary = [(token, 0.0) for token in special]
    vocabulary += [(piece, math.log(max(count, 0.01) / total)) for piece, count in sorted(counts.items())]
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=special.index("<unk>")))
    tokenizer.add_special_tokens([AddedToken(code, special=True) for code in codes])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", special.index("</s>"))]
    )
    return fast_tokenizer(tokenizer, 512, pad_token="<pad>", eos_token="</s>", unk_token="<unk>")


def byte_pairs(texts: Iterable[str], size: int = 1000) -> Any:
    """GPT-2's kind of tokenizer: pairs of bytes, so that it can read and write anything."""
    from tokenizers import processors

    tokenizer = _byte_level(texts, size, ["<|endoftext|>", "<|pad|>"])
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    return fast_tokenizer(
        tokenizer,
        640,
        bos_token="<|endoftext|>",
        eos_token="<|endoftext|>",
        unk_token="<|endoftext|>",
        pad_token="<|pad|>",
        padding_side="left",
    )


def byte_pairs_between_ends(texts: Iterable[str], size: int = 1000, longest: int = 512) -> Any:
    """RoBERTa's and BART's kind of tokenizer: pairs of bytes between <s> and </s>, with a <mask> that takes the space
    before it. A pair of texts is joined by two </s>."""
    from tokenizers import AddedToken, processors

    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    tokenizer = _byte_level(texts, size, special)
    tokenizer.add_special_tokens([AddedToken("<mask>", lstrip=True, special=True)])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B:0 </s>:0",
        special_tokens=[(token, special.index(token)) for token in ("<s>", "</s>")],
    )
    return fast_tokenizer(
        tokenizer,
        longest,
        bos_token="<s>",
        cls_token="<s>",
        eos_token="</s>",
        sep_token="</s>",
        unk_token="<unk>",
        pad_token="<pad>",
        mask_token=AddedToken("<mask>", lstrip=True, special=True),
    )


def fast_tokenizer(tokenizer: Any, longest: int, **options: Any) -> Any:
    """A `tokenizers.Tokenizer` as transformers' class, for inputs of `longest` tokens, with its special tokens."""
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_input_names=["input_ids", "attention_mask"],
        model_max_length=longest,
        clean_up_tokenization_spaces=False,
        **options,
    )


def _byte_level(texts: Iterable[str], size: int, special: list[str]) -> Any:
    """A byte-level BPE of `size` tokens learned from `texts`, the `special` ones first."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=special,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(sorted(set(texts)), trainer)
    return tokenizer
