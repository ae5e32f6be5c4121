"""The stand-in of OpenAI's API, used through the unmodified client, which checks every shape."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from suite.course.stand_ins.services import generation, local_models
from suite.course.stand_ins.services.openai import application
from suite.task.discovery import load_module, tasks_root
from suite.tests.support.running_stand_ins import Notes, served

openai = pytest.importorskip("openai", reason="the client openai is not installed: it is in the extra course")

HELPFUL = "You are a helpful assistant."


@pytest.fixture(scope="module")
def notes() -> Notes:
    return Notes()


@pytest.fixture(scope="module")
def address(notes: Notes) -> Iterator[str]:
    with served(application(notes)) as address:
        yield address


@pytest.fixture(scope="module")
def client(address: str) -> Iterator[Any]:
    with openai.OpenAI(
        base_url=f"{address}/v1", api_key="sk-any", max_retries=0, _strict_response_validation=True
    ) as client:
        yield client


@pytest.fixture(scope="module")
def trusting(address: str) -> Iterator[Any]:
    """A client that checks no shapes: its own are wrong of base64 and of a stream's null."""
    with openai.OpenAI(base_url=f"{address}/v1", api_key="sk-any", max_retries=0) as client:
        yield client


@pytest.fixture(scope="module")
def chats() -> ModuleType:
    return load_module(tasks_root(), "worlds.chats")


def ask(client: Any, user: str, system: str = HELPFUL, **options: Any) -> Any:
    messages = [{"role": "system", "content": system}, {"role": "user", "content": user}]
    return client.chat.completions.create(model="gpt-3.5-turbo", messages=messages, **options)


def test_a_chat_completion_has_the_documented_parts(client: Any) -> None:
    answer = ask(client, "My name is Anna.", temperature=0)
    assert answer.model == "gpt-3.5-turbo"
    assert answer.choices[0].message.role == "assistant"
    assert answer.choices[0].message.content == "Nice to meet you, Anna."
    assert answer.choices[0].finish_reason == "stop"
    usage = answer.usage
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens


def test_usage_counts_the_models_own_tokens(client: Any) -> None:
    model = local_models.chat_model()
    answer = ask(client, "I live in Oslo.", temperature=0)
    messages = [{"role": "system", "content": HELPFUL}, {"role": "user", "content": "I live in Oslo."}]
    assert answer.usage.prompt_tokens == len(model.prompt_of(messages))
    assert answer.usage.completion_tokens == len(model.encode(answer.choices[0].message.content))


def test_the_answers_are_the_models_own(client: Any, chats: ModuleType) -> None:
    """As many replies of the world's are right as the card of the miniature leads one to expect."""
    examples = chats.chats("test")[:20]
    replies = [
        client.chat.completions.create(model="m", messages=chats.messages(example), temperature=0)
        for example in examples
    ]
    right = [
        reply.choices[0].message.content == example.truth for reply, example in zip(replies, examples, strict=True)
    ]
    assert np.mean(right) > 0.7


@pytest.mark.parametrize(
    ("system", "rule"),
    [
        ("Answer in capital letters.", "capitals"),
        ("Answer in French.", "french"),
        ("Answer in one word.", "word"),
        ("End every answer with Bye.", "end:Bye"),
        ("Call the user Captain.", "begin:Captain"),
    ],
)
def test_the_system_message_is_obeyed(client: Any, chats: ModuleType, system: str, rule: str) -> None:
    sentences = ["My name is Anna.", "I live in Oslo.", "I am a baker.", "My favourite food is rice."]
    obeyed = [
        chats.obeys(rule, ask(client, user, system, temperature=0).choices[0].message.content) for user in sentences
    ]
    free = [
        chats.obeys(rule, ask(client, user, HELPFUL, temperature=0).choices[0].message.content) for user in sentences
    ]
    assert sum(obeyed) >= 3
    assert sum(free) <= 1


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_a_limit_of_tokens_limits(client: Any, name: str) -> None:
    options: dict[str, Any] = {name: 2}
    answer = ask(client, "My name is Anna.", temperature=0, **options)
    assert answer.usage.completion_tokens == 2
    assert answer.choices[0].finish_reason == "length"
    assert "Nice to meet you, Anna.".startswith(answer.choices[0].message.content)


def test_n_gives_n_choices(client: Any) -> None:
    answer = ask(client, "My name is Anna.", n=3, temperature=1.8, seed=3)
    assert [choice.index for choice in answer.choices] == [0, 1, 2]
    assert len({choice.message.content for choice in answer.choices}) > 1


def test_temperature_zero_is_certain_and_more_is_not(client: Any) -> None:
    def replies(temperature: float) -> set[str]:
        """Of eight seeds, so that what is drawn is the same in every run."""
        return {
            ask(client, "Tell me a state.", temperature=temperature, seed=seed).choices[0].message.content
            for seed in range(8)
        }

    assert len(replies(0)) == 1
    assert len(replies(1.8)) > 1


def test_a_seed_and_a_small_top_p_make_it_certain(client: Any) -> None:
    def replies(**options: Any) -> set[str]:
        return {
            ask(client, "Tell me a state.", temperature=1.5, **options).choices[0].message.content for _ in range(4)
        }

    assert len(replies(seed=7)) == 1
    assert len(replies(top_p=1e-6)) == 1


@pytest.mark.parametrize("stream", [False, True])
def test_stop_ends_the_answer_before_the_sequence(client: Any, stream: bool) -> None:
    answer = ask(client, "My name is Anna.", temperature=0, stop=[" you, A", "!"], stream=stream)
    if stream:
        chunks = list(answer)
        text, finish = (
            "".join(chunk.choices[0].delta.content or "" for chunk in chunks),
            chunks[-1].choices[0].finish_reason,
        )
    else:
        text, finish = answer.choices[0].message.content, answer.choices[0].finish_reason
    assert (text, finish) == ("Nice to meet", "stop")


def test_a_long_answer_is_cut_and_noted(client: Any, notes: Notes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generation, "LONGEST", 3)
    before = len(notes.of("capped"))
    answer = ask(client, "My name is Anna.", temperature=0, max_tokens=500)
    assert answer.usage.completion_tokens == 3
    assert answer.choices[0].finish_reason == "stop"
    ask(client, "My name is Anna.", temperature=0, max_tokens=3)
    assert [note.outcome for note in notes.of("capped")[before:]] == ["from 500 tokens to 3 tokens"]


def test_streaming_gives_the_same_in_pieces(client: Any) -> None:
    whole = ask(client, "My name is Anna.", temperature=0)
    chunks = list(ask(client, "My name is Anna.", temperature=0, stream=True, stream_options={"include_usage": True}))
    assert chunks[0].choices[0].delta.role == "assistant"
    pieces = [chunk.choices[0].delta.content for chunk in chunks[1:-2]]
    assert len(pieces) > 2
    assert "".join(pieces) == whole.choices[0].message.content
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].choices == []
    assert chunks[-1].usage == whole.usage


def test_streaming_several_choices(client: Any) -> None:
    chunks = list(ask(client, "My name is Anna.", temperature=0, stream=True, n=2))
    texts = [
        "".join(c.choices[0].delta.content or "" for c in chunks if c.choices[0].index == index) for index in (0, 1)
    ]
    assert texts == ["Nice to meet you, Anna."] * 2


def test_logprobs(client: Any) -> None:
    content = ask(client, "My name is Anna.", temperature=0, logprobs=True, top_logprobs=2).choices[0].logprobs.content
    assert "".join(token.token for token in content) == "Nice to meet you, Anna."
    assert all(len(token.top_logprobs) == 2 for token in content)
    assert all(token.logprob == token.top_logprobs[0].logprob <= 0 for token in content)


def test_json_by_schema(client: Any) -> None:
    from pydantic import BaseModel

    class Part(BaseModel):
        name: str
        number: int

    class Event(BaseModel):
        title: str
        parts: list[Part]
        public: bool

    answer = client.chat.completions.parse(
        model="gpt-4o", messages=[{"role": "user", "content": "My name is Anna."}], response_format=Event, max_tokens=5
    )
    assert answer.choices[0].message.parsed.parts[0].name
    plain = ask(client, "My name is Anna.", temperature=0, response_format={"type": "json_object"})
    assert json.loads(plain.choices[0].message.content) == {"answer": "Nice to meet you, Anna."}


WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Current weather in a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]}},
            "required": ["city"],
        },
    },
}
TIME = {"type": "function", "function": {"name": "get_time", "description": "What time it is", "parameters": {}}}


@pytest.mark.parametrize("stream", [False, True])
def test_a_tool_is_called_and_its_result_answered(client: Any, stream: bool) -> None:
    messages: list[dict[str, Any]] = [{"role": "user", "content": "What is the weather in Paris today?"}]
    tools = {"model": "gpt-4o", "tools": [TIME, WEATHER]}
    if stream:
        with client.chat.completions.stream(messages=messages, **tools) as events:
            choice = events.get_final_completion().choices[0]
    else:
        choice = client.chat.completions.create(messages=messages, **tools).choices[0]
    assert choice.finish_reason == "tool_calls"
    call = choice.message.tool_calls[0]
    assert (call.function.name, json.loads(call.function.arguments)) == ("get_weather", {"city": "Paris"})
    messages += [
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {
                    "id": call.id,
                    "type": "function",
                    "function": {"name": call.function.name, "arguments": call.function.arguments},
                }
            ],
        },
        {"role": "tool", "tool_call_id": call.id, "content": "21 degrees"},
    ]
    last = client.chat.completions.create(messages=messages, **tools)
    assert last.choices[0].finish_reason in ("stop", "length")
    assert last.choices[0].message.content
    never = client.chat.completions.create(messages=messages[:1], tool_choice="none", **tools)
    assert never.choices[0].message.tool_calls is None
    answer = client.chat.completions.create(
        messages=messages[:1], tool_choice={"type": "function", "function": {"name": "get_time"}}, **tools
    )
    assert answer.choices[0].message.tool_calls[0].function.name == "get_time"


def test_a_picture_is_described(client: Any) -> None:
    image, content = local_models.draw("large red star"), io.BytesIO()
    image.save(content, "PNG")
    url = "data:image/png;base64," + base64.b64encode(content.getvalue()).decode()
    parts = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": url}}]
    answer = client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": parts}])
    assert answer.choices[0].message.content == local_models.caption(image)


def test_completions(client: Any, trusting: Any) -> None:
    answer = client.completions.create(model="davinci-002", prompt=["The garden", "One"], n=2, max_tokens=4, logprobs=2)
    assert len(answer.choices) == 4
    assert answer.usage.completion_tokens <= 16
    assert set(answer.choices[0].logprobs.model_dump()) >= {"tokens", "token_logprobs", "top_logprobs", "text_offset"}
    streamed = trusting.completions.create(model="davinci-002", prompt="The garden", temperature=0, stream=True)
    whole = client.completions.create(model="davinci-002", prompt="The garden", temperature=0, echo=True)
    assert "The garden" + "".join(chunk.choices[0].text for chunk in streamed) == whole.choices[0].text


def test_embeddings_are_of_the_documented_sizes_and_mean_something(trusting: Any) -> None:
    def vectors(**options: Any) -> np.ndarray:
        texts = ["A cat sleeps on the sofa.", "A kitten is sleeping.", "The stock market fell."]
        answer = trusting.embeddings.create(input=texts, **options)
        assert answer.usage.prompt_tokens == answer.usage.total_tokens > 0
        return np.array([row.embedding for row in answer.data])

    for model, size in (
        ("text-embedding-3-small", 1536),
        ("text-embedding-ada-002", 1536),
        ("text-embedding-3-large", 3072),
    ):
        result = vectors(model=model)
        assert result.shape == (3, size)
        np.testing.assert_allclose(np.linalg.norm(result, axis=1), 1, atol=1e-5)
        assert result[0] @ result[1] > result[0] @ result[2] + 0.3
    # Left alone, the client asks for base64 and decodes it; asked for base64 itself, it gives the text.
    request = {"model": "text-embedding-3-small", "input": "A cat sleeps on the sofa."}
    plain = trusting.embeddings.create(**request, encoding_format="float").data[0].embedding
    packed = trusting.embeddings.create(**request, encoding_format="base64").data[0].embedding
    np.testing.assert_array_equal(np.frombuffer(base64.b64decode(packed), "<f4"), np.array(plain, np.float32))
    assert vectors(model="text-embedding-3-small", dimensions=256).shape == (3, 256)


def test_moderations(client: Any) -> None:
    results = client.moderations.create(input=["I will kill you.", "I like bread."]).results
    assert [result.flagged for result in results] == [True, False]
    assert results[0].categories.violence


def test_azure_and_other_bases(address: str, notes: Notes) -> None:
    with openai.AzureOpenAI(azure_endpoint=address, api_key="any", api_version="2024-06-01", max_retries=0) as azure:
        messages = [{"role": "user", "content": "My name is Anna."}]
        assert azure.chat.completions.create(model="my-deployment", messages=messages).model == "my-deployment"
    for base in ("", "/openai/v1", "/api/v1"):
        with openai.OpenAI(base_url=address + base, api_key="any", max_retries=0) as client:
            assert client.chat.completions.create(model="llama", messages=messages).choices
    assert notes.of("service")[-1].subject == "POST /api/v1/chat/completions"


def test_a_call_without_a_key_is_refused_and_noted(address: str, notes: Notes) -> None:
    requests = pytest.importorskip("requests")
    reply = requests.post(f"{address}/v1/chat/completions", json={}, timeout=10)
    assert reply.status_code == 401
    assert set(reply.json()["error"]) == {"message", "type", "param", "code"}
    assert notes.of("secret")[-1].subject == "openai"
    assert notes.of("service")[-1].outcome == "401"


@pytest.mark.parametrize(
    ("options", "parameter"),
    [
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "narrator", "content": "It rains."}]}, "messages[0].role"),
        ({"temperature": 3}, "temperature"),
        ({"n": 0}, "n"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"top_p": "much"}, "top_p"),
        ({"top_logprobs": 2}, "top_logprobs"),
    ],
)
def test_bad_requests_are_refused_as_openai_does(client: Any, options: dict[str, Any], parameter: str) -> None:
    request = {"model": "m", "messages": [{"role": "user", "content": "Hello"}], **options}
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(**request)
    assert caught.value.param == parameter


def test_an_unknown_route_is_not_found(client: Any) -> None:
    with pytest.raises(openai.NotFoundError, match="Invalid URL"):
        client.get("/no/such/route", cast_to=object)
