"""DPT for depth estimation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from suite.task import Batch
from suite.task.miniatures import Progress

from ...vision import depth_estimation
from ...worlds import landscapes
from ...worlds.grammar import Split
from ...worlds.shapes import Scene
from .. import training
from ..trained_recipe import MakeBatch, TrainedRecipe

if TYPE_CHECKING:
    import torch

WIDTH = 48
CHANNELS = 16
PATCH = 8
REASSEMBLE = [2, 1, 0.5, 0.25]
"""Half the factors of the real size's, as the patches are half as large: the map then has the picture's size."""
MIDDLE = 0.5


class DepthEstimation(TrainedRecipe):
    """Landscapes to inverse depth."""

    name = "depth-estimation"
    task = "depth-estimation"
    train_size, validation_size = 3000, 200
    steps, batch_size, rate = 1200, 16, 2e-3

    def examples(self, split: Split, count: int) -> list[Scene]:
        return landscapes.landscapes(split, count)

    def processor(self, examples: Sequence[Scene]) -> Any:
        from transformers import DPTImageProcessor

        return DPTImageProcessor(
            size={"height": landscapes.SIDE, "width": landscapes.SIDE},
            ensure_multiple_of=PATCH,
            keep_aspect_ratio=False,
            image_mean=[MIDDLE] * 3,
            image_std=[MIDDLE] * 3,
        )

    def model(self, processor: Any, examples: Sequence[Scene]) -> Any:
        from transformers import DPTConfig, DPTForDepthEstimation

        return DPTForDepthEstimation(
            DPTConfig(
                hidden_size=WIDTH,
                num_hidden_layers=4,
                num_attention_heads=4,
                intermediate_size=2 * WIDTH,
                image_size=landscapes.SIDE,
                patch_size=PATCH,
                initializer_range=0.1,
                backbone_out_indices=[0, 1, 2, 3],
                reassemble_factors=REASSEMBLE,
                neck_hidden_sizes=[CHANNELS] * 4,
                fusion_hidden_size=CHANNELS,
                is_hybrid=False,
                use_auxiliary_head=False,
            )
        )

    def batches(self, model: Any, processor: Any, examples: Sequence[Scene]) -> MakeBatch:
        import torch

        pictures = np.stack([scene.image for scene in examples])
        maps = np.stack([1 / scene.depth for scene in examples]).astype(np.float32)

        def batch(step: int) -> dict[str, Any]:
            draw = np.random.default_rng((self.seed, step))
            chosen, mirror = draw.integers(len(pictures), size=self.batch_size), int(draw.choice([-1, 1]))
            pixels = training.pixel_values(pictures[chosen][:, :, ::mirror], MIDDLE, MIDDLE)
            return Batch({"pixel_values": pixels}, notes=torch.from_numpy(maps[chosen][:, :, ::mirror].copy()))

        return batch

    def loss(self, outputs: Any, inputs: Any) -> torch.Tensor:
        """Mean absolute error of the inverse depth; the model's class has no loss of its own."""
        return 4 * (outputs.predicted_depth - inputs.notes).abs().mean()  # type: ignore[no-any-return]

    def validation_score(self, model: Any, processor: Any, held_out: Sequence[Scene], progress: Progress) -> float:
        task = depth_estimation.DepthEstimation()
        pairs = [(scene.image, task.truth_of(scene.depth)) for scene in held_out]
        return training.score_of_task(task, model, processor, pairs, progress)
