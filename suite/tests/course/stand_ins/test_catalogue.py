from __future__ import annotations

from itertools import chain

import pytest

from suite.course.stand_ins.catalogue import SERVED, catalogue, resolve

SINCE = {"5.0": ("NomicBertModel",)}
"""Architectures that came with a release."""


def test_the_catalogue_has_what_courses_name() -> None:
    names = catalogue()
    assert len(names) > 400
    assert {"google-bert/bert-base-uncased", "openai/whisper-small", "HuggingFaceTB/SmolVLM-Instruct"} <= set(names)
    assert all(entry.library for entry in names.values())
    assert all(entry.architecture and entry.model_type for entry in names.values() if entry.library in SERVED)


def test_no_name_leads_to_two_checkpoints() -> None:
    names = [name for entry in catalogue().values() for name in (entry.name, *entry.aliases)]
    assert len(names) == len({name.lower() for name in names})


def test_stand_ins_are_of_the_architecture_that_they_stand_for() -> None:
    import json

    from suite.course.stand_ins.shipped import stand_in_folder

    for entry in catalogue().values():
        folder = stand_in_folder(entry.stand_in)
        if folder is not None:
            config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
            assert config["model_type"] == entry.model_type, entry.name


def test_architectures_are_real() -> None:
    import transformers

    named = {entry.architecture for entry in catalogue().values()} - {"", *chain(*SINCE.values())}
    assert named <= set(dir(transformers))


@pytest.mark.parametrize(
    ("name", "outcome", "meant"),
    [
        ("google-bert/bert-base-uncased", "known", None),
        ("gpt2", "renamed", "openai-community/gpt2"),
        ("runwayml/stable-diffusion-v1-5", "renamed", "stable-diffusion-v1-5/stable-diffusion-v1-5"),
        ("Google/Flan-T5-base", "renamed", "google/flan-t5-base"),
        ("bert-base-uncaed", "misspelt", "google-bert/bert-base-uncased"),
        ("bert_base_uncased", "misspelt", "google-bert/bert-base-uncased"),
        ("gpt-2", "misspelt", "openai-community/gpt2"),
        ("opus-mt-en-fr", "misspelt", "Helsinki-NLP/opus-mt-en-fr"),
        ("sentence-transformer/all-MiniLM-L6-v2", "misspelt", "sentence-transformers/all-MiniLM-L6-v2"),
        ("openai/whisper-smal", "misspelt", "openai/whisper-small"),
        ("facebook/bart-large-cn", "misspelt", "facebook/bart-large-cnn"),
    ],
)
def test_names_that_lead_somewhere(name: str, outcome: str, meant: str | None) -> None:
    resolution = resolve(name, "text-classification")
    assert (resolution.outcome, resolution.meant) == (outcome, meant)
    assert (resolution.entry is None) == (outcome == "misspelt")


@pytest.mark.parametrize(
    "name",
    [
        "my-user/my-finetuned-bert", "YOUR_NAME/bert-base-uncased", "gpt3", "test-trainer", "bert-finetuned-ner",
        "google/vit-base-patch32-224", "meta-llama/Llama-3.2-2B", "mistralai/Mistral-7B-v0.2",
        "Xenova/distilbert-base-uncased", "openai/whisper-huge",
    ],
)  # fmt: skip
def test_other_names_are_unknown_and_no_misspellings(name: str) -> None:
    assert resolve(name).outcome == "unknown"


@pytest.mark.parametrize(
    ("name", "hint", "architecture"),
    [
        ("my-user/my-bert", "text-classification", "BertForSequenceClassification"),
        ("my-user/something", "summarization", "BartForConditionalGeneration"),
        ("my-user/something", "AutoModelForCausalLM", "GPT2LMHeadModel"),
        ("my-user/something", "translation_en_to_de", "T5ForConditionalGeneration"),
        ("my-user/something", "SentenceTransformer", "BertModel"),
        ("Helsinki-NLP/opus-mt-en-xx", "AutoModelForSeq2SeqLM", "MarianMTModel"),
        ("my-user/something", "RobertaTokenizer", "RobertaForMaskedLM"),
    ],
)
def test_an_unknown_name_is_stood_in_for_by_its_task(name: str, hint: str, architecture: str) -> None:
    resolution = resolve(name, hint)
    assert resolution.outcome == "guessed"
    assert resolution.entry is not None
    assert (resolution.entry.name, resolution.entry.architecture) == (name, architecture)


def test_a_tokenizer_of_an_unknown_name_says_nothing() -> None:
    assert resolve("my-user/something", "AutoTokenizer").outcome == "unknown"
