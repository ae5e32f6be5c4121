"""Writes tokenizer files: the shipped vocabularies, in the formats that each architecture's own tokenizer reads.

A tokenizer that a miniature ships is a tokenizer.json; `classic_files` writes beside it what the architecture's own
class reads (vocab.txt, vocab.json and merges.txt, or a SentencePiece model), with the same numbers for the same pieces.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from suite.course.stand_ins.checkpoints.json_files import read_json
from suite.course.stand_ins.shipped import vocabulary_folder

WORD_PIECES = {"bert", "distilbert", "electra", "mobilebert", "layoutlm", "layoutlmv2", "mpnet", "tapas", "vilt", "git"}
SENTENCE_PIECES = {
    "t5": ("spiece.model", ("<pad>", "</s>", "<unk>")),
    "mt5": ("spiece.model", ("<pad>", "</s>", "<unk>")),
    "siglip": ("spiece.model", ("<pad>", "</s>", "<unk>")),
    "pegasus": ("spiece.model", ("<pad>", "</s>", "<unk>")),
    "musicgen": ("spiece.model", ("<pad>", "</s>", "<unk>")),
    "albert": ("spiece.model", ("<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]")),
    "xlnet": ("spiece.model", ("<unk>", "<s>", "</s>", "<cls>", "<sep>", "<pad>", "<mask>", "<eod>", "<eop>")),
    "deberta-v2": ("spm.model", ("[PAD]", "[CLS]", "[SEP]", "[UNK]")),
    "xlm-roberta": ("sentencepiece.bpe.model", ("<unk>", "<s>", "</s>")),
    "camembert": ("sentencepiece.bpe.model", ("<unk>", "<s>", "</s>")),
    "mbart": ("sentencepiece.bpe.model", ("<unk>", "<s>", "</s>")),
    "donut": ("sentencepiece.bpe.model", ("<unk>", "<s>", "</s>")),
    "m2m_100": ("sentencepiece.bpe.model", ("<unk>", "<s>", "</s>")),
    "speecht5": ("spm_char.model", ("<s>", "<pad>", "</s>", "<unk>")),
    "marian": ("source.spm", ("</s>", "<unk>")),
    "speech_to_text": ("sentencepiece.bpe.model", ("<unk>", "<s>", "</s>")),
}
"""Architecture -> its file, and the pieces that it begins with."""
ROBERTA = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
END = ("<|endoftext|>",)
CLIP_ENDS = ("<|startoftext|>", "<|endoftext|>")
CHATS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
BYTE_PAIRS = {
    "gpt2": END, "gpt_neo": END, "gptj": END, "codegen": END, "phi": END,
    "roberta": ROBERTA, "bart": ROBERTA, "longformer": ROBERTA, "led": ROBERTA, "layoutlmv3": ROBERTA,
    "blenderbot": ROBERTA, "trocr": ROBERTA,
    "deberta": ("[CLS]", "[PAD]", "[SEP]", "[UNK]", "[MASK]"),
    "opt": ("<s>", "<pad>", "</s>", "<unk>"),
    "qwen2": CHATS, "qwen3": CHATS,
}  # fmt: skip
"""Architecture whose class reads vocab.json and merges.txt -> the tokens put before the vocabulary."""


def classic_files(folder: Path, model_type: str) -> None:
    """Write what the architecture's own tokenizer class reads, from the tokenizer.json in `folder`."""
    model = _model(folder)
    match model["type"]:
        case "WordPiece":
            _write_words(folder / "vocab.txt", sorted(model["vocab"], key=model["vocab"].__getitem__))
        case "BPE":
            _write_pairs(folder, model["vocab"], model["merges"])
        case "WordLevel" if model_type == "speecht5":  # its words are letters
            letters = sorted(model["vocab"], key=model["vocab"].__getitem__)
            _write_sentence_pieces(folder / "spm_char.model", [(one.replace(" ", "▁"), 0.0) for one in letters])
        case "Unigram":
            pieces = [(piece, score) for piece, score in model["vocab"]]
            file, _ = SENTENCE_PIECES.get(model_type, ("spiece.model", ()))
            _write_sentence_pieces(folder / file, pieces)
            if model_type == "marian":
                _write_sentence_pieces(folder / "target.spm", pieces)
                numbers = {piece: number for number, (piece, _) in enumerate(pieces)}
                _write_numbers(folder, numbers)


def clip_files(folder: Path) -> None:
    """Write a vocabulary of CLIP's kind: byte-level BPE, the last piece of a word marked, a start and an end token."""
    from tokenizers.pre_tokenizers import ByteLevel

    letters = sorted(ByteLevel.alphabet())
    words = [word for word in _shipped_model("WordLevel")["vocab"] if word.isascii() and word.isalpha()]
    joined: dict[tuple[str, str], None] = {}
    for word in sorted({word.lower() for word in words if len(word) > 1}, key=lambda word: (-len(word), word)):
        pieces = [*word[:-1], word[-1] + "</w>"]
        while len(pieces) > 1:
            joined[pieces[0], pieces[1]] = None
            pieces[:2] = [pieces[0] + pieces[1]]
    names = [*letters, *(letter + "</w>" for letter in letters), *(one + other for one, other in joined)]
    vocabulary = {name: number for number, name in enumerate(dict.fromkeys([*names, *CLIP_ENDS]))}
    _write_pairs(folder, vocabulary, list(joined))


def fresh_files(folder: Path, model_type: str) -> bool:
    """Write a vocabulary for an architecture from the shipped tokenizers; False where its kind is not known."""
    if model_type in WORD_PIECES:
        vocabulary = _shipped_model("WordPiece")["vocab"]
        words = sorted(vocabulary, key=vocabulary.__getitem__)
        if model_type == "mpnet":
            words = ["<s>", "<pad>", "</s>", "<unk>", *words[5:], "[UNK]", "<mask>"]
        _write_words(folder / "vocab.txt", [*words, "[EMPTY]"] if model_type == "tapas" else words)
    elif model_type in BYTE_PAIRS:
        model = _shipped_model("BPE")
        ordinary = sorted(model["vocab"], key=model["vocab"].__getitem__)[2:]
        names = [*BYTE_PAIRS[model_type], *ordinary]
        _write_pairs(folder, {name: number for number, name in enumerate(names)}, model["merges"])
    elif model_type in SENTENCE_PIECES:
        file, special = SENTENCE_PIECES[model_type]
        pieces = [(piece, score) for piece, score in _shipped_model("Unigram")["vocab"]][3:]
        if model_type == "speecht5":
            pieces = [(piece, score) for piece, score in pieces if len(piece) == 1]
        pieces = [*((piece, 0.0) for piece in special), *pieces]
        _write_sentence_pieces(folder / file, pieces)
        if model_type in {"m2m_100", "marian", "speech_to_text"}:
            names = ["<s>", "<pad>", "</s>", "<unk>", *(piece for piece, _ in pieces if piece not in special)]
            numbers = {name: number for number, name in enumerate(names)}
            _write_numbers(folder, numbers)
    else:
        return False
    return True


def _shipped_model(kind: str) -> dict[str, Any]:
    return _model(vocabulary_folder(kind))


def _model(folder: Path) -> dict[str, Any]:
    return read_json(folder / "tokenizer.json")["model"]


def _write_words(file: Path, words: Sequence[str]) -> None:
    file.write_text("".join(word + "\n" for word in words), encoding="utf-8")


def _write_numbers(folder: Path, vocabulary: dict[str, int]) -> None:
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False), encoding="utf-8")


def _write_pairs(folder: Path, vocabulary: dict[str, int], merges: Sequence[Any]) -> None:
    _write_numbers(folder, vocabulary)
    lines = [merge if isinstance(merge, str) else " ".join(merge) for merge in merges]
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *lines]) + "\n", encoding="utf-8")


def _write_sentence_pieces(file: Path, pieces: Sequence[tuple[str, float]]) -> None:
    """A SentencePiece model of the unigram kind that changes nothing in a text but its spaces."""
    from sentencepiece import sentencepiece_model_pb2

    model = sentencepiece_model_pb2.ModelProto()  # type: ignore[attr-defined]
    for number, (piece, score) in enumerate(pieces):
        entry = model.pieces.add()
        entry.piece, entry.score = piece, score
        if piece in {"<unk>", "[UNK]"}:
            entry.type = entry.Type.UNKNOWN
            model.trainer_spec.unk_id = number
        elif piece.startswith(("<", "[")) and piece.endswith((">", "]")) and len(piece) > 2:
            entry.type = entry.Type.CONTROL
    model.trainer_spec.model_type = model.trainer_spec.ModelType.UNIGRAM
    model.trainer_spec.vocab_size = len(pieces)
    model.trainer_spec.bos_id = model.trainer_spec.eos_id = model.trainer_spec.pad_id = -1
    model.trainer_spec.unk_piece = "[UNK]" if ("[UNK]", 0.0) in pieces else "<unk>"
    model.normalizer_spec.name = "identity"
    model.normalizer_spec.add_dummy_prefix = True
    model.normalizer_spec.remove_extra_whitespaces = True
    model.normalizer_spec.escape_whitespaces = True
    file.write_bytes(model.SerializeToString())
