"""The tasks of HF Inference, each answered by a miniature, in the formats of the real service."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from suite.course.stand_ins import shipped
from suite.course.stand_ins.services import local_models
from suite.course.stand_ins.services.conversation import decode_base64, open_image
from suite.course.stand_ins.services.generation import Answer, Sampling
from suite.course.stand_ins.services.http import ServiceError, number_of, texts_of
from suite.course.stand_ins.services.openai.audio import speech_file
from suite.course.stand_ins.services.openai.images import image_file

TaskCall = Mapping[str, Any]
"""`inputs`, `parameters` and `model` of a call; binary inputs are bytes."""

USUAL_SIDE = 512
USUAL_TOKENS = 20
TRANSLATOR, MULTILINGUAL_TRANSLATOR = "T5ForConditionalGeneration", "M2M100ForConditionalGeneration"
BY_NAME = (
    (r"fr-en|-en$", "MarianMTModel"),
    (r"nllb|mbart|m2m", MULTILINGUAL_TRANSLATOR),
)
"""Translators other than the usual one, from English to French, by what is in a model's name."""


def run_task(task: str, call: TaskCall) -> Any:
    """A task's answer: what JSON is made of, or bytes of a sound or a picture.

    To be called on the models' thread.

    Raises:
        ServiceError: the task has no stand-in, or its input is missing or of the wrong kind.
    """
    if task not in TASKS:
        raise ServiceError(400, f"Task '{task}' is not supported by the stand-in of HF Inference.")
    if not call.get("inputs"):
        raise ServiceError(400, "The request has no 'inputs': send an object with them, or the bytes of a file.")
    return TASKS[task](call)


def generation(call: TaskCall) -> Answer:
    """The continuation of a text, not begun yet."""
    parameters = call["parameters"]
    temperature = number_of(parameters, "temperature", 1.0, 0)
    # As in the library, nothing is drawn by chance unless that is asked for.
    sample = parameters.get("do_sample", parameters.get("temperature") is not None)
    sampling = Sampling(
        max_tokens=int(number_of(parameters, "max_new_tokens", USUAL_TOKENS, 1)),
        temperature=temperature if sample else 0,
        top_p=number_of(parameters, "top_p", 1.0, 0, 1),
        top_k=int(number_of(parameters, "top_k", 0, 0)),
        stop=texts_of(parameters.get("stop") or parameters.get("stop_sequences")),
        seed=number_of(parameters, "seed", None),
    )
    model = local_models.text_model()
    return model.answer(model.encode(_text(call)), sampling)


def full_text(call: TaskCall, answer: Answer) -> str:
    """The generated text, with the prompt before it where `return_full_text` is set."""
    return (_text(call) if call["parameters"].get("return_full_text") else "") + answer.text


def generation_details(answer: Answer) -> dict[str, Any]:
    """The `details` of a finished answer."""
    reason = "stop_sequence" if answer.stopped_by else "length" if answer.finish == "length" else "eos_token"
    tokens = [
        {"id": place, "text": token.text, "logprob": token.logprob, "special": False}
        for place, token in enumerate(answer.tokens)
    ]
    seed = answer.sampling.seed
    counts = {"generated_tokens": len(tokens), "input_length": len(answer.prompt)}
    return {"finish_reason": reason, "seed": seed, "prefill": [], "tokens": tokens, **counts}


def generation_output(call: TaskCall, answer: Answer) -> Any:
    """A finished answer as the service gives it."""
    details = {"details": generation_details(answer)} if call["parameters"].get("details") else {}
    return [{"generated_text": full_text(call, answer), **details}]


def _text(call: TaskCall) -> str:
    text = call["inputs"]
    if not isinstance(text, str):
        raise ServiceError(400, "The 'inputs' of this task are a text.")
    return text


def _image(call: TaskCall) -> Any:
    content = call["inputs"]
    return open_image(content if isinstance(content, bytes) else decode_base64(str(content)))


@lru_cache(maxsize=8)
def _pipeline(task: str, class_name: str) -> Any:
    """The library's own pipeline on the miniature of a class: its outputs have the shape that the service's have."""
    import transformers

    # Its overloads know each task by a literal name.
    pipeline: Any = transformers.pipeline
    return pipeline(task, model=str(shipped.folder_for(class_name)), device="cpu")


def _text_classification(call: TaskCall) -> Any:
    top = call["parameters"].get("top_k")
    return [_plain(_pipeline("text-classification", "DistilBertForSequenceClassification")(_text(call), top_k=top))]


def _token_classification(call: TaskCall) -> Any:
    strategy = call["parameters"].get("aggregation_strategy") or "simple"
    pipeline = _pipeline("token-classification", "AutoModelForTokenClassification")
    return _plain(pipeline(_text(call), aggregation_strategy=strategy))


def _fill_mask(call: TaskCall) -> Any:
    pipeline = _pipeline("fill-mask", "AutoModelForMaskedLM")
    text = re.sub(r"\[MASK\]|<mask>", pipeline.tokenizer.mask_token, _text(call))
    if pipeline.tokenizer.mask_token not in text:
        raise ServiceError(400, f"No mask_token ({pipeline.tokenizer.mask_token}) found on the input")
    return _plain(pipeline(text, top_k=call["parameters"].get("top_k") or 5))


def _question_answering(call: TaskCall) -> Any:
    """The best span of the context, by the scores of its beginning and its end."""
    inputs = call["inputs"]
    if not isinstance(inputs, dict) or not {"question", "context"} <= set(inputs):
        raise ServiceError(400, "The 'inputs' of question-answering are a question and a context.")
    model, tokenizer = local_models.load("AutoModelForQuestionAnswering")
    import torch

    batch = tokenizer(
        inputs["question"],
        inputs["context"],
        truncation="only_second",
        return_offsets_mapping=True,
        return_tensors="pt",
    )
    offsets = batch.pop("offset_mapping")[0]
    inside = torch.tensor([place == 1 for place in batch.sequence_ids(0)])
    with torch.inference_mode():
        output = model(**batch)
    begins, ends = (
        scores[0].masked_fill(~inside, -torch.inf).softmax(-1) for scores in (output.start_logits, output.end_logits)
    )
    spans = (begins[:, None] * ends[None, :]).triu()
    first, last = divmod(int(spans.argmax()), len(ends))
    start, end = int(offsets[first][0]), int(offsets[last][1])
    score = float(spans[first, last])
    return {"score": score, "start": start, "end": end, "answer": inputs["context"][start:end]}


def _summarization(call: TaskCall) -> Any:
    return [{"summary_text": local_models.answer("BartForConditionalGeneration", _text(call))}]


def _translation(call: TaskCall) -> Any:
    name = str(call["model"]).lower()
    architecture = next((architecture for pattern, architecture in BY_NAME if re.search(pattern, name)), TRANSLATOR)
    text = re.sub(r"^translate \w+ to \w+: ", "", _text(call), flags=re.IGNORECASE)
    if architecture == MULTILINGUAL_TRANSLATOR:
        # A language that the miniature does not know is taken for one that it does.
        inputs = [sample.input for sample in shipped.task_for(architecture).samples()]
        languages = [call["parameters"].get(name) for name in ("src_lang", "tgt_lang")]
        pair = next((one for one in inputs if [one["source"], one["target"]] == languages), inputs[0])
        return [{"translation_text": local_models.answer(architecture, {**pair, "text": text})}]
    return [{"translation_text": local_models.answer(architecture, text)}]


def _zero_shot_classification(call: TaskCall) -> Any:
    """Labels by how close their hypotheses lie to the text, as the real sentence encoder sees it."""
    parameters = call["parameters"]
    labels = texts_of(parameters.get("candidate_labels"))
    if not labels:
        raise ServiceError(400, "zero-shot-classification needs candidate_labels among its parameters.")
    template = parameters.get("hypothesis_template") or "This example is {}."
    vectors, _ = local_models.embed([_text(call), *(template.format(label) for label in labels)])
    likeness = vectors[1:] @ vectors[0] * 10
    scores = 1 / (1 + np.exp(-likeness)) if parameters.get("multi_label") else np.exp(likeness - likeness.max())
    if not parameters.get("multi_label"):
        scores = scores / scores.sum()
    ranked = sorted(zip(labels, scores, strict=True), key=lambda pair: -pair[1])
    return [{"label": label, "score": float(score)} for label, score in ranked]


def _feature_extraction(call: TaskCall) -> Any:
    inputs = call["inputs"]
    vectors, _ = local_models.embed(texts_of(inputs))
    return vectors[0].tolist() if isinstance(inputs, str) else vectors.tolist()


def _sentence_similarity(call: TaskCall) -> Any:
    inputs = call["inputs"]
    if not isinstance(inputs, dict) or not {"source_sentence", "sentences"} <= set(inputs):
        raise ServiceError(400, "The 'inputs' of sentence-similarity are a source_sentence and sentences.")
    vectors, _ = local_models.embed([inputs["source_sentence"], *inputs["sentences"]])
    return (vectors[1:] @ vectors[0]).tolist()


def _speech_recognition(call: TaskCall) -> Any:
    content = call["inputs"]
    return {
        "text": local_models.transcribe(
            local_models.decode_audio(content if isinstance(content, bytes) else decode_base64(str(content)))
        )
    }


def _text_to_speech(call: TaskCall) -> bytes:
    return speech_file(_text(call), "flac")


def _image_classification(call: TaskCall) -> Any:
    top = call["parameters"].get("top_k") or 5
    return _plain(_pipeline("image-classification", "AutoModelForImageClassification")(_image(call), top_k=top))


def _object_detection(call: TaskCall) -> Any:
    threshold = number_of(call["parameters"], "threshold", 0.5, 0, 1)
    return _plain(_pipeline("object-detection", "AutoModelForObjectDetection")(_image(call), threshold=threshold))


def _image_to_text(call: TaskCall) -> Any:
    return [{"generated_text": local_models.caption(_image(call))}]


def _text_to_image(call: TaskCall) -> bytes:
    parameters = call["parameters"]
    width, height = (int(number_of(parameters, side, USUAL_SIDE, 1, 2048)) for side in ("width", "height"))
    return image_file(_text(call), int(number_of(parameters, "seed", 0)), width, height)


def media_type(content: bytes) -> str:
    """The media type of an answer's bytes."""
    return "audio/flac" if content.startswith(b"fLaC") else "image/png"


def _plain(value: Any) -> Any:
    """A pipeline's output in what JSON is made of."""
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items() if one is not None}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value.item() if isinstance(value, np.generic) else value


TASKS: Mapping[str, Callable[[TaskCall], Any]] = {
    "text-classification": _text_classification,
    "token-classification": _token_classification,
    "fill-mask": _fill_mask,
    "question-answering": _question_answering,
    "summarization": _summarization,
    "translation": _translation,
    "text2text-generation": _translation,
    "zero-shot-classification": _zero_shot_classification,
    "feature-extraction": _feature_extraction,
    "sentence-similarity": _sentence_similarity,
    "automatic-speech-recognition": _speech_recognition,
    "text-to-speech": _text_to_speech,
    "text-to-audio": _text_to_speech,
    "image-classification": _image_classification,
    "object-detection": _object_detection,
    "image-to-text": _image_to_text,
    "text-to-image": _text_to_image,
}
