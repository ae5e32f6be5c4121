"""Touchstone beside optimum-benchmark: the same checkpoints, shape, threads and number of calls, taken in turns.

Run as `tox run -e peer`, on a machine that is otherwise idle: it needs transformers 4, as the peer does. Both sides get
a fresh interpreter for each repeat, in an order that changes. The peer measures in a process of its own (its `process`
launcher) and is asked for as many calls as Touchstone made just before. A loop of bare calls, in a third interpreter,
says what the median should have been.
"""

from __future__ import annotations

import csv
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from suite.core.errors import UsageError
from suite.core.ownership import TemporaryFolder
from suite.core.work import Work
from suite.subjects.source import resolve
from suite.task import discovery
from suite.task.card import CARD

REPEATS = 5
WARM_UP = 10
"""Calls before the clock runs: the peer's own default."""
AUTO_CLASS = "AutoModelForSequenceClassification"
SIZES: dict[str, dict[str, Any]] = {
    "bert-tiny": {"hidden_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 512},
    "bert-base": {},
}
"""What differs from BERT's own defaults, which are those of BERT-base."""
TASK = "text-classification"
"""What the peer calls it."""
LONGEST = 900.0
"""Seconds after which a side hangs."""


@dataclass(frozen=True)
class Cell:
    """What both sides measured of one checkpoint: the length of the input in tokens, and the seconds of every call."""

    length: int
    seconds: np.ndarray


def measure(repeats: int) -> None:
    """Run both sides so often, and print what each took and how far its medians are from a bare loop's.

    Raises:
        UsageError: the peer is not installed.
    """
    with TemporaryFolder("peer-") as place:
        capability, made = _checkpoints(place)
        folders = {folder.name: folder for folder in made}
        walls: dict[str, list[float]] = defaultdict(list)
        medians: dict[tuple[str, str], list[float]] = defaultdict(list)
        for repeat in range(repeats):
            ours, wall = _ours(capability, folders, place / f"ours-{repeat}")
            walls["touchstone"].append(wall)
            asked = [(str(folders[name]), cell.length, len(cell.seconds)) for name, cell in ours.items()]
            sides = ["peer", "bare"]
            random.shuffle(sides)
            for side in sides:
                answer, wall = _side(side, asked)
                walls[side].append(wall)
                for name, seconds in answer.items():
                    medians[side, name].append(float(np.median(seconds)))
            for name, cell in ours.items():
                medians["touchstone", name].append(float(np.median(cell.seconds)))
            print(
                f"repeat {repeat + 1} of {repeats}: { ({side: round(took[-1], 1) for side, took in walls.items()}) } s",
                flush=True,
            )
        _print(walls, medians, list(folders))


def _print(
    walls: Mapping[str, Sequence[float]], medians: Mapping[tuple[str, str], Sequence[float]], names: Sequence[str]
) -> None:
    peer = np.array(walls["peer"])
    print(f"cells per minute, touchstone / peer: {_spread(peer / np.array(walls['touchstone']))}")
    # The most that anything could reach which begins with a new interpreter: it imports, loads, and makes the calls.
    print(f"cells per minute, the bare loop in one process / peer: {_spread(peer / np.array(walls['bare']))}")
    for name in names:
        bare = np.array(medians["bare", name])
        print(f"{name}: a bare call takes {np.median(bare) * 1000:.3g} ms")
        for side in ("touchstone", "peer"):
            print(f"  median / bare median, {side}: {_spread(np.array(medians[side, name]) / bare)}")


def _spread(ratios: np.ndarray) -> str:
    return f"{np.median(ratios):.3f} (from {ratios.min():.3f} to {ratios.max():.3f} in {len(ratios)} repeats)"


def _checkpoints(place: Path) -> tuple[str, list[Path]]:
    """A capability, and BERTs of two sizes for it: random weights, the tokenizer and labels of a shipped miniature."""
    from transformers import AutoConfig, BertConfig, BertForSequenceClassification

    found = (
        (task.name, resolve(checkpoint, "miniature", discovery.folder_of(task)).directory)
        for task in discovery.load_tasks(discovery.tasks_root()).values()
        for checkpoint in task.checkpoints
        if task.auto_class == AUTO_CLASS and task.work is Work.INFERENCE and checkpoint.miniature
    )
    capability, source = next((name, folder) for name, folder in found if folder is not None)
    labels = AutoConfig.from_pretrained(source).id2label
    folders = []
    for name, sizes in SIZES.items():
        folders.append(Path(shutil.copytree(source, place / name, ignore=shutil.ignore_patterns(CARD))))
        BertForSequenceClassification(BertConfig(id2label=labels, **sizes)).save_pretrained(place / name)
    return capability, folders


def _threads() -> int:
    return psutil.cpu_count(logical=False) or 1


def _ours(capability: str, folders: Mapping[str, Path], results: Path) -> tuple[dict[str, Cell], float]:
    models = [word for folder in folders.values() for word in ("--model", str(folder))]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *models, "--backend", "eager",
               "--threads", str(_threads()), "--capability", capability, "-k", "latency",
               "--results", str(results)]  # fmt: skip
    begun = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST, check=False)
    wall = time.perf_counter() - begun
    run = results / "latest"
    if not (run / "cells.csv").exists():
        raise UsageError(f"Touchstone measured nothing:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    seconds: dict[str, list[float]] = defaultdict(list)
    for line in (run / "samples.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if "latency_ms" in row:
            seconds[row["cell"].split("/")[1]] += [ms / 1000 for ms in row["latency_ms"]]
    with (run / "cells.csv").open(encoding="utf-8", newline="") as file:
        lengths = {
            row["checkpoint"]: int(float(row["input_length"])) for row in csv.DictReader(file) if row["input_length"]
        }
    return {name: Cell(lengths[name], np.array(seconds[name])) for name in folders}, wall


def _side(side: str, asked: Sequence[tuple[str, int, int]]) -> tuple[dict[str, list[float]], float]:
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "suite.benchmarks.peer", side, json.dumps(asked)],
        capture_output=True, text=True, timeout=LONGEST, env=os.environ | {"HF_HUB_OFFLINE": "1"}, check=False,
    )  # fmt: skip
    wall = time.perf_counter() - begun
    if done.returncode:
        raise UsageError(f"The side {side!r} failed: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1]), wall


def _peer(asked: Sequence[tuple[str, int, int]]) -> dict[str, list[float]]:
    from optimum_benchmark import Benchmark, BenchmarkConfig, InferenceConfig, ProcessConfig, PyTorchConfig

    taken = {}
    for folder, length, calls in asked:
        config = BenchmarkConfig(
            name="peer",
            launcher=ProcessConfig(),
            scenario=InferenceConfig(
                iterations=calls, duration=0, warmup_runs=WARM_UP, latency=True,
                input_shapes={"batch_size": 1, "sequence_length": length},
            ),
            backend=PyTorchConfig(
                model=folder, task=TASK, library="transformers", device="cpu",
                intra_op_num_threads=_threads(), inter_op_num_threads=1,
            ),
        )  # fmt: skip
        report = Benchmark.launch(config)
        taken[Path(folder).name] = list(report.forward.latency.values)
    return taken


def _bare(asked: Sequence[tuple[str, int, int]]) -> dict[str, list[float]]:
    import torch
    from transformers import AutoModelForSequenceClassification

    torch.set_num_threads(_threads())
    taken = {}
    for folder, length, calls in asked:
        model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
        words = torch.randint(5, 100, (1, length))
        batch: dict[str, Any] = {"input_ids": words, "attention_mask": torch.ones_like(words)}
        seconds = []
        with torch.inference_mode():
            for _ in range(WARM_UP + calls):
                begun = time.perf_counter()
                model(**batch)
                seconds.append(time.perf_counter() - begun)
        taken[Path(folder).name] = seconds[WARM_UP:]
    return taken


if __name__ == "__main__":
    if sys.argv[1:2] in (["peer"], ["bare"]):
        print(json.dumps((_peer if sys.argv[1] == "peer" else _bare)(json.loads(sys.argv[2]))))
    else:
        measure(int(sys.argv[1]) if len(sys.argv) > 1 else REPEATS)
