"""The rest of OpenAI's API: responses, sounds, pictures, files and fine-tuning, through the unmodified client."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from suite.course.stand_ins.services import local_models
from suite.course.stand_ins.services.openai import application
from suite.tests.support.running_stand_ins import Notes, served

openai = pytest.importorskip("openai", reason="the client openai is not installed: it is in the extra course")
requests = pytest.importorskip("requests", reason="requests is not installed: it is in the extra course")

SAID = "turn on the red lamp"


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with (
        served(application(Notes())) as address,
        openai.OpenAI(
            base_url=f"{address}/v1", api_key="sk-any", max_retries=0, _strict_response_validation=True
        ) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def sound() -> bytes:
    """A command of the world of speech, as a file."""
    import soundfile

    into = io.BytesIO()
    soundfile.write(into, local_models.synthesize(SAID), local_models.SPEECH_RATE, format="WAV")
    return into.getvalue()


def test_a_response_obeys_instructions_and_limits(client: Any) -> None:
    request = {"model": "gpt-4o", "input": "My name is Anna.", "temperature": 0}
    answer = client.responses.create(**request, instructions="Answer in capital letters.")
    assert answer.output_text == "NICE TO MEET YOU, ANNA."
    assert answer.status == "completed"
    assert answer.usage.output_tokens == len(local_models.chat_model().encode(answer.output_text))
    short = client.responses.create(**request, max_output_tokens=2)
    assert (short.status, short.incomplete_details.reason) == ("incomplete", "max_output_tokens")
    assert short.usage.output_tokens == 2


def test_a_response_goes_on_from_another(client: Any) -> None:
    first = client.responses.create(model="gpt-4o", input="My name is Anna.", temperature=0)
    request = {"model": "gpt-4o", "input": [{"role": "user", "content": "What is my name?"}], "temperature": 0}
    assert client.responses.create(**request, previous_response_id=first.id).output_text == "Your name is Anna."
    assert "Anna" not in client.responses.create(**request).output_text
    assert client.responses.retrieve(first.id).output_text == first.output_text
    client.responses.delete(first.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(first.id)


def test_a_response_in_events(client: Any) -> None:
    with client.responses.stream(model="gpt-4o", input="My name is Anna.", temperature=0) as stream:
        events = list(stream)
    assert [event.type for event in events[:4]] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
    ]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert len(deltas) > 2
    assert "".join(deltas) == "Nice to meet you, Anna." == events[-1].response.output_text
    assert events[-1].type == "response.completed"


def test_a_response_by_schema_and_by_tool(client: Any) -> None:
    from pydantic import BaseModel

    class Person(BaseModel):
        name: str
        age: int

    parsed = client.responses.parse(model="gpt-4o", input="My name is Anna.", text_format=Person)
    assert isinstance(parsed.output_parsed, Person)
    tool = {
        "type": "function",
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        "strict": True,
    }
    items: list[Any] = [{"role": "user", "content": "What is the weather in Oslo?"}]
    calls = client.responses.create(model="gpt-4o", input=items, tools=[tool]).output[0]
    assert (calls.type, calls.name, json.loads(calls.arguments)) == (
        "function_call",
        "get_weather",
        {"city": "Oslo"},
    )
    with client.responses.stream(model="gpt-4o", input=items, tools=[tool]) as stream:
        assert json.loads(stream.get_final_response().output[0].arguments) == {"city": "Oslo"}
    items += [calls, {"type": "function_call_output", "call_id": calls.call_id, "output": "Cold"}]
    assert client.responses.create(model="gpt-4o", input=items, tools=[tool]).output_text


@pytest.mark.parametrize("task", ["transcriptions", "translations"])
def test_what_is_said_is_written_down(client: Any, sound: bytes, tmp_path: Path, task: str) -> None:
    path = tmp_path / "said.wav"
    path.write_bytes(sound)

    def transcribe(**options: Any) -> Any:
        with path.open("rb") as file:
            return getattr(client.audio, task).create(model="whisper-1", file=file, **options)

    assert transcribe().text == SAID
    assert transcribe(response_format="text").strip() == SAID
    whole = transcribe(response_format="verbose_json")
    assert whole.segments[0].text.strip() == SAID
    assert float(whole.duration) == pytest.approx(
        len(local_models.synthesize(SAID)) / local_models.SPEECH_RATE, abs=0.01
    )
    assert transcribe(response_format="srt").splitlines()[1].startswith("00:00:00,000 --> 00:00:01,")
    assert transcribe(response_format="vtt").startswith("WEBVTT\n\n00:00:00.000 --> 00:00:01.")


def test_words_have_times(client: Any, sound: bytes) -> None:
    words = client.audio.transcriptions.create(
        model="whisper-1", file=("a.wav", sound), response_format="verbose_json", timestamp_granularities=["word"]
    ).words
    assert [word.word for word in words] == SAID.split()
    assert all(word.start < word.end for word in words)


def test_what_is_no_sound_is_refused(client: Any) -> None:
    with pytest.raises(openai.BadRequestError, match="Invalid file format"):
        client.audio.transcriptions.create(model="whisper-1", file=("a.wav", b"no sound"))


@pytest.mark.parametrize("shape", ["mp3", "wav", "flac", "opus"])
def test_speech_is_understood(client: Any, tmp_path: Path, shape: str) -> None:
    path = tmp_path / f"speech.{shape}"
    with client.audio.speech.with_streaming_response.create(
        model="tts-1", voice="alloy", input=SAID, response_format=shape
    ) as reply:
        reply.stream_to_file(path)
    words = client.audio.transcriptions.create(model="whisper-1", file=path).text.split()
    assert sum(word in SAID.split() for word in words) >= len(words) - 1 >= 3


def test_faster_speech_is_shorter(client: Any) -> None:
    def length(speed: float) -> int:
        reply = client.audio.speech.create(model="tts-1", voice="nova", input=SAID, speed=speed, response_format="pcm")
        return len(reply.content)

    assert length(2.0) < 0.7 * length(1.0)


def test_a_picture_of_what_was_asked_for(client: Any) -> None:
    from PIL import Image

    made = client.images.generate(
        model="dall-e-2", prompt="a large red star", size="256x512", n=2, response_format="b64_json"
    )
    contents = [base64.b64decode(one.b64_json) for one in made.data]
    assert contents[0] != contents[1]
    image = Image.open(io.BytesIO(contents[0])).convert("RGB")
    assert image.size == (256, 512)
    pixels = np.asarray(image.resize((64, 64)), int)
    red = (pixels[..., 0] > 150) & (pixels[..., 1] < 90) & (pixels[..., 2] < 90)
    assert red.mean() > 0.03


def test_a_picture_by_its_address_which_needs_no_key(client: Any) -> None:
    url = client.images.generate(model="dall-e-3", prompt="a blue ring").data[0].url
    reply = requests.get(url, timeout=10)
    assert (reply.status_code, reply.headers["content-type"]) == (200, "image/png")


def test_files(client: Any) -> None:
    uploaded = client.files.create(file=("notes.jsonl", b'{"a": 1}\n'), purpose="fine-tune")
    assert (uploaded.bytes, uploaded.filename, uploaded.purpose) == (9, "notes.jsonl", "fine-tune")
    assert client.files.retrieve(uploaded.id).id == uploaded.id
    assert client.files.content(uploaded.id).content == b'{"a": 1}\n'
    assert uploaded.id in [file.id for file in client.files.list(purpose="fine-tune")]
    assert uploaded.id not in [file.id for file in client.files.list(purpose="assistants")]
    assert client.files.delete(uploaded.id).deleted
    with pytest.raises(openai.NotFoundError):
        client.files.retrieve(uploaded.id)


def _training_file(client: Any, lines: int) -> str:
    line = {"messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hello, Anna."}]}
    content = "\n".join(json.dumps(line) for _ in range(lines)).encode()
    return client.files.create(file=("train.jsonl", content), purpose="fine-tune").id


def test_a_fine_tuning_job_runs_its_course(client: Any) -> None:
    jobs = client.fine_tuning.jobs
    job = jobs.create(training_file=_training_file(client, 12), model="gpt-4o-mini", suffix="mine")
    statuses = [jobs.retrieve(job.id).status for _ in range(4)]
    assert statuses == ["queued", "running", "succeeded", "succeeded"]
    done = jobs.retrieve(job.id)
    assert done.fine_tuned_model.startswith("ft:gpt-4o-mini:standin:mine:")
    assert done.trained_tokens > 12
    assert job.id in [result.id for result in jobs.list(limit=5)]
    assert jobs.list_events(job.id).data[0].message == "The job has successfully completed"
    assert client.files.content(done.result_files[0]).content.startswith(b"step,")
    answer = client.chat.completions.create(
        model=done.fine_tuned_model, messages=[{"role": "user", "content": "Hello"}]
    )
    assert answer.model == done.fine_tuned_model
    assert done.fine_tuned_model in [model.id for model in client.models.list()]


def test_a_fine_tuning_job_is_cancelled_or_fails(client: Any) -> None:
    jobs = client.fine_tuning.jobs
    job = jobs.create(training_file=_training_file(client, 12), model="gpt-4o-mini")
    assert jobs.cancel(job.id).status == "cancelled"
    assert jobs.retrieve(job.id).status == "cancelled"
    small = jobs.create(training_file=_training_file(client, 3), model="gpt-4o-mini")
    failed = jobs.retrieve(small.id)
    assert (failed.status, failed.error.code) == ("failed", "invalid_training_file")
    assert "at least 10 examples" in failed.error.message
    with pytest.raises(openai.NotFoundError):
        jobs.create(training_file="file-unknown", model="gpt-4o-mini")


def test_models(client: Any) -> None:
    assert "gpt-4o" in [model.id for model in client.models.list()]
    assert client.models.retrieve("meta-llama/Llama-3-8B").id == "meta-llama/Llama-3-8B"
