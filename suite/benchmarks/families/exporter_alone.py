"""Whether a graph strays because of its exporter or its runtime: both are asked without the suite's backends."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from suite.backends.shared.onnx import library
from suite.worker.cell_worker import CellWorker


def straying(worker: CellWorker) -> str | None:
    """How the exporter's own graph of a worker's model, in ONNX Runtime as it comes, differs from the model itself.

    `None` where it does not, and where that cannot be told: of a model in several parts, of one that another reads to,
    and on a transformers that has no exporter.
    """
    subject = worker.subject
    if not library.has_exporter() or subject.parts or (subject.generative and subject.config.is_encoder_decoder):
        return None
    import onnx_ir
    import onnxruntime
    from transformers.exporters.configs import OnnxConfig
    from transformers.exporters.exporter_onnx import OnnxExporter

    model, example = subject.load_model(), subject.example()
    model.config.use_cache = False
    graph = OnnxExporter().export(model, dict(example), OnnxConfig(dynamic=True)).components["model"].program
    with tempfile.TemporaryDirectory(prefix="ts-") as folder:
        file = Path(folder, "model.onnx")
        onnx_ir.save(graph, file)
        session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    taken = {one.name for one in session.get_inputs()}
    for batch in (example, *_batches(worker)):
        given = {name: value.numpy() for name, value in batch.items() if name in taken}
        computed = dict(zip(names, session.run(names, given), strict=True))
        if problem := _difference(computed, _own(model, batch), worker.tolerance.fidelity):
            return problem
    return None


def _batches(worker: CellWorker) -> Iterator[Mapping[str, Any]]:
    for sample in worker.samples:
        yield worker.encode([sample.input])
    yield worker.encode([sample.input for sample in worker.samples])


def _own(model: Any, batch: Mapping[str, Any]) -> dict[str, np.ndarray]:
    import torch

    with torch.inference_mode():
        outputs = model(**batch)
    return {name: value.numpy() for name, value in outputs.items() if isinstance(value, torch.Tensor)}


def _difference(computed: Mapping[str, Any], own: Mapping[str, np.ndarray], tolerance: float) -> str | None:
    for name in computed.keys() & own.keys():
        ours, theirs = computed[name], own[name]
        if ours.shape != theirs.shape:
            return f"its {name} are of shape {ours.shape} and the model's of shape {theirs.shape}"
        distance = float(np.abs(ours - theirs).max(initial=0) / (np.abs(theirs).max(initial=0) or 1.0))
        if distance > tolerance:
            return f"its {name} stray by {distance:.2g} of the model's largest"
    return None
