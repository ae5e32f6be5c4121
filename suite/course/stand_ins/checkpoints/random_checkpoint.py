"""Makes random checkpoints of the real architectures, each with a tokenizer and a processor that fit it.

Their answers mean nothing; types, keys and most shapes are the real ones. The installed transformers makes them, so
that it can load them.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from suite.core.errors import CheckpointError
from suite.course.stand_ins.catalogue import Entry
from suite.course.stand_ins.checkpoints.audio_generation import fit_audio_config, generates_audio, write_generation
from suite.course.stand_ins.checkpoints.json_files import write_json
from suite.course.stand_ins.checkpoints.preprocessor_config import SOUNDS, write_preprocessor
from suite.course.stand_ins.checkpoints.small_config import shrink
from suite.course.stand_ins.checkpoints.tokenizer_files import clip_files, fresh_files
from suite.course.stand_ins.checkpoints.vision_language import (
    fit_config,
    is_vision_language,
    open_gates,
    write_processor,
)
from suite.course.stand_ins.shipped import CHAT_TEMPLATE, chat_folder, folder_for, vocabulary_folder

WITHOUT_TOKENIZER = {
    "vit", "deit", "swin", "convnext", "convnextv2", "resnet", "beit", "mobilenet_v2", "mobilevit", "dinov2", "vit_mae",
    "detr", "conditional_detr", "table-transformer", "yolos", "rt_detr", "segformer", "maskformer", "mask2former",
    "sam", "dpt", "glpn", "depth_anything", "swin2sr", "videomae", "audio-spectrogram-transformer", "encodec",
    "speecht5_hifigan",
}  # fmt: skip
"""Architectures without a tokenizer; those of speech have one only for CTC."""
TOKENIZER_OF = {
    "blip": "bert", "bark": "bert", "grounding-dino": "bert", "clap": "roberta", "bert": "bert",
}  # fmt: skip
"""Architectures that use another's tokenizer."""
WITH_LETTERS = {"facebook/wav2vec2-base", "facebook/wav2vec2-large"}
"""Checkpoints without a CTC head that have its vocabulary all the same, for fine-tuning."""
TOKENIZER_BY_WORD = {"chinese": "bert", "rinna": "t5"}
"""The tokenizer of GPT-2 checkpoints of other languages, by a word in their names."""
CLIP_LENGTHS = {"clip": 77, "clipseg": 77, "owlvit": 16, "owlv2": 16}
"""Architectures with CLIP's tokenizer -> the longest text that they take, in tokens."""
MASKING_TOKENS: dict[str, Any] = {
    "mask_token": "[MASK]", "pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]", "unk_token": "[UNK]",
}  # fmt: skip
ONE_MASK = {"DetrForSegmentation", "Mask2FormerForUniversalSegmentation"}
"""Architectures with one query: of many random masks none would be large enough to count."""
CLASSIFIERS = ("class_labels_classifier", "class_predictor")
"""The layers that score the class of each query of a detector."""
STAGES = ["stage1", "stage2", "stage3", "stage4"]
CHAT_WORDS = ("chat", "instruct", "-it", "zephyr", "smollm3", "qwen")
TOKENS = ("pad", "bos", "eos", "sep", "cls", "mask", "unk")
CLASSES = {
    "trocr": ("RobertaTokenizer", "TrOCRProcessor"), "donut": ("XLMRobertaTokenizer", "DonutProcessor"),
    "gpt2": ("GPT2Tokenizer", None), "clap": ("RobertaTokenizer", None), "bark": ("BertTokenizer", None),
    "musicgen": ("T5Tokenizer", "MusicgenProcessor"), "blip": ("BertTokenizer", None),
    "vilt": ("BertTokenizer", "ViltProcessor"),
    "git": ("BertTokenizer", "GitProcessor"), "grounding-dino": ("BertTokenizer", None),
    "bert": ("BertTokenizer", None), "t5": ("T5Tokenizer", None),
}  # fmt: skip
"""Tokenizer and processor class of those that AutoTokenizer would not find by the architecture."""


def write_random_checkpoint(entry: Entry, folder: Path, traits: Sequence[str]) -> None:
    """Write config, weights, tokenizer and processor of a random checkpoint into a folder.

    Raises:
        CheckpointError: the installed transformers does not have the architecture.
    """
    import torch
    import transformers

    architecture = getattr(transformers, entry.architecture, None)
    if architecture is None:
        raise CheckpointError(f"transformers {transformers.__version__} has no {entry.architecture}: update it.")
    tokenizer_kind = _tokenizer_kind(entry, traits)
    tokenizer = None if tokenizer_kind is None else _tokenizer(folder, entry, tokenizer_kind, "uncased" in traits)
    config = _config(transformers, architecture, entry, tokenizer, traits)
    if not is_vision_language(entry.model_type):
        write_preprocessor(folder, _preprocessor_kind(entry, tokenizer_kind), config.to_dict())
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        try:
            model = architecture(config).eval()
        except ImportError:  # the architecture needs a package: whoever loads it is told which by transformers
            config.architectures = [entry.architecture]
            config.save_pretrained(folder)
            return
        except (AttributeError, TypeError, ValueError, AssertionError) as error:
            raise CheckpointError(
                f"transformers {transformers.__version__} makes no small {entry.architecture} ({error}): update it."
            ) from error
        if is_vision_language(entry.model_type):
            open_gates(model)
        _raise_detection_scores(model)
    model.save_pretrained(folder)
    if tokenizer is not None and generates_audio(entry.model_type):
        write_generation(folder, entry.model_type, len(tokenizer))


def _raise_detection_scores(model: Any) -> None:
    """Raise a detector's scores, so that it finds something: documents index the first result."""
    import torch

    for name, module in model.named_modules():
        if name.rpartition(".")[2] in CLASSIFIERS and isinstance(module, torch.nn.Linear):
            with torch.no_grad():
                module.bias[0] += 10.0


def _tokenizer_kind(entry: Entry, traits: Sequence[str]) -> str | None:
    """The architecture whose tokenizer a checkpoint has, "ctc" for letters, or None."""
    kind = entry.model_type
    if kind == "vision-encoder-decoder":
        return next((word for word in ("trocr", "donut") if word in traits), "gpt2")
    if kind in WITHOUT_TOKENIZER or (kind in SOUNDS and kind not in {"speecht5", "musicgen", "speech_to_text"}):
        return "ctc" if entry.architecture.endswith("ForCTC") or entry.name in WITH_LETTERS else None
    if kind == "gpt2":
        return next((reader for word, reader in TOKENIZER_BY_WORD.items() if word in traits), kind)
    return kind


def _preprocessor_kind(entry: Entry, tokenizer_kind: str | None) -> str:
    """The architecture whose preprocessor a checkpoint has."""
    if entry.model_type != "vision-encoder-decoder":
        return entry.model_type
    return tokenizer_kind if tokenizer_kind in {"trocr", "donut"} else "vit"


def _tokenizer(folder: Path, entry: Entry, tokenizer_kind: str, uncased: bool) -> Any:
    """Write the tokenizer's files, and open it as a client would."""
    from transformers import AutoTokenizer

    write_json(folder / "config.json", {"model_type": entry.model_type})
    if is_vision_language(entry.model_type):
        return write_processor(folder, entry.model_type)
    settings: dict[str, Any] = {"model_max_length": 512}
    if tokenizer_kind in CLASSES:
        reader, processor = CLASSES[tokenizer_kind]
        settings |= {"tokenizer_class": reader} | ({"processor_class": processor} if processor else {})
    if tokenizer_kind == "ctc":
        for file in ("vocab.json", "tokenizer_config.json"):
            shutil.copyfile(folder_for("AutoModelForCTC") / file, folder / file)
        return AutoTokenizer.from_pretrained(folder)
    if tokenizer_kind in CLIP_LENGTHS:
        clip_files(folder)
        settings = {"tokenizer_class": "CLIPTokenizer", "model_max_length": CLIP_LENGTHS[tokenizer_kind]}
        write_json(folder / "tokenizer_config.json", settings)
        tokenizer = AutoTokenizer.from_pretrained(folder)
        tokenizer.save_pretrained(folder)
        return tokenizer
    if not fresh_files(folder, TOKENIZER_OF.get(tokenizer_kind, tokenizer_kind)):
        return _fallback_tokenizer(folder, entry)
    if tokenizer_kind == "git":  # it has no kinds of text, and refuses the pipeline's
        settings |= {"model_input_names": ["input_ids", "attention_mask"]}
    if TOKENIZER_OF.get(tokenizer_kind, tokenizer_kind) in {"bert", "distilbert", "electra", "mobilebert", "layoutlm"}:
        settings |= {"do_lower_case": uncased or tokenizer_kind not in {"bert", "distilbert"}}
    write_json(folder / "tokenizer_config.json", settings)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    if any(word in entry.name.lower() for word in CHAT_WORDS):
        tokenizer.chat_template = (chat_folder() / CHAT_TEMPLATE).read_text(encoding="utf-8")
    if tokenizer_kind == "gpt2" and entry.model_type == "vision-encoder-decoder":
        tokenizer.pad_token = tokenizer.eos_token
    tokenizer.save_pretrained(folder)
    return tokenizer


def _fallback_tokenizer(folder: Path, entry: Entry) -> Any:
    """A byte-level BPE tokenizer, for an architecture whose own kind is not listed."""
    from transformers import AutoTokenizer

    source = chat_folder() if any(word in entry.name.lower() for word in CHAT_WORDS) else vocabulary_folder("BPE")
    for file in ("tokenizer.json", "tokenizer_config.json", CHAT_TEMPLATE):
        if (source / file).is_file():
            shutil.copyfile(source / file, folder / file)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    if tokenizer.mask_token is None and entry.architecture.endswith("ForMaskedLM"):
        tokenizer.add_special_tokens(MASKING_TOKENS)
        tokenizer.save_pretrained(folder)
    return tokenizer


def _config(transformers: Any, architecture: Any, entry: Entry, tokenizer: Any, traits: Sequence[str]) -> Any:
    kind = architecture.config_class or transformers.CONFIG_MAPPING[entry.model_type]
    content = shrink(_full_config(transformers, entry, kind, traits), entry.width)
    if tokenizer is not None:
        content = _with_token_ids(content, _token_ids(tokenizer))
        content = fit_config(content, entry.model_type, tokenizer) if is_vision_language(entry.model_type) else content
        content = fit_audio_config(content, len(tokenizer)) if generates_audio(entry.model_type) else content
    if entry.labels:
        content["id2label"] = dict(enumerate(entry.labels))
        content["label2id"] = {label: number for number, label in enumerate(entry.labels)}
    if entry.architecture in ONE_MASK:
        content["num_queries"] = 1
    if content.get("backbone") or (content.get("backbone_config") or {}).get("model_type") == "timm_backbone":
        content |= _plain_backbone(transformers)
    content.pop("transformers_version", None)
    return kind.from_dict(content)


def _full_config(transformers: Any, entry: Entry, kind: Any, traits: Sequence[str]) -> dict[str, Any]:
    """The architecture's own defaults, with those of its parts."""
    parts: dict[str, Any]
    if entry.model_type == "vision-encoder-decoder":
        encoder, decoder = "vit", "gpt2"
        encoder, decoder = ("vit", "trocr") if "trocr" in traits else (encoder, decoder)
        encoder, decoder = ("donut-swin", "mbart") if "donut" in traits else (encoder, decoder)
        of_decoder = {"is_decoder": True, "add_cross_attention": True, "model_type": decoder}
        parts = {"encoder": _defaults(transformers, encoder), "decoder": _defaults(transformers, decoder) | of_decoder}
        ends = {"decoder_start_token_id": 0, "pad_token_id": 0, "eos_token_id": 0}
        return parts | {"model_type": entry.model_type, "is_encoder_decoder": True} | ends
    if entry.model_type == "musicgen":
        names = {"text_encoder": "t5", "audio_encoder": "encodec", "decoder": "musicgen_decoder"}
        parts = {part: _defaults(transformers, name) for part, name in names.items()}
        return parts | {"model_type": "musicgen"}
    content = kind().to_dict()
    for name, value in content.items():
        if value is None and name in {"text_config", "vision_config"}:
            content[name] = _defaults(transformers, entry.model_type + "_" + name.removesuffix("_config"))
    return content


def _defaults(transformers: Any, kind: str) -> dict[str, Any]:
    if kind == "musicgen_decoder":
        return transformers.MusicgenDecoderConfig().to_dict()
    if kind not in transformers.CONFIG_MAPPING:
        raise CheckpointError(f"transformers {transformers.__version__} has no architecture {kind!r}: update it.")
    return transformers.CONFIG_MAPPING[kind]().to_dict()


def _token_ids(tokenizer: Any) -> dict[str, int]:
    """The token ids and the size of the vocabulary that a config states."""
    beyond = getattr(tokenizer, "lang_token_to_id", {}).values()  # M2M100 counts its languages apart
    numbers = {"vocab_size": max([len(tokenizer), *(number + 1 for number in beyond)])}
    for token in TOKENS:
        number = getattr(tokenizer, f"{token}_token_id", None)
        if number is not None:
            numbers[f"{token}_token_id"] = number
    first = [numbers[name] for name in ("pad_token_id", "bos_token_id", "eos_token_id") if name in numbers]
    start = numbers.get("bos_token_id", numbers.get("cls_token_id", first[0] if first else 0))
    return numbers | {"decoder_start_token_id": start, "forced_eos_token_id": numbers.get("eos_token_id", 0)}


def _with_token_ids(content: Mapping[str, Any], numbers: Mapping[str, int]) -> dict[str, Any]:
    """A config with the tokenizer's ids, in its parts as well; an id beyond the vocabulary becomes 0."""
    size = numbers["vocab_size"]
    updated: dict[str, Any] = {}
    for name, value in content.items():
        if isinstance(value, Mapping) and ("model_type" in value or name.endswith("config")):
            updated[name] = _with_token_ids(value, numbers)
        elif name in numbers and (value is not None or name in {"pad_token_id", "eos_token_id"}):
            updated[name] = numbers[name]
        elif name.endswith("token_id") and isinstance(value, int) and value >= size:
            updated[name] = 0
        else:
            updated[name] = value
    return updated


def _plain_backbone(transformers: Any) -> dict[str, Any]:
    """A ResNet of transformers' own in place of one that another package would bring."""
    backbone = shrink(transformers.ResNetConfig().to_dict()) | {"out_features": STAGES, "out_indices": [1, 2, 3, 4]}
    settings = {"use_timm_backbone": False, "use_pretrained_backbone": False, "backbone": None, "backbone_kwargs": None}
    return settings | {"backbone_config": backbone}
