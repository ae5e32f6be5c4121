"""Fills the folder of a stand-in with a random checkpoint, or a shipped miniature and what the Hub has beside it."""

from __future__ import annotations

import hashlib
import shutil
from importlib.metadata import version
from pathlib import Path

from suite.core.files import fill_once
from suite.course.stand_ins.catalogue import Entry
from suite.course.stand_ins.checkpoints.json_files import write_json
from suite.course.stand_ins.checkpoints.longer_positions import extend_positions
from suite.course.stand_ins.checkpoints.preprocessor_config import SOUNDS, write_preprocessor
from suite.course.stand_ins.checkpoints.random_checkpoint import write_random_checkpoint
from suite.course.stand_ins.checkpoints.tokenizer_files import classic_files
from suite.course.stand_ins.checkpoints.whisper import add_missing_tokens, is_multilingual
from suite.course.stand_ins.shipped import stand_in_folder

NOT_SERVED = {"card.json", "README.md", "data_config.json"}
MODULES = (("0", "", "Transformer"), ("1", "1_Pooling", "Pooling"), ("2", "2_Normalize", "Normalize"))
LAYOUT = "9"
"""Raise it when what is written changes: folders of another layout are not taken."""


def folder(entry: Entry, cache: Path) -> Path:
    """The folder with the files of a stand-in, made once; several processes may ask for the same at the same time.

    Raises:
        CheckpointError: the installed transformers does not have the architecture.
    """
    place = folder_of(entry, cache)
    if not place.is_dir():
        fill_once(place, lambda aside: _fill(aside, entry))
    return place


def folder_of(entry: Entry, cache: Path) -> Path:
    """Where that folder is, or would be."""
    return cache / "stand-ins" / f"{entry.architecture or entry.model_type}-{_key(entry)}"


def _key(entry: Entry) -> str:
    source = stand_in_folder(entry.stand_in)
    state = [(file.name, file.stat().st_size) for file in sorted(source.iterdir())] if source else []
    parts = (LAYOUT, version("transformers"), entry.architecture, entry.model_type, entry.stand_in, entry.width)
    key_parts = (*parts, entry.labels, entry.library, _traits(entry.name), state)
    return hashlib.sha256(repr(key_parts).encode()).hexdigest()[:16]


def _traits(name: str) -> tuple[str, ...]:
    """Words of a name that say more than its row: whether case is kept, and which decoder or tokenizer it has."""
    words = (
        "uncased",
        "trocr",
        "donut",
        "nllb",
        "chat",
        "instruct",
        "multilingual",
        "chinese",
        "rinna",
        "wav2vec2-base",
    )
    english = (".en",) if name.endswith(".en") else ()
    return tuple(word for word in words if word in name.lower()) + english


def _fill(aside: Path, entry: Entry) -> None:
    source = stand_in_folder(entry.stand_in)
    if source is None:
        write_random_checkpoint(entry, aside, _traits(entry.name))
    else:
        shutil.copytree(source, aside, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*NOT_SERVED))
        extend_positions(aside)
        if entry.model_type == "whisper":
            add_missing_tokens(aside, is_multilingual(entry.name))
        if (aside / "tokenizer.json").is_file() and not (aside / "modules.json").is_file():
            classic_files(aside, entry.model_type)
        if entry.model_type in SOUNDS and not (aside / "preprocessor_config.json").is_file():
            write_preprocessor(aside, entry.model_type, {})
    if entry.library == "sentence-transformers" and not (aside / "modules.json").is_file():
        _sentence_transformer(aside, entry)


def _sentence_transformer(aside: Path, entry: Entry) -> None:
    """Write what SentenceTransformer reads beside the model: the order of its modules, and how tokens are pooled."""
    if entry.architecture.endswith("ForSequenceClassification"):
        return
    modules = [
        {"idx": int(index), "name": index, "path": path, "type": f"sentence_transformers.models.{kind}"}
        for index, path, kind in MODULES
    ]
    write_json(aside / "modules.json", modules)
    pooling = {"word_embedding_dimension": entry.width, "pooling_mode_mean_tokens": True}
    write_json(aside / "1_Pooling" / "config.json", pooling)
    write_json(aside / "2_Normalize" / "config.json", {})
    write_json(aside / "sentence_bert_config.json", {"max_seq_length": 256, "do_lower_case": False})
    write_json(aside / "config_sentence_transformers.json", {"__version__": {"sentence_transformers": "2.0.0"}})
