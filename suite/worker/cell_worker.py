"""What happens inside a worker: one checkpoint on one backend, opened once, asked many things."""

from __future__ import annotations

import os
import pickle
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from suite.backends import Backend, load_backend
from suite.checks import conformance, fidelity
from suite.checks.accuracy import Answers
from suite.core.errors import InvalidInput
from suite.core.rounds import Round
from suite.core.runnable import Runnable
from suite.core.subject import Subject
from suite.measure import latency, memory
from suite.subjects import open_subject
from suite.subjects.hub_samples import load_samples
from suite.subjects.samples_file import fit, read_samples
from suite.task import Sample, Task, discovery
from suite.task.base import on_device
from suite.task.generation import TokenClock
from suite.task.sample_answer import sample_answers
from suite.worker.build_cache import BuildCache
from suite.worker.build_key import ensure_build
from suite.worker.messages import Built, Opened, Spec

COMPARED = 16
"""Samples on which fidelity is judged."""
TIMED_TOKENS = 16
"""New tokens per timed generation, so that every backend does the same work."""


class CellWorker:
    """One cell's task, subject and runnable. Every public method answers one kind of request."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.baseline_mb = memory.resident_mb()
        self.task: Task = discovery.load_tasks(spec.tasks)[spec.capability]
        self.backend: Backend = load_backend(spec.backend)
        self._samples: Sequence[Sample] | None = None
        self._subject: Subject | None = None
        self._runnable: Runnable | None = None
        self._timed: Any = None
        self._input_length: int | None = None

    def build(self) -> Built | None:
        """Make sure that the backend's build is in the cache; `None` for a backend that builds nothing."""
        if not self.backend.builds:
            return None
        self._set_threads()
        started = time.perf_counter()
        path, made = ensure_build(self.backend, self.subject, BuildCache())
        return Built(path, time.perf_counter() - started if made else 0.0)

    def open(self, build: Path | None) -> Opened:
        """Load the checkpoint and prepare the runnable."""
        self._set_threads()
        started = time.perf_counter()
        subject = self.subject
        loaded = time.perf_counter()
        self._runnable = self.backend.prepare(subject, build)
        prepared = time.perf_counter()
        return Opened(
            load_s=loaded - started,
            prepare_s=prepared - loaded,
            size_mb=self._runnable.size_bytes / memory.MB,
            notes=self._runnable.notes,
            preload_problem=None,
        )

    def use_threads(self, count: int) -> None:
        """Compute on so many threads from here on; what was compiled or exported keeps its own number."""
        import torch

        torch.set_num_threads(count)

    def conformance(self) -> list[str]:
        """What does not conform, a sentence each; empty when everything does."""
        bench = conformance.CellUnderTest(
            self.task, self.subject, self.runnable, self.backend.tolerance.batching, self.spec.seed
        )
        return conformance.examine(bench, [sample.input for sample in self.samples])

    def reference(self, path: Path) -> None:
        """Write what fidelity is measured against: this cell's numbers, and the tokens that they follow."""
        outputs, batch = self._compared(None)
        arrays = {f"numbers{i}": array for i, array in enumerate(self.task.numbers(outputs, batch))}
        trail = self.task.trail(outputs)
        if trail is not None:
            arrays["trail"] = trail
        np.savez(path, allow_pickle=False, **arrays)

    def fidelity(self, path: Path) -> fidelity.Distance:
        """The distance to the reference that was written to `path`."""
        with np.load(path) as stored:
            trail = stored.get("trail")
            reference = [stored[f"numbers{i}"] for i in range(len(stored.files) - (trail is not None))]
        outputs, batch = self._compared(trail)
        return fidelity.distance(
            self.task.numbers(outputs, batch),
            reference,
            self.task.agreement,
            self.backend.tolerance.fidelity,
            self.task.decides_by_argmax,
        )

    def answers(self) -> Answers:
        """The answers to the test split, or to as much of it as is asked for."""
        samples = self.samples[: self.spec.limit]
        order = sorted(range(len(samples)), key=lambda i: self.task.size_of(samples[i].input))
        answers: list[Any] = [None] * len(samples)
        together = max(self.task.scored_together, self.spec.batch_size)
        for start in range(0, len(order), together):
            chosen = order[start : start + together]
            batch = self._encode([samples[i].input for i in chosen])
            outputs = self.task.infer(self.runnable, batch)
            decoded = self.task.decode(outputs, batch, self.subject.processor, self.subject.config)
            for index, answer in zip(chosen, decoded, strict=True):
                answers[index] = answer
        extra = self.task.probe(self.runnable, self.subject.processor, samples)
        shown = sample_answers(self.task, samples, answers)
        return Answers(answers, [sample.truth for sample in samples], extra, shown)

    def warm_up(self, seconds: float) -> int:
        """Call until steady, for at most that long. Memory is counted from here on."""
        call = self._timed_call()
        memory.reset_peak(self.spec.device)
        return latency.warm_up(call, seconds)

    def round(self, seconds: float) -> Round:
        """One round of timed calls."""
        durations, results, idle = latency.timed_calls(self._timed_call(), seconds)
        return Round(
            seconds=durations,
            first_token=[first for first in results if isinstance(first, float)],
            new_tokens=TIMED_TOKENS * self.spec.batch_size if self.subject.generative else 0,
            idle_share=idle if self.spec.device == "cpu" else 0.0,
            load=latency.load_now(),
            input_length=self._input_length,
            peak_rss_mb=max(0.0, memory.peak_mb() - self.baseline_mb),
            peak_device_mb=memory.peak_device_mb(self.spec.device),
        )

    def ping(self) -> None:
        """Answer at once: what a round trip costs."""

    def bare_loop(self, seconds: float) -> list[float]:
        """The timed call in the plainest of loops, for comparison with `round`; durations in seconds."""
        call = self._timed_call()
        durations = []
        deadline = time.perf_counter() + seconds
        while time.perf_counter() < deadline:
            started = time.perf_counter()
            call()
            durations.append(time.perf_counter() - started)
        return durations

    @property
    def samples(self) -> Sequence[Sample]:
        """The test split, the real evaluation data, or the user's own samples."""
        if self._samples is None:
            if self.spec.samples is not None:
                own = read_samples(self.spec.samples, self.task)
                self._samples = fit(own, self.task, self.subject.config)
            else:
                self._samples = load_samples(self.task) if self.spec.hub_data else self._made_samples()
            if self.spec.samples is not None or self.spec.hub_data:
                self._check_inputs(self._samples)
        return self._samples

    def _made_samples(self) -> Sequence[Sample]:
        """Drawn, spoken or written by the first worker that wants them, and read by the others."""
        if self.spec.shared is None:
            return self.task.samples()
        file = self.spec.shared / f"{self.spec.capability}.samples"
        if not file.is_file():
            made = self.task.samples()
            aside = file.with_suffix(f".{os.getpid()}")
            aside.write_bytes(pickle.dumps(made))
            aside.replace(file)
            return made
        samples: Sequence[Sample] = pickle.loads(file.read_bytes())
        return samples

    def _check_inputs(self, samples: Sequence[Sample]) -> None:
        """Refuse what the model cannot take before anything runs, and say which sample it is."""
        for sample in samples:
            try:
                self.task.check_input(sample.input, self.subject.processor, self.subject.config)
            except InvalidInput as refusal:
                raise InvalidInput(f"sample {sample.id}: {refusal}") from None

    @property
    def subject(self) -> Subject:
        """The resolved checkpoint."""
        if self._subject is None:
            spec = self.spec
            own = None if spec.samples is None else read_samples(spec.samples, self.task)
            self._subject = open_subject(spec.source, self.task, spec.device, spec.threads, spec.seed, own_samples=own)
        return self._subject

    @property
    def runnable(self) -> Runnable:
        """The prepared model."""
        if self._runnable is None:
            raise RuntimeError("the workbench was asked before it was opened")
        return self._runnable

    def _encode(self, inputs: Sequence[Any]) -> dict[str, Any]:
        batch = self.task.encode(self.subject.processor, inputs)
        return on_device(batch, self.spec.device)

    def _compared(self, trail: np.ndarray | None) -> tuple[Any, dict[str, Any]]:
        batch = self._encode([sample.input for sample in self.samples[:COMPARED]])
        return self.task.infer(self.runnable, batch, trail), batch

    def _timed_call(self) -> latency.Call:
        """The call that is timed: the same batch, of median length, every time."""
        if self._timed is None:
            by_length = sorted(self.samples, key=lambda sample: self.task.size_of(sample.input))
            middle = max(0, len(by_length) // 2 - self.spec.batch_size // 2)
            chosen = by_length[middle : middle + self.spec.batch_size]
            chosen = (chosen * self.spec.batch_size)[: self.spec.batch_size]
            batch = self._encode([sample.input for sample in chosen])
            self._input_length = int(batch["input_ids"].shape[1]) if "input_ids" in batch else None
            self._timed = self._generation_call(batch) if self.subject.generative else self._forward_call(batch)
        return self._timed

    def _forward_call(self, batch: dict[str, Any]) -> latency.Call:
        runnable, timed = self.runnable, self.task.timed
        if runnable.device == "cpu":
            return lambda: timed(runnable, batch)

        def call() -> None:
            timed(runnable, batch)
            runnable.synchronize()

        return call

    def _generation_call(self, batch: dict[str, Any]) -> latency.Call:
        runnable = self.runnable
        options = {
            **(self.subject.generation or {}),
            "min_new_tokens": TIMED_TOKENS,
            "max_new_tokens": TIMED_TOKENS,
        }

        def call() -> float | None:
            clock = TokenClock(runnable)
            started = time.perf_counter()
            runnable.generate(batch, **options, stopping_criteria=[clock])
            runnable.synchronize()
            return clock.seconds[0] - started if clock.seconds else None

        return call

    def _set_threads(self) -> None:
        import torch

        self.use_threads(self.spec.threads)
        torch.manual_seed(self.spec.seed)
