"""What the three miniatures of BLIP share: sizes, tokenizer, vision training and files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from suite.task.miniatures import Progress

from ..worlds import scene_texts
from ..worlds.scene_texts import SceneText
from . import sight, tokenizer_builders
from .trained_recipe import TrainedRecipe

LONGEST = 40
WIDTH = 64
SEEING = 6000
"""Steps of the vision transformer alone."""


def tokenizer() -> Any:
    """The words of the captions and the questions, and every letter."""
    examples = [one for world in (scene_texts.captioned, scene_texts.questioned) for one in world("train", 3000)]
    texts = [text for example in examples for text in (example.text, example.truth)]
    return tokenizer_builders.wordpiece(tokenizer_builders.words_of(texts, lowercase=True), texts, lowercase=True)


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


class BlipRecipe(TrainedRecipe):
    """A recipe whose vision transformer is trained first and then left as it is: only the text's parts learn on.

    Its processor is the tokenizer until `save` joins it with an image processor.
    """

    def processor(self, examples: Sequence[SceneText]) -> Any:
        return tokenizer()

    def fit(self, model: Any, processor: Any, examples: Sequence[SceneText], work: Path, progress: Progress) -> float:
        from transformers import BlipVisionConfig, BlipVisionModel

        weights, seconds = sight.learn_to_see(
            lambda: BlipVisionModel(BlipVisionConfig(**sight.VISION)), SEEING, work, progress, self.seed
        )
        model.vision_model.load_state_dict(weights)
        return seconds + super().fit(model, processor, examples, work, progress)

    def total_steps(self) -> int:
        return SEEING + self.steps

    def save(self, model: Any, processor: Any, directory: Path) -> None:
        """Write the model, how it generates, and a processor that both generations of the library find."""
        from transformers import BlipImageProcessor, BlipProcessor, GenerationConfig

        if model.can_generate():
            model.generation_config = GenerationConfig(
                bos_token_id=processor.cls_token_id,
                eos_token_id=processor.sep_token_id,
                pad_token_id=processor.pad_token_id,
            )
        model.save_pretrained(directory)
        images = BlipImageProcessor(size={"height": sight.SIDE, "width": sight.SIDE})
        BlipProcessor(images, processor).save_pretrained(directory)
        # transformers 4 looks for the image processor in a file of its own.
        images.save_pretrained(directory)

    def facts(self) -> dict[str, Any]:
        return {"steps_of_sight": SEEING}
