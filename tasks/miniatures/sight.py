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

from suite.task.miniatures import Progress

from ..worlds import scene_texts, shapes
from . import training

if TYPE_CHECKING:
    import torch

SIDE, PATCH = scene_texts.SIDE, 16
MEAN = (0.48145466, 0.4578275, 0.40821073)
DEVIATION = (0.26862954, 0.26130258, 0.27577711)
"""What CLIP's and BLIP's image processors bring pixels to by default."""
SCENES = 20_000
THINGS = (2, 4)
"""In a scene. More of them teach more per picture."""
BATCH = 48
RATE = 2e-3
MIDDLE = 5.0
"""The weight of an error in the place of a middle, in sides of the picture."""
COVERED = 0.1
"""Share of a patch that a thing must cover to be what the patch shows."""
NOTHING = 0.2
"""The weight of patches that show nothing."""

VISION = {
    "hidden_size": 64,
    "intermediate_size": 256,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "image_size": SIDE,
    "patch_size": PATCH,
    "initializer_range": 0.1,
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
    classes = np.asarray(named)[share.argmax(axis=0)]
    middles = np.asarray([(thing.x, thing.y) for thing in scene.things], np.float32)[share.argmax(axis=0)]
    own = (np.stack(np.meshgrid(range(count), range(count)), axis=-1).astype(np.float32) + 0.5) / count
    classes[nothing] = 0
    middles[nothing] = own[nothing]
    return classes.reshape(-1, 3), middles.reshape(-1, 2)


def learn_to_see(
    make: Callable[[], torch.nn.Module], steps: int, work: Path, progress: Progress, seed: int = 0
) -> tuple[dict[str, Any], float]:
    """The weights of a vision transformer that `make` makes, trained; and the seconds that it took.

    The weights are kept beside `work`, for the next recipe that begins with the same ones: they depend on the seed
    alone.
    """
    import torch

    torch.manual_seed(seed)
    vision = make()
    constants = f"{SCENES} {THINGS} {BATCH} {COVERED} {RATE} {MIDDLE} {NOTHING}"
    key = f"{vision.config.to_json_string()} {steps} {seed} {constants}"
    kept = work.parent / f"sight-{hashlib.sha256(key.encode()).hexdigest()[:12]}.pt"
    if not kept.is_file():
        (work / "sight").mkdir(parents=True, exist_ok=True)
        seconds = _train(vision, steps, work / "sight", progress, seed)
        partial = kept.with_suffix(f".{work.name}")
        torch.save({"weights": vision.state_dict(), "seconds": seconds}, partial)
        partial.replace(kept)
    saved = torch.load(kept, weights_only=True)
    return saved["weights"], saved["seconds"]


def _train(vision: torch.nn.Module, steps: int, work: Path, progress: Progress, seed: int) -> float:
    import torch

    scenes = scene_texts.settled("train", SCENES, f"sight/{seed}", THINGS)
    held_out = scene_texts.settled("validation", 300, f"sight/{seed}", THINGS)
    images = np.stack([scene.image for scene in scenes])
    classes, middles = _targets(scenes)
    sizes = (1 + len(shapes.SHAPES), 1 + len(shapes.COLOURS), 1 + len(shapes.SIZES))

    class Seeing(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.vision = vision
            width = vision.config.hidden_size
            self.heads = torch.nn.ModuleList([torch.nn.Linear(width, size) for size in sizes])
            self.middle = torch.nn.Linear(width, 2)

        def forward(self, pixel_values: torch.Tensor, classes: torch.Tensor, middles: torch.Tensor) -> Any:
            states = self.vision(pixel_values=pixel_values).last_hidden_state[:, 1:]
            losses = [MIDDLE * torch.nn.functional.l1_loss(self.middle(states), middles)]
            for place, (head, size) in enumerate(zip(self.heads, sizes, strict=True)):
                weight = torch.ones(size)
                weight[0] = NOTHING
                losses.append(
                    torch.nn.functional.cross_entropy(head(states).flatten(0, 1), classes[..., place].flatten(), weight)
                )
            return torch.stack(losses).sum()

    def batch(step: int) -> dict[str, Any]:
        chosen = np.random.default_rng((seed, step)).choice(len(scenes), BATCH, replace=False)
        return {"pixel_values": pixels(list(images[chosen])), "classes": classes[chosen], "middles": middles[chosen]}

    seeing = Seeing()
    seconds = training.fit(seeing, batch, steps, work, progress, rate=RATE, loss=lambda value, _: value)
    truths, _ = _targets(held_out)
    there = truths[..., 0] > 0
    for place, (head, what) in enumerate(zip(seeing.heads, ("shape", "colour", "size"), strict=True)):
        with torch.no_grad():
            right = head(looks(vision, held_out)[:, 1:]).argmax(-1) == truths[..., place]
        progress(f"validation, {what} of a patch: {float(right[there].float().mean()):.3f}")
    return seconds


def _targets(scenes: Sequence[shapes.Scene]) -> tuple[torch.Tensor, torch.Tensor]:
    import torch

    targets = [patches(scene) for scene in scenes]
    return tuple(torch.from_numpy(np.stack(part)) for part in zip(*targets, strict=True))  # type: ignore[return-value]


def looks(vision: torch.nn.Module, scenes: Sequence[shapes.Scene]) -> torch.Tensor:
    """What a trained vision transformer makes of pictures: (scenes, tokens, width)."""
    import torch

    vision.eval()
    with torch.no_grad():
        states = [
            vision(pixel_values=pixels([scene.image for scene in scenes[start : start + BATCH]])).last_hidden_state
            for start in range(0, len(scenes), BATCH)
        ]
    return torch.cat(states)


def batches(count: int, size: int, seed: int) -> Callable[[int], list[int]]:
    """Which of `count` rows belong to a step: another random choice for each."""

    def chosen(step: int) -> list[int]:
        return np.random.default_rng((seed, 1, step)).choice(count, size, replace=False).tolist()

    return chosen
