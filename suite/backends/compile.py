"""torch.compile with the inductor, in float32."""

from __future__ import annotations

import functools
import hashlib
import os
import platform
import shutil
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

from suite.backends.base import Backend, Tolerance
from suite.backends.shared.cache_argument import cache_of
from suite.backends.shared.model_size import model_bytes
from suite.backends.shared.submodules import locate
from suite.core.runnable import Runnable
from suite.core.subject import Subject
from suite.core.work import Method

WARMED_STEPS = 4
"""New tokens of a warming generation: enough for the decode step to be compiled and to run as it will."""


class Compile(Backend):
    """The forward, or the decode step of `generate()`, compiled for dynamic shapes.

    `build` compiles; `prepare` finds the kernels in the build and traces only, which needs no compiler run.
    """

    name, family, dtype = "compile", "torch", "float32"
    # 1e-6 was measured: other fusions, the same arithmetic.
    tolerance = Tolerance(fidelity=1e-3, batching=1e-3)
    builds = True
    method = Method(compiled=True)
    by_default = False
    """To compile the checkpoints of the default matrix takes as long as all the rest of it."""
    preload: ClassVar[tuple[str, ...]] = ("suite.backends.shared.inductor:settle",)

    def unsupported(self, device: str) -> str | None:
        if device.startswith("cuda") and find_spec("triton") is None:
            return "torch.compile needs triton for cuda: install it, or a build of torch that brings it"
        # Even finished kernels are looked up by a hash that asks the compiler for its version.
        if not any(map(shutil.which, filter(None, (os.environ.get("CXX"), "g++", "clang++", "cl")))):
            return "torch.compile needs a C++ compiler: install g++ or clang++, or name yours in CXX"
        return None

    def options(self) -> Mapping[str, Any]:
        import torch

        # The number of threads and the vector instructions are written into the kernels, and inductor looks a kernel
        # up by the paths that it was compiled with: those of another environment would all be compiled again.
        return {
            "environment": hashlib.sha256(f"{sys.prefix} {torch.__file__}".encode()).hexdigest()[:16],
            "threads": torch.get_num_threads(),
            "headers": "precompiled",
            "machine": platform.machine(),
            "instructions": torch.backends.cpu.get_cpu_capability(),
        }

    def build(self, subject: Subject, directory: Path, base: Path | None) -> None:
        self._warm(subject, directory)

    def prepare(self, subject: Subject, build: Path | None) -> Runnable:
        if build is None:
            raise ValueError(f"{self.name} runs what it built: pass the folder")
        return self._warm(subject, build)

    def _warm(self, subject: Subject, directory: Path) -> Runnable:
        from suite.backends.shared import inductor

        inductor.settle(directory)
        model = subject.load_model().to(subject.device)
        for name in subject.parts:
            _compile_decoding(*locate(model, name))
        if not subject.parts:
            (_compile_decoding if subject.generative else _compile_forward)(model, "forward")
        compiled = ", ".join(subject.parts) or ("decode step" if subject.generative else "forward")
        runnable = Runnable(model, subject.device, model_bytes(model), {"compiled": compiled})
        batch = {name: value.to(subject.device) for name, value in subject.example().items()}
        # Three rows, which no other size is likely to be; and one, since a size of 1 is always compiled for itself.
        # (`backed_size_oblivious` would spare that. With torch 2.13, wav2vec2's graphs are then taken for one another
        # when they come out of the cache, and BART's is not compiled.)
        for rows in ([0, 1, 0], [1]):
            some = {name: value[rows] for name, value in batch.items()}
            if subject.generative:
                runnable.generate(some, max_new_tokens=WARMED_STEPS, min_new_tokens=WARMED_STEPS, do_sample=False)
            else:
                subject.infer(runnable, some)
        return runnable


def _compile_forward(owner: Any, method: str) -> None:
    import torch

    eager = getattr(owner, method)
    compiled, compiled_for_pictures = torch.compile(eager, dynamic=True), torch.compile(eager)

    @functools.wraps(eager)
    def forward(*args: Any, **kwargs: Any) -> Any:
        arguments = _uniform(kwargs)
        pictures = _only_pictures(args, arguments)
        if pictures is None:
            return compiled(*args, **arguments)
        # Only their number changes. With sides that might change too, torch 2.13 fails on the strides of convolutions
        # over a grid whose side is a square root (DPT).
        if len(pictures) > 1:
            torch._dynamo.mark_dynamic(pictures, 0)
        return compiled_for_pictures(**arguments)

    setattr(owner, method, forward)


def _only_pictures(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """The batch of pictures that is the call's only tensor, if it is."""
    tensors = [value for value in (*args, *kwargs.values()) if hasattr(value, "is_inference")]
    return tensors[0] if not args and len(tensors) == 1 and tensors[0].ndim == 4 else None


def _compile_decoding(owner: Any, method: str) -> None:
    """Compile the steps that have a cache to go on from. The prompt is read once, so it is left to eager.

    So is the step after a single token, an encoder-decoder's first: its cache has a size of 1. A part that is asked for
    no cache (an image encoder) is compiled as it is.
    """
    import torch

    eager = getattr(owner, method)
    compiled = torch.compile(eager, dynamic=True)

    @functools.wraps(eager)
    def forward(*args: Any, **kwargs: Any) -> Any:
        if not kwargs.get("use_cache"):
            return compiled(*args, **_uniform(kwargs))
        past = cache_of(kwargs)
        length = 0 if past is None else past.get_seq_length()
        if length < 2:
            return eager(*args, **kwargs)
        if kwargs.get("attention_mask") is None and kwargs.get("input_ids") is not None:
            # `generate()` leaves out a mask that masks nothing, and each set of arguments would be compiled for itself.
            encoded = kwargs.get("encoder_outputs")
            shape = (
                encoded[0].shape[:2] if encoded else (len(kwargs["input_ids"]), length + kwargs["input_ids"].shape[1])
            )
            kwargs["attention_mask"] = torch.ones(shape, dtype=torch.long, device=owner.device)
        return compiled(*args, **_uniform(kwargs))

    setattr(owner, method, forward)


def _uniform(arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments with their tensors as ones of this inference's own: views and others would be compiled apart."""
    return {
        name: value.clone() if hasattr(value, "is_inference") and not _own(value) else value
        for name, value in sorted(arguments.items())
    }


def _own(tensor: Any) -> bool:
    return tensor.is_inference() and tensor.is_contiguous() and not tensor._is_view()
