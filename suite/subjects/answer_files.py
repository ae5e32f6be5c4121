"""The files of a checkpoint that can change an answer: what names a build, and what a resumed run must share.

Weights and config, the settings of generation, the tokenizer with its chat template, the preprocessor, pooling,
adapters and a vocoder. Told by what kind of file it is, since each generation of libraries adds names of its own.
"""

from __future__ import annotations

import hashlib
import json
from fnmatch import fnmatchcase
from pathlib import Path
from typing import BinaryIO

WEIGHTS = ".safetensors"
KINDS = frozenset(
    {WEIGHTS, ".json", ".txt", ".model", ".spm", ".jinja", ".tiktoken", ".bpe", ".codes", ".vocab", ".yaml", ".yml"}
)
INERT = ("card.json", "trainer_state.json", "*_results.json", "LICENSE*", "NOTICE*", "requirements*.txt", ".*")
"""Files of these kinds that say how a checkpoint came about."""
INERT_FOLDERS = ("checkpoint-*", "runs", "results", "onnx", "openvino", "coreml", "original", "__pycache__", ".*")
"""Other checkpoints, other runtimes, and what is written about it."""
WHOLE = 256 * 2**20
"""Bytes up to which weights are read whole; of larger files the edges of every tensor are."""
EDGE = 2**16


def answer_files(directory: Path) -> list[Path]:
    """The files of a folder, and of the folders in it, that can change an answer, in order of their paths."""
    folders = [directory, *(path for path in directory.iterdir() if path.is_dir() and not _is(path, INERT_FOLDERS))]
    return sorted(
        file
        for folder in folders
        for file in folder.iterdir()
        if file.suffix.lower() in KINDS and not _is(file, INERT) and file.is_file()
    )


def sampled_fingerprint(directory: Path) -> str:
    """A fast hash that distinguishes checkpoints: of all that can change an answer, and of large weights a sample.

    A tensor that was trained has changed at its edges too, be it the last of the file alone.
    """
    digest = hashlib.sha256()
    for file in answer_files(directory):
        size = file.stat().st_size
        digest.update(f"{file.relative_to(directory).as_posix()}\0{size}\0".encode())
        with file.open("rb") as stream:
            if size <= WHOLE or file.suffix.lower() != WEIGHTS:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
                continue
            for begin, end in _edges(stream, size):
                stream.seek(begin)
                digest.update(stream.read(end - begin))
    return digest.hexdigest()


def _is(path: Path, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(path.name, pattern) for pattern in patterns)


def _edges(stream: BinaryIO, size: int) -> list[tuple[int, int]]:
    """The header of a file of weights, and the first and the last bytes of each tensor; of a damaged one, its edges."""
    begin = 8 + int.from_bytes(stream.read(8), "little")
    if begin > min(size, WHOLE):
        return [(0, EDGE), (max(0, size - EDGE), size)]
    try:
        header = json.loads(stream.read(begin - 8))
        spans = sorted(tuple(entry["data_offsets"]) for name, entry in header.items() if name != "__metadata__")
        places = [(begin + first, begin + last) for first, last in spans]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return [(0, begin), (max(0, size - EDGE), size)]
    fronts = [(first, min(last, first + EDGE)) for first, last in places]
    backs = [(max(first, last - EDGE), last) for first, last in places]
    return [(0, begin), *fronts, *backs]
