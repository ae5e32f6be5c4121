"""Which service a host stands for, and what all services have in common."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from suite.course.stand_ins.access_log import Note
from suite.course.stand_ins.services import HOSTS, PORTS, applications, http, json_schema, service_for
from suite.course.stand_ins.services.conversation import decode_base64
from suite.tests.support.running_stand_ins import Notes, served


@pytest.mark.parametrize(
    ("host", "port", "service"),
    [
        ("api.openai.com", 443, "openai"),
        ("API.OpenAI.com.", 443, "openai"),
        ("mine.openai.azure.com", 443, "openai"),
        ("api.groq.com", 443, "openai"),
        ("generativelanguage.googleapis.com", 443, "gemini"),
        ("api.anthropic.com", 443, "anthropic"),
        ("router.huggingface.co", 443, "hf-inference"),
        ("api-inference.huggingface.co", 443, "hf-inference-removed"),
        ("localhost", 11434, "ollama"),
        ("127.0.0.1", 1234, "local-openai"),
        ("localhost", 5000, None),
        ("huggingface.co", 443, None),
        ("api.openai.com.evil.example", 443, None),
        ("example.com", 11434, None),
    ],
)
def test_the_service_of_a_host(host: str, port: int, service: str | None) -> None:
    assert service_for(host, port) == service


def test_every_named_service_exists() -> None:
    made = applications(Notes())
    assert set(made) == {service for _, service in HOSTS} | set(PORTS.values())


def test_every_service_notes_what_it_does_not_know() -> None:
    requests = pytest.importorskip("requests", reason="requests is not installed: it is in the extra course")
    notes = Notes()
    for name, application in applications(notes).items():
        with served(application) as address:
            headers = {"Authorization": "Bearer any"}
            reply = requests.get(f"{address}/no/such/thing/anywhere", headers=headers, timeout=10)
        assert reply.status_code == (410 if name == "hf-inference-removed" else 404), name
        assert "error" in reply.json()
        assert notes.of("service")[-1].details["service"] == name
        assert notes.of("service")[-1].outcome == str(reply.status_code)


def test_examples_of_schemas() -> None:
    schema = {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "kind": {"enum": ["cat", "dog"]},
            "age": {"type": "integer", "minimum": 18, "maximum": 99},
            "share": {"type": "number", "maximum": 0.5},
            "when": {"type": "string", "format": "date"},
            "many": {"type": "array", "items": {"$ref": "#/$defs/part"}, "minItems": 2},
            "maybe": {"anyOf": [{"type": "null"}, {"type": "string"}]},
            "code": {"type": "string", "maxLength": 3},
        },
        "$defs": {"part": {"type": "object", "properties": {"ok": {"type": "boolean"}}}},
    }
    assert json_schema.example(schema, "My dog Rex") == {
        "name": "My dog Rex",
        "kind": "dog",
        "age": 18,
        "share": 0.0,
        "when": "2024-01-01",
        "many": [{"ok": True}, {"ok": True}],
        "maybe": None,
        "code": "My ",
    }


def test_a_schema_that_holds_itself_comes_to_an_end() -> None:
    schema = {"type": "object", "properties": {"next": {"$ref": "#"}, "name": {"type": "string"}}}
    assert json_schema.example(schema, "a")["next"]["next"]["name"] == "a"


@pytest.mark.parametrize("text", ["-_8=", "+/8=", "+/8", "data:image/png;base64,+/8="])
def test_base64_in_every_alphabet(text: str) -> None:
    assert decode_base64(text) == b"\xfb\xff"


def test_what_is_no_base64_is_refused() -> None:
    with pytest.raises(ValueError, match="no base64"):
        decode_base64("what is this?")


def test_a_request_is_noted_before_its_client_can_go_on() -> None:
    """An example may end the moment it has its answer, and is judged by the notes that there are."""
    notes: list[Note] = []
    noted_at: list[tuple[str, int]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 201, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def send(message: Any) -> None:
        noted_at.append((message["type"], len(notes)))

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {"type": "http", "method": "POST", "path": "/v1/things", "headers": [(b"host", b"api.example")]}
    journal: Any = SimpleNamespace(note=notes.append)
    checked = http._KeyCheckAndNotes(app, "service", journal, lambda error: error, None)  # type: ignore[arg-type, return-value]
    asyncio.run(checked(scope, receive, send))
    assert noted_at == [("http.response.start", 1), ("http.response.body", 1)]
    assert [(note.subject, note.outcome) for note in notes] == [("POST /v1/things", "201")]
