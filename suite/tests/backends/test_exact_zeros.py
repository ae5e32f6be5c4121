"""What an exported graph makes of a vector of zeros, where a small number keeps it from dividing by zero."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from suite.backends.shared.onnx import exporting, library


@pytest.mark.skipif(not library.has_exporter(), reason="this transformers exports by optimum")
@pytest.mark.parametrize("epsilon", [1e-5, 1e-8, 1e-12])
def test_an_epsilon_is_no_zero(tmp_path: Path, epsilon: float) -> None:
    import onnx_ir
    import onnxruntime
    import torch
    from transformers import PreTrainedConfig, PreTrainedModel

    class Normalized(PreTrainedModel):
        config_class = PreTrainedConfig

        def __init__(self, config: PreTrainedConfig) -> None:
            super().__init__(config)
            self.weight = torch.nn.Parameter(torch.ones(4))

        def forward(self, states: torch.Tensor) -> dict[str, Any]:
            return {"normalized": self.weight * states * torch.rsqrt(states.pow(2).mean(-1, keepdim=True) + epsilon)}

    states = torch.stack([torch.zeros(4), torch.arange(4.0)])
    component = exporting._component(Normalized(PreTrainedConfig()).eval(), {"states": states})
    onnx_ir.save(component.program, tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    (found,) = session.run(None, {session.get_inputs()[0].name: states.numpy()})
    mean = (states.numpy() ** 2).mean(-1, keepdims=True)
    assert found == pytest.approx(states.numpy() / np.sqrt(mean + np.float32(epsilon)), rel=1e-5)
