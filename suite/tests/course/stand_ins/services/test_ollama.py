"""The stand-in of Ollama, through the unmodified client, through plain requests, and through OpenAI's client."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest

from suite.course.stand_ins.services import local_models
from suite.course.stand_ins.services.ollama import application
from suite.tests.support.running_stand_ins import Notes, served

ollama = pytest.importorskip("ollama", reason="the client ollama is not installed: it is in the extra course")
requests = pytest.importorskip("requests", reason="requests is not installed: it is in the extra course")
openai = pytest.importorskip("openai", reason="the client openai is not installed: it is in the extra course")

CERTAIN = {"temperature": 0}
ANNA = [{"role": "user", "content": "My name is Anna."}]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served(application(Notes())) as address:
        yield address


@pytest.fixture(scope="module")
def client(address: str) -> Any:
    return ollama.Client(host=address)


def test_a_chat(client: Any) -> None:
    answer = client.chat(model="llama3.2", messages=ANNA, options=CERTAIN)
    assert answer["message"]["content"] == "Nice to meet you, Anna."
    assert (answer.model, answer.done, answer.done_reason) == ("llama3.2", True, "stop")
    assert answer.eval_count == len(local_models.chat_model().encode(answer.message.content))
    assert answer.prompt_eval_count > answer.eval_count
    assert answer.total_duration == answer.prompt_eval_duration + answer.eval_duration
    system = [{"role": "system", "content": "Answer in capital letters."}]
    loud = client.chat(model="llama3.2", messages=system + ANNA, options=CERTAIN)
    assert loud.message.content == "NICE TO MEET YOU, ANNA."


def test_generating(client: Any) -> None:
    assert (
        client.generate(model="llama2", prompt="My name is Anna.", options=CERTAIN).response
        == "Nice to meet you, Anna."
    )
    loud = client.generate(
        model="llama2", prompt="My name is Anna.", system="Answer in capital letters.", options=CERTAIN
    )
    assert loud.response == "NICE TO MEET YOU, ANNA."
    short = client.generate(model="llama2", prompt="My name is Anna.", options={**CERTAIN, "num_predict": 2})
    assert (short.eval_count, short.done_reason) == (2, "length")
    stopped = client.generate(model="llama2", prompt="My name is Anna.", options={**CERTAIN, "stop": [" you"]})
    assert (stopped.response, stopped.done_reason) == ("Nice to meet", "stop")


@pytest.mark.parametrize(
    ("route", "fields"), [("generate", {"prompt": "My name is Anna."}), ("chat", {"messages": ANNA})]
)
def test_lines_are_the_default(address: str, route: str, fields: dict[str, Any]) -> None:
    body = {"model": "llama3.2", "options": CERTAIN, **fields}
    with requests.post(f"{address}/api/{route}", json=body, stream=True, timeout=10) as reply:
        lines = [json.loads(line) for line in reply.iter_lines()]
    pieces = [line["response"] if route == "generate" else line["message"]["content"] for line in lines]
    assert len(lines) > 3
    assert "".join(pieces) == "Nice to meet you, Anna."
    assert [line["done"] for line in lines] == [False] * (len(lines) - 1) + [True]
    assert "eval_count" in lines[-1]
    whole = requests.post(f"{address}/api/{route}", json={**body, "stream": False}, timeout=10).json()
    assert whole["done"]


def test_streaming(client: Any) -> None:
    pieces = list(client.chat(model="llama3.2", messages=ANNA, options=CERTAIN, stream=True))
    assert "".join(piece.message.content for piece in pieces) == "Nice to meet you, Anna."


def test_seed_and_temperature(client: Any) -> None:
    def reply(seed: int) -> str:
        options = {"temperature": 1.8, "top_k": 0, "top_p": 1, "seed": seed}
        return str(client.generate(model="m", prompt="Tell me a state.", options=options).response)

    assert len({reply(3) for _ in range(5)}) == 1
    assert len({reply(seed) for seed in range(8)}) > 1


def test_json_tools_and_pictures(client: Any) -> None:
    schema = {"type": "object", "properties": {"name": {"type": "string"}, "age": {"type": "integer"}}}
    person = json.loads(client.chat(model="m", messages=ANNA, format=schema).message.content)
    assert isinstance(person["age"], int)
    assert json.loads(client.generate(model="m", prompt="My name is Anna.", format="json").response)

    def get_weather(city: str) -> str:
        """Tell the weather in a city."""
        return "Cold."

    question = [{"role": "user", "content": "What is the weather in Oslo?"}]
    calls = client.chat(model="m", messages=question, tools=[get_weather]).message
    assert calls.tool_calls[0].function.arguments == {"city": "Oslo"}
    result = {"role": "tool", "content": get_weather("Oslo"), "tool_name": "get_weather"}
    assert client.chat(model="m", messages=[*question, calls, result], tools=[get_weather]).message.content
    image, content = local_models.draw("large red star"), io.BytesIO()
    image.save(content, "PNG")
    reply = client.chat(model="llava", messages=[{"role": "user", "content": "What?", "images": [content.getvalue()]}])
    assert reply.message.content == local_models.caption(image)


def test_embeddings(client: Any) -> None:
    result = client.embed(model="nomic-embed-text", input=["A cat.", "A dog."])
    assert [len(vector) for vector in result.embeddings] == [768, 768]
    older = client.embeddings(model="nomic-embed-text", prompt="A cat.").embedding
    assert older == pytest.approx(result.embeddings[0], abs=1e-5)


def test_models_come_and_go(client: Any) -> None:
    steps = list(client.pull("gemma3", stream=True))
    assert steps[-1].status == "success"
    assert any(step.completed == step.total for step in steps if step.total)
    assert "gemma3:latest" in [model.model for model in client.list().models]
    assert client.show("gemma3").details.family == "llama"
    assert client.ps().models
    assert client.delete("gemma3").status == "success"
    with pytest.raises(ollama.ResponseError, match="not found"):
        client.delete("gemma3")


def test_what_else_there_is(address: str) -> None:
    assert requests.get(address, timeout=10).text == "Ollama is running"
    assert "version" in requests.get(f"{address}/api/version", timeout=10).json()
    assert requests.post(f"{address}/api/generate", json={}, timeout=10).json() == {"error": "model is required"}


def test_openais_client(address: str) -> None:
    with openai.OpenAI(base_url=f"{address}/v1", api_key="ollama", max_retries=0) as client:
        answer = client.chat.completions.create(model="llama3.2", messages=ANNA, temperature=0)
    assert answer.choices[0].message.content == "Nice to meet you, Anna."
