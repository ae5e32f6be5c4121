from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from suite.course.stand_ins.catalogue import catalogue
from suite.course.stand_ins.checkpoints.files import folder
from suite.course.stand_ins.shipped import stand_in_folder


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def test_a_miniature_is_served_with_what_its_own_tokenizer_class_reads(cache: Path) -> None:
    from transformers import AutoTokenizer, DistilBertTokenizer, MarianTokenizer, T5Tokenizer

    text = "The film was great"
    for name, cls in (
        ("distilbert/distilbert-base-uncased-finetuned-sst-2-english", DistilBertTokenizer),
        ("google-t5/t5-small", T5Tokenizer),
        ("Helsinki-NLP/opus-mt-fr-en", MarianTokenizer),
    ):
        place = folder(catalogue()[name], cache)
        ours = AutoTokenizer.from_pretrained(place)(text)["input_ids"]
        assert cls.from_pretrained(place)(text)["input_ids"] == ours, name


@pytest.mark.parametrize(
    "name",
    [
        "google-bert/bert-base-cased", "FacebookAI/xlm-roberta-base", "google/mt5-small", "EleutherAI/pythia-70m",
        "xlnet/xlnet-base-cased", "mistralai/Mistral-7B-Instruct-v0.2", "microsoft/trocr-base-handwritten",
        "dandelin/vilt-b32-finetuned-vqa", "superb/hubert-base-superb-er", "facebook/detr-resnet-50-panoptic",
    ],
)  # fmt: skip
def test_a_made_checkpoint_opens_as_the_real_one_would(name: str, cache: Path) -> None:
    import transformers
    from transformers import AutoConfig, AutoTokenizer

    entry = catalogue()[name]
    place = folder(entry, cache)
    assert (place / "model.safetensors").is_file()
    config = AutoConfig.from_pretrained(place)
    assert (config.model_type, config.architectures) == (entry.model_type, [entry.architecture])
    model, report = getattr(transformers, entry.architecture).from_pretrained(place, output_loading_info=True)
    assert not report["missing_keys"]
    if entry.labels:
        assert tuple(model.config.id2label.values()) == entry.labels
    if entry.width:
        assert config.hidden_size == entry.width
    if (place / "tokenizer_config.json").is_file():
        tokenizer = AutoTokenizer.from_pretrained(place)
        assert len(tokenizer) <= model.get_input_embeddings().num_embeddings or name == "google/mt5-small"


newer = pytest.mark.skipif(
    version("transformers").startswith("4."),
    reason="transformers 4's TAPAS does not read tables of pandas 3, and its Mask2Former finds nothing by chance",
)
TEXT, PICTURE = "Anna lives in Paris", Image.linear_gradient("L").convert("RGB")
CATS = {"candidate_labels": ["cat", "remote control"]}


@pytest.mark.parametrize(
    ("task", "name", "inputs", "options"),
    [
        ("text-generation", "Salesforce/codegen-350M-mono", TEXT, {"max_new_tokens": 3}),
        ("fill-mask", "answerdotai/ModernBERT-base", f"{TEXT} [MASK]", {}),
        ("token-classification", "Jean-Baptiste/camembert-ner", TEXT, {}),
        ("zero-shot-classification", "MoritzLaurer/DeBERTa-v3-base-mnli-fever-anli", TEXT, CATS),
        ("zero-shot-image-classification", "google/siglip-base-patch16-224", PICTURE, CATS),
        ("zero-shot-object-detection", "google/owlvit-base-patch32", PICTURE, CATS),
        ("zero-shot-object-detection", "IDEA-Research/grounding-dino-tiny", PICTURE, CATS),
        ("depth-estimation", "LiheYoung/depth-anything-small-hf", PICTURE, {}),
        pytest.param("image-segmentation", "facebook/mask2former-swin-base-coco-panoptic", PICTURE, {}, marks=newer),
        ("image-segmentation", "facebook/detr-resnet-50-panoptic", PICTURE, {}),
        ("object-detection", "microsoft/conditional-detr-resnet-50", PICTURE, {}),
    ],
)
def test_the_pipeline_gives_a_first_answer(
    task: Any, name: str, inputs: Any, options: dict[str, Any], cache: Path
) -> None:
    """Documents take it for granted that there is one."""
    from transformers import pipeline

    assert pipeline(task, model=str(folder(catalogue()[name], cache)))(inputs, **options)


@newer
def test_one_that_was_not_taught_to_write_brings_the_letters(cache: Path) -> None:
    from transformers import AutoModelForCTC, AutoProcessor

    place = folder(catalogue()["facebook/wav2vec2-base"], cache)
    letters = AutoProcessor.from_pretrained(place).tokenizer
    model = AutoModelForCTC.from_pretrained(place, pad_token_id=letters.pad_token_id)
    assert model.lm_head.out_features == len(letters) > 26
    assert not (folder(catalogue()["facebook/wav2vec2-large-xlsr-53"], cache) / "vocab.json").exists()


def test_a_model_may_read_by_another_s_tokenizer(cache: Path) -> None:
    from transformers import AutoTokenizer, BertTokenizer, GPT2LMHeadModel, T5Tokenizer, TextGenerationPipeline

    for name, reader in (("uer/gpt2-chinese-poem", BertTokenizer), ("rinna/japanese-gpt-1b", T5Tokenizer)):
        place = folder(catalogue()[name], cache)
        tokenizer = reader.from_pretrained(place)
        assert AutoTokenizer.from_pretrained(place)(TEXT)["input_ids"] == tokenizer(TEXT)["input_ids"]
        writes = TextGenerationPipeline(GPT2LMHeadModel.from_pretrained(place), tokenizer)
        assert writes("万叠春山", max_new_tokens=4)[0]["generated_text"]


@newer
def test_a_table_s_answer_has_an_aggregator(cache: Path) -> None:
    from transformers import pipeline

    ask: Any = pipeline(
        "table-question-answering", model=str(folder(catalogue()["google/tapas-base-finetuned-wtq"], cache))
    )
    answer = ask(table={"Repository": ["Transformers", "Datasets"], "Stars": ["36542", "4512"]}, query="How many?")
    assert answer["aggregator"] in {"NONE", "SUM", "AVERAGE", "COUNT"}


def test_a_language_that_a_tokenizer_counts_apart_can_be_translated_into(cache: Path) -> None:
    from transformers import M2M100ForConditionalGeneration, M2M100Tokenizer

    place = folder(catalogue()["facebook/m2m100_418M"], cache)
    tokenizer: Any = M2M100Tokenizer.from_pretrained(place)
    model: Any = M2M100ForConditionalGeneration.from_pretrained(place)
    french = tokenizer.get_lang_id("fr")
    made = model.generate(**tokenizer(TEXT, return_tensors="pt"), forced_bos_token_id=french, max_new_tokens=3)
    assert made[0, 1] == french


def test_it_is_made_once_and_for_all_names_alike(cache: Path) -> None:
    first = folder(catalogue()["google-bert/bert-base-cased"], cache)
    state = (first / "model.safetensors").stat().st_mtime_ns
    assert folder(catalogue()["google-bert/bert-base-german-cased"], cache) == first
    assert (first / "model.safetensors").stat().st_mtime_ns == state
    assert not list((cache / "stand-ins").glob(".new-*"))


def test_an_uncased_one_lowers_letters(cache: Path) -> None:
    from transformers import AutoTokenizer

    cased, uncased = (
        AutoTokenizer.from_pretrained(folder(catalogue()[f"google-bert/bert-base-{kind}"], cache)).tokenize("HELLO")
        for kind in ("cased", "uncased")
    )
    assert "".join(cased).replace("##", "") == "HELLO"
    assert "".join(uncased).replace("##", "") == "hello"


def test_a_miniature_that_is_not_there_is_none() -> None:
    assert stand_in_folder("no-such-miniature") is None
    assert stand_in_folder("") is None
    assert stand_in_folder("package:no_such_package") is None


def test_a_miniature_with_few_positions_gets_as_many_as_the_real_checkpoint(tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    place = folder(catalogue()["openai/clip-vit-base-patch32"], tmp_path)
    config = json.loads((place / "config.json").read_text())
    assert config["text_config"]["max_position_embeddings"] == 77
    positions = load_file(place / "model.safetensors")["text_model.embeddings.position_embedding.weight"]
    assert positions.shape[0] == 77
    assert (positions[0] == positions[20]).all()
    assert json.loads((place / "tokenizer_config.json").read_text()).get("model_max_length", 77) == 77
