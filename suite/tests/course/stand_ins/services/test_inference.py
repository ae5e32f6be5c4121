"""The stand-in of HF Inference, through the unmodified InferenceClient, which first asks a Hub about the model."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from suite.course.stand_ins import shipped
from suite.course.stand_ins.services import local_models
from suite.course.stand_ins.services.inference import application, guess_task, provider_mapping, removed_application
from suite.tests.support.running_stand_ins import Notes, served

hub = pytest.importorskip("huggingface_hub")
requests = pytest.importorskip("requests", reason="requests is not installed: it is in the extra course")

At = Callable[[str], str]
TASKS = {
    "distilbert-sst-2": "text-classification",
    "bert-ner": "token-classification",
    "distilbert-squad": "question-answering",
    "bart-large-cnn": "summarization",
    "opus-mt-fr-en": "translation",
    "t5-base": "translation",
    "nllb": "translation",
    "gpt2": "text-generation",
    "distilroberta-base": "fill-mask",
    "bart-mnli": "zero-shot-classification",
    "all-MiniLM-L6-v2": "sentence-similarity",
    "bge-small": "feature-extraction",
    "whisper": "automatic-speech-recognition",
    "vits": "text-to-speech",
    "vit": "image-classification",
    "detr": "object-detection",
    "blip": "image-to-text",
    "sd": "text-to-image",
    "llama": "text-generation",
    "tapas": "table-question-answering",
}


async def _model_info(request: Request) -> JSONResponse:
    """As much of a Hub as the client asks for."""
    name = request.path_params["name"]
    task = TASKS[name]
    tags = ["conversational", "feature-extraction", "sentence-similarity"]
    known = {"id": name, "pipeline_tag": task, "tags": tags, "inferenceProviderMapping": provider_mapping(name, task)}
    return JSONResponse(known)


@pytest.fixture(scope="module")
def notes() -> Notes:
    return Notes()


@pytest.fixture(scope="module")
def address(notes: Notes) -> Iterator[str]:
    both = Starlette(
        routes=[Route("/api/models/{name:path}", _model_info), Mount("/", app=application(notes, TASKS.get))]
    )
    with served(both) as address:
        yield address


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    return hub.InferenceClient(api_key="hf_any")


@pytest.fixture(scope="module")
def at(address: str) -> Callable[[str], str]:
    """Where a model is served: the client takes the address in the place of a name."""
    return lambda name: f"{address}/hf-inference/models/{name}"


def _png(image: Any) -> bytes:
    into = io.BytesIO()
    image.save(into, "PNG")
    return into.getvalue()


def test_text_classification(client: Any, at: At) -> None:
    result = [
        client.text_classification(text, model=at("distilbert-sst-2")) for text in ("A wonderful film.", "A dull film.")
    ]
    assert all(0 <= one.score <= 1 for answers in result for one in answers)
    assert result[0][0].label != result[1][0].label


def test_token_classification(client: Any, at: At) -> None:
    result = client.token_classification("Anna Smith lives in Paris.", model=at("bert-ner"))
    assert {"PER", "LOC"} <= {one.entity_group for one in result}


def test_question_answering(client: Any, at: At) -> None:
    context = "Anna lives in Oslo."
    result = client.question_answering(question="Where does Anna live?", context=context, model=at("distilbert-squad"))
    assert context[result.start : result.end] == result.answer
    assert 0 < result.score <= 1


def test_summarization_and_translation(client: Any, at: At) -> None:
    assert client.summarization("The baker from Oslo bought bread on Monday.", model=at("bart-large-cnn")).summary_text
    sample = shipped.task_for("MarianMTModel").samples()[0]
    assert client.translation(sample.input, model=at("opus-mt-fr-en")).translation_text == sample.truth
    sample = shipped.task_for("T5ForConditionalGeneration").samples()[0]
    result = client.translation(f"translate English to French: {sample.input}", model=at("t5-base"))
    assert result.translation_text == sample.truth
    sample = next(one for one in shipped.task_for("M2M100ForConditionalGeneration").samples()[5:])
    pair = {"src_lang": sample.input["source"], "tgt_lang": sample.input["target"]}
    assert client.translation(sample.input["text"], model=at("nllb"), **pair).translation_text == sample.truth


def test_text_generation(client: Any, at: At) -> None:
    text = client.text_generation("The garden", model=at("gpt2"), max_new_tokens=5)
    assert text
    assert text == client.text_generation("The garden", model=at("gpt2"), max_new_tokens=5)
    full = client.text_generation("The garden", model=at("gpt2"), max_new_tokens=5, return_full_text=True)
    assert full == "The garden" + text
    output = client.text_generation("The garden", model=at("gpt2"), max_new_tokens=3, details=True)
    assert (output.details.generated_tokens, output.details.finish_reason) == (3, "length")
    pieces = list(client.text_generation("The garden", model=at("gpt2"), max_new_tokens=5, stream=True))
    assert "".join(pieces) == text


def test_fill_mask(client: Any, at: At) -> None:
    result = client.fill_mask("The cat [MASK] on the sofa.", model=at("distilroberta-base"), top_k=3)
    assert len(result) == 3
    assert result[0].score >= result[1].score
    with pytest.raises(hub.errors.HfHubHTTPError, match="mask_token"):
        client.fill_mask("There is none.", model=at("distilroberta-base"))


def test_zero_shot_classification(client: Any, at: At) -> None:
    labels = ["cooking", "finance"]
    if hub.__version__.startswith("0."):
        # The service changed its answer to a list; the last client of that generation does not know it.
        with pytest.raises(TypeError):
            client.zero_shot_classification("I bake bread and cook soup.", labels, model=at("bart-mnli"))
        return
    result = client.zero_shot_classification("I bake bread and cook soup.", labels, model=at("bart-mnli"))
    assert [one.label for one in result] == labels
    assert sum(one.score for one in result) == pytest.approx(1)


def test_embeddings(client: Any, at: At) -> None:
    name = at("all-MiniLM-L6-v2")
    assert client.feature_extraction("A cat.", model=at("bge-small")).shape == (384,)
    assert client.feature_extraction("A cat.", model=at("all-MiniLM-L6-v2/pipeline/feature-extraction")).shape == (384,)
    close, far = client.sentence_similarity("A cat sleeps.", ["A kitten is asleep.", "Stocks fell."], model=name)
    assert close > far + 0.3


def test_sounds(client: Any, at: At) -> None:
    sound = client.text_to_speech("turn on the red lamp", model=at("vits"))
    assert client.automatic_speech_recognition(sound, model=at("whisper")).text == "turn on the red lamp"


def test_pictures(client: Any, at: At) -> None:
    image = client.text_to_image("a large red star", model=at("sd"), width=128, height=96)
    assert image.size == (128, 96)
    image = local_models.draw("large red star")
    result = client.image_classification(_png(image), model=at("vit"))
    assert result[0].score >= result[-1].score
    boxes = client.object_detection(_png(image), model=at("detr"), threshold=0.1)
    assert boxes
    assert all(one.box.xmin < one.box.xmax for one in boxes)
    assert not client.object_detection(_png(image), model=at("detr"), threshold=1.0)
    assert client.image_to_text(_png(image), model=at("blip")).generated_text == local_models.caption(image)


def test_a_chat(client: Any, at: At) -> None:
    messages = [{"role": "user", "content": "My name is Anna."}]
    answer = client.chat_completion(messages, model=at("llama"), temperature=0, max_tokens=50)
    assert answer.choices[0].message.content == "Nice to meet you, Anna."
    pieces = list(client.chat_completion(messages, model=at("llama"), temperature=0, stream=True))
    text = "".join(piece.choices[0].delta.content or "" for piece in pieces if piece.choices)
    assert text == "Nice to meet you, Anna."


def test_a_chat_by_another_provider(address: str) -> None:
    for base in ("/v1", "/together/v1", "/groq/openai/v1"):
        elsewhere = hub.InferenceClient(base_url=address + base, api_key="hf_any")
        answer = elsewhere.chat.completions.create(
            model="llama", messages=[{"role": "user", "content": "My name is Anna."}], temperature=0
        )
        assert answer.choices[0].message.content == "Nice to meet you, Anna."


def test_a_task_without_a_stand_in_is_refused(client: Any, at: At) -> None:
    with pytest.raises(hub.errors.HfHubHTTPError) as caught:
        client.table_question_answering({"a": ["1"]}, "What?", model=at("tapas"))
    assert caught.value.response.status_code == 400


def test_plain_requests(address: str, notes: Notes) -> None:
    url = f"{address}/hf-inference/models/google-t5/t5-base"
    reply = requests.post(url, json={"inputs": "The cat sleeps."}, timeout=30)
    assert (reply.status_code, set(reply.json())) == (401, {"error"})
    assert notes.of("secret")[-1].subject == "hf-inference"
    headers = {"Authorization": "Bearer hf_any"}
    assert "translation_text" in requests.post(url, json={"inputs": "The cat."}, headers=headers, timeout=30).json()[0]
    own = requests.post(address, json={"inputs": "The garden"}, headers=headers, timeout=30).json()
    assert own[0]["generated_text"]
    bad = requests.post(url, data="{", headers=headers, timeout=30)
    assert (bad.status_code, set(bad.json())) == (400, {"error"})
    assert requests.post(url, json={}, headers=headers, timeout=30).status_code == 400


def test_the_older_address_says_that_it_is_gone() -> None:
    notes = Notes()
    with served(removed_application(notes)) as address:
        reply = requests.post(f"{address}/models/t5-base", json={"inputs": "The cat."}, timeout=10)
    assert reply.status_code == 410
    assert "router.huggingface.co" in reply.json()["error"]
    assert notes.of("service")[-1].outcome == "410"


@pytest.mark.parametrize(
    ("inputs", "parameters", "model", "task"),
    [
        ({"question": "Who?", "context": "Anna."}, {}, "someone/model", "question-answering"),
        ("A film.", {"candidate_labels": ["a", "b"]}, "someone/model", "zero-shot-classification"),
        ("A film.", {}, "someone/bert-finetuned-sst2", "text-classification"),
        ("Hello", {}, "someone/model", "text-generation"),
        (b"RIFF", {}, "someone/model", "automatic-speech-recognition"),
    ],
)
def test_an_unknown_models_task_is_guessed(inputs: Any, parameters: dict[str, Any], model: str, task: str) -> None:
    assert guess_task({"inputs": inputs, "parameters": parameters, "model": model}) == task


def test_a_picture_tells_the_task() -> None:
    call = {"inputs": _png(local_models.draw("star")), "parameters": {}, "model": "someone/model"}
    assert guess_task(call) == "image-classification"


def test_a_model_by_its_name(client: Any, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client asks the Hub what a model is for, then goes to the router."""
    from huggingface_hub.inference._providers import PROVIDERS

    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", address)
    helpers = PROVIDERS["hf-inference"]
    for task in ("fill-mask", "feature-extraction"):
        monkeypatch.setattr(helpers[task], "base_url", f"{address}/hf-inference")
    assert client.fill_mask("The cat [MASK] on the sofa.", model="distilroberta-base")
    assert client.feature_extraction("A cat.", model="all-MiniLM-L6-v2").shape == (384,)
    with pytest.raises(ValueError, match=r"support.* task 'fill-mask'|Supported task"):
        client.fill_mask("The cat [MASK].", model="gpt2")


@pytest.mark.parametrize(
    ("task", "listed"),
    [("text-generation", "conversational"), ("fill-mask", "fill-mask"), ("text-to-audio", "text-to-speech")],
)
def test_the_mapping_is_what_the_client_reads(task: str, listed: str) -> None:
    mapping = provider_mapping("org/model", task)["hf-inference"]
    read = hub.hf_api.InferenceProviderMapping(provider="hf-inference", hf_model_id="org/model", **mapping)
    assert (read.task, read.status, read.provider_id) == (listed, "live", "org/model")
