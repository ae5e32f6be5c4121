"""What an exporter cannot do: a reason for a checkpoint of the user's own, a fault for one of ours."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from suite.backends.eager import Eager
from suite.core.errors import Unsupported
from suite.core.files import ROOT_VARIABLE
from suite.core.runnable import Runnable
from suite.core.subject import Subject
from suite.subjects import Source, open_subject
from suite.task.discovery import tasks_root
from suite.tests.support import made_checkpoints as made
from suite.worker.cell_worker import CellWorker
from suite.worker.messages import Request, Spec


def worker(kind: str, backend: str) -> CellWorker:
    source = Source(kind, made.CHECKPOINT, directory=Path("nowhere"))
    spec = Spec(
        cell="a/b/c", capability="sentiment-analysis", tasks=tasks_root(), source=source, backend=backend, device="cpu",
        threads=1, batch_size=1, seed=0, samples=None, hub_data=False,
    )  # fmt: skip
    made_worker = CellWorker(spec)
    made_worker.__dict__["subject"], made_worker.__dict__["samples"] = None, []
    return made_worker


def breaking(error: Exception) -> Any:
    def raise_it(*_: object) -> Any:
        raise error

    return raise_it


def test_it_is_unsupported_with_the_exporter_s_reason_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("suite.worker.cell_worker.ensure_build", breaking(KeyError("past_key_values")))
    with pytest.raises(
        Unsupported, match=r"BertForSequenceClassification cannot be exported to ONNX .*past_key_values"
    ):
        worker("local", "suite.backends.onnx:Onnx").answer(Request("build"))


def test_the_colours_of_an_exporter_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    coloured = breaking(RuntimeError("\x1b[96mThis is step 3/3\x1b[0m of it"))
    monkeypatch.setattr("suite.worker.cell_worker.ensure_build", coloured)
    with pytest.raises(Unsupported, match=r"\(RuntimeError: This is step 3/3 of it\)"):
        worker("local", "suite.backends.onnx:Onnx").answer(Request("build"))


@pytest.mark.parametrize(
    ("kind", "backend", "error"),
    [
        ("miniature", "suite.backends.onnx:Onnx", KeyError("past_key_values")),
        ("local", "suite.backends.onnx:Onnx", RuntimeError("CUDA out of memory")),
        ("local", "suite.backends.onnx:Onnx", RuntimeError("Failed to allocate memory for requested buffer of size 9")),
        ("local", "suite.backends.compile:Compile", KeyError("past_key_values")),
    ],
)
def test_anything_else_stays_what_it_is(
    monkeypatch: pytest.MonkeyPatch, kind: str, backend: str, error: Exception
) -> None:
    monkeypatch.setattr("suite.worker.cell_worker.ensure_build", breaking(error))
    with pytest.raises(type(error)):
        worker(kind, backend).answer(Request("build"))


class OneShape(Eager):
    """Runs inputs of the shapes that it was built for, as a graph does whose sizes are fixed; it writes down what came.

    Given in `shapes`, as rows and tokens; of none, any.
    """

    builds = True
    shapes: ClassVar[set[tuple[int, int]]] = set()
    seen: ClassVar[list[tuple[int, int]]] = []

    def explain(self, model: str, problem: str) -> str | None:
        return f"{model} is static here ({problem})"

    def prepare(self, subject: Subject, build: Path | None) -> Runnable:
        runnable = super().prepare(subject, build)
        honest = runnable.model

        def static(**batch: Any) -> Any:
            rows, tokens = batch["input_ids"].shape
            self.seen.append((rows, tokens))
            if self.shapes and (rows, tokens) not in self.shapes:
                raise ValueError(f"got {rows} by {tokens}")
            return honest(**batch)

        runnable.model = static
        return runnable


@pytest.fixture
def trying(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Any]:
    """A worker of a user's classifier on a static backend, and the shape of its example."""
    monkeypatch.setenv(ROOT_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setattr(OneShape, "seen", [])
    made_worker = worker("local", f"{__name__}:OneShape")
    made_worker.task = task = made.Moods()
    source = Source("local", made.CHECKPOINT, directory=made.classifier(tmp_path / "model"))
    made_worker.__dict__ |= {"subject": open_subject(source, task), "samples": task.samples()}
    return {"worker": made_worker, "example": tuple(made_worker.subject.example()["input_ids"].shape)}


def test_a_build_is_tried_on_a_batch_and_on_inputs_of_other_lengths_by_themselves(trying: Mapping[str, Any]) -> None:
    assert trying["worker"].answer(Request("build")) is not None
    assert OneShape.seen == [trying["example"], (1, 2), (1, 1), (1, 6)], (
        "the first, the shortest and the longest sample"
    )
    assert trying["example"] not in [(1, 2), (len(made.Moods().samples()), 2)]


def test_what_runs_its_example_alone_is_unsupported_from_the_build_on(
    trying: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OneShape, "shapes", {trying["example"]})
    with pytest.raises(Unsupported, match=r"BertForSequenceClassification is static here \(ValueError: got 1 by 2\)"):
        trying["worker"].answer(Request("build"))


def test_so_is_what_runs_some_lengths_alone(trying: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OneShape, "shapes", {trying["example"], (1, 2), (1, 1)})
    with pytest.raises(Unsupported, match=r"got 1 by 6"):
        trying["worker"].answer(Request("build"))
