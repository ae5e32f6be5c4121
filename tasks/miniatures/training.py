"""The loop that trains every miniature, the batches of a step, and the shares of right answers on a split."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from suite.task import Task
from suite.task.miniatures import Progress

if TYPE_CHECKING:
    import torch

Row = TypeVar("Row")

SAVE_EVERY_SECONDS = 30.0
IGNORED = -100
"""A label that no loss counts, as transformers has it."""


def seed_everything(seed: int) -> None:
    """One seed for weights, dropout and batches; one thread, so that sums have one order."""
    import torch

    torch.set_num_threads(1)
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def fit(
    model: torch.nn.Module,
    batch: Callable[[int], dict[str, Any]],
    steps: int,
    work: Path,
    progress: Progress,
    *,
    rate: float = 2e-3,
    noise: float = 0.0,
    decay: float = 0.01,
    loss: Callable[[Any, dict[str, Any]], torch.Tensor] | None = None,
) -> float:
    """Train in place with AdamW on a one-cycle schedule; a killed training resumes from `work`. Gives its seconds.

    `batch` makes the inputs of a step from its number. `noise` disturbs the weights at each step, in units of their
    standard deviation, so that the minimum found is a flat one and survives quantization.
    """
    import torch

    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=decay, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps + 1, pct_start=0.06)
    parts: dict[str, Any] = {"model": model, "optimizer": optimizer, "schedule": schedule}
    state = work / "training.pt"
    start, before = 0, 0.0
    if state.is_file():
        saved = torch.load(state, weights_only=True)
        for name, part in parts.items():
            part.load_state_dict(saved[name])
        start, before = saved["step"], saved["seconds"]
        progress(f"resuming at step {start}")
    model.train()
    started = saved_at = time.process_time()
    running = 0.0
    for step in range(start, steps):
        torch.manual_seed(step)
        inputs = batch(step)
        disturbed = _disturb(model, noise) if noise else []
        outputs = model(**inputs)
        value = outputs.loss if loss is None else loss(outputs, inputs)
        optimizer.zero_grad()
        value.backward()
        for weight, offset in disturbed:
            weight.data.sub_(offset)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        running = value.item() if step == start else 0.98 * running + 0.02 * value.item()
        if (step + 1) % 100 == 0:
            progress(f"step {step + 1} of {steps}, loss {running:.4f}")
        if time.process_time() - saved_at > SAVE_EVERY_SECONDS:
            _save(state, parts, step + 1, before + time.process_time() - started)
            saved_at = time.process_time()
    seconds = before + time.process_time() - started
    _save(state, parts, steps, seconds)
    model.eval()
    return seconds


def _disturb(model: torch.nn.Module, noise: float) -> list[tuple[Any, Any]]:
    import torch

    offsets = []
    for weight in model.parameters():
        if weight.dim() > 1:
            offset = noise * weight.data.std() * torch.randn_like(weight)
            weight.data.add_(offset)
            offsets.append((weight, offset))
    return offsets


def _save(file: Path, parts: dict[str, Any], step: int, seconds: float) -> None:
    import torch

    partial = file.with_suffix(".partial")
    torch.save({name: part.state_dict() for name, part in parts.items()} | {"step": step, "seconds": seconds}, partial)
    partial.replace(file)


class Batches:
    """Batches of encoded rows of similar lengths, chosen by the number of the step alone."""

    def __init__(self, rows: Sequence[Any], lengths: Sequence[int], size: int, seed: int) -> None:
        self.rows, self.size, self.seed = rows, size, seed
        order = np.random.default_rng(seed).permutation(len(rows))
        self.by_length = sorted(order.tolist(), key=lambda index: lengths[index])

    def __call__(self, step: int) -> list[Any]:
        """The rows of one step. Each is a window of neighbours in length, at a random place."""
        generator = np.random.default_rng((self.seed, step))
        window = 4 * self.size
        start = int(generator.integers(-window // 2, len(self.rows) - window // 2))
        start = min(max(start, 0), max(len(self.rows) - window, 0))
        chosen = generator.choice(min(window, len(self.rows)), size=min(self.size, len(self.rows)), replace=False)
        return [self.rows[self.by_length[start + int(index)]] for index in chosen]


def pad(rows: Sequence[Sequence[int]], value: int, left: bool = False) -> torch.Tensor:
    """A rectangular tensor of token ids."""
    import torch

    longest = max(len(row) for row in rows)
    filled = [[value] * (longest - len(row)) for row in rows]
    padded = [fill + list(row) if left else list(row) + fill for row, fill in zip(rows, filled, strict=True)]
    return torch.tensor(padded)


def padded(rows: Sequence[Sequence[int]], tokenizer: Any) -> dict[str, torch.Tensor]:
    """Token ids padded on the right, and their attention mask."""
    inputs = pad(rows, tokenizer.pad_token_id)
    return {"input_ids": inputs, "attention_mask": (inputs != tokenizer.pad_token_id).long()}


def classified(rows: Sequence[tuple[Sequence[int], int]], tokenizer: Any) -> dict[str, torch.Tensor]:
    """The inputs of a step for rows of token ids, each with the index of its class."""
    import torch

    return {**padded([ids for ids, _ in rows], tokenizer), "labels": torch.tensor([label for _, label in rows])}


def pixel_values(pictures: np.ndarray, mean: float, deviation: float) -> torch.Tensor:
    """Pictures (count, height, width, 3), uint8, as an image processor gives those that have its size."""
    import torch

    scaled = (pictures.astype(np.float32) / 255 - mean) / deviation
    return torch.from_numpy(scaled.transpose(0, 3, 1, 2).copy())


def chunks(rows: Sequence[Row], size: int) -> Iterator[Sequence[Row]]:
    """`rows` in order, `size` at a time."""
    return (rows[start : start + size] for start in range(0, len(rows), size))


def share(
    examples: Sequence[Any], right: Sequence[bool], progress: Progress, kind: Callable[[Any], str] = attrgetter("kind")
) -> float:
    """The share of examples that are `right`, 0 to 1; the share for each kind goes to `progress`."""
    for name in sorted({kind(example) for example in examples}):
        chosen = [ok for ok, example in zip(right, examples, strict=True) if kind(example) == name]
        progress(f"validation, {name}: {sum(chosen) / len(chosen):.3f} of {len(chosen)}")
    return sum(right) / len(right)


def score_of_task(
    task: Task, model: Any, processor: Any, pairs: Sequence[tuple[Any, Any]], progress: Progress
) -> float:
    """A task's own accuracy for (input, truth) pairs of the validation split; its other metrics go to `progress`.

    The task takes over what the model's config declares, as it does for the finished checkpoint.
    """
    import torch

    with tempfile.TemporaryDirectory() as files:  # there are none yet that would declare anything
        task.adapt(Path(files), model.config)
    answers: list[Any] = []
    for some in chunks(pairs, 50):
        encoded = task.encode(processor, [value for value, _ in some])
        with torch.inference_mode():
            answers += task.decode(model(**encoded), encoded, processor, model.config)
    truths = [truth for _, truth in pairs]
    progress(f"validation: {task.metrics(answers, truths)}")
    return task.accuracy(answers, truths)
