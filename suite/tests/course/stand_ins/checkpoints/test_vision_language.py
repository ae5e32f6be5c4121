"""Made checkpoints that read texts and pictures at once answer the calls that courses make."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from suite.course.stand_ins.catalogue import catalogue, resolve
from suite.course.stand_ins.checkpoints.files import folder
from suite.course.stand_ins.checkpoints.vision_language_specs import SPECS

PICTURES = {
    "llava-hf/llava-1.5-7b-hf": ("<image>", 576, (1, 3, 336, 336)),
    "llava-hf/llava-v1.6-mistral-7b-hf": ("<image>", 2340, (1, 5, 3, 336, 336)),
    "llava-hf/llava-onevision-qwen2-0.5b-ov-hf": ("<image>", 2929, (1, 5, 3, 384, 384)),
    "HuggingFaceM4/idefics2-8b": ("<image>", 64, (1, 1, 3, 480, 640)),
    "HuggingFaceTB/SmolVLM-Instruct": ("<image>", 832, (1, 13, 3, 512, 512)),
    "HuggingFaceTB/SmolVLM2-2.2B-Instruct": ("<image>", 832, (1, 13, 3, 512, 512)),
    "Qwen/Qwen2-VL-2B-Instruct": ("<|image_pad|>", 391, (1564, 1176)),
    "Qwen/Qwen2.5-VL-3B-Instruct": ("<|image_pad|>", 391, (1564, 1176)),
    "Qwen/Qwen3-VL-2B-Instruct": ("<|image_pad|>", 300, (1200, 1536)),
    "google/gemma-3-4b-it": ("<image_soft_token>", 256, (1, 3, 896, 896)),
    "meta-llama/Llama-3.2-11B-Vision-Instruct": ("<|image|>", 1, (1, 1, 4, 3, 560, 560)),
    "google/paligemma-3b-pt-224": ("<image>", 256, (1, 3, 224, 224)),
    "Salesforce/blip2-opt-2.7b": ("<image>", 32, (1, 3, 224, 224)),
    "florence-community/Florence-2-base": ("<image>", 577, (1, 3, 768, 768)),
}
"""By name: the token of pictures, how often it stands for one of 640 by 480, and the shape of its pixels."""
MUTE = {"google/paligemma-3b-pt-224", "Salesforce/blip2-opt-2.7b", "florence-community/Florence-2-base"}
"""Those that have no chats."""
NEEDS = {
    "llava_onevision": ("torchvision",), "smolvlm": ("torchvision", "num2words"), "qwen2_vl": ("torchvision",),
    "qwen2_5_vl": ("torchvision",), "qwen3_vl": ("torchvision",),
}  # fmt: skip
"""What transformers' own processors import, and the real checkpoints' therefore as well."""
TALK: list[Any] = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "What is it?"}]}]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def picture(seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 255, (480, 640, 3), dtype=np.uint8))


def processor_of(name: str, cache: Path) -> tuple[Any, Any]:
    import transformers

    for package in NEEDS.get(catalogue()[name].model_type, ()):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"needs {package}, as the real one does")
    place = folder(catalogue()[name], cache)
    processor = transformers.AutoProcessor.from_pretrained(place)
    return processor, transformers.AutoModelForImageTextToText.from_pretrained(place).eval()


def piped(task: str, name: str, cache: Path) -> Any:
    from transformers import pipeline

    made: Any = pipeline
    return made(task, model=str(folder(catalogue()[name], cache)))


def prompt_for(processor: Any, name: str) -> str:
    return "caption en" if name in MUTE else processor.apply_chat_template(TALK, add_generation_prompt=True)


def test_every_one_is_tried_here() -> None:
    assert {catalogue()[name].model_type for name in PICTURES} == set(SPECS)
    rows = {entry.model_type for entry in catalogue().values() if entry.task == "image-text-to-text"}
    assert rows <= set(SPECS)


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("llava-hf/llava-v1.6-34b-hf", "llava_next"), ("me/my-llava-1.5-tuned", "llava"),
        ("me/smolvlm-base", "idefics3"), ("me/SmolVLM2-tuned", "smolvlm"), ("me/qwen2.5-vl-lora", "qwen2_5_vl"),
        ("me/paligemma-vqa", "paligemma"),
    ],
)  # fmt: skip
def test_a_name_that_is_not_known_tells_its_architecture(name: str, family: str) -> None:
    entry = resolve(name, "AutoModelForImageTextToText").entry
    assert entry is not None
    assert entry.model_type == family


@pytest.mark.parametrize("name", PICTURES)
def test_the_config_and_the_tokenizer_agree(name: str, cache: Path) -> None:
    import transformers

    entry = catalogue()[name]
    place = folder(entry, cache)
    tokenizer = transformers.AutoTokenizer.from_pretrained(place)
    config = transformers.AutoConfig.from_pretrained(place)
    token, _, _ = PICTURES[name]
    number = tokenizer.convert_tokens_to_ids(token)
    assert number not in {None, tokenizer.unk_token_id}
    assert number in {getattr(config, key, None) for key in ("image_token_id", "image_token_index")}
    assert tokenizer(f"a{token}b", add_special_tokens=False)["input_ids"].count(number) == 1
    model, report = getattr(transformers, entry.architecture).from_pretrained(place, output_loading_info=True)
    assert not report["missing_keys"]
    assert len(tokenizer) <= model.get_input_embeddings().num_embeddings


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_and_a_text_are_answered(name: str, cache: Path) -> None:
    import torch

    processor, model = processor_of(name, cache)
    token, count, shape = PICTURES[name]
    inputs = processor(images=picture(), text=prompt_for(processor, name), return_tensors="pt")
    number = processor.tokenizer.convert_tokens_to_ids(token)
    assert (inputs["input_ids"] == number).sum().item() == count
    assert tuple(inputs["pixel_values"].shape) == shape
    answer = model.generate(**inputs, max_new_tokens=3, min_new_tokens=3, do_sample=False)
    texts = processor.batch_decode(answer, skip_special_tokens=True)
    assert len(texts) == 1
    assert isinstance(texts[0], str)
    other = processor(images=picture(1), text=prompt_for(processor, name), return_tensors="pt")
    first, second = (_scores(model, batch) for batch in (inputs, other))
    assert not torch.equal(first, second), "the picture is not looked at"


def _scores(model: Any, batch: Any) -> Any:
    options = {"max_new_tokens": 2, "output_scores": True, "return_dict_in_generate": True, "do_sample": False}
    return model.generate(**batch, **options).scores[0]


@pytest.mark.parametrize("name", sorted(set(PICTURES) - MUTE))
def test_chats_become_inputs_in_one_call(name: str, cache: Path) -> None:
    processor, model = processor_of(name, cache)
    output = processor.apply_chat_template(TALK, add_generation_prompt=True)
    assert output.count("What is it?") == 1
    assert len(output) > len(processor.apply_chat_template(TALK))
    bare = [{"role": "user", "content": "Hello"}]
    assert "Hello" in processor.apply_chat_template(bare, add_generation_prompt=True)
    talk = [{"role": "user", "content": [{"type": "image", "image": picture()}, *TALK[0]["content"][1:]]}]
    options = {"tokenize": True, "return_dict": True, "return_tensors": "pt"}
    inputs = processor.apply_chat_template(talk, add_generation_prompt=True, **options)
    length = inputs["input_ids"].shape[1]
    assert model.generate(**inputs, max_new_tokens=2, min_new_tokens=2).shape == (1, length + 2)


@pytest.mark.parametrize("name", ["llava-hf/llava-1.5-7b-hf", "HuggingFaceTB/SmolVLM-Instruct", "google/gemma-3-4b-it"])
def test_the_pipeline_takes_a_chat(name: str, cache: Path) -> None:
    pipe = piped("image-text-to-text", name, cache)
    talk = [{"role": "user", "content": [{"type": "image", "image": picture()}, *TALK[0]["content"][1:]]}]
    output = pipe(text=talk, max_new_tokens=2)[0]["generated_text"]
    assert [turn["role"] for turn in output] == ["user", "assistant"]


@pytest.mark.parametrize("name", ["Salesforce/blip2-opt-2.7b", "microsoft/git-base"])
def test_the_pipeline_takes_a_text(name: str, cache: Path) -> None:
    pipe = piped("image-text-to-text", name, cache)
    assert pipe(picture(), text="a photo", max_new_tokens=2)[0]["generated_text"].startswith("a photo")


def test_florence_places_what_it_names(cache: Path) -> None:
    processor, _ = processor_of("florence-community/Florence-2-base", cache)
    output = processor.post_process_generation(
        "cat<loc_0><loc_0><loc_500><loc_999>", task="<OD>", image_size=(640, 480)
    )
    assert output["<OD>"]["labels"] == ["cat"]
    assert output["<OD>"]["bboxes"][0] == pytest.approx([0, 0, 320, 480], abs=1)


@pytest.mark.parametrize("name", ["google/owlvit-base-patch32", "google/owlv2-base-patch16-ensemble"])
def test_things_are_looked_for_by_name(name: str, cache: Path) -> None:
    pipe = piped("zero-shot-object-detection", name, cache)
    result = pipe(picture(), candidate_labels=["a cat", "a dog"], threshold=0.0, top_k=3)
    assert len(result) == 3
    assert {thing["label"] for thing in result} <= {"a cat", "a dog"}
    assert set(result[0]["box"]) == {"xmin", "ymin", "xmax", "ymax"}


def test_a_captioner_takes_pictures_as_its_encoder_does(cache: Path) -> None:
    from transformers import AutoImageProcessor

    place = folder(catalogue()["nlpconnect/vit-gpt2-image-captioning"], cache)
    pixels = AutoImageProcessor.from_pretrained(place)(picture(), return_tensors="pt")["pixel_values"]
    assert tuple(pixels.shape) == (1, 3, 224, 224)
