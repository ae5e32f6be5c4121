"""What a task can do nothing with though the class fits: each misfit has its reason, found without loading anything."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from suite.core.cell import Status
from suite.core.errors import Misfit, Unsupported
from suite.subjects import Source, open_subject
from suite.subjects.architectures import auto_classes, model_types
from suite.subjects.model_option import match
from suite.task import discovery
from suite.tests.support import made_checkpoints as made
from suite.worker.failures import failure

TASKS = discovery.load_tasks(discovery.tasks_root())
LABELS = {"id2label": {"0": "NEGATIVE", "1": "POSITIVE"}}
BERT = {"architectures": ["BertForSequenceClassification"], "model_type": "bert"}


def misfits(folder: Path, config: dict[str, Any], own_samples: bool = False, **files: dict[str, Any]) -> dict[str, str]:
    """What each task that takes the class has against a checkpoint; an empty string where it fits."""
    (folder / "config.json").write_text(json.dumps(config))
    save_file({"a": np.zeros(2)}, folder / "model.safetensors")
    given: dict[str, dict[str, Any]] = {"tokenizer_config": {}, "preprocessor_config": {}, **files}
    for name, content in given.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    found = match(str(folder), TASKS.values(), own_samples)
    return {task.name: source.misfit or "" for task, _, source in found}


def test_a_classifier_of_feelings_knows_nothing_of_inference(tmp_path: Path) -> None:
    found = misfits(tmp_path, BERT | LABELS)
    assert found["sentiment-analysis"] == ""
    assert "trained on natural-language inference" in found["zero-shot-classification"]


def test_one_for_inference_is_none_of_feelings(tmp_path: Path) -> None:
    found = misfits(tmp_path, BERT | {"id2label": {"0": "contradiction", "1": "neutral", "2": "entailment"}})
    assert found["zero-shot-classification"] == ""
    assert "cannot be mapped" in found["sentiment-analysis"]
    own = misfits(tmp_path, BERT | {"id2label": {"0": "joy", "1": "anger"}}, own_samples=True)
    assert own["sentiment-analysis"] == ""
    assert "entailment" in own["zero-shot-classification"], "whose samples they are is no matter there"


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"problem_type": "regression"}, "answers with a number"),
        ({"id2label": {"0": "LABEL_0"}}, "answers with a number"),
        ({"problem_type": "multi_label_classification"}, "any number of labels at a time"),
    ],
)
@pytest.mark.parametrize("architecture", ["BertForSequenceClassification", "ViTForImageClassification"])
def test_a_head_that_gives_no_single_label(
    tmp_path: Path, config: dict[str, Any], words: str, architecture: str
) -> None:
    found = misfits(tmp_path, {**LABELS, **config, "architectures": [architecture]}, own_samples=True)
    assert words in (found.get("sentiment-analysis") or found["image-classification"])


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ({"0": "NEGATIVE", "2": "POSITIVE"}, "has none for class 1"),
        ({"1": "NEGATIVE", "2": "POSITIVE"}, "has none for class 0"),
        (["NEGATIVE", "POSITIVE"], "no table of names"),
        ({"NEGATIVE": 0, "POSITIVE": 1}, "no table of names"),
        ({}, "no table of names"),
    ],
)
def test_names_that_are_not_those_of_the_head_s_classes(tmp_path: Path, labels: Any, words: str) -> None:
    found = misfits(tmp_path, BERT | {"id2label": labels}, own_samples=True)
    assert words in found["sentiment-analysis"]


def test_a_detector_of_one_kind_of_thing_is_one(tmp_path: Path) -> None:
    config = {"architectures": ["DetrForObjectDetection"], "model_type": "detr", "id2label": {"0": "plate"}}
    assert misfits(tmp_path, config, own_samples=True)["object-detection"] == ""


def test_one_label_that_is_not_called_a_regression(tmp_path: Path) -> None:
    config = BERT | {"id2label": {"0": "entailment"}, "problem_type": "single_label_classification"}
    assert "has one label, which is all that it can answer" in misfits(tmp_path, config)["sentiment-analysis"]


@pytest.mark.parametrize(
    ("architecture", "model_type", "words"),
    [
        ("CLIPModel", "clip", "no model of text alone"),
        ("Wav2Vec2Model", "wav2vec2", "no model of text alone"),
        ("ViTModel", "vit", "no model of text alone"),
        ("BertModel", "bert", ""),
        ("Qwen2Model", "qwen2", ""),
    ],
)
def test_sentences_are_for_models_of_text(tmp_path: Path, architecture: str, model_type: str, words: str) -> None:
    reason = misfits(tmp_path, {"architectures": [architecture], "model_type": model_type})["sentence-similarity"]
    assert words in reason
    assert bool(words) == bool(reason)


def test_an_encoder_with_a_decoder_has_no_sentence_of_its_own(tmp_path: Path) -> None:
    config = {"architectures": ["BartModel"], "model_type": "bart", "is_encoder_decoder": True}
    assert "save the encoder by itself" in misfits(tmp_path, config)["sentence-similarity"]


def test_what_sentence_transformers_saved_is_for_sentences_whatever_its_head(tmp_path: Path) -> None:
    config = {"architectures": ["MPNetForMaskedLM"], "model_type": "mpnet"}
    assert "sentence-similarity" not in misfits(tmp_path, config)
    (tmp_path / "modules.json").write_text("[]")
    assert misfits(tmp_path, config)["sentence-similarity"] == ""


def test_a_chat_needs_a_template(tmp_path: Path) -> None:
    config = {"architectures": ["LlamaForCausalLM"], "model_type": "llama"}
    found = misfits(tmp_path, config, tokenizer_config={})
    assert found["text-generation"] == ""
    assert "no chat template" in found["chat"]
    assert misfits(tmp_path, config, tokenizer_config={"chat_template": "{{ messages }}"})["chat"] == ""
    (tmp_path / "tokenizer_config.json").unlink()
    (tmp_path / "chat_template.jinja").write_text("{{ messages }}")
    assert misfits(tmp_path, config)["chat"] == ""


@pytest.mark.parametrize(
    ("tokenizer", "fits"),
    [
        ({"source_lang": "fr", "target_lang": "en"}, ["translation-to-english"]),
        ({"source_lang": "en_XX", "target_lang": "fr_XX"}, ["translation"]),
        ({"source_lang": "de", "target_lang": "en"}, []),
        ({"source_lang": None}, ["translation", "translation-to-english"]),
        ({"source_lang": 3, "target_lang": ["en"]}, ["translation", "translation-to-english"]),
    ],
)
def test_a_pair_of_languages(tmp_path: Path, tokenizer: dict[str, Any], fits: list[str]) -> None:
    config = {"architectures": ["MarianMTModel"], "model_type": "marian", "is_encoder_decoder": True}
    for own in (False, True):
        found = misfits(tmp_path, config, own, tokenizer_config=tokenizer)
        pairs = {name: found[name] for name in ("translation", "translation-to-english")}
        assert [name for name, reason in pairs.items() if not reason] == (list(pairs) if own else fits)
        assert all("--samples" in reason for reason in pairs.values() if reason)


@pytest.mark.parametrize("labels", [{"a": 1}, {"0": None}, [], "x", {"-1": "x"}, {str(10**30): "x"}])
def test_a_strange_config_is_asked_all_the_same(tmp_path: Path, labels: Any) -> None:
    found = misfits(tmp_path, BERT | {"id2label": labels, "num_labels": -3, "model_type": ["bert"]})
    assert found["sentiment-analysis"]


def test_a_worker_says_it_too_and_that_is_unsupported(tmp_path: Path) -> None:
    made.classifier(tmp_path, labels=("joy", "anger"))
    with pytest.raises(Misfit, match="cannot be mapped") as caught:
        open_subject(Source("local", made.CHECKPOINT, directory=tmp_path), made.Moods())
    assert isinstance(caught.value, Unsupported)
    assert failure(caught.value).kind == Status.UNSUPPORTED


def test_a_tokenizer_without_a_mask(tmp_path: Path) -> None:
    made.classifier(tmp_path)
    with pytest.raises(Misfit, match="no mask token"):
        open_subject(Source("local", made.CHECKPOINT, directory=tmp_path), TASKS["fill-mask"])


def test_languages_that_the_tokenizer_does_not_know(tmp_path: Path) -> None:
    made.classifier(tmp_path)
    with pytest.raises(Misfit, match=r"no token for eng_Latn.*--samples"):
        open_subject(Source("local", made.CHECKPOINT, directory=tmp_path), TASKS["multilingual-translation"])


def test_a_model_that_cannot_generate(tmp_path: Path) -> None:
    class Telling(made.Stories):
        """A generation by a class that has none."""

        auto_class = "AutoModelForSequenceClassification"

    subject = open_subject(Source("local", made.CHECKPOINT, directory=made.classifier(tmp_path)), Telling())
    with pytest.raises(Misfit, match="BertForSequenceClassification cannot generate"):
        subject.load_model()


def test_a_model_that_wants_something_else(tmp_path: Path) -> None:
    class Seeing(made.Vectors):
        """Gives a text model pictures alone."""

        def encode(self, processor: Any, inputs: Any) -> dict[str, Any]:
            return {"pixel_values": super().encode(processor, inputs)["input_ids"]}

    subject = open_subject(Source("local", made.CHECKPOINT, directory=made.encoder(tmp_path)), Seeing())
    with pytest.raises(Misfit, match="BertModel wants input_ids, and vectors gives it pixel_values"):
        subject.load_model()


def test_segments_are_left_out_where_the_class_has_no_place_for_them(tmp_path: Path) -> None:
    import transformers

    config = transformers.DistilBertConfig(dim=32, hidden_dim=32, n_layers=1, n_heads=2, vocab_size=32)
    transformers.DistilBertModel(config).save_pretrained(tmp_path)
    made.tokenizer(tmp_path, pad_token="[PAD]")
    file = tmp_path / "tokenizer_config.json"
    names = {"model_input_names": ["input_ids", "token_type_ids", "attention_mask"]}
    file.write_text(json.dumps(json.loads(file.read_text()) | names))
    subject = open_subject(Source("local", made.CHECKPOINT, directory=tmp_path), made.Vectors())
    assert set(subject.example()) == {"input_ids", "attention_mask"}
    assert subject.load_model()(**subject.example()).last_hidden_state.shape[0] == 2


def test_the_table_of_model_types_has_the_architectures_of_the_auto_classes() -> None:
    table = model_types()
    assert table["AutoModelForCausalLM"]["gpt2"] == ["GPT2LMHeadModel"]
    names = {name for types in table.values() for architectures in types.values() for name in architectures}
    assert names == set(auto_classes())
