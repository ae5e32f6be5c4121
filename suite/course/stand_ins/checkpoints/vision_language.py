"""Processors and configs of random vision-language checkpoints, by the specs of each architecture."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from suite.course.stand_ins.checkpoints.json_files import write_json
from suite.course.stand_ins.checkpoints.vision_language_specs import SPECS, Chat, VisionLanguageSpec
from suite.course.stand_ins.shipped import vocabulary_folder

TEMPLATE = (
    "{begin}{{% for message in messages %}}{{{{ {turn} }}}}"
    "{{% if message['content'] is string %}}{{{{ {gap} + message['content'] }}}}"
    "{{% else %}}{{% for part in message['content'] %}}"
    "{{% if part['type'] in ['image', 'image_url'] %}}{{{{ {image} }}}}"
    "{{% elif part['type'] == 'video' %}}{{{{ {video} }}}}"
    "{{% elif part['type'] == 'text' %}}{{{{ {gap} + part['text'] }}}}"
    "{{% endif %}}{{% endfor %}}{{% endif %}}{{{{ {end} }}}}{{% endfor %}}"
    "{{% if add_generation_prompt %}}{{{{ {answer} }}}}{{% endif %}}"
)
GATES = ("_gate", "mm_input_projection_weight")
"""How the names of weights end that are zero before training."""
ROLES = "({names}[message['role']] if message['role'] in {names} else message['role'])"


def is_vision_language(model_type: str) -> bool:
    """Whether an architecture is one of those in `SPECS`."""
    return model_type in SPECS


def write_processor(folder: Path, model_type: str) -> Any:
    """Write tokenizer, processor and chat template of an architecture, and open the tokenizer as a client would."""
    import transformers

    spec = SPECS[model_type]
    _write_tokenizer(folder, spec, vocabulary_folder("BPE") / "tokenizer.json")
    write_json(folder / "config.json", {"model_type": model_type})
    write_json(folder / "preprocessor_config.json", {**spec.image_processor, "processor_class": spec.processor})
    if spec.video_processor:
        write_json(
            folder / "video_preprocessor_config.json", {**spec.video_processor, "processor_class": spec.processor}
        )
    write_json(folder / "processor_config.json", {**spec.settings, "processor_class": spec.processor})
    if spec.chat is not None:
        (folder / "chat_template.jinja").write_text(_template(spec.chat), encoding="utf-8")
    return transformers.AutoTokenizer.from_pretrained(folder)


def fit_config(config: Mapping[str, Any], model_type: str, tokenizer: Any) -> dict[str, Any]:
    """A small config whose parts fit each other, with the ids of the tokenizer's tokens."""
    spec = SPECS[model_type]
    merged_config = _merge(config, spec.config)
    for name, token in spec.token_ids.items():
        number = tokenizer.convert_tokens_to_ids(token)
        merged_config[name] = number
        if isinstance(merged_config.get("text_config"), dict) and name in merged_config["text_config"]:
            merged_config["text_config"][name] = number
    if spec.last_token_unscored:  # the last token has a row of its own, which nothing ever answers
        merged_config["text_config"]["vocab_size"] = len(tokenizer) - 1
    return merged_config


def open_gates(model: Any) -> None:
    """Initialize the gates of cross-attention, which are zero before training and would block images."""
    import torch

    with torch.no_grad():
        for name, weights in model.named_parameters():
            if name.endswith(GATES) and not weights.any():
                weights.normal_(std=0.5)


def _merge(config: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """A config with another's values in it, part by part."""
    merged = dict(config)
    for name, value in other.items():
        inner = merged.get(name)
        merged[name] = _merge(inner, value) if isinstance(inner, Mapping) and isinstance(value, Mapping) else value
    return merged


def _write_tokenizer(folder: Path, spec: VisionLanguageSpec, source: Path) -> None:
    """Write the shipped byte-level BPE tokenizer, with the architecture's own tokens after it."""
    from tokenizers import AddedToken, Tokenizer, processors

    raw = Tokenizer.from_file(str(source))
    tokens = dict.fromkeys([*spec.special_tokens.values(), *spec.tokens])
    raw.add_special_tokens([AddedToken(token, normalized=False, special=True) for token in tokens])
    if spec.adds_bos:
        start = spec.special_tokens["bos_token"]
        number = raw.token_to_id(start)
        single, pair = f"{start} $A", f"{start} $A {start} $B:1"
        raw.post_processor = processors.TemplateProcessing(single=single, pair=pair, special_tokens=[(start, number)])
    raw.save(str(folder / "tokenizer.json"))
    settings: dict[str, Any] = {
        **spec.special_tokens,
        "tokenizer_class": _tokenizer_class(spec),
        "processor_class": spec.processor,
    }
    settings |= {"model_input_names": ["input_ids", "attention_mask"], "model_max_length": 32768}
    settings |= {"padding_side": "left", "clean_up_tokenization_spaces": False}
    settings |= {"extra_special_tokens": dict(spec.named_tokens)} if spec.named_tokens else {}
    write_json(folder / "tokenizer_config.json", settings)


def _tokenizer_class(spec: VisionLanguageSpec) -> str:
    """The class of the tokenizer. PaliGemma's processor insists on Gemma's before 5, and that one takes any file."""
    import transformers

    older = transformers.__version__.startswith("4.")
    return "PreTrainedTokenizerFast" if spec.tokenizer_class == "GemmaTokenizer" and not older else spec.tokenizer_class


def _template(chat: Chat) -> str:
    roles = ROLES.format(names=json.dumps(chat.roles)) if chat.roles else "message['role']"
    prefix, _, after = chat.turn.partition("ROLE")
    turn = f"{json.dumps(prefix)} + {roles} + {json.dumps(after)}"
    parts = {"gap": chat.gap, "image": chat.image, "video": chat.video, "end": chat.end, "answer": chat.answer}
    quoted = {name: json.dumps(text) for name, text in parts.items()}
    opening = f"{{{{ {json.dumps(chat.begin)} }}}}" if chat.begin else ""
    return TEMPLATE.format(begin=opening, turn=turn, **quoted)
