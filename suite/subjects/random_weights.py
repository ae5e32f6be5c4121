"""Folders for random weights: the real-size config beside the files of a processor that is shipped."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from suite.core.errors import CheckpointError
from suite.core.files import cache_root, fill_once
from suite.subjects.integrity import fingerprint
from suite.task.card import CARD

NOT_THE_PROCESSORS = {"config.json", "generation_config.json", CARD, "README.md", ".gitattributes"}
WEIGHT_SUFFIXES = {".safetensors", ".bin"}
PROCESSOR_CONFIGS = ("preprocessor_config.json", "processor_config.json")
SIZES = ("size", "crop_size", "pad_size")


def assemble(config: Path, processor: Path) -> Path:
    """A cached folder with `config` as config.json and the files of the processor, whose pictures get the model's size.

    Raises:
        CheckpointError: either is not there.
    """
    if not config.is_file():
        raise CheckpointError(f"The real-size config {config} is not there: restore it from the release.")
    if not processor.is_dir():
        raise CheckpointError(f"The processor's folder {processor} is not there: restore it from the release.")
    try:
        json.loads(config.read_text(encoding="utf-8"))
    except ValueError:
        raise CheckpointError(f"{config} is not valid JSON: restore it from the release.") from None
    files = _processor_files(processor)
    folder = cache_root() / "real-size" / fingerprint([config, *files], "sized", *(file.name for file in files))[:16]
    if not folder.is_dir():
        fill_once(folder, lambda temporary: _copy(config, files, temporary))
    return folder


def _processor_files(folder: Path) -> list[Path]:
    return sorted(
        file
        for file in folder.iterdir()
        if file.is_file() and file.name not in NOT_THE_PROCESSORS and file.suffix not in WEIGHT_SUFFIXES
    )


def _copy(config: Path, files: list[Path], folder: Path) -> None:
    """Write the config and the processor's files to an empty folder."""
    shutil.copyfile(config, folder / "config.json")
    for file in files:
        shutil.copyfile(file, folder / file.name)
    _resize_pictures(folder)


def _resize_pictures(folder: Path) -> None:
    """Make a miniature's image processor give pictures of the side that the config asks for, where it asks for one."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    side = config.get("image_size") or (config.get("vision_config") or {}).get("image_size")
    for file in (folder / name for name in PROCESSOR_CONFIGS):
        if not isinstance(side, int) or not file.is_file():
            continue
        content = json.loads(file.read_text(encoding="utf-8"))
        for part in (content, content.get("image_processor")):
            for name in SIZES:
                if isinstance(part, dict) and isinstance(part.get(name), dict):
                    part[name] = dict.fromkeys(part[name], side)
        file.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
