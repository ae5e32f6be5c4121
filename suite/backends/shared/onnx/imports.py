"""What an export imports on its way, for a process that many exports are forked from: imports only, no computation."""

from __future__ import annotations

import contextlib
import importlib

from transformers.exporters.utils import apply_patches

MODULES = (
    "transformers.exporters.exporter_dynamo", "transformers.exporters.exporter_onnx",
    "networkx", "onnxscript.rewriter.onnx_fusions", "sympy.tensor.tensor", "torch._export.non_strict_utils",
    "torch._export.passes.lift_constants_pass", "torch._functorch.aot_autograd", "torch._inductor.codecache",
    "torch.export._trace", "torch.export.pt2_archive", "torch.onnx._internal.exporter._compat",
    "torch.onnx._internal.exporter._torchlib.ops", "torch.utils.flop_counter",
)  # fmt: skip
PATCHED = ("dynamo", "onnx")
"""The exporters of transformers that replace methods of models, which are imported for it."""

for _name in MODULES:
    with contextlib.suppress(ImportError):
        importlib.import_module(_name)
for _exporter in PATCHED:
    with contextlib.suppress(ImportError), apply_patches(_exporter):
        pass
