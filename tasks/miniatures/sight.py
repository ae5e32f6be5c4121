"""How the miniatures that read pictures with words begin: with eyes that know what lies where.

From captions or answers alone a small vision transformer learns shapes slowly. Here each of its patches is first asked
what covers it: which shape, which colour, which size, or nothing. The heads that answer are thrown away.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..worlds import shapes
from . import training

if TYPE_CHECKING:
    import torch

SIDE, PATCH = 64, 8
MEAN = (0.48145466, 0.4578275, 0.40821073)
DEVIATION = (0.26862954, 0.26130258, 0.27577711)
"""What CLIP's and BLIP's image processors bring pixels to by default."""
SCENES = 6000
BATCH = 32
RATE = 2e-3
MIDDLE = 5.0
"""The weight of an error in the place of a middle, in sides of the picture."""
COVERED = 0.3
"""Share of a patch that a thing must cover to be what the patch shows."""

VISION = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "image_size": SIDE,
    "patch_size": PATCH,
    "initializer_range": 0.05,
}


def pixels(images: Sequence[np.ndarray]) -> torch.Tensor:
    """Pictures as an image processor gives them to the model."""
    import torch

    values = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float() / 255
    return (values - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(DEVIATION).view(3, 1, 1)


def patches(scene: shapes.Scene) -> tuple[np.ndarray, np.ndarray]:
    """What each patch shows: the numbers of shape, colour and size, 0 for none, (patches, 3); and the thing's middle.

    The middle is that of the patch itself where it shows none: (patches, 2), x and y.
    """
    count = SIDE // PATCH
    share = scene.coverage.reshape(len(scene.things), count, PATCH, count, PATCH).mean(axis=(2, 4))
    named = [
        (
            1 + shapes.SHAPES.index(thing.shape),
            1 + list(shapes.COLOURS).index(thing.colour),
            1 + list(shapes.SIZES).index(thing.size),
        )
        for thing in scene.things
    ]
    nothing = share.max(axis=0) < COVERED
    shown = np.asarray(named)[share.argmax(axis=0)]
    middles = np.asarray([(thing.x, thing.y) for thing in scene.things], np.float32)[share.argmax(axis=0)]
    own = (np.stack(np.meshgrid(range(count), range(count)), axis=-1).astype(np.float32) + 0.5) / count
    shown[nothing] = 0
    middles[nothing] = own[nothing]
    return shown.reshape(-1, 3), middles.reshape(-1, 2)


def learn_to_see(
    make: Callable[[], torch.nn.Module],
    steps: int,
    work: Path,
    progress: training.Progress,
    seed: int = 0,
    *,
    whole: bool = False,
    middles: bool = False,
) -> tuple[dict[str, Any], float]:
    """The weights of a vision transformer that `make` makes, trained; and the seconds that it took.

    With `whole` its first token is asked as well: which shapes and which colours there are anywhere. With `middles`
    each patch is asked where the middle of its thing is, so that those of one thing can be told from those of another.
    The weights are kept beside `work`, for the next recipe that begins with the same ones: they depend on the seed
    alone.
    """
    import torch

    torch.manual_seed(seed)
    vision = make()
    asked = f"{whole} {middles} {SCENES} {BATCH} {COVERED} {RATE} {MIDDLE}"
    told = f"{vision.config.to_json_string()} {steps} {seed} {asked}"
    kept = work.parent / f"sight-{hashlib.sha256(told.encode()).hexdigest()[:12]}.pt"
    if not kept.is_file():
        (work / "sight").mkdir(parents=True, exist_ok=True)
        seconds = _train(vision, steps, work / "sight", progress, seed, whole=whole, middles=middles)
        partial = kept.with_suffix(f".{work.name}")
        torch.save({"weights": vision.state_dict(), "seconds": seconds}, partial)
        partial.replace(kept)
    found = torch.load(kept, weights_only=True)
    return found["weights"], found["seconds"]


def _train(
    vision: torch.nn.Module,
    steps: int,
    work: Path,
    progress: training.Progress,
    seed: int,
    *,
    whole: bool,
    middles: bool,
) -> float:
    import torch

    scenes = shapes.scenes("train", SCENES, f"sight/{seed}", side=SIDE, things=(1, 3))
    images = np.stack([scene.image for scene in scenes])
    found = [patches(scene) for scene in scenes]
    shown = torch.from_numpy(np.stack([names for names, _ in found]))
    places = torch.from_numpy(np.stack([places for _, places in found]))
    sizes = (1 + len(shapes.SHAPES), 1 + len(shapes.COLOURS), 1 + len(shapes.SIZES))

    class Seeing(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.vision = vision
            width = vision.config.hidden_size
            self.heads = torch.nn.ModuleList([torch.nn.Linear(width, size) for size in sizes])
            if whole:
                self.wholes = torch.nn.ModuleList([torch.nn.Linear(width, size) for size in sizes[:2]])

            if middles:
                self.middle = torch.nn.Linear(width, 2)

        def forward(self, pixel_values: torch.Tensor, shown: torch.Tensor, places: torch.Tensor) -> Any:
            outputs = self.vision(pixel_values=pixel_values)
            states = outputs.last_hidden_state[:, 1:]
            weights = [torch.ones(size).index_fill(0, torch.tensor([0]), 0.2) for size in sizes]
            losses = [
                torch.nn.functional.cross_entropy(head(states).flatten(0, 1), shown[..., place].flatten(), weight)
                for place, (head, weight) in enumerate(zip(self.heads, weights, strict=True))
            ]
            for place, head in enumerate(self.wholes if whole else ()):
                there = torch.nn.functional.one_hot(shown[..., place], sizes[place]).amax(dim=1).float()
                losses.append(torch.nn.functional.binary_cross_entropy_with_logits(head(outputs.pooler_output), there))
            if middles:
                losses.append(MIDDLE * torch.nn.functional.l1_loss(self.middle(states), places))
            return torch.stack(losses).sum()

    def batch(step: int) -> dict[str, Any]:
        chosen = np.random.default_rng((seed, step)).choice(len(scenes), BATCH, replace=False)
        return {"pixel_values": pixels(list(images[chosen])), "shown": shown[chosen], "places": places[chosen]}

    return training.fit(Seeing(), batch, steps, work, progress, rate=RATE, loss=lambda value, _: value)


def looks(vision: torch.nn.Module, scenes: Sequence[shapes.Scene]) -> torch.Tensor:
    """What a trained vision transformer makes of pictures: (scenes, tokens, width)."""
    import torch

    vision.eval()
    with torch.no_grad():
        seen = [
            vision(pixel_values=pixels([scene.image for scene in scenes[start : start + BATCH]])).last_hidden_state
            for start in range(0, len(scenes), BATCH)
        ]
    return torch.cat(seen)


def batches(count: int, size: int, seed: int) -> Callable[[int], list[int]]:
    """Which of `count` rows belong to a step: another random choice for each."""

    def chosen(step: int) -> list[int]:
        return np.random.default_rng((seed, 1, step)).choice(count, size, replace=False).tolist()

    return chosen
