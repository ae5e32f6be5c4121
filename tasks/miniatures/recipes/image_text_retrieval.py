"""BLIP for image-text retrieval.

From "this caption is true" alone the model learns nothing for a long time. So each word is classified, too, as true of
the picture or not; the head for that is thrown away.
"""

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

LAYERS = 3
"""The last but one knows which words are true; the last finds out whether all are."""
MATCHING = 0.5
"""The weight of "it matches" against "it matches best"."""
CAPTIONS = 1 + scene_texts.WRONG
"""Of each picture; the first is the right one."""


class ImageTextRetrieval(blips.BlipRecipe):
    """Scenes and captions, each with whether it is true."""

    name = "image-text-retrieval"
    task = "image-text-retrieval"
    train_size, validation_size = 10_000, 300
    steps, batch_size, rate = 2500, 16, 3e-3

    def examples(self, split: Split, count: int) -> list[SceneText]:
        return scene_texts.confusable(split, count)

    def model(self, processor: Any, examples: Sequence[SceneText]) -> Any:
        from transformers import BlipForImageTextRetrieval

        return BlipForImageTextRetrieval(blips.config(processor, LAYERS))

    def batches(self, model: Any, processor: Any, examples: Sequence[SceneText]) -> MakeBatch:
        looks = sight.looks(model.vision_model, [example.scene for example in examples])
        captions = [processor([example.truth, *example.others])["input_ids"] for example in examples]
        truths = [[_words_true(row, rows[0]) for row in rows] for rows in captions]
        choose = sight.batches(len(examples), self.batch_size, self.seed)

        def batch(step: int) -> dict[str, Any]:
            chosen = choose(step)
            return {
                "looks": looks[chosen],
                **training.padded([row for index in chosen for row in captions[index]], processor),
                "truths": training.pad([row for index in chosen for row in truths[index]], training.IGNORED),
            }

        return batch

    def module(self, model: Any, processor: Any) -> torch.nn.Module:
        """The text encoder and the heads, with the loss; the vision transformer has run once on each picture."""
        import torch

        class Matching(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.text_encoder, self.itm_head = model.text_encoder, model.itm_head
                self.word = torch.nn.Linear(blips.WIDTH, 2)

            def forward(
                self, looks: torch.Tensor, input_ids: torch.Tensor, attention_mask: torch.Tensor, truths: torch.Tensor
            ) -> torch.Tensor:
                states = self.text_encoder(
                    input_ids=input_ids,
                    attention_mask=attention_mask,
                    encoder_hidden_states=looks.repeat_interleave(CAPTIONS, 0),
                    output_hidden_states=True,
                )
                entropy = torch.nn.functional.cross_entropy
                scores = self.itm_head(states.last_hidden_state[:, 0]).view(-1, CAPTIONS, 2)
                first = torch.zeros(len(scores), dtype=torch.long)
                matches = torch.nn.functional.one_hot(first, CAPTIONS).flatten()
                best = entropy(scores[..., 1] - scores[..., 0], first)
                words = self.word(states.hidden_states[-2]).flatten(0, 1)
                each = entropy(words, truths.flatten(), ignore_index=training.IGNORED)
                return best + MATCHING * entropy(scores.flatten(0, 1), matches) + each

        return Matching()

    def loss(self, outputs: Any, inputs: dict[str, Any]) -> torch.Tensor:
        return outputs  # type: ignore[no-any-return]

    def validation_score(self, model: Any, processor: Any, held_out: Sequence[SceneText], progress: Progress) -> float:
        import torch

        looks = sight.looks(model.vision_model, [example.scene for example in held_out])
        right: list[bool] = []
        for example, look in zip(held_out, looks, strict=True):
            encoded = processor([example.truth, *example.others], padding=True, return_tensors="pt")
            with torch.inference_mode():
                states = model.text_encoder(**encoded, encoder_hidden_states=look.expand(CAPTIONS, -1, -1))
                scores = model.itm_head(states.last_hidden_state[:, 0])
            right.append(int((scores[:, 1] - scores[:, 0]).argmax()) == 0)
        return training.share(held_out, right, progress)


def _words_true(caption: list[int], right: list[int]) -> list[int]:
    """1 for each token of a caption that the right one has in its place, else 0.

    Where the captions are not equally long, what follows the first false token has no place in the right one.
    """
    same = [int(one == other) for one, other in zip(caption, right, strict=False)]
    if len(caption) == len(right):
        return same
    first = same.index(0)
    return same[: first + 1] + [training.IGNORED] * (len(caption) - first - 1)
