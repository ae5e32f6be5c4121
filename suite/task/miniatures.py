"""Miniatures: small checkpoints of the real architectures, trained here from recipes and shipped with a card.

A recipe lies in `<tasks>/miniatures/recipes/*.py` and says how to train. Everything after that is the same for all:
the score on the frozen test split, what damage does to it, the card and its hashes.
"""

from __future__ import annotations

import inspect
import json
import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, ClassVar

from suite.core.errors import CheckpointError, UsageError
from suite.core.files import sha256
from suite.core.work import Work
from suite.task import Task
from suite.task.card import CARD, HASHES, changed_files
from suite.task.discovery import load_module, load_tasks

Progress = Callable[[str], None]

BATCH = 50
NOISES = (0.01, 0.05, 0.20)
LIBRARIES = ("torch", "transformers", "tokenizers", "safetensors", "numpy")
CARDS = ("README.md", CARD)
TRAINED = (
    "It was trained on a generated world for the task `{task}`, to be small and really good at it. It",
    "measures backends; it is of no use on other text, sound or pictures. The test split's combinations never",
    "occurred in training, and the build scored the split only after the training was finished.",
)
MADE = (
    "It was made from a generated world for the task `{task}`. It holds no weights, and was not made to be",
    "lossless, but to lose what its kind loses. The test split's combinations never occurred in what it was made from.",
)
UNTUNED = (
    "It was pre-trained on a generated world, without labels, for the task `{task}` to tune: it answers nothing yet,",
    "and is judged by what it is after that. Of it alone there is the share of masked tokens that it fills in rightly.",
)
UNTRAINED = (
    "**Its weights are untrained.** They were drawn at random for the task `{task}`. Backends can be compared and",
    "timed with it; its answers mean nothing, so that accuracy does not apply to it.",
)


@dataclass
class Trained:
    """The result of a training, for the card."""

    steps: int
    seconds: float
    """In the training loop, before and after an interruption."""
    validation: float
    """The score that steps and size were chosen by, on the validation split."""
    facts: dict[str, Any] = field(default_factory=dict)
    """Anything else that a reader of the card must know: noise in training, say."""


class Recipe(ABC):
    """How one miniature is made. Subclass it in one file of `miniatures/recipes`."""

    name: ClassVar[str]
    """The folder of the shipped weights; what `Checkpoint.miniature` names."""
    task: ClassVar[str]
    """The name of the task that scores it."""
    seed: ClassVar[int] = 0
    licence: ClassVar[str] = "MIT"

    @abstractmethod
    def train(self, directory: Path, work: Path, progress: Progress) -> Trained:
        """Train and save the model and its processor into `directory`.

        `work` keeps what a killed training resumes from; it is removed when the miniature is finished.
        """


def recipes(tasks_root: Path) -> dict[str, Recipe]:
    """Every recipe of a tasks folder, by name."""
    by_name: dict[str, Recipe] = {}
    for file in sorted((tasks_root / "miniatures" / "recipes").glob("[!_]*.py")):
        module = load_module(tasks_root, f"miniatures.recipes.{file.stem}")
        for value in vars(module).values():
            if not (inspect.isclass(value) and issubclass(value, Recipe) and value.__module__ == module.__name__):
                continue
            if not inspect.isabstract(value):
                by_name[value.name] = value()
    return by_name


def shipped(tasks_root: Path) -> dict[str, Path]:
    """The folder of every shipped miniature, by name."""
    folders = (tasks_root / "miniatures" / "shipped").glob("*/config.json")
    return {file.parent.name: file.parent for file in sorted(folders)}


def build(name: str, tasks_root: Path, progress: Progress = print) -> Path:
    """Train the miniature `name`, score it on the frozen test split and ship it with its card.

    Raises:
        UsageError: there is no such recipe.
    """
    known = recipes(tasks_root)
    if name not in known:
        raise UsageError(f"There is no recipe for a miniature named {name!r}. There are: {', '.join(known)}.")
    recipe = known[name]
    task = load_tasks(tasks_root)[recipe.task]
    work = tasks_root / "miniatures" / ".building" / name
    fresh = work / "shipped"
    fresh.mkdir(parents=True, exist_ok=True)
    trained = recipe.train(fresh, work, progress)
    tidy(fresh, weights=task.no_weights is None)
    card = describe(recipe, task, fresh, trained, progress)
    write_card(card, fresh)
    target = tasks_root / "miniatures" / "shipped" / name
    shutil.rmtree(target, ignore_errors=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(fresh, target)
    shutil.rmtree(work)
    scored = f"{card['score']['test']:.4f} on the test split" if card["score"] else "without a score"
    progress(f"{name}: {scored}, {card['bytes'] / 1e6:.2f} MB")
    return target


def check(tasks_root: Path, names: Sequence[str] = (), progress: Progress = print) -> list[str]:
    """Score the shipped miniatures again and compare files and scores with their cards; a sentence per deviation."""
    tasks = load_tasks(tasks_root)
    folders = shipped(tasks_root)
    deviations = [f"The miniature {name} is not shipped." for name in names if name not in folders]
    for name, directory in folders.items():
        if names and name not in names:
            continue
        card = json.loads((directory / CARD).read_text())
        deviations += [
            f"The miniature {name} has another {file} than its card says: build it again."
            for file in changed_files(directory)
        ]
        if card["score"] is None:
            continue
        score = score_of(tasks[card["task"]], directory).accuracy
        recorded, error = card["score"]["test"], card["score"]["standard_error"]
        progress(f"{name}: {score:.4f}, on its card {recorded:.4f} ± {error:.4f}")
        if abs(score - recorded) > error:
            deviations.append(f"The miniature {name} scores {score:.4f}, but its card says {recorded:.4f}.")
    return deviations


@dataclass(frozen=True)
class SplitScore:
    """An accuracy on the test split, with the standard error that resampling its samples gives."""

    accuracy: float
    standard_error: float


def score_of(task: Task, directory: Path, change: Callable[[Any], Any] | None = None) -> SplitScore:
    """The task's accuracy on its test split, by plain transformers on the CPU.

    `change` is applied to the model first: damage, a conversion to another type.
    """
    import numpy as np
    import torch
    import transformers

    from suite.core.runnable import Runnable

    processor = getattr(transformers, task.processor_class).from_pretrained(directory)
    config = transformers.AutoConfig.from_pretrained(directory)
    task.adapt(directory, config)
    if task.no_weights:
        model = task.load_model(directory, config)
    else:
        model = getattr(transformers, task.auto_class).from_pretrained(directory).eval()
    if change is not None:
        change(model)
    runnable = Runnable(model, "cpu")
    samples = task.samples()
    answers: list[Any] = []
    for start in range(0, len(samples), BATCH):
        batch = task.encode(processor, [sample.input for sample in samples[start : start + BATCH]])
        with torch.inference_mode():
            outputs = task.infer(runnable, batch)
        answers += task.decode(outputs, batch, processor, config)
    truths = [sample.truth for sample in samples]
    draws = np.random.default_rng(0).integers(len(samples), size=(2 * task.resamples, len(samples)))
    spread = [task.accuracy([answers[i] for i in row], [truths[i] for i in row]) for row in draws]
    return SplitScore(task.accuracy(answers, truths), float(np.std(spread)))


def damage(model: Any, noise: float, seed: int = 0) -> None:
    """Add Gaussian noise to every floating-point weight, `noise` times the standard deviation of its tensor."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for _, weight in sorted(model.named_parameters()):
            if weight.numel() > 1:
                weight.add_(noise * weight.std() * torch.randn(weight.shape, generator=generator))


def tidy(directory: Path, weights: bool = True) -> None:
    """Make saved files load alike on transformers 4 and 5, and free of this machine.

    Raises:
        CheckpointError: the model was not saved as safetensors.
    """
    if weights and not (directory / "model.safetensors").is_file():
        raise CheckpointError(f"{directory.name} has no model.safetensors: a recipe saves with save_pretrained().")
    for file in _files(directory):
        file.chmod(0o644)
    forget_places(directory)


def forget_places(directory: Path) -> None:
    """Take out of a saved checkpoint's files where it came from, and what one release of transformers alone reads."""
    for file in directory.rglob("*.json"):
        if file.name in ("tokenizer.json", *CARDS):
            continue
        content = json.loads(file.read_text())
        if not isinstance(content, dict):
            continue
        _without_places(content)
        if content.get("tokenizer_class") == "TokenizersBackend":
            content["tokenizer_class"] = "PreTrainedTokenizerFast"
        file.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n")


def _files(directory: Path) -> list[Path]:
    """Every file of a miniature; what a model needs beside itself (a vocoder) lies in a folder of its own."""
    return sorted(file for file in directory.rglob("*") if file.is_file())


def _without_places(content: dict[str, Any]) -> None:
    """Take out where a model came from, in the configurations inside its configuration too."""
    for key in ("_name_or_path", "name_or_path", "is_local", "local_files_only", "backend"):
        content.pop(key, None)
    for value in content.values():
        if isinstance(value, dict):
            _without_places(value)


def describe(recipe: Recipe, task: Task, directory: Path, trained: Trained, progress: Progress) -> dict[str, Any]:
    """The card of a finished miniature, for machines."""
    from safetensors import safe_open

    parameters = 0
    for weights in sorted(directory.rglob("*.safetensors")):
        with safe_open(weights, "np") as file:
            parameters += sum(file.get_tensor(name).size for name in file.keys())  # noqa: SIM118 - it is no dict
    config = json.loads((directory / "config.json").read_text())
    # What was never trained for its task has no score, and nothing to lose.
    untrained = any(checkpoint.untrained for checkpoint in task.checkpoints if checkpoint.miniature == recipe.name)
    untuned = task.work is Work.TRAINING
    clean = None if untrained or untuned else score_of(task, directory)
    curve = {}
    for noise in () if task.no_weights or clean is None else NOISES:
        progress(f"{recipe.name}: scoring with {noise:.0%} weight noise")
        curve[f"{noise:.2f}"] = round(score_of(task, directory, partial(damage, noise=noise)).accuracy, 4)
    files = [file for file in _files(directory) if file.name not in CARDS]
    return {
        "name": recipe.name,
        "task": task.name,
        "architecture": config["architectures"][0],
        "recipe": f"miniatures/recipes/{Path(inspect.getfile(type(recipe))).name}",
        "seed": recipe.seed,
        "steps": trained.steps,
        "training_seconds": round(trained.seconds),
        "parameters": parameters,
        "bytes": sum(file.stat().st_size for file in files),
        "score": clean
        and {
            "metric": task.metric,
            "test": round(clean.accuracy, 4),
            "standard_error": round(clean.standard_error, 4),
            "samples": len(task.samples()),
            "validation": round(trained.validation, 4),
        },
        "damage": curve,
        "training": {**trained.facts, **({"masked_tokens": round(trained.validation, 4)} if untuned else {})},
        "versions": {name: _version(name) for name in LIBRARIES},
        "licence": recipe.licence,
        HASHES: {file.relative_to(directory).as_posix(): sha256(file) for file in files},
    }


def write_card(card: dict[str, Any], directory: Path) -> None:
    """`card.json` for machines and `README.md` for people."""
    (directory / CARD).write_text(json.dumps(card, indent=2) + "\n")
    score = card["score"]
    scored = score and [
        (
            f"Test split: {score['metric']}",
            f"{score['test']:.4f} ± {score['standard_error']:.4f}, {score['samples']} samples",
        ),
        (
            "Validation split, which chose the training" if card["steps"] else "Validation split",
            f"{score['validation']:.4f}",
        ),
    ]
    weights = f"{card['parameters']:,} parameters, float32" if card["parameters"] else "no weights"
    trained = f"{card['steps']:,} steps, {card['training_seconds']} s on one thread, seed {card['seed']}"
    rows = [
        ("Architecture", f"`{card['architecture']}`, {weights}"),
        ("Size", f"{card['bytes'] / 1e6:.2f} MB"),
        *(scored or [("Score", "none: it is to be tuned" if card["steps"] else "none: the weights are untrained")]),
        *((f"With {float(noise):.0%} weight noise", f"{value:.4f}") for noise, value in card["damage"].items()),
        *([("Training", trained)] if card["steps"] else []),
        *((key.replace("_", " ").capitalize(), str(value)) for key, value in card["training"].items()),
        ("Libraries", ", ".join(f"{name} {number}" for name, number in card["versions"].items())),
        ("Recipe", f"`{card['recipe']}`"),
    ]
    lines = [
        "---",
        f"license: {card['licence'].lower()}",
        "---",
        f"# {card['name']}: a miniature",
        "",
        *(line.format(task=card["task"]) for line in _introduction(card)),
        "",
        "| | |",
        "|---|---|",
        *(f"| {name} | {value} |" for name, value in rows),
        "",
        *(("Weight noise is Gaussian, in units of each tensor's own standard deviation.",) if card["damage"] else ()),
    ]
    (directory / "README.md").write_text("\n".join(lines) + "\n")


def _introduction(card: dict[str, Any]) -> tuple[str, ...]:
    if not card["parameters"]:
        return MADE
    if card["score"]:
        return TRAINED
    return UNTUNED if card["steps"] else UNTRAINED


def _version(name: str) -> str:
    try:
        return version(name).split("+")[0]
    except PackageNotFoundError:
        return "not installed"
