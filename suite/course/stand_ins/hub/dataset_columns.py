"""Columns of the stand-ins' data sets: the type of each kind, and its values from generated examples.

A kind is written `name`, `name|argument|...` or, for classes, `=first|second|...`.
"""

from __future__ import annotations

import functools
import hashlib
import io
import json
import random
import re
import string
from collections.abc import Callable, Sequence
from typing import Any

from suite.course.stand_ins import shipped

TAGS = ("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC", "B-MISC", "I-MISC")
CONSTANTS = {"en": "en", "mit": "mit", "date": "2019-04-25T12:57:54Z", "long": ""}
CODE = 'import {name}\n\n\ndef {name}_of(value):\n    """{text}"""\n    return {name}.run(value, {number})\n'
LETTERS = f"{' '.join(string.ascii_uppercase)} {' '.join(string.ascii_lowercase)} {string.digits} {string.punctuation}"
SIDE = 64


class Row:
    """What the columns of one row agree on: a review, an article, a passage, a picture ... of the same number."""

    def __init__(self, number: int, test: bool) -> None:
        self.number, self.split = number, "test" if test else "train"
        self.random = random.Random(f"{self.split} {number}")

    def example(self, kind: str) -> Any:
        """This row's example of a kind that `shipped.examples` knows."""
        examples = _examples(kind, self.split)
        return examples[self.number % len(examples)]


@functools.cache
def _examples(kind: str, split: str) -> Sequence[Any]:
    return shipped.examples(kind, split, 160, "data sets")


def feature(kind: str) -> Any:
    """The type of a column, in the words of `datasets`."""
    import datasets

    name, *arguments = _parts(kind)
    text, whole = datasets.Value("string"), datasets.Value("int32")
    if kind.startswith("="):
        return datasets.ClassLabel(names=kind[1:].split("|"))
    if name.startswith("audio@"):
        return datasets.Audio(sampling_rate=int(name.partition("@")[2]))
    plain: dict[str, Callable[[], Any]] = {
        "index": lambda: whole, "width": lambda: whole, "height": lambda: whole, "stars": lambda: whole,
        "int": lambda: datasets.Value("int64"), "float": lambda: datasets.Value("float32"),
        "bool": lambda: datasets.Value("bool"), "image": datasets.Image, "gray": datasets.Image,
        "words": lambda: datasets.List(text), "choices": lambda: datasets.List(text),
        "articles": lambda: datasets.List(text),
        "languages": lambda: datasets.List(text), "spans": lambda: datasets.List(text),
        "boxes": lambda: datasets.List(datasets.List(datasets.Value("int64"))),
        "entities": lambda: datasets.List(datasets.ClassLabel(names=list(TAGS))),
        "tags": lambda: datasets.List(datasets.ClassLabel(num_classes=int(arguments[0]))),
        "labels": lambda: datasets.List(datasets.ClassLabel(num_classes=int(arguments[0]))),
        "floats": lambda: datasets.List(datasets.Value("float32")),
        "answers": lambda: {"text": datasets.List(text), "answer_start": datasets.List(whole)},
        "votes": lambda: {"ids": datasets.List(text), "weights": datasets.List(datasets.Value("float64"))},
        "urls": lambda: datasets.List(text),
        "replies": lambda: {
            "a_id": datasets.List(text), "text": datasets.List(text), "score": datasets.List(whole),
            "text_urls": datasets.List(datasets.List(text)),
        },
        "user": lambda: {"login": text, "id": datasets.Value("int64")},
        "named": lambda: datasets.List({"id": datasets.Value("int64"), "name": text}),
        "messages": lambda: datasets.List({"content": text, "role": text}),
        "translation": lambda: datasets.Translation(languages=arguments),
        "objects": lambda: {
            "id": datasets.List(datasets.Value("int64")), "area": datasets.List(datasets.Value("int64")),
            "bbox": datasets.List(datasets.List(datasets.Value("float32"), length=4)),
            "category": datasets.List(text if arguments else datasets.ClassLabel(names=_shape_names())),
        },
    }  # fmt: skip
    return plain[name]() if name in plain else text


def value(kind: str, row: Row) -> Any:
    """The value of a column in a row, as `datasets` stores it."""
    name, *arguments = _parts(kind)
    if kind.startswith("="):
        return _label(kind[1:].split("|"), row)
    if name in CONSTANTS:
        return CONSTANTS[name] if name != "long" else "\n".join(_text(Row(n, row.split == "test")) for n in range(160))
    if name.startswith("audio@"):
        return {"bytes": _speech(row, int(name.partition("@")[2])), "path": f"{row.number:05}.wav"}
    return _VALUES[name](row, arguments)


def _parts(kind: str) -> list[str]:
    return ["classes"] if kind.startswith("=") else kind.split("|")


def _text(row: Row) -> str:
    """A review; the first row of a split has every printable letter, since tokenizers are trained on these columns."""
    review = row.example("reviews").text
    return f"{review} {LETTERS}" if row.number == 0 else review


def _other(row: Row) -> str:
    """A second text: the same where the pair's label says so, else the next one."""
    same = bool(_label(["different", "same"], row))
    return _text(row) if same else _text(Row(row.number + 1, row.split == "test"))


def _label(names: Sequence[str], row: Row) -> int:
    """Of two classes the second for a positive review; more than two in turn."""
    if len(names) == 2:
        return int(row.example("reviews").truth.lower().startswith("pos"))
    return row.number % len(names)


def _passage(row: Row) -> tuple[str, str, str]:
    """A question, a passage and the answer in it."""
    example = row.example("passages")
    question, _, passage = example.text.partition("\n")
    return question, passage, example.truth


def _answers(row: Row) -> dict[str, list[Any]]:
    _, passage, answer = _passage(row)
    return {"text": [answer], "answer_start": [max(passage.find(answer), 0)]}


def _article(row: Row) -> str:
    return row.example("articles").text


def _words(row: Row) -> list[str]:
    return row.example("news").text.split()


def _entities(row: Row) -> list[int]:
    return [TAGS.index(tag) for tag in row.example("news").truth]


def _messages(row: Row) -> list[dict[str, str]]:
    example = row.example("chats")
    turns = [{"role": turn["role"], "content": turn["content"]} for turn in json.loads(example.text)]
    return [*turns, {"role": "assistant", "content": example.truth}]


def _dialogue(row: Row) -> str:
    return "\r\n".join(f"{turn['role'].title()}: {turn['content']}" for turn in _messages(row))


def _translation(row: Row, languages: Sequence[str]) -> dict[str, str]:
    pair = row.example("pairs")
    return {language: pair.text if language == "en" else pair.truth for language in languages}


@functools.cache
def _scenes(split: str) -> Sequence[Any]:
    return shipped.scenes(split, 40, "data sets", side=SIDE, things=(1, 3))


def _shape_names() -> Sequence[str]:
    return shipped.shape_words()[2]


def _scene(row: Row) -> Any:
    return _scenes(row.split)[row.number % 40]


def _picture(row: Row, mode: str) -> dict[str, Any]:
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(_scene(row).image).convert(mode).save(stream, "PNG")
    return {"bytes": stream.getvalue(), "path": None}


def _objects(row: Row, arguments: Sequence[str]) -> dict[str, list[Any]]:
    """The objects in an image: classes by number, or, with an argument, by name."""
    scene = _scene(row)
    sides = [2 * thing.radius * SIDE for thing in scene.things]
    corners = [((t.x - t.radius) * SIDE, (t.y - t.radius) * SIDE) for t in scene.things]
    return {
        "id": list(range(len(scene.things))),
        "area": [int(side * side) for side in sides],
        "bbox": [[x, y, side, side] for (x, y), side in zip(corners, sides, strict=True)],
        "category": [t.shape if arguments else _shape_names().index(t.shape) for t in scene.things],
    }


def _utterance(row: Row) -> Any:
    return row.example("utterances")


def _speech(row: Row, rate: int) -> bytes:
    import soundfile

    stream = io.BytesIO()
    soundfile.write(stream, _utterance(row).wave(rate), rate, format="WAV")
    return stream.getvalue()


def _id(row: Row) -> str:
    return hashlib.sha1(f"{row.split} {row.number}".encode()).hexdigest()[:24]


def _short(row: Row) -> str:
    return " ".join(re.findall(r"\w+", _text(row))[:3])


_VALUES: dict[str, Callable[[Row, Sequence[str]], Any]] = {
    "text": lambda row, _: _text(row),
    "other": lambda row, _: _other(row),
    "short": lambda row, _: _short(row),
    "lines": lambda row, _: "" if row.number % 3 == 0 else f" {_text(row)} \n",
    "question": lambda row, _: _passage(row)[0],
    "passage": lambda row, _: _passage(row)[1],
    "answers": lambda row, _: _answers(row),
    "votes": lambda row, _: {"ids": [_passage(row)[2]], "weights": [1.0]},
    "urls": lambda *_: ["url"],
    "replies": lambda row, _: {"a_id": [_id(row)], "text": [_text(row)], "score": [row.number], "text_urls": [[]]},
    "article": lambda row, _: _article(row),
    "articles": lambda row, _: [_article(row), _article(Row(row.number + 1, row.split == "test"))],
    "summary": lambda row, _: row.example("articles").truth,
    "dialogue": lambda row, _: _dialogue(row),
    "messages": lambda row, _: _messages(row),
    "code": lambda row, _: CODE.format(name=_short(row).split()[-1].lower(), text=_text(row), number=row.number),
    "words": lambda row, _: _words(row),
    "entities": lambda row, _: _entities(row),
    "tags": lambda row, arguments: [row.random.randrange(int(arguments[0])) for _ in _words(row)],
    "labels": lambda row, arguments: [row.random.randrange(int(arguments[0]))],
    "languages": lambda row, _: ["en"] * len(_words(row)),
    "spans": lambda row, _: [f"PER: {word}" for word in _words(row)[:1]],
    "boxes": lambda row, _: [[20 * n, 20, 20 * n + 18, 40] for n, _ in enumerate(_words(row))],
    "translation": _translation,
    "choices": lambda row, _: [_short(Row(row.number + n, row.split == "test")) for n in range(4)],
    "user": lambda row, _: {"login": _short(row).split()[-1].lower(), "id": row.number},
    "named": lambda row, _: [{"id": row.number % 5, "name": _short(row).split()[-1].lower()}],
    "id": lambda row, _: _id(row),
    "index": lambda row, _: row.number,
    "int": lambda row, _: row.number % 10,
    "stars": lambda row, _: 1 + row.number % 5,
    "copies": lambda row, _: str(1 + row.number % 5),
    "float": lambda row, _: row.number % 6 * 0.8,
    "bool": lambda row, _: row.number % 2 == 0,
    "floats": lambda row, arguments: [row.random.gauss(0, 0.05) for _ in range(int(arguments[0]))],
    "url": lambda row, _: f"https://example.com/{_id(row)}",
    "json": lambda row, _: json.dumps({"gt_parse": {"menu": {"nm": _short(row), "price": "1.00"}}}),
    "image": lambda row, _: _picture(row, "RGB"),
    "gray": lambda row, _: _picture(row, "L"),
    "width": lambda *_: SIDE,
    "height": lambda *_: SIDE,
    "objects": _objects,
    "caption": lambda row, _: ", ".join(f"a {thing.colour} {thing.shape}" for thing in _scene(row).things),
    "transcription": lambda row, _: _utterance(row).text,
    "shouted": lambda row, _: _utterance(row).text.upper(),
    "sound": lambda *_: "speech",
}  # fmt: skip
