"""BLIP for image captioning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from suite.task.miniatures import Progress

from ...worlds import scene_texts
from ...worlds.grammar import Split
from ...worlds.scene_texts import SceneText
from .. import blips, sight, training
from ..trained_recipe import MakeBatch

if TYPE_CHECKING:
    import torch


class ImageCaptioning(blips.BlipRecipe):
    """Scenes to captions, from the beginning or from a prompt on."""

    name = "image-captioning"
    task = "image-captioning"
    train_size, validation_size = 12_000, 300
    steps, batch_size, rate = 2000, 32, 3e-3

    def examples(self, split: Split, count: int) -> list[SceneText]:
        return scene_texts.captioned(split, count)

    def model(self, processor: Any, examples: Sequence[SceneText]) -> Any:
        from transformers import BlipForConditionalGeneration

        return BlipForConditionalGeneration(blips.config(processor))

    def module(self, model: Any, processor: Any) -> torch.nn.Module:
        """The text decoder alone, at a quarter of the cost."""
        return model.text_decoder  # type: ignore[no-any-return]

    def batches(self, model: Any, processor: Any, examples: Sequence[SceneText]) -> MakeBatch:
        looks = sight.looks(model.vision_model, [example.scene for example in examples])
        prompts = [processor(prompt)["input_ids"][:-1] for prompt in scene_texts.PROMPTS]
        captions = [processor(example.truth)["input_ids"][1:] for example in examples]
        choose = sight.batches(len(examples), self.batch_size, self.seed)

        def batch(step: int) -> dict[str, Any]:
            chosen = choose(step)
            pairs = [(prompts[(step + place) % len(prompts)], captions[index]) for place, index in enumerate(chosen)]
            # Labels are the tokens after the prompt alone.
            labels = [[training.IGNORED] * len(prompt) + caption for prompt, caption in pairs]
            return {
                "encoder_hidden_states": looks[chosen],
                **training.padded([prompt + caption for prompt, caption in pairs], processor),
                "labels": training.pad(labels, training.IGNORED),
            }

        return batch

    def validation_score(self, model: Any, processor: Any, held_out: Sequence[SceneText], progress: Progress) -> float:
        import torch

        answers: dict[int, str] = {}
        for text in scene_texts.PROMPTS:
            prompt = processor(text)["input_ids"][:-1]
            chosen = [example for example in held_out if example.text == text]
            with torch.inference_mode():
                tokens = model.generate(
                    pixel_values=sight.pixels([example.scene.image for example in chosen]),
                    input_ids=torch.tensor([[*prompt, processor.sep_token_id]] * len(chosen)),
                    max_new_tokens=24,
                )
            captions = processor.batch_decode(tokens[:, len(prompt) :], skip_special_tokens=True)
            answers |= {id(example): caption for example, caption in zip(chosen, captions, strict=True)}
        right = [answers[id(example)] == example.truth for example in held_out]
        return training.share(held_out, right, progress, kind=lambda example: repr(example.text))
