"""Verifies that a checkpoint's files are complete and undamaged, without importing anything heavy."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from suite.core.errors import CheckpointError
from suite.core.files import sha256
from suite.core.printable import listed, shortened
from suite.subjects.folder_kinds import ADAPTER, adapter_alone, foreign_kind, quantization
from suite.task.card import changed_files, is_file

WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
TRAINERS = ("optimizer", "scheduler", "training_args", "rng_state", "scaler")
"""What the names of a trainer's own files begin with, which hold no model."""
LFS = b"version https://git-lfs.github.com/"
JSON_LIMIT, HEADER_LIMIT = 25_000_000, 100_000_000
"""Bytes of a file of JSON, and of the header of a safetensors file (that library's own limit)."""
BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "U16": 16, "I16": 16, "F16": 16, "BF16": 16, "U32": 32, "I32": 32, "F32": 32,
    "U64": 64, "I64": 64, "F64": 64, "C64": 64,
}  # fmt: skip
"""Of an element, by the dtype's name in a safetensors file; there are others, which are not looked into."""
INTEGERS = {"BOOL", "U8", "I8", "U16", "I16", "U32", "I32", "U64", "I64"}


def check_files(directory: Path, weights: bool = True) -> None:
    """Verify config, weights if there must be any and, for a miniature, the SHA-256 of every file on its card.

    Raises:
        CheckpointError: a sentence that names the file and what is wrong with it.
    """
    kind = foreign_kind(directory) or adapter_alone(directory) if weights else None
    if kind:
        raise CheckpointError(kind)
    config = read_config(directory)
    _check_card(directory)
    if not weights:
        return
    quantized = quantization(config, str(directory), {file.name for file in directory.iterdir()})
    if quantized:
        raise CheckpointError(quantized)
    if (directory / ADAPTER).exists():
        raise CheckpointError(
            f"{directory} holds {ADAPTER}, by which transformers would load an adapter over the weights: merge it into "
            "its base model (merge_and_unload() of PEFT, then save_pretrained()); where that is done, remove the file."
        )
    files = weight_files(directory)
    _check_once(files)
    for file in files:
        wrong = [name for name in integer_tensors(file) if name.rpartition(".")[2] == "weight"]
        if wrong:
            raise CheckpointError(
                f"{file} stores weights as whole numbers ({listed(wrong)}), which the model wants as floating point: "
                "save it again with save_pretrained()."
            )


def integer_tensors(file: Path) -> list[str]:
    """The names of the tensors of a safetensors file that are stored as whole numbers.

    Raises:
        CheckpointError: the file is damaged.
    """
    return [name for name, entry in _header(file).items() if entry["dtype"] in INTEGERS]


def tensor_entries(file: Path) -> dict[str, tuple[str, tuple[int, ...]]]:
    """The tensors of a safetensors file: the type and the shape of each, by name.

    Raises:
        CheckpointError: the file is damaged.
    """
    return {name: (entry["dtype"], tuple(entry["shape"])) for name, entry in _header(file).items()}


def read_config(directory: Path) -> dict[str, Any]:
    """The content of the directory's config.json.

    Raises:
        CheckpointError: there is none, or it is not a JSON object.
    """
    if not directory.is_dir():
        raise CheckpointError(f"There is no checkpoint at {directory}: the folder does not exist.")
    file = directory / "config.json"
    if not file.is_file():
        raise CheckpointError(f"{directory} has no config.json: pass a folder that save_pretrained() wrote.")
    return read_object(file)


def weight_files(directory: Path) -> list[Path]:
    """The safetensors files that hold the directory's weights, shards in order.

    Raises:
        CheckpointError: there are none, a shard is missing, or they are there twice.
    """
    if (directory / WEIGHTS).is_file():
        if (directory / INDEX).is_file() and _shards_there(directory):
            raise CheckpointError(
                f"{directory} holds its weights twice, in {WEIGHTS} and in the shards of {INDEX}: transformers would "
                "load the first without a word, whichever was saved last. Remove the one that is out of date."
            )
        return [directory / WEIGHTS]
    if (directory / INDEX).is_file():
        return _shards(directory)
    pickles = sorted(file.name for pattern in PICKLES for file in directory.glob(pattern) if not _is_trainers(file))
    if pickles:
        raise CheckpointError(
            f"{directory} holds its weights as pickle alone ({', '.join(pickles)}), and a pickle can run any code "
            "when it is loaded: convert it to safetensors with save_pretrained(), or with the Hub's convert Space."
        )
    other = sorted(file.name for file in directory.glob("*.safetensors"))
    if other:
        raise CheckpointError(
            f"{directory} has no {WEIGHTS}, only {', '.join(other)}: an adapter has to be merged into its base model "
            "first, and a single file has to bear that name."
        )
    raise CheckpointError(f"{directory} has no weights: expected {WEIGHTS}, or {INDEX} and its shards.")


def read_object(file: Path) -> dict[str, Any]:
    """The JSON object in a file.

    Raises:
        CheckpointError: there is none.
    """
    try:
        if file.stat().st_size > JSON_LIMIT:
            raise CheckpointError(f"{file} is larger than {JSON_LIMIT // 1_000_000} MB: restore or save it again.")
        content = json.loads(file.read_text(encoding="utf-8"))
    except RecursionError:
        raise CheckpointError(f"{file} nests too deeply: restore or save it again.") from None
    except ValueError:
        raise CheckpointError(f"{file} is not valid JSON: restore or save it again.") from None
    except OSError as error:
        raise CheckpointError(f"{file} cannot be read ({error.strerror}): restore or save it again.") from None
    if not isinstance(content, dict):
        raise CheckpointError(f"{file} is not a JSON object: restore or save it again.")
    return content


def fingerprint(files: Iterable[Path], *extra: str) -> str:
    """A hash of the contents of `files` and of the `extra` words."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(sha256(file).encode())
    for word in extra:
        digest.update(f"\0{word}".encode())
    return digest.hexdigest()


def _is_trainers(file: Path) -> bool:
    return file.name.startswith(TRAINERS)


def _shards(directory: Path) -> list[Path]:
    index = directory / INDEX
    weight_map = read_object(index).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise CheckpointError(f"{index} has no weight_map: save the checkpoint again.")
    names = sorted({str(name) for name in weight_map.values()})
    missing = [name for name in names if Path(name).name != name or not is_file(directory / name)]
    if missing:
        raise CheckpointError(f"{index} names shards that are not there ({listed(missing)}): fetch them again.")
    return [directory / name for name in names]


def _shards_there(directory: Path) -> bool:
    """Whether every shard of the index is there, so that it could be loaded."""
    try:
        return bool(_shards(directory))
    except CheckpointError:
        return False


def _check_once(files: list[Path]) -> None:
    """Refuse a tensor that two shards hold, of which either may be loaded.

    Raises:
        CheckpointError: there is one, or a file is damaged.
    """
    places: dict[str, Path] = {}
    for file in files:
        for name in _header(file):
            if name in places:
                raise CheckpointError(
                    f"{file.parent} holds {shortened(name)} twice, in {places[name].name} and in {file.name}: remove "
                    "what an earlier save left there, or save the checkpoint again."
                )
            places[name] = file


def _check_card(directory: Path) -> None:
    changed = changed_files(directory)
    if changed:
        raise CheckpointError(
            f"Files of the miniature {directory.name} are not those that were shipped ({listed(changed)}): "
            "restore them from the release, or run its recipe again, which writes a new card.json. A copy that was "
            "changed on purpose needs no card.json: remove it."
        )


def _header(file: Path) -> dict[str, Any]:
    """The tensors of a safetensors file by name, each with `dtype`, `shape` and `data_offsets` that fit the file."""
    size = file.stat().st_size
    with file.open("rb") as stream:
        if stream.read(len(LFS)) == LFS:
            raise CheckpointError(f"{file} is a pointer of Git LFS, not the weights: fetch them with git lfs pull.")
        stream.seek(0)
        length = int.from_bytes(stream.read(8), "little")
        if size < 8 or length > min(HEADER_LIMIT, size - 8):
            raise _broken(file, f"its header is said to take {length:,} bytes of a file of {size:,}")
        raw = stream.read(length)
    try:
        header = json.loads(raw)
    except RecursionError:
        raise _broken(file, "its header nests too deeply") from None
    except ValueError:
        raise _broken(file, "its header is not JSON") from None
    if not isinstance(header, dict):
        raise _broken(file, "its header is not a table of tensors")
    header.pop("__metadata__", None)
    if not header:
        raise _broken(file, "it holds no tensor")
    _check_offsets(file, header, size - 8 - length)
    return header


def _check_offsets(file: Path, header: Mapping[str, Any], data_size: int) -> None:
    try:
        places = sorted((*_span(entry), name) for name, entry in header.items())
    except (KeyError, TypeError, ValueError):
        raise _broken(file, "its header lacks the place, the shape or the type of a tensor") from None
    position = 0
    for begin, end, name in places:
        if begin != position or end < begin:
            raise _broken(file, f"the tensor {shortened(name)} does not begin where the one before it ends")
        position = end
    if position != data_size:
        raise _broken(file, f"its tensors take {position:,} bytes, but {data_size:,} are there")


def _span(entry: Any) -> tuple[int, int]:
    """Where a tensor begins and ends; a number that is infinite or has a fraction is no place.

    Raises:
        TypeError, ValueError, KeyError: the entry is not one of a tensor.
    """
    begin, end = entry["data_offsets"]
    sizes, dtype = entry["shape"], entry["dtype"]
    if not isinstance(sizes, list) or not isinstance(dtype, str):
        raise TypeError
    if any(type(number) is not int or not 0 <= number < 2**63 for number in (begin, end, *sizes)):
        raise ValueError
    if dtype in BITS and begin <= end and math.prod(sizes) * BITS[dtype] != (end - begin) * 8:
        raise ValueError
    return begin, end


def _broken(file: Path, what: str) -> CheckpointError:
    return CheckpointError(f"{file} is truncated or damaged: {what}. Fetch or save it again.")
