"""The base class of image tasks, whose inputs are RGB images; checking and reading images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from suite.core.errors import InvalidInput
from suite.task import Sample, Task

SMALLEST, LARGEST = 8, 8192
"""Pixels along a side. Below, nothing is to be seen; above, a picture is more likely a mistake than a photograph."""


class ImageTask(Task):
    """A task whose input is one image: an array of shape (height, width, 3), uint8, red first."""

    modality = "vision"
    processor_class = "AutoImageProcessor"

    def image_of(self, value: Any) -> Any:
        """The image in an input; overridden where an input is more than one."""
        return value

    def check_input(self, value: Any, processor: Any, config: Any) -> None:
        check_image(self.image_of(value), self.name)

    def bad_inputs(self, processor: Any, config: Any) -> Mapping[str, Any]:
        return bad_images()

    def size_of(self, value: Any) -> int:
        return int(np.asarray(self.image_of(value)).size)

    def encode(self, processor: Any, inputs: Sequence[Any]) -> dict[str, Any]:
        return dict(processor(images=[self.image_of(value) for value in inputs], return_tensors="pt"))

    def from_json(self, row: Mapping[str, Any], index: int, folder: Path) -> Sample:
        return Sample(str(row.get("id", index)), read_image(folder / row["input"]), row["truth"])

    def describe(self, value: Any) -> str:
        height, width = self.image_of(value).shape[:2]
        return f"an image of {width} x {height} pixels"

    def render(self, value: Any, answer: Any) -> np.ndarray | None:
        return np.asarray(self.image_of(value))


def check_image(image: Any, name: str) -> None:
    """Refuse what is not an RGB image.

    Raises:
        InvalidInput: a sentence that says what was given and what is taken.
    """
    if not isinstance(image, np.ndarray):
        raise InvalidInput(f"{name} takes an image as an array, not {type(image).__name__}: open the file first.")
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise InvalidInput(
            f"{name} takes an image of shape (height, width, 3) in uint8, not {image.shape} in {image.dtype}: "
            "convert it to RGB."
        )
    if min(image.shape[:2]) < SMALLEST or max(image.shape[:2]) > LARGEST:
        raise InvalidInput(
            f"{name} was given an image of {image.shape[1]} x {image.shape[0]} pixels, but takes {SMALLEST} to "
            f"{LARGEST} a side: resize it."
        )


def bad_images() -> Mapping[str, Any]:
    """What `check_image` refuses, by what is wrong with it."""
    return {
        "empty": np.zeros((0, 0, 3), np.uint8),
        "tiny": np.zeros((2, 2, 3), np.uint8),
        "grey": np.zeros((32, 32), np.uint8),
        "float": np.zeros((32, 32, 3), np.float32),
        "wrong-typed": "cat.png",
    }


def read_image(file: Path) -> np.ndarray:
    """An image file as (height, width, 3) uint8, turned as its camera says.

    Raises:
        ValueError: it is not there, or not an image.
    """
    from PIL import Image, ImageOps

    try:
        with Image.open(file) as image:
            return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    except OSError as error:
        raise ValueError(f"the image {file} cannot be read ({type(error).__name__}): check its path") from None
