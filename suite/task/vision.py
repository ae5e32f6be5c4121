"""The base class of image tasks, whose inputs are RGB images; checking and reading images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from suite.core.errors import InvalidInput
from suite.task import Sample, Task
from suite.task.base import sizes_of
from suite.task.card import is_file
from suite.task.picture_sizes import together, without_margins

if TYPE_CHECKING:
    from PIL.Image import Image

    from suite.core.runnable import Runnable

SMALLEST, LARGEST = 8, 8192
"""Pixels along a side. Below, nothing is to be seen; above, a picture is more likely a mistake than a photograph."""

FORMATS = ("PNG", "JPEG", "MPO", "WEBP", "AVIF", "BMP", "GIF", "TIFF", "PPM", "JPEG2000")
"""Of files, as Pillow names them: those that it decodes itself. For others (EPS) it starts programs."""


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
        """The pictures as if each were alone: a processor that is given several fills the smaller ones up."""
        return together([processor(images=[self.image_of(value)], return_tensors="pt") for value in inputs])

    def infer(self, runnable: Runnable, batch: Mapping[str, Any], forced: np.ndarray | None = None) -> Any:
        if sizes_of(batch) is not None:
            return without_margins(runnable, batch)
        return super().infer(runnable, batch, forced)

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
        ValueError: it is not there, not an image, or larger than images may be.
    """
    from PIL import ImageOps

    with opened_image(file) as image:
        return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))


@contextmanager
def opened_image(file: Path) -> Iterator[Image]:
    """An image file that is decoded within the context: somebody else's, so its size is looked at before.

    Raises:
        ValueError: it is not there, not an image, or larger than images may be.
    """
    from PIL import Image

    Image.init()
    try:
        if not is_file(file):  # a pipe would be waited for
            raise FileNotFoundError
        with Image.open(file, formats=[name for name in FORMATS if name in Image.OPEN]) as image:
            if max(image.size) > LARGEST:
                raise ValueError(
                    f"the image {file} has {image.width} x {image.height} pixels, and at most {LARGEST} a side are "
                    "read: resize it"
                )
            yield image
    except ValueError:
        raise
    except Exception as error:  # Pillow raises whatever its decoders raise
        raise ValueError(f"the image {file} cannot be read ({type(error).__name__}): check its path") from None
