"""What the exports to ONNX cost: processor seconds by phase, with the exporter's shortcuts and without.

Run as `python -m suite.benchmarks.exports [ROUNDS [CAPABILITY ...]]`. Both take turns, in an order that changes, each
in a process of its own that begins with the same imports, as a worker does. Processor time, since an export computes on
one core: what else the machine does counts less, though not nothing.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import multiprocessing
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from suite.backends import get_backend
from suite.backends.shared.onnx import library
from suite.core.errors import UsageError
from suite.core.files import project_root
from suite.core.ownership import TemporaryFolder
from suite.subjects import Source, open_subject, resolve
from suite.task import Task, discovery

ROUNDS = 3
TRANSFORMERS, TORCH = "transformers.exporters", "torch.onnx._internal.exporter"
PHASES = {
    "imports": (f"{TRANSFORMERS}.utils", "import_dotted_path"),
    "trace": ("torch.export", "export"),
    "translations": (f"{TORCH}._registration", "ONNXRegistry.from_torchlib"),
    "second trace": (f"{TORCH}._fx_passes", "decompose_with_registry"),
    "promotion": (f"{TORCH}._fx_passes", "insert_type_promotion_nodes"),
    "to ONNX": (f"{TORCH}._core", "_exported_program_to_onnx_program"),
    "optimizing": (f"{TORCH}._onnx_program", "ONNXProgram.optimize"),
    "saving": (f"{TRANSFORMERS}.base", "ExportedModel.save_pretrained"),
}
"""Where each phase is, in this release; the rest is `other`. One within another counts for itself alone."""
Seconds = dict[str, float]


def measure(task: Task, source: Source, rounds: int) -> list[tuple[Seconds, Seconds]]:
    """Seconds of each phase with the shortcuts and without, in pairs.

    Raises:
        UsageError: an export failed.
    """
    pairs = []
    for _ in range(rounds):
        order = [True, False]
        random.shuffle(order)
        taken = {shortcuts: _in_a_child(task, source, shortcuts) for shortcuts in order}
        pairs.append((taken[True], taken[False]))
    return pairs


def _in_a_child(task: Task, source: Source, shortcuts: bool) -> Seconds:
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_export, args=(sender, task, source, shortcuts))
    child.start()
    sender.close()
    try:
        seconds: Seconds = receiver.recv()
    except EOFError:
        raise UsageError(f"The export of {task.name} failed: what it says is above.") from None
    finally:
        child.join()
    return seconds


def _export(sender: Connection, task: Task, source: Source, shortcuts: bool) -> None:
    import torch

    from suite.backends.shared.onnx import exporting

    torch.set_num_threads(1)
    if not shortcuts:
        setattr(exporting, "shortcuts", contextlib.nullcontext)  # noqa: B010 - a name that the module imports
    seconds: Seconds = {}
    for phase, (module, name) in PHASES.items():
        _watch(seconds, phase, module, name)
    subject = open_subject(source, task, "cpu", 1, 0)
    with TemporaryFolder("exports-") as folder, contextlib.redirect_stdout(sys.stderr):
        begun = time.process_time()
        get_backend("onnx").build(subject, folder, None)
        whole = time.process_time() - begun
    sender.send({**seconds, "other": whole - sum(seconds.values()), "all": whole})


_within: list[float] = []


def _watch(seconds: Seconds, phase: str, module: str, name: str) -> None:
    """Add up what a function takes. A release without it has no such phase."""
    owner: Any = importlib.import_module(module)
    *path, last = name.split(".")
    for part in path:
        owner = getattr(owner, part, None)
    original = getattr(owner, last, None)
    if original is not None:
        bound = isinstance(vars(owner).get(last), classmethod)
        watched = _watched(seconds, phase, original)
        setattr(owner, last, staticmethod(watched) if bound else watched)


def _watched(seconds: Seconds, phase: str, original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        _within.append(0.0)
        begun = time.process_time()
        try:
            return original(*args, **kwargs)
        finally:
            taken = time.process_time() - begun
            seconds[phase] = seconds.get(phase, 0.0) + taken - _within.pop()
            if _within:
                _within[-1] += taken

    return call


def _miniatures(capabilities: Sequence[str]) -> Iterator[tuple[Task, Source]]:
    folder = project_root() / "tasks"
    for task in discovery.load_tasks(folder).values():
        for checkpoint in task.checkpoints:
            source = resolve(checkpoint, "miniature", folder)
            if not source.unavailable and (not capabilities or task.name in capabilities):
                yield task, source


def _preload(planned: Sequence[tuple[Task, Source]]) -> None:
    transformers = importlib.import_module("transformers")
    names = {name for task, source in planned for name in (task.auto_class, source.checkpoint.architecture)}
    for name in names | {name for task, _ in planned for name in task.preload} | set(library.preload()):
        module, _, attribute = name.rpartition(":")
        holder = importlib.import_module(module) if module else transformers
        if attribute:
            getattr(holder, attribute)


def _row(name: str, seconds: Sequence[Seconds]) -> str:
    medians = [np.median([one.get(phase, 0.0) for one in seconds]) for phase in (*PHASES, "other", "all")]
    return f"{name:44}" + "".join(f"{median:13.2f}" for median in medians)


if __name__ == "__main__":
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    chosen = list(_miniatures(sys.argv[2:]))
    _preload(chosen)
    print(f"{'medians of CPU seconds':44}" + "".join(f"{phase:>13}" for phase in (*PHASES, "other", "all")))
    for capability, where in chosen:
        both = measure(capability, where, repeats)
        ratios = sorted(before["all"] / after["all"] for after, before in both)
        title = f"{capability.name}/{where.checkpoint.name}"[:34]
        print(_row(f"{title} without", [before for _, before in both]))
        print(_row(f"{title} with", [after for after, _ in both]))
        print(f"{'':44}{np.median(ratios):.2f} times as fast ({ratios[0]:.2f} to {ratios[-1]:.2f})", flush=True)
