"""Limits on big work, without a change to the document: training stops after a few steps, generation after a few
tokens. What was capped is noted.
"""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from suite.course.stand_ins.access_log import Note

STEPS = 3
TOKENS = 32
FEW_TOKENS = 8
"""Where a prompt is as long as a text may be."""
ROWS = 32
"""Of a data set that a Trainer evaluates on."""
_notes = Path("/tmp/.capped.jsonl")


def note(subject: str, outcome: str) -> None:
    """Write a note of something that was capped, for the judge."""
    with suppress(OSError), _notes.open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(Note("capped", subject, outcome))) + "\n")


def install(notes: Path) -> None:
    """Limit the libraries that are loaded; those that are not will not be needed. `notes` is the file of notes."""
    global _notes  # noqa: PLW0603 - as the limits are, it is for the whole process
    _notes = notes
    generation: Any = sys.modules.get("transformers.generation.utils")
    if generation is not None:
        _wrap(generation.GenerationMixin, "generate", _generate)
    training: Any = sys.modules.get("transformers.trainer")
    if training is not None:
        _wrap(training.Trainer, "train", _train)
        _wrap(training.Trainer, "evaluation_loop", _evaluate)


def _wrap(owner: Any, name: str, around: Callable[..., Any]) -> None:
    original = getattr(owner, name)

    @functools.wraps(original)
    def wrapped(self: Any, *arguments: Any, **options: Any) -> Any:
        return around(functools.partial(original, self), self, arguments, options)

    setattr(owner, name, wrapped)


def _generate(original: Callable[..., Any], model: Any, arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:  # noqa: ARG001
    import torch
    from transformers import StoppingCriteria, StoppingCriteriaList

    class AfterTokens(StoppingCriteria):
        calls = 0

        def __call__(self, input_ids: Any, scores: Any, **_: Any) -> Any:  # noqa: ARG002
            self.calls += 1
            return torch.full((input_ids.shape[0],), self.calls >= TOKENS, dtype=torch.bool)

    stop = AfterTokens()
    options["stopping_criteria"] = StoppingCriteriaList([*(options.get("stopping_criteria") or ()), stop])
    try:
        result = original(*arguments, **options)
    except ValueError as error:
        if "`max_length` is set to" not in str(error):
            raise
        # A stand-in knows fewer words, and takes more tokens for a prompt than the real one.
        options.pop("max_length", None)
        result = original(*arguments, **options, max_new_tokens=FEW_TOKENS)
        note("generation", f"given {FEW_TOKENS} tokens beyond the prompt, which takes a stand-in more of them")
    if stop.calls >= TOKENS:
        note("generation", f"stopped after {TOKENS} tokens")
    return result


def _train(original: Callable[..., Any], trainer: Any, arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
    before = trainer.args.max_steps
    if before <= 0 or before > STEPS:
        trainer.args.max_steps = STEPS
        note("training", f"stopped after {STEPS} steps")
    return original(*arguments, **options)


def _evaluate(original: Callable[..., Any], trainer: Any, arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
    from torch.utils.data import DataLoader, Subset

    loader, *others = arguments or (options.pop("dataloader"),)
    data: Any = getattr(loader, "dataset", None)
    if isinstance(loader, DataLoader) and hasattr(data, "__len__") and len(data) > ROWS:
        note("evaluation", f"{ROWS} rows of {len(data)}")
        # A loader that accelerate has prepared does not say its batch size.
        batch = loader.batch_size or trainer.args.eval_batch_size
        loader = DataLoader(Subset(data, range(ROWS)), batch_size=batch, collate_fn=loader.collate_fn)
    return original(loader, *others, **options)
