"""What an export leaves out leaves its graph as it is."""

from __future__ import annotations

import contextlib
import importlib
from pathlib import Path
from typing import Any

import pytest

from suite.backends.shared.onnx import exporting, library, lowering, shortcuts
from suite.tests.support.tiny_models import make_subject

pytestmark = pytest.mark.skipif(not library.has_exporter(), reason="optimum exports in another way")


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


def _always(operation: Any) -> bool:
    return True


def _exported(forward: Any, *inputs: Any) -> Any:
    """The program of a function of tensors, whose first axis may have any size."""
    import torch

    class Module(torch.nn.Module):
        def forward(self, *given: torch.Tensor) -> torch.Tensor:
            result: torch.Tensor = forward(*given)
            return result

    shapes = tuple({0: torch.export.Dim.AUTO} for _ in inputs)
    return torch.export.export(Module().eval(), inputs, dynamic_shapes=(shapes,))


def _operations(program: Any) -> list[str]:
    return [str(node.target) for node in program.graph.nodes if node.op == "call_function"]


@pytest.mark.parametrize("name", ["distilbert", "gpt2", "t5"])
def test_the_graph_is_the_one_without_shortcuts(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import onnx

    quick: list[bool] = []

    def lower(*given: Any) -> bool:
        quick.append(lowering.lower(*given))
        return quick[-1]

    monkeypatch.setattr(shortcuts, "lower", lower)
    exporting.export(make_subject(name), tmp_path / "with")
    monkeypatch.setattr(exporting, "shortcuts", contextlib.nullcontext)
    exporting.export(make_subject(name), tmp_path / "without")
    graphs = sorted(path.name for path in (tmp_path / "with").glob("*.onnx"))
    assert graphs == sorted(path.name for path in (tmp_path / "without").glob("*.onnx"))
    assert quick == [True] * len(graphs)
    for graph in graphs:
        one, other = (onnx.load(tmp_path / folder / graph).graph for folder in ("with", "without"))
        assert [node.op_type for node in one.node] == [node.op_type for node in other.node]
        assert [value.name for value in (*one.input, *one.output)] == [
            value.name for value in (*other.input, *other.output)
        ]


def test_casts_and_idle_reshapes_are_rewritten_without_a_trace() -> None:
    import torch

    def forward(x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        kept = torch.nn.functional.dropout(x, 0.5, training=False).to(torch.float32).reshape(x.shape)
        both = mask.to(torch.bool) & (kept > 0)
        return torch.where(both, kept, 0.0) * 2

    inputs = torch.randn(3, 4), torch.tensor([[1, 0, 1, 1]] * 3)
    program = _exported(forward, *inputs)
    assert lowering.lower(program, _always)
    left = set(_operations(program))
    assert not {operation for operation in left if "dropout" in operation or ".to." in operation}
    assert not {"aten.reshape.default", "aten.__and__.Tensor"} & left
    assert {"aten._to_copy.default", "aten.bitwise_and.Tensor"} <= left
    assert torch.equal(program.module()(*inputs), forward(*inputs))


def test_what_is_written_into_a_fresh_tensor_is_given_as_one() -> None:
    import torch

    program = _exported(lambda x: (x * 2).add_(1), torch.ones(3, 4))
    assert lowering.lower(program, _always)
    assert "aten.add.Tensor" in _operations(program)
    assert torch.equal(program.module()(torch.ones(5, 4)), torch.full((5, 4), 3.0))


def test_a_result_keeps_the_name_that_the_signature_has() -> None:
    import torch

    program = _exported(lambda x: torch.nn.functional.dropout(x * 2, training=False), torch.ones(3, 4))
    assert lowering.lower(program, _always)
    assert torch.equal(program.module()(torch.ones(5, 4)), torch.full((5, 4), 2.0))


def _first_row_plus_one(x: Any) -> Any:
    x[0].add_(1)
    return x


@pytest.mark.parametrize(
    "reason", ["into a view", "into what is used again", "no translation", "a view that is composed", "training"]
)
def test_anything_else_is_left_for_the_trace(reason: str) -> None:
    import torch

    forwards = {
        "into a view": lambda x: _first_row_plus_one(x * 2),
        "into what is used again": lambda x: (y := x * 2).sum() + y.add_(1) + y,
        "no translation": lambda x: x.exp() * 2,
        "a view that is composed": lambda x: torch.unflatten(x, 1, (2, 2)) * 2,
        "training": lambda x: torch.nn.functional.dropout(x, 0.5, training=True) * 2,
    }
    program = _exported(forwards[reason], torch.randn(3, 4))
    before = _operations(program)
    assert not lowering.lower(program, lambda operation: "exp" not in str(operation) or reason != "no translation")
    assert _operations(program) == before


def test_a_size_is_taken_where_it_is_first_known_and_a_fixed_one_is_a_number() -> None:
    import torch

    program = _exported(
        lambda x, y: (x + y).expand(x.shape[0], y.shape[1]) * y.shape[0], torch.ones(3, 4), torch.ones(3, 4)
    )
    assert lowering.lower(program, _always)
    assert _operations(program).count("aten.sym_size.int") == 1
    assert torch.equal(program.module()(torch.ones(5, 4), torch.ones(5, 4)), torch.full((5, 4), 10.0))


def test_a_release_without_the_private_parts_has_no_shortcuts(monkeypatch: pytest.MonkeyPatch) -> None:
    from transformers.exporters import utils

    monkeypatch.delattr(utils, "_PATCHES")
    monkeypatch.setattr(importlib, "import_module", _absent)
    assert [*shortcuts._patches_of_loaded_models(), *shortcuts._one_registry(), *shortcuts._no_second_trace()] == []
    with shortcuts.shortcuts():
        pass


def _absent(module: str) -> Any:
    raise ImportError(module)


def test_what_is_kept_elsewhere_leaves_the_graph_alone() -> None:
    import torch

    program = _exported(lambda x: x.to(torch.float64).exp() * 2, torch.randn(3, 4))
    for node in program.graph.nodes:
        node.meta.pop("val", None)
        node.meta["val"] = object()
    before = _operations(program)
    assert not lowering.lower(program, _always)
    assert _operations(program) == before


def test_everything_is_put_back() -> None:
    from transformers.exporters import utils

    registration = importlib.import_module("torch.onnx._internal.exporter._registration")
    passes = importlib.import_module("torch.onnx._internal.exporter._fx_passes")
    before = utils._PATCHES, vars(registration.ONNXRegistry)["from_torchlib"], passes.decompose_with_registry
    with contextlib.suppress(KeyError), shortcuts.shortcuts():
        assert utils._PATCHES is not before[0]
        raise KeyError
    assert before == (
        utils._PATCHES, vars(registration.ONNXRegistry)["from_torchlib"], passes.decompose_with_registry
    )  # fmt: skip


def test_patches_of_models_that_are_not_imported_are_left_out() -> None:
    assert shortcuts._is_loaded(("torch.Tensor", "view", None))
    assert not shortcuts._is_loaded(("transformers.models.nosuch.modeling_nosuch.Layer", "forward", None))
    importlib.import_module("transformers.models.bert.modeling_bert")
    assert shortcuts._is_loaded(("transformers.models.bert.modeling_bert", "forward", None))
