"""Which Auto classes take an architecture: our reading of transformers' source against transformers and optimum."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from suite.subjects.architectures import auto_classes

COURSES = {
    "AutoModelForSequenceClassification": (
        "DistilBertForSequenceClassification",
        "RobertaForSequenceClassification",
        "BertForSequenceClassification",
        "BartForSequenceClassification",
    ),
    "AutoModelForTokenClassification": ("BertForTokenClassification", "DistilBertForTokenClassification"),
    "AutoModelForQuestionAnswering": ("DistilBertForQuestionAnswering", "BertForQuestionAnswering"),
    "AutoModelForMaskedLM": ("BertForMaskedLM", "RobertaForMaskedLM", "DistilBertForMaskedLM", "CamembertForMaskedLM"),
    "AutoModelForCausalLM": ("GPT2LMHeadModel", "LlamaForCausalLM", "GPTNeoXForCausalLM", "Qwen2ForCausalLM"),
    "AutoModelForSeq2SeqLM": (
        "T5ForConditionalGeneration",
        "BartForConditionalGeneration",
        "MarianMTModel",
        "M2M100ForConditionalGeneration",
        "BlenderbotForConditionalGeneration",
    ),
    "AutoModel": ("BertModel", "MPNetModel", "DistilBertModel"),
    "AutoModelForImageClassification": ("ViTForImageClassification", "SwinForImageClassification"),
    "AutoModelForObjectDetection": ("DetrForObjectDetection",),
    "AutoModelForDepthEstimation": ("DPTForDepthEstimation",),
    "AutoModelForMaskGeneration": ("SamModel",),
    "AutoModelForZeroShotImageClassification": ("CLIPModel",),
    "AutoModelForSpeechSeq2Seq": ("WhisperForConditionalGeneration",),
    "AutoModelForCTC": ("Wav2Vec2ForCTC",),
    "AutoModelForTextToWaveform": ("VitsModel",),
    "AutoModelForTextToSpectrogram": ("SpeechT5ForTextToSpeech",),
}
PAIRS = [(auto_class, architecture) for auto_class, names in COURSES.items() for architecture in names]


@pytest.mark.parametrize(("auto_class", "architecture"), PAIRS)
def test_the_courses_architectures_are_found(auto_class: str, architecture: str) -> None:
    assert auto_class in auto_classes()[architecture]


@pytest.mark.parametrize("auto_class", COURSES)
def test_the_table_is_transformers_own(auto_class: str) -> None:
    import transformers

    mapping = getattr(transformers, auto_class)._model_mapping._model_mapping
    theirs: set[str] = set()
    for value in mapping.values():
        theirs |= {value} if isinstance(value, str) else set(value)
    assert {name for name, classes in auto_classes().items() if auto_class in classes} == theirs


PREFERRED_BY_OPTIMUM = {
    "BartForConditionalGeneration": "AutoModelForMaskedLM",
    "SamModel": "AutoModel",
    "CLIPModel": "AutoModel",
    "VitsModel": "AutoModel",
}
"""Architectures that several Auto classes take, where optimum names another of them than the courses use."""


@pytest.mark.skipif(
    find_spec("optimum") is None, reason="optimum is not installed, so there is nothing to compare with"
)
@pytest.mark.parametrize(("auto_class", "architecture"), PAIRS)
def test_optimum_agrees(auto_class: str, architecture: str) -> None:
    import transformers
    from optimum.exporters.tasks import TasksManager

    inferred = TasksManager.infer_task_from_model(getattr(transformers, architecture))
    model_type = getattr(transformers, architecture).config_class.model_type
    theirs = TasksManager.get_model_class_for_task(inferred, framework="pt", model_type=model_type)
    assert theirs.__name__ == PREFERRED_BY_OPTIMUM.get(architecture, auto_class)
    assert theirs.__name__ in auto_classes()[architecture]
