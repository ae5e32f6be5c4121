"""What a family of models needs beside its class: the one place that names families. Tasks ask here by what they use.

A checkpoint's own words come first (its config, its files); what is known of its family stands in where it is silent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PREFIXED = frozenset({"t5"})
"""Model types whose pretrained checkpoints were told in the text what to do with it."""
IMAGE_TEXT_CLASSES = frozenset({"vilt"})
"""Model types that answer a question about a picture by choosing among classes."""
IMAGE_TEXT_PARTS = frozenset({"blip"})
"""Model types whose `generate()` goes through parts of the model one after another, and takes a text without a
template."""
PADDED_TO_THE_END = frozenset({"siglip", "siglip2"})
"""Model types that were trained without a mask, on texts padded to the model's own length, and need that ever after."""
READING_PADDING = frozenset(
    {
        "canine", "convbert", "cpmant", "data2vec-audio", "fnet", "funnel", "nystromformer", "recurrent_gemma",
        "rwkv", "xlstm", "yoso",
    }
)  # fmt: skip
"""Model types that mix padding into the other tokens (by convolutions, pooling, Fourier transforms, landmarks or a
state that goes from one to the next), mask or no mask, so that an answer depends on what is beside it in a batch."""
COUNTING_PADDING = frozenset(
    {
        "bart", "bigbird_pegasus", "blenderbot", "blenderbot-small", "deepseek_v4", "git", "marian", "mbart", "mvp",
        "pegasus", "plbart", "prophetnet", "trocr", "whisper", "xlm", "xlnet",
    }
)  # fmt: skip
"""Model types whose decoder, where it writes without an encoder, counts positions from the first token of a batch, so
that padding before a text moves its words."""
DECODING_PADDING = frozenset({"t5gemma", "t5gemma2"})
"""Model types that read a text with a decoder as well, which sees padding where it is not told to write."""
PADDED_ON_THE_LEFT = frozenset({"xlnet"})
"""Model types that take the last token of a sequence for the whole of it, padding or not."""
MORE_THAN_TEXT: Mapping[str, str] = {
    "bros": "the place of each word on its page",
    "lxmert": "the features of a picture's regions",
}
"""Model types that refuse text alone, though what they do beside it is named as for text: what they want too."""
METRIC_DEPTH = frozenset({"depth_pro", "glpn", "prompt_depth_anything", "zoedepth"})
"""Model types that answer in metres; the others answer with inverse depth up to scale and shift."""


def prefix(config: Any, name: str, documented: str) -> str:
    """What stands before a text: the checkpoint's own (`task_specific_params`), or that which the family documents."""
    params = getattr(config, "task_specific_params", None)
    own = params.get(name) if isinstance(params, Mapping) else None
    said = own.get("prefix") if isinstance(own, Mapping) else None
    if isinstance(said, str):
        return said
    return documented if config.model_type in PREFIXED else ""


def image_text_way(config: Any) -> str:
    """How a model is asked about a picture: through its "parts", by its "classes", or in a chat by its "template"."""
    if config.model_type in IMAGE_TEXT_CLASSES:
        return "classes"
    return "parts" if config.model_type in IMAGE_TEXT_PARTS else "template"


def padding(config: Any) -> bool | str:
    """How texts are padded: to the longest of a batch, or to the length that the family wants."""
    return "max_length" if config.model_type in PADDED_TO_THE_END else True


def is_metric_depth(config: Any) -> bool:
    """Whether depths are metres, rather than inverse depth up to scale and shift."""
    said = getattr(config, "depth_estimation_type", None)
    if said in ("metric", "relative"):
        return bool(said == "metric")
    return config.model_type in METRIC_DEPTH


def padding_side(config: Any) -> str:
    """On which side a text that nothing is added to is padded, whatever its tokenizer was used for before."""
    return "left" if config.model_type in PADDED_ON_THE_LEFT else "right"


def reads_padding(config: Any, writes: bool) -> bool:
    """Whether answers depend on padding, so that inputs of different lengths must not be in one batch.

    `writes` says whether the model is to go on with a text, which is padded before its beginning.
    """
    counts = writes and not config.is_encoder_decoder and config.model_type in COUNTING_PADDING
    decodes = not writes and config.model_type in DECODING_PADDING
    return counts or decodes or config.model_type in READING_PADDING


def more_than_text(declared: Any) -> str | None:
    """Why a model cannot be asked about a text by itself; `None` where it can."""
    wanted = MORE_THAN_TEXT.get(declared.model_type)
    if wanted is None:
        return None
    return f"{declared.architecture} wants {wanted} beside the text, which the task does not have"
