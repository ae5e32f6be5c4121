from __future__ import annotations

import io
from collections.abc import Iterator

import httpx
import pandas as pd
import pytest
import soundfile
from PIL import Image

from suite.course.stand_ins.web import media
from suite.tests.support.running_stand_ins import Notes, served


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def address(notes: Notes) -> Iterator[str]:
    with served(media(notes)) as address:
        yield address


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/a/cats.jpg", "JPEG"), ("/b.png?w=300", "PNG"), ("/photo-1?fm=webp", "WEBP"), ("/200/image", "JPEG")],
)  # fmt: skip
def test_pictures(address: str, path: str, kind: str) -> None:
    answer = httpx.get(address + path)
    image = Image.open(io.BytesIO(answer.content))
    assert (image.format, image.size) == (kind, (256, 256))
    assert answer.headers["content-type"].startswith("image/")
    assert httpx.get(address + path).content == answer.content


def test_different_addresses_have_different_pictures(address: str) -> None:
    assert len({httpx.get(f"{address}/{number}.png").content for number in range(12)}) > 1


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg", "mp3"])
def test_sounds(address: str, ending: str) -> None:
    wave, rate = soundfile.read(io.BytesIO(httpx.get(f"{address}/speech.{ending}").content))
    assert rate == 16_000
    assert abs(wave).max() > 0.01


def test_tables_texts_and_pages(address: str) -> None:
    table = pd.read_csv(io.BytesIO(httpx.get(f"{address}/data.csv").content))
    assert list(table.columns) == ["id", "text", "label"]
    assert pd.read_parquet(io.BytesIO(httpx.get(f"{address}/data.parquet").content)).equals(table)
    assert httpx.get(f"{address}/data.json").json()[0]["id"] == 0
    assert len(httpx.get(f"{address}/input.txt").text) > 1000
    assert "<title>" in httpx.get(f"{address}/wiki/Transformer").text


def test_what_cannot_be_made_is_refused_and_noted(address: str, notes: Notes) -> None:
    assert httpx.get(f"{address}/film.mp4").status_code == 404
    assert httpx.get(f"{address}/weights.zip").status_code == 404
    assert httpx.post(f"{address}/data.json").status_code == 404
    assert httpx.get(f"{address}/a.png").status_code == 200
    assert [note.outcome for note in notes] == ["refused", "refused", "refused", "answered"]
    assert {note.kind for note in notes} == {"host"}
    assert notes[0].details.pop("reply").startswith("Not found")
    assert notes[0].details == {"path": "/film.mp4", "kind": "mp4", "method": "GET"}
