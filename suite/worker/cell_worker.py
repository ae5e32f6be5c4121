"""What a worker does for one cell: the checkpoint on its backend, opened once, asked many things."""

from __future__ import annotations

import copy
import os
import pickle
import re
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from suite.backends import Backend, get_backend, load_backend
from suite.backends.base import Tolerance
from suite.checks import worker_requests
from suite.core.errors import NotFinite, TouchstoneError, Unsupported
from suite.core.ownership import TemporaryFolder
from suite.core.printable import listed, shortened
from suite.core.runnable import Runnable
from suite.core.subject import Subject
from suite.core.work import Work
from suite.measure import memory
from suite.subjects import open_subject
from suite.subjects.hub_samples import load_samples
from suite.subjects.input_checks import check_inputs
from suite.subjects.samples_file import fit, read_samples
from suite.subjects.stored_weights import not_finite
from suite.task import Sample, Task, discovery
from suite.task.base import on_device
from suite.task.generation import TokenClock
from suite.task.training import TrainingTask
from suite.training.cell import CellTraining
from suite.worker.build_cache import BuildCache, digest
from suite.worker.build_key import ensure_build
from suite.worker.failures import is_out_of_memory
from suite.worker.messages import Built, Opened, Request, Spec

COLOURS = re.compile(r"\x1b\[[0-9;]*m")
"""Of exporters that write for a terminal."""
LONGEST_PROBLEM = 200
"""Characters of what an exporter said."""
STEPS_OF_RANDOM = 3
"""Steps by which random weights are trained: they learn nothing in any number that there is time for."""
TIMED_TOKENS = 16
"""New tokens per timed generation, so that every backend does the same work."""


RANGES = {"float16": ". float16 ends at 65,504: bf16 reaches as far as float32"}
"""What to say of numbers that are not finite, by the dtype that they were computed in."""


class CellWorker:
    """One cell's task, subject and runnable: what the checks' requests are answered from (see `suite.checks.base`)."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.baseline_mb = memory.resident_mb()
        self.task: Task = discovery.load_tasks(spec.tasks)[spec.capability]
        self.backend: Backend = load_backend(spec.backend)
        self._runnable: Runnable | None = None
        self.timed_length: int | None = None
        self._elsewhere: TemporaryFolder | None = None
        self.tell: Callable[[str], None] = print
        """Where word goes of how far a long answer is."""
        self.tuned: Path | None = None
        """Of a training cell the folder of its tuned checkpoint (see `suite.training.cell`)."""

    def answer(self, request: Request) -> Any:
        """The answer to a check's request, or to one of `OWN_REQUESTS`.

        Raises:
            NotFinite: the backend computes numbers that are not finite.
        """
        if request.method in OWN_REQUESTS:
            return getattr(self, request.method)(**request.arguments)
        try:
            return worker_requests()[request.method](self, **request.arguments)
        except NotFinite as error:
            stored = not_finite(self.subject.directory) if self.is_users else []
            hint = RANGES.get(self.backend.dtype, "")
            if stored:
                hint = f". So are weights of the checkpoint itself ({listed(stored)}): train it, or save it, again"
            raise NotFinite(f"{self.backend.name} gives {error}{hint}") from None

    def build(self, threads: int | None = None) -> Built | None:
        """Make sure that the build is in the cache; `None` for a backend that builds nothing.

        `threads` is for a training; what exports or compiles uses those of the run, which its build may be made for.
        """
        if not self.backend.builds and not self._trains:
            return None
        self._set_threads()
        _ = self.samples  # what the model cannot take is said before minutes are spent on an export
        started = time.perf_counter()
        if self._trains:
            self.use_threads(threads or self.spec.threads)
            return self._tuned(started)
        if not self.is_users:
            return self._built(started)
        try:
            built = self._built(started)
            # Whether its graphs run at all is found out here, not while something is measured.
            runnable = self.backend.prepare(self.subject, BuildCache().content(built.name))
            self.subject.infer(runnable, on_device(self.subject.example(), self.spec.device))
            for sample in self._tried_alone():
                self.subject.infer(runnable, self.encode([sample.input]))
            return built
        except (TouchstoneError, MemoryError):
            raise
        except Exception as error:  # an exporter raises whatever its parts raise
            text = " ".join(COLOURS.sub("", str(error)).split())
            reason = self.backend.explain(self.spec.source.checkpoint.architecture, self._problem(error, text))
            if reason is None or is_out_of_memory(error):
                raise
            traceback.print_exc()
            raise Unsupported(reason) from error

    def _tuned(self, started: float) -> Built:
        cache, key = BuildCache(), self.training.key()
        is_new = cache.get(key) is None
        if is_new:
            cache.build(key, self.training.build)
        return Built(digest(key), time.perf_counter() - started if is_new else 0.0)

    def _built(self, started: float) -> Built:
        name, is_new = ensure_build(self.backend, self.subject, BuildCache())
        return Built(name, time.perf_counter() - started if is_new else 0.0)

    def _tried_alone(self) -> Sequence[Sample]:
        """Samples on which a build is tried one by one: the first, and unless it writes also some of other lengths.

        A graph may have kept a decision that a length decided where it was traced.
        """
        by_length = sorted(self.samples, key=lambda sample: self.task.size_of(sample.input))
        others = [] if self.subject.generative else [by_length[0], by_length[len(by_length) // 2], by_length[-1]]
        return list({sample.id: sample for sample in (self.samples[0], *others)}.values())

    @staticmethod
    def _problem(error: Exception, text: str) -> str:
        return f"{type(error).__name__}: {shortened(text, LONGEST_PROBLEM)}" if text else type(error).__name__

    def open(self, build: str | None) -> Opened:
        """Load the checkpoint and prepare the runnable; `build` is the name of a build in the cache."""
        self._set_threads()
        started = time.perf_counter()
        subject = self.subject
        loaded = time.perf_counter()
        content = None if build is None else BuildCache().content(build)
        if self._trains and content is not None:
            self.tuned = content
            self._runnable = self.training.prepare(content)
        else:
            self._runnable = self.backend.prepare(subject, content)
        prepared = time.perf_counter()
        return Opened(
            load_s=loaded - started,
            prepare_s=prepared - loaded,
            size_mb=self._runnable.size_bytes / memory.MB,
            notes={**subject.notes, **self._runnable.notes},
        )

    def use_threads(self, count: int) -> None:
        """Compute on so many threads from here on; what was compiled or exported keeps its own number."""
        import torch

        torch.set_num_threads(count)

    def ping(self) -> None:
        """Answer at once: what a round trip costs."""

    def bare_loop(self, seconds: float) -> list[float]:
        """The timed call in the plainest of loops, for comparison with a round; durations in seconds."""
        call = self.timed_call
        durations = []
        deadline = time.perf_counter() + seconds
        while time.perf_counter() < deadline:
            started = time.perf_counter()
            call()
            durations.append(time.perf_counter() - started)
        return durations

    # What the checks see.

    @property
    def tolerance(self) -> Tolerance:
        """What the backend declares."""
        return self.backend.tolerance

    @property
    def seed(self) -> int:
        """The run's seed."""
        return self.spec.seed

    @property
    def device(self) -> str:
        """Where the model runs."""
        return self.spec.device

    @property
    def batch_size(self) -> int:
        """Inputs per timed call."""
        return self.spec.batch_size

    @property
    def is_users(self) -> bool:
        """Whether the checkpoint is one of the user's own."""
        return self.spec.source.kind in ("local", "hub")

    @property
    def limit(self) -> int | None:
        """How many samples are scored at most."""
        return self.spec.limit

    @property
    def runnable(self) -> Runnable:
        """The prepared model."""
        if self._runnable is None:
            raise RuntimeError("the worker was asked before the cell was opened")
        return self._runnable

    @cached_property
    def subject(self) -> Subject:
        """The resolved checkpoint."""
        spec = self.spec
        own = None if spec.samples is None else read_samples(spec.samples, self.task)
        classes = self.task.classes(self.training_samples) if isinstance(self.task, TrainingTask) else None
        subject = open_subject(
            spec.source, self.task, spec.device, spec.threads, spec.seed,
            own_samples=own, generation=spec.generation, classes=classes,
        )  # fmt: skip
        self.task.generation = subject.generation  # type: ignore[misc]  # of this task alone, whose worker this is
        return subject

    @cached_property
    def samples(self) -> Sequence[Sample]:
        """The test split, the real evaluation data, or the user's own samples: all of them inputs that the model takes.

        Raises:
            InvalidInput, UsageError: which samples are not, or have truths that it never answers.
        """
        if self.spec.samples is not None:
            samples: Sequence[Sample] = fit(read_samples(self.spec.samples, self.task), self.task, self.subject.config)
        else:
            from_hub = self.spec.hub_data and not self._trains  # a training is on its own world, whatever its weights
            samples = load_samples(self.task) if from_hub else self._made_samples()
        check_inputs(samples, self.task, self.subject)
        return samples

    @cached_property
    def training_samples(self) -> Sequence[Sample]:
        """What a training cell learns from: the frozen training split, or the user's own (`--train-samples`)."""
        assert isinstance(self.task, TrainingTask)
        if self.spec.train_samples is not None:
            return read_samples(self.spec.train_samples, self.task, "--train-samples")
        return self.task.training_samples()

    @cached_property
    def training(self) -> CellTraining:
        """How the checkpoint is trained in this cell."""
        assert isinstance(self.task, TrainingTask)
        assert self.backend.method is not None
        check_inputs(self.training_samples, self.task, self.subject)
        is_random = self.spec.source.kind == "random"
        usual = STEPS_OF_RANDOM if is_random else self.task.schedule.steps
        steps = self.spec.train_steps or usual
        return CellTraining(
            self.task,
            self.subject,
            self.backend.method,
            self.training_samples,
            seed=self.spec.seed,
            steps=steps,
            tell=self._say,
        )

    def _say(self, text: str) -> None:
        self.tell(text)  # whoever listens by then

    @property
    def _trains(self) -> bool:
        return self.task.work is Work.TRAINING

    def encode(self, inputs: Sequence[Any]) -> dict[str, Any]:
        """The model's inputs for a batch, on the device."""
        return on_device(self.task.encode(self.subject.processor, inputs), self.spec.device)

    def executed_by(self, backend: str) -> Runnable:
        """A training cell's tuned checkpoint, prepared by another backend; a build is made for the occasion."""
        other = get_backend(backend)
        if reason := other.unsupported(self.spec.device):
            raise Unsupported(reason)
        subject = replace(self.subject, load_model=lambda: copy.deepcopy(self.runnable.model).cpu())
        if not other.builds:
            return other.prepare(subject, None)
        self._elsewhere = TemporaryFolder()
        try:
            other.build(subject, self._elsewhere.path, None)
            return other.prepare(subject, self._elsewhere.path)
        except (TouchstoneError, MemoryError):
            raise
        except Exception as error:  # an exporter raises whatever its parts raise
            reason = other.explain(type(self.runnable.model).__name__, self._problem(error, str(error)))
            if reason is None or not self.is_users:
                raise
            raise Unsupported(reason) from error

    @property
    def timed_tokens(self) -> int:
        """How many new tokens the timed call generates in all."""
        return TIMED_TOKENS * self.spec.batch_size if self.subject.generative else 0

    @cached_property
    def timed_call(self) -> Callable[[], Any]:
        """The call that is timed: the same batch, of median length, every time; of a training, one step on it."""
        if self._trains:
            call, self.timed_length = self.training.step()
            return self._synchronized(call)
        by_length = sorted(self.samples, key=lambda sample: self.task.size_of(sample.input))
        middle = max(0, len(by_length) // 2 - self.spec.batch_size // 2)
        chosen = by_length[middle : middle + self.spec.batch_size]
        chosen = (chosen * self.spec.batch_size)[: self.spec.batch_size]
        batch = self.encode([sample.input for sample in chosen])
        self.timed_length = int(batch["input_ids"].shape[1]) if "input_ids" in batch else None
        return self._generation_call(batch) if self.subject.generative else self._forward_call(batch)

    def _forward_call(self, batch: dict[str, Any]) -> Callable[[], Any]:
        runnable, timed = self.runnable, self.task.timed
        return self._synchronized(lambda: timed(runnable, batch))

    def _synchronized(self, call: Callable[[], Any]) -> Callable[[], Any]:
        runnable = self.runnable
        if runnable.device == "cpu":
            return call

        def waiting() -> None:
            call()
            runnable.synchronize()

        return waiting

    def _generation_call(self, batch: dict[str, Any]) -> Callable[[], float | None]:
        runnable = self.runnable
        options = {
            **(self.subject.generation or {}),
            "num_return_sequences": 1,
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

    def _made_samples(self) -> Sequence[Sample]:
        """Drawn, spoken or written by the first worker that wants them, and read by the others of this machine."""
        if self.spec.shared is None:
            return self.task.samples()
        file = self.spec.shared / f"{self.spec.capability}.samples"
        if file.is_file():
            samples: Sequence[Sample] = pickle.loads(file.read_bytes())
            return samples
        samples = self.task.samples()
        aside = file.with_suffix(f".{os.getpid()}")
        aside.write_bytes(pickle.dumps(samples))
        aside.replace(file)
        return samples

    def _set_threads(self) -> None:
        import torch

        self.use_threads(self.spec.threads)
        torch.manual_seed(self.spec.seed)


OWN_REQUESTS = frozenset({"build", "open", "use_threads", "ping", "bare_loop"})
"""The methods of `CellWorker` that are requests themselves."""
