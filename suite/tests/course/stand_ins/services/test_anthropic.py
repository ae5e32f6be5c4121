"""The stand-in of Anthropic's API, through the unmodified client."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from suite.course.stand_ins.services.anthropic import application
from suite.tests.support.running_stand_ins import Notes, served

anthropic = pytest.importorskip("anthropic", reason="the client anthropic is not installed: it is in the extra course")

CERTAIN = {"temperature": 0}
"""Not an argument of the client's newest release any more."""
ANNA = [{"role": "user", "content": "My name is Anna."}]


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with (
        served(application(Notes())) as address,
        anthropic.Anthropic(base_url=address, api_key="any", max_retries=0, _strict_response_validation=True) as client,
    ):
        yield client


def ask(client: Any, messages: Any = ANNA, **options: Any) -> Any:
    request = {"model": "claude-x", "max_tokens": 100, **options}
    return client.messages.create(messages=messages, extra_body=CERTAIN, **request)


def test_a_message(client: Any) -> None:
    answer = ask(client)
    assert answer.content[0].text == "Nice to meet you, Anna."
    assert (answer.role, answer.model, answer.stop_reason) == ("assistant", "claude-x", "end_turn")
    counted = client.messages.count_tokens(model="claude-x", messages=ANNA)
    assert counted.input_tokens == answer.usage.input_tokens


def test_parameters_are_obeyed(client: Any) -> None:
    assert ask(client, system="Answer in capital letters.").content[0].text == "NICE TO MEET YOU, ANNA."
    short = ask(client, max_tokens=2)
    assert (short.stop_reason, short.usage.output_tokens) == ("max_tokens", 2)
    stopped = ask(client, stop_sequences=[" you"])
    assert (stopped.content[0].text, stopped.stop_reason, stopped.stop_sequence) == (
        "Nice to meet",
        "stop_sequence",
        " you",
    )


def test_streaming(client: Any) -> None:
    with client.messages.stream(model="claude-x", max_tokens=100, messages=ANNA, extra_body=CERTAIN) as stream:
        pieces = list(stream.text_stream)
        final = stream.get_final_message()
    assert len(pieces) > 2
    assert "".join(pieces) == final.content[0].text == "Nice to meet you, Anna."
    assert final.stop_reason == "end_turn"


@pytest.mark.parametrize("stream", [False, True])
def test_a_tool(client: Any, stream: bool) -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    tools = [{"name": "get_weather", "description": "Weather in a city", "input_schema": schema}]
    question = [{"role": "user", "content": "What is the weather in Oslo?"}]
    if stream:
        with client.messages.stream(model="c", max_tokens=99, messages=question, tools=tools) as events:
            calls = events.get_final_message()
    else:
        calls = ask(client, question, tools=tools)
    assert calls.stop_reason == "tool_use"
    assert (calls.content[0].name, calls.content[0].input) == ("get_weather", {"city": "Oslo"})
    result = {"type": "tool_result", "tool_use_id": calls.content[0].id, "content": "Cold."}
    messages = [*question, {"role": "assistant", "content": calls.content}, {"role": "user", "content": [result]}]
    assert ask(client, messages, tools=tools).content[0].text


def test_bad_requests(client: Any) -> None:
    with pytest.raises(anthropic.BadRequestError, match="max_tokens"):
        client.post("/v1/messages", body={"model": "m", "messages": ANNA}, cast_to=object)
    with pytest.raises(anthropic.BadRequestError, match="role"):
        ask(client, [{"role": "system", "content": "Be kind."}])
