"""Random checkpoints that read texts and pictures at once: `seeing.py` says of each architecture what it needs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from suite.course.stand_ins.checkpoints.json_files import write_json
from suite.course.stand_ins.checkpoints.vision_language_specs import SEEING, Chat, Seeing
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
"""How names end of weights that begin as nothing."""
ROLES = "({names}[message['role']] if message['role'] in {names} else message['role'])"


def sees(model_type: str) -> bool:
    """Whether an architecture is one of those made here."""
    return model_type in SEEING


def write_reader(folder: Path, model_type: str) -> Any:
    """Write tokenizer, processor and chat template of an architecture, and open the tokenizer as a client would."""
    import transformers

    kind = SEEING[model_type]
    _write_tokenizer(folder, kind, vocabulary_folder("BPE") / "tokenizer.json")
    write_json(folder / "config.json", {"model_type": model_type})
    write_json(folder / "preprocessor_config.json", {**kind.pictures, "processor_class": kind.processor})
    if kind.videos:
        write_json(folder / "video_preprocessor_config.json", {**kind.videos, "processor_class": kind.processor})
    write_json(folder / "processor_config.json", {**kind.settings, "processor_class": kind.processor})
    if kind.chat is not None:
        (folder / "chat_template.jinja").write_text(_template(kind.chat), encoding="utf-8")
    return transformers.AutoTokenizer.from_pretrained(folder)


def fit(config: Mapping[str, Any], model_type: str, tokenizer: Any) -> dict[str, Any]:
    """A small config whose parts fit each other, and that knows the numbers of the tokenizer's tokens."""
    kind = SEEING[model_type]
    fitted = _over(config, kind.config)
    for name, token in kind.numbers.items():
        number = tokenizer.convert_tokens_to_ids(token)
        fitted[name] = number
        if isinstance(fitted.get("text_config"), dict) and name in fitted["text_config"]:
            fitted["text_config"][name] = number
    if kind.beyond:  # the last token has a row of its own, which nothing ever answers
        fitted["text_config"]["vocab_size"] = len(tokenizer) - 1
    return fitted


def open_gates(model: Any) -> None:
    """Let pictures through in a fresh model where training would begin with none of them."""
    import torch

    with torch.no_grad():
        for name, weights in model.named_parameters():
            if name.endswith(GATES) and not weights.any():
                weights.normal_(std=0.5)


def _over(config: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """A config with another's values in it, part by part."""
    found = dict(config)
    for name, value in other.items():
        inner = found.get(name)
        found[name] = _over(inner, value) if isinstance(inner, Mapping) and isinstance(value, Mapping) else value
    return found


def _write_tokenizer(folder: Path, kind: Seeing, source: Path) -> None:
    """The shipped pairs of bytes, with the architecture's own tokens after them."""
    from tokenizers import AddedToken, Tokenizer, processors

    raw = Tokenizer.from_file(str(source))
    tokens = dict.fromkeys([*kind.ends.values(), *kind.tokens])
    raw.add_special_tokens([AddedToken(token, normalized=False, special=True) for token in tokens])
    if kind.begins:
        start = kind.ends["bos_token"]
        number = raw.token_to_id(start)
        single, pair = f"{start} $A", f"{start} $A {start} $B:1"
        raw.post_processor = processors.TemplateProcessing(single=single, pair=pair, special_tokens=[(start, number)])
    raw.save(str(folder / "tokenizer.json"))
    settings: dict[str, Any] = {**kind.ends, "tokenizer_class": _reader(kind), "processor_class": kind.processor}
    settings |= {"model_input_names": ["input_ids", "attention_mask"], "model_max_length": 32768}
    settings |= {"padding_side": "left", "clean_up_tokenization_spaces": False}
    settings |= {"extra_special_tokens": dict(kind.named)} if kind.named else {}
    write_json(folder / "tokenizer_config.json", settings)


def _reader(kind: Seeing) -> str:
    """The class of the tokenizer. PaliGemma's processor insists on Gemma's before 5, and that one takes any file."""
    import transformers

    older = transformers.__version__.startswith("4.")
    return "PreTrainedTokenizerFast" if kind.reader == "GemmaTokenizer" and not older else kind.reader


def _template(chat: Chat) -> str:
    roles = ROLES.format(names=json.dumps(chat.roles)) if chat.roles else "message['role']"
    begin, _, after = chat.turn.partition("ROLE")
    turn = f"{json.dumps(begin)} + {roles} + {json.dumps(after)}"
    parts = {"gap": chat.gap, "image": chat.image, "video": chat.video, "end": chat.end, "answer": chat.answer}
    quoted = {name: json.dumps(text) for name, text in parts.items()}
    opening = f"{{{{ {json.dumps(chat.begin)} }}}}" if chat.begin else ""
    return TEMPLATE.format(begin=opening, turn=turn, **quoted)
