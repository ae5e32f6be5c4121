"""What the three miniatures of BLIP share: sizes, tokens, processor and files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..worlds import scene_texts
from . import sight, training

LONGEST = 40
WIDTH = 64
SEEING = 6000
"""Steps of the vision transformer alone."""


def tokenizer() -> Any:
    """The words of the captions and the questions, and every letter."""
    told = [one for world in (scene_texts.captioned, scene_texts.questioned) for one in world("train", 3000)]
    texts = [text for one in told for text in (one.text, one.truth)]
    return training.wordpiece(training.words_of(texts, lowercase=True), texts, lowercase=True)


def config(tokens: Any, layers: int = 2) -> Any:
    """BLIP's config, small; `layers` are the text's. Its vision config's own spread of first weights is 1e-10."""
    from transformers import BlipConfig

    text = {
        "vocab_size": len(tokens),
        "hidden_size": WIDTH,
        "encoder_hidden_size": sight.VISION["hidden_size"],
        "intermediate_size": 2 * WIDTH,
        "num_hidden_layers": layers,
        "num_attention_heads": 4,
        "projection_dim": WIDTH,
        "max_position_embeddings": LONGEST,
        "hidden_dropout_prob": 0.0,
        "initializer_range": 0.05,
        "bos_token_id": tokens.cls_token_id,
        "eos_token_id": tokens.sep_token_id,
        "sep_token_id": tokens.sep_token_id,
        "pad_token_id": tokens.pad_token_id,
    }
    return BlipConfig(
        text_config=text, vision_config=dict(sight.VISION), projection_dim=WIDTH, image_text_hidden_size=WIDTH
    )


def with_sight(model: Any, work: Path, progress: training.Progress, seed: int) -> float:
    """Give a model eyes that see; the seconds of their training."""
    from transformers import BlipVisionConfig, BlipVisionModel

    weights, seconds = sight.learn_to_see(
        lambda: BlipVisionModel(BlipVisionConfig(**sight.VISION)), SEEING, work, progress, seed
    )
    model.vision_model.load_state_dict(weights)
    return seconds


def save(model: Any, tokens: Any, directory: Path) -> None:
    """The model, how it generates, and a processor that both generations of the library find."""
    from transformers import BlipImageProcessor, BlipProcessor, GenerationConfig

    if model.can_generate():
        ids = {
            "bos_token_id": tokens.cls_token_id,
            "eos_token_id": tokens.sep_token_id,
            "pad_token_id": tokens.pad_token_id,
        }
        model.generation_config = GenerationConfig(**ids)
    model.save_pretrained(directory)
    images = BlipImageProcessor(size={"height": sight.SIDE, "width": sight.SIDE})
    BlipProcessor(images, tokens).save_pretrained(directory)
    # transformers 4 looks for the image processor in a file of its own.
    images.save_pretrained(directory)
