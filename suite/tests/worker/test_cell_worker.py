"""What an exporter cannot do: a reason for a checkpoint of the user's own, a fault for one of ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from suite.core.errors import Unsupported
from suite.subjects import Source
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


@pytest.mark.parametrize(
    ("kind", "backend", "error"),
    [
        ("miniature", "suite.backends.onnx:Onnx", KeyError("past_key_values")),
        ("local", "suite.backends.onnx:Onnx", RuntimeError("CUDA out of memory")),
        ("local", "suite.backends.compile:Compile", KeyError("past_key_values")),
    ],
)
def test_anything_else_stays_what_it_is(
    monkeypatch: pytest.MonkeyPatch, kind: str, backend: str, error: Exception
) -> None:
    monkeypatch.setattr("suite.worker.cell_worker.ensure_build", breaking(error))
    with pytest.raises(type(error)):
        worker(kind, backend).answer(Request("build"))
