"""A forward as one graph, by torch's own exporter, for classes that neither transformers 4 nor optimum exports."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from suite.backends.shared.onnx.sessions import providers, session_options


class Outputs(dict[str, Any]):
    """The outputs of a forward by name, by attribute or, like transformers' own outputs, by position."""

    def __getattr__(self, name: str) -> Any:
        return self.get(name)

    def __getitem__(self, key: Any) -> Any:
        return list(self.values())[key] if isinstance(key, int | slice) else super().__getitem__(key)


def export(
    module: Any, inputs: Mapping[str, Any], directory: Path, name: str, *, steady_pictures: bool = False
) -> None:
    """Write `name`.onnx, of any batch size and length, and the names of its outputs.

    With `steady_pictures`, what has four dimensions keeps all but the first.
    """
    import torch

    names: list[str] = []
    tensors = {key: value for key, value in inputs.items() if isinstance(value, torch.Tensor)}
    fixed = {key: value for key, value in inputs.items() if isinstance(value, bool | int | float | str)}
    if "return_dict" in fixed:
        fixed["return_dict"] = True

    class Named(torch.nn.Module):
        """The module with the tensors of its output as a plain tuple."""

        def __init__(self) -> None:
            super().__init__()
            self.module = module

        def forward(self, batch: dict[str, Any]) -> tuple[torch.Tensor, ...]:
            outputs = self.module(**batch, **fixed)
            if isinstance(outputs, torch.Tensor):
                outputs = {"output": outputs}
            pairs = outputs.items() if hasattr(outputs, "items") else enumerate(outputs)
            by_name = {str(key): value for key, value in pairs if isinstance(value, torch.Tensor)}
            names[:] = by_name
            return tuple(by_name.values())

    free = {
        key: dict.fromkeys(range(1 if steady_pictures and value.dim() == 4 else value.dim()), torch.export.Dim.AUTO)
        for key, value in tensors.items()
    }
    with torch.inference_mode():
        program = torch.onnx.export(
            Named().eval(),
            kwargs={"batch": tensors},
            input_names=list(tensors),
            dynamo=True,
            dynamic_shapes={"batch": free},
            verbose=False,
        )
    if program is None:
        raise RuntimeError(f"{type(module).__name__} could not be exported")
    program.save(directory / f"{name}.onnx")
    (directory / f"{name}.outputs.json").write_text(json.dumps(names), encoding="utf-8")


class PlainGraph:
    """An exported forward, called like the model that it was exported from; inputs that it never read are dropped."""

    def __init__(self, directory: Path, name: str, device: str, threads: int, config: Any) -> None:
        import onnxruntime
        import torch

        self.session = onnxruntime.InferenceSession(
            directory / f"{name}.onnx", session_options(threads), providers=providers(device)
        )
        self.inputs = [spec.name for spec in self.session.get_inputs()]
        self.names = json.loads((directory / f"{name}.outputs.json").read_text(encoding="utf-8"))
        self.config, self.device, self.dtype = config, torch.device(device), torch.float32

    def __call__(self, **inputs: Any) -> Any:
        """The named outputs as tensors; a single nameless one as itself."""
        import torch

        arrays = {name: inputs[name].cpu().contiguous().numpy() for name in self.inputs}
        values = [torch.from_numpy(value).to(self.device) for value in self.session.run(None, arrays)]
        outputs = Outputs(zip(self.names, values, strict=True))
        return outputs["output"] if self.names == ["output"] else outputs
