"""DPT for depth estimation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from suite.task.discovery import load_tasks, tasks_root
from suite.task.miniatures import Progress, Recipe, Trained

from ...worlds import landscapes
from .. import training

if TYPE_CHECKING:
    import torch

TRAIN_SIZE = 3000
STEPS = 1200
BATCH = 16
WIDTH = 48
CHANNELS = 16
INITIAL = 0.1
PATCH = 8
REASSEMBLE = [2, 1, 0.5, 0.25]
"""Half the factors of the real size's, as the patches are half as large: the map then has the picture's size."""
MIDDLE = 0.5


class DepthEstimation(Recipe):
    """Landscapes to inverse depth."""

    name = "depth-estimation"
    task = "depth-estimation"

    def train(self, directory: Path, work: Path, progress: Progress) -> Trained:
        """Train."""
        import torch
        from transformers import DPTConfig, DPTForDepthEstimation, DPTImageProcessor

        training.seed_everything(self.seed)
        shown = landscapes.landscapes("train", TRAIN_SIZE)
        held_out = landscapes.landscapes("validation", 200)
        side = landscapes.SIDE
        processor = DPTImageProcessor(
            size={"height": side, "width": side},
            ensure_multiple_of=PATCH,
            keep_aspect_ratio=False,
            image_mean=[MIDDLE] * 3,
            image_std=[MIDDLE] * 3,
        )
        config = DPTConfig(  # type: ignore[call-arg]
            hidden_size=WIDTH,
            num_hidden_layers=4,
            num_attention_heads=4,
            intermediate_size=2 * WIDTH,
            image_size=side,
            patch_size=PATCH,
            initializer_range=INITIAL,
            backbone_out_indices=[0, 1, 2, 3],
            reassemble_factors=REASSEMBLE,
            neck_hidden_sizes=[CHANNELS] * 4,
            fusion_hidden_size=CHANNELS,
            is_hybrid=False,
            use_auxiliary_head=False,
        )
        model = DPTForDepthEstimation(config)
        progress(f"{sum(weight.numel() for weight in model.parameters()):,} parameters")
        pictures = np.stack([scene.image for scene in shown])
        maps = np.stack([1 / scene.depth for scene in shown]).astype(np.float32)
        progress(f"{len(pictures):,} pictures drawn")
        wanted: dict[str, torch.Tensor] = {}

        def batch(step: int) -> dict[str, Any]:
            draw = np.random.default_rng((self.seed, step))
            chosen, turn = draw.integers(len(pictures), size=BATCH), int(draw.choice([-1, 1]))
            wanted["map"] = torch.from_numpy(maps[chosen][:, :, ::turn].copy())
            scaled = (pictures[chosen][:, :, ::turn].astype(np.float32) / 255 - MIDDLE) / MIDDLE
            return {"pixel_values": torch.from_numpy(scaled.transpose(0, 3, 1, 2).copy())}

        def loss(outputs: Any, _: dict[str, Any]) -> torch.Tensor:
            # The class has no loss of its own.
            return 4 * (outputs.predicted_depth - wanted["map"]).abs().mean()

        seconds = training.fit(model, batch, STEPS, work, progress, rate=2e-3, loss=loss)
        with torch.inference_mode():
            inputs = processor(images=[scene.image for scene in held_out], return_tensors="pt")
            outputs = model(**inputs)
        task: Any = load_tasks(tasks_root())[self.task]
        truths = [task.truth_of(scene.depth) for scene in held_out]
        score = task.accuracy(task.decode(outputs, inputs, processor, config), truths)
        model.save_pretrained(directory)
        processor.save_pretrained(directory)
        return Trained(STEPS, seconds, score)
