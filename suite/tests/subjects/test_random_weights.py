"""The configs of the real checkpoints build the real architectures: their parameters are counted without memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from suite.subjects.open_checkpoint import from_config
from suite.task.discovery import tasks_root

CONFIGS = tasks_root() / "configs"

PARAMETERS = {
    "SmolLM2-360M": ("AutoModelForCausalLM", 361_821_120),
    "SmolLM2-360M-Instruct": ("AutoModelForCausalLM", 361_821_120),
    "all-MiniLM-L6-v2": ("AutoModel", 22_713_216),
    "bart-large-cnn": ("AutoModelForSeq2SeqLM", 406_290_432),
    "bart-large-mnli": ("AutoModelForSequenceClassification", 407_344_131),
    "bert-large-cased-finetuned-conll03-english": ("AutoModelForTokenClassification", 332_538_889),
    "blenderbot-400M-distill": ("AutoModelForSeq2SeqLM", 364_802_560),
    "blip-image-captioning-base": ("AutoModelForImageTextToText", 223_971_644),
    "blip-itm-base-coco": ("BlipForImageTextRetrieval", 223_744_258),
    "blip-vqa-base": ("AutoModelForVisualQuestionAnswering", 361_230_140),
    "clap-htsat-unfused": ("ClapModel", 153_492_890),
    "clip-vit-large-patch14": ("AutoModelForZeroShotImageClassification", 427_616_513),
    "detr-resnet-50": ("AutoModelForObjectDetection", 41_524_768),
    "distilbert-base-cased-distilled-squad": ("AutoModelForQuestionAnswering", 65_192_450),
    "distilbert-base-uncased-finetuned-sst-2-english": ("AutoModelForSequenceClassification", 66_955_010),
    "distilroberta-base": ("AutoModelForMaskedLM", 82_170_201),
    "dpt-large": ("AutoModelForDepthEstimation", 343_030_465),
    "gpt2": ("AutoModelForCausalLM", 124_439_808),
    "nllb-200-distilled-600M": ("AutoModelForSeq2SeqLM", 615_073_792),
    "opus-mt-fr-en": ("AutoModelForSeq2SeqLM", 75_133_952),
    "sam-vit-base": ("AutoModelForMaskGeneration", 93_735_728),
    "speecht5_tts": ("SpeechT5ForTextToSpeech", 144_431_684),
    "t5-base": ("AutoModelForSeq2SeqLM", 222_903_552),
    "vit-base-patch16-224": ("AutoModelForImageClassification", 86_567_656),
    "vits-ljs": ("VitsModel", 36_311_472),
    "wav2vec2-base-960h": ("AutoModelForCTC", 94_396_320),
    "whisper-tiny.en": ("AutoModelForSpeechSeq2Seq", 37_760_256),
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
        model = from_config(auto_class, config)
    assert type(model).__name__ == config.architectures[0]
    assert sum(parameter.numel() for parameter in model.parameters()) == count
