"""The stand-in of the Gemini API, through the unmodified client."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from suite.course.stand_ins.services import local_models
from suite.course.stand_ins.services.gemini import application
from suite.tests.support.running_stand_ins import Notes, served

genai = pytest.importorskip(
    "google.genai", reason="the client google-genai is not installed: it is in the extra course"
)
requests = pytest.importorskip("requests", reason="requests is not installed: it is in the extra course")

MODEL = "gemini-2.0-flash"


@pytest.fixture(scope="module")
def notes() -> Notes:
    return Notes()


@pytest.fixture(scope="module")
def address(notes: Notes) -> Iterator[str]:
    with served(application(notes)) as address:
        yield address


@pytest.fixture(scope="module")
def client(address: str) -> Any:
    return genai.Client(api_key="any", http_options={"base_url": address})


def ask(client: Any, contents: Any, **config: Any) -> Any:
    return client.models.generate_content(model=MODEL, contents=contents, config={"temperature": 0, **config})


def test_an_answer_with_its_usage(client: Any) -> None:
    answer = ask(client, "My name is Anna.")
    assert answer.text == "Nice to meet you, Anna."
    assert answer.candidates[0].finish_reason.name == "STOP"
    usage = answer.usage_metadata
    assert usage.candidates_token_count == len(local_models.chat_model().encode(answer.text))
    assert usage.total_token_count == usage.prompt_token_count + usage.candidates_token_count
    assert client.models.count_tokens(model=MODEL, contents="My name is Anna.").total_tokens == usage.prompt_token_count


def test_the_system_instruction_is_obeyed(client: Any) -> None:
    answer = ask(client, "My name is Anna.", system_instruction="Answer in capital letters.")
    assert answer.text == "NICE TO MEET YOU, ANNA."


def test_the_configuration_is_obeyed(client: Any) -> None:
    short = ask(client, "My name is Anna.", max_output_tokens=2)
    assert short.candidates[0].finish_reason.name == "MAX_TOKENS"
    assert short.usage_metadata.candidates_token_count == 2
    assert ask(client, "My name is Anna.", stop_sequences=[" you"]).text == "Nice to meet"
    several = ask(client, "Tell me a state.", candidate_count=3, temperature=1.8, seed=1)
    assert len({candidate.content.parts[0].text for candidate in several.candidates}) > 1


def test_streaming(client: Any) -> None:
    pieces = list(
        client.models.generate_content_stream(model=MODEL, contents="My name is Anna.", config={"temperature": 0})
    )
    assert len(pieces) > 2
    assert "".join(piece.text or "" for piece in pieces) == "Nice to meet you, Anna."
    assert pieces[-1].candidates[0].finish_reason.name == "STOP"


def test_streaming_without_events_is_one_array(address: str) -> None:
    body = {"contents": [{"parts": [{"text": "My name is Anna."}]}], "generationConfig": {"temperature": 0}}
    reply = requests.post(f"{address}/v1beta/models/{MODEL}:streamGenerateContent?key=any", json=body, timeout=10)
    parts = [chunk["candidates"][0]["content"]["parts"][0]["text"] for chunk in reply.json()]
    assert "".join(parts) == "Nice to meet you, Anna."


def test_a_chat_remembers(client: Any) -> None:
    chat = client.chats.create(model=MODEL, config={"temperature": 0})
    chat.send_message("My name is Anna.")
    assert chat.send_message("What is my name?").text == "Your name is Anna."


def test_json_by_schema(client: Any) -> None:
    from pydantic import BaseModel

    class Recipe(BaseModel):
        name: str
        minutes: int

    config = {"response_mime_type": "application/json", "response_schema": list[Recipe]}
    assert all(isinstance(one, Recipe) for one in ask(client, "My name is Anna.", **config).parsed)


def test_a_python_function_is_called_by_the_client(client: Any) -> None:
    cities = []

    def get_weather(city: str) -> str:
        """Tell the weather in a city."""
        cities.append(city)
        return "Cold."

    answer = ask(client, "What is the weather in Oslo?", tools=[get_weather])
    assert cities == ["Oslo"]
    assert answer.text


def test_a_picture_is_described(client: Any) -> None:
    for image in (local_models.draw("large red star"), local_models.draw("small blue ring")):
        assert ask(client, ["What is this?", image]).text == local_models.caption(image)


def test_embeddings(client: Any) -> None:
    texts = ["A cat sleeps on the sofa.", "A kitten is sleeping.", "The stock market fell."]
    result = client.models.embed_content(model="gemini-embedding-001", contents=texts).embeddings
    vectors = np.array([one.values for one in result])
    assert vectors.shape == (3, 3072)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.3
    small = client.models.embed_content(
        model="gemini-embedding-001", contents="A cat.", config={"output_dimensionality": 256}
    )
    assert len(small.embeddings[0].values) == 256


def test_models(client: Any) -> None:
    assert f"models/{MODEL}" in [model.name for model in client.models.list()]
    assert client.models.get(model="gemini-9").name == "models/gemini-9"


def test_errors_have_googles_shape(client: Any, address: str, notes: Notes) -> None:
    with pytest.raises(genai.errors.ClientError) as caught:
        ask(client, "Hello", temperature=5)
    assert (caught.value.code, caught.value.status) == (400, "INVALID_ARGUMENT")
    reply = requests.post(f"{address}/v1beta/models/{MODEL}:generateContent", json={}, timeout=10)
    assert (reply.status_code, reply.json()["error"]["status"]) == (403, "PERMISSION_DENIED")
    assert notes.of("secret")[-1].subject == "gemini"


def test_a_file_is_sent_named_and_forgotten(client: Any, tmp_path: Path) -> None:
    image = local_models.draw("large red star")
    image.save(tmp_path / "star.png")
    uploaded = client.files.upload(file=tmp_path / "star.png", config={"display_name": "A star"})
    assert (uploaded.mime_type, uploaded.display_name, uploaded.state.name) == ("image/png", "A star", "ACTIVE")
    assert uploaded.size_bytes == (tmp_path / "star.png").stat().st_size
    assert client.files.get(name=uploaded.name).uri == uploaded.uri
    assert [one.name for one in client.files.list()] == [uploaded.name]
    assert ask(client, ["What is this?", uploaded]).text == local_models.caption(image)
    client.files.delete(name=uploaded.name)
    assert list(client.files.list()) == []
    with pytest.raises(genai.errors.ClientError, match="may not exist"):
        ask(client, ["What is this?", uploaded])


def test_a_file_may_come_in_pieces(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("google.genai._api_client.CHUNK_SIZE", 7)
    uploaded = client.files.upload(file=io.BytesIO(b"My name is Anna."), config={"mime_type": "text/plain"})
    assert uploaded.size_bytes == 16
    assert ask(client, [uploaded]).text == "Nice to meet you, Anna."


def test_a_file_may_come_without_a_protocol(address: str) -> None:
    headers = {"x-goog-api-key": "any", "Content-Type": "text/plain"}
    file = requests.post(f"{address}/upload/v1beta/files", data=b"words", headers=headers).json()["file"]
    assert (file["mimeType"], file["sizeBytes"]) == ("text/plain", "5")


def test_an_upload_needs_a_key_as_well(address: str) -> None:
    assert requests.post(f"{address}/upload/v1beta/files", data=b"words").status_code == 403
