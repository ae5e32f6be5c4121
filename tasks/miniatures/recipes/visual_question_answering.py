"""BLIP for visual question answering."""

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

EACH = 4
"""Questions about a scene of the train split."""


class VisualQuestionAnswering(blips.BlipRecipe):
    """Scenes and questions to answers."""

    name = "visual-question-answering"
    task = "visual-question-answering"
    train_size, validation_size = 8000, 400
    steps, batch_size, rate = 3000, 48, 3e-3

    def examples(self, split: Split, count: int) -> list[SceneText]:
        return scene_texts.questioned(split, count, each=EACH if split == "train" else 1)

    def model(self, processor: Any, examples: Sequence[SceneText]) -> Any:
        from transformers import BlipForQuestionAnswering

        return BlipForQuestionAnswering(blips.config(processor))

    def batches(self, model: Any, processor: Any, examples: Sequence[SceneText]) -> MakeBatch:
        looks = sight.looks(model.vision_model, [example.scene for example in examples[::EACH]])
        questions = processor([example.text for example in examples])["input_ids"]
        answers = processor([example.truth for example in examples])["input_ids"]
        choose = sight.batches(len(examples), self.batch_size, self.seed)

        def batch(step: int) -> dict[str, Any]:
            chosen = choose(step)
            return {
                "looks": looks[[index // EACH for index in chosen]],
                "question": training.pad([questions[index] for index in chosen], processor.pad_token_id),
                "answer": training.pad([answers[index] for index in chosen], processor.pad_token_id),
            }

        return batch

    def module(self, model: Any, processor: Any) -> torch.nn.Module:
        """The text encoder and decoder; the vision transformer has run once on each picture."""
        import torch

        pad = processor.pad_token_id

        class Answering(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.text_encoder, self.text_decoder = model.text_encoder, model.text_decoder

            def forward(self, looks: torch.Tensor, question: torch.Tensor, answer: torch.Tensor) -> Any:
                mask = (question != pad).long()
                states = self.text_encoder(input_ids=question, attention_mask=mask, encoder_hidden_states=looks)
                return self.text_decoder(
                    input_ids=answer,
                    labels=answer.masked_fill(answer == pad, training.IGNORED),
                    encoder_hidden_states=states.last_hidden_state,
                    encoder_attention_mask=mask,
                )

        return Answering()

    def validation_score(self, model: Any, processor: Any, held_out: Sequence[SceneText], progress: Progress) -> float:
        right = [_answer(model, processor, example) == example.truth for example in held_out]
        return training.share(held_out, right, progress)


def _answer(model: Any, tokenizer: Any, example: SceneText) -> str:
    """The answer to one question at a time: BLIP would take padding for a part of the question."""
    import torch

    question = tokenizer(example.text, return_tensors="pt")
    with torch.inference_mode():
        tokens = model.generate(
            pixel_values=sight.pixels([example.scene.image]), input_ids=question["input_ids"], max_new_tokens=8
        )
    return str(tokenizer.decode(tokens[0], skip_special_tokens=True))
