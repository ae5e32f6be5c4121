"""What a session keeps of a large batch is given back before the memory of a small one is counted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from suite.backends.onnx import GraphsRunnable
from suite.backends.shared.onnx.sessions import providers, session_options
from suite.measure.memory import resident_mb

SIDE = 2000
"""Of a square matrix of float32 that the graph holds between: 16 MB for each input."""


@pytest.fixture
def session() -> Any:
    """A graph whose inputs, first step and outputs are small, and what lies between is large, as in a model."""
    onnx = pytest.importorskip("onnx")
    import onnxruntime

    node, made = onnx.helper.make_node, onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        [node("Abs", ["column"], ["own"]), node("MatMul", ["own", "row"], ["square"]),
         node("Softmax", ["square"], ["shares"], axis=-1), node("MatMul", ["shares", "own"], ["result"])],
        "square",
        [made("column", 1, ["batch", SIDE, 1]), made("row", 1, ["batch", 1, SIDE])],
        [made("result", 1, ["batch", SIDE, 1])],
    )  # fmt: skip
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)])
    model.ir_version = 8
    return onnxruntime.InferenceSession(model.SerializeToString(), session_options(1), providers=providers("cpu"))


def test_the_memory_of_a_larger_batch_is_given_back(session: Any) -> None:
    def call(batch: int) -> None:
        binding = session.io_binding()
        binding.bind_cpu_input("column", np.ones((batch, SIDE, 1), np.float32))
        binding.bind_cpu_input("row", np.ones((batch, 1, SIDE), np.float32))
        binding.bind_output("result")
        session.run_with_iobinding(binding)

    runnable = GraphsRunnable(None, "cpu", sessions=[session])
    before = resident_mb()
    call(8)
    kept = resident_mb() - before
    assert kept > 120, "of a batch of eight"
    runnable.give_back(lambda: call(1))
    assert resident_mb() - before < kept / 4
    call(8)
    assert resident_mb() - before > 120, "runs keep their memory again"
