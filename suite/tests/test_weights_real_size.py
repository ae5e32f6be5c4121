"""The configs of the real checkpoints build the real architectures: their parameters are counted without memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from suite.discovery import default_root

CONFIGS = default_root() / "configs"

PARAMETERS = {
    "distilbert-base-uncased-finetuned-sst-2-english": ("AutoModelForSequenceClassification", 66_955_010),
    "bert-large-cased-finetuned-conll03-english": ("AutoModelForTokenClassification", 332_538_889),
    "gpt2": ("AutoModelForCausalLM", 124_439_808),
    "t5-base": ("AutoModelForSeq2SeqLM", 222_903_552),
    "distilroberta-base": ("AutoModelForMaskedLM", 82_170_201),
    "distilbert-base-cased-distilled-squad": ("AutoModelForQuestionAnswering", 65_192_450),
    "bart-large-mnli": ("AutoModelForSequenceClassification", 407_344_131),
    "vit-base-patch16-224": ("AutoModelForImageClassification", 86_567_656),
    "dpt-large": ("AutoModelForDepthEstimation", 343_030_465),
    "all-MiniLM-L6-v2": ("AutoModel", 22_713_216),
    "SmolLM2-360M": ("AutoModelForCausalLM", 361_821_120),
    "SmolLM2-360M-Instruct": ("AutoModelForCausalLM", 361_821_120),
    "blenderbot-400M-distill": ("AutoModelForSeq2SeqLM", 364_802_560),
}


def config_files() -> list[Path]:
    return sorted(CONFIGS.glob("*.json"))


def test_every_config_is_counted() -> None:
    assert {file.stem for file in config_files()} == set(PARAMETERS)


@pytest.mark.parametrize("name", PARAMETERS)
def test_the_architecture_has_its_real_size(name: str) -> None:
    import torch
    import transformers

    auto_class, count = PARAMETERS[name]
    config = transformers.AutoConfig.from_pretrained(CONFIGS / f"{name}.json")
    with torch.device("meta"):
        model = getattr(transformers, auto_class).from_config(config)
    assert type(model).__name__ == config.architectures[0]
    assert sum(parameter.numel() for parameter in model.parameters()) == count
