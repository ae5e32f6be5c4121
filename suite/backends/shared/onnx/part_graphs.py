"""Models whose call goes through several modules: each such part is a graph, the code between them stays Python.

The parts are watched while the model answers an example, so that each is exported on inputs that it really gets. A part
that is asked for a cache is exported with one, as a decoder of any number of steps beside a graph that makes its keys
and values of the encoder's output.
"""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from suite.backends.shared.cache_argument import NAMES, cache_name, cache_of, parameters
from suite.backends.shared.onnx import cross_attention
from suite.backends.shared.submodules import as_module, locate
from suite.core.subject import Subject
from suite.subjects.open_checkpoint import from_config

STEPS = ("input_ids", "inputs_embeds", "hidden_states")
"""What a part with a cache takes one step of at a time, whichever of these it has."""
PLACES = ("position_ids", "cache_position")
"""Not passed on: a part counts its own places from its cache."""
CROSS = "-cross"

Inputs = dict[str, Any]


def trace(model: Any, parts: Sequence[str], answer: Callable[[Any], Any]) -> dict[str, tuple[Any, Inputs]]:
    """What to export: graph name -> a module and its inputs. `answer` runs the model as its task does.

    Raises:
        ValueError: a part is not there, or was never called.
    """
    traced: dict[str, tuple[Any, Inputs]] = {}
    for name, calls in watch(model, parts, answer).items():
        module = as_module(model, name)
        cached = [inputs for inputs in calls if inputs.get("use_cache")]
        if cached:
            traced |= _with_cache(module, graph_name(name), cached[0])
        else:
            traced[graph_name(name)] = (module, largest(calls))
    return traced


def watch(model: Any, parts: Sequence[str], answer: Callable[[Any], Any]) -> dict[str, list[Inputs]]:
    """What each part is called with while the model answers, call by call.

    Raises:
        ValueError: a part was never called.
    """
    import torch

    calls: dict[str, list[Inputs]] = {name: [] for name in parts}
    with torch.no_grad(), ExitStack() as watching:
        for name in parts:
            watching.enter_context(_watched(*locate(model, name), calls[name]))
        answer(model)
    idle = [name for name in parts if not calls[name]]
    if idle:
        raise ValueError(f"{', '.join(idle)} of {type(model).__name__} took no part in an answer")
    return calls


def largest(calls: Sequence[Inputs]) -> Inputs:
    """The call with the largest inputs, whose every axis is then longer than 1 if any call's is."""
    return max(calls, key=_elements)


def graph_name(part: str) -> str:
    """The name of a part's graph, which is also that of its file."""
    return part.replace(".", "-")


@contextmanager
def _watched(owner: Any, method: str, calls: list[Inputs]) -> Iterator[None]:
    """Append the arguments of each call of a part to `calls`, by name, with caches as they are at that time."""
    original = getattr(owner, method)
    signature = inspect.signature(original)

    @functools.wraps(original)
    def forward(*args: Any, **kwargs: Any) -> Any:
        arguments = bound(signature, args, kwargs)
        calls.append({name: copy.deepcopy(value) for name, value in arguments.items() if value is not None})
        return original(*args, **kwargs)

    setattr(owner, method, forward)
    try:
        yield
    finally:
        delattr(owner, method)


def bound(signature: inspect.Signature, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Inputs:
    """The arguments of a call by name; those of a `**kwargs` beside the others."""
    arguments = dict(signature.bind(*args, **kwargs).arguments)
    for name, parameter in signature.parameters.items():
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            arguments.update(arguments.pop(name, {}))
    return arguments


def _elements(inputs: Inputs) -> int:
    return sum(value.numel() for value in inputs.values() if hasattr(value, "numel"))


def _with_cache(module: Any, name: str, first: Inputs) -> dict[str, tuple[Any, Inputs]]:
    """The two graphs of a part with a cache: two steps after some others, and the cross-attention's keys and values."""
    import torch

    inputs = {key: value for key, value in first.items() if key not in (*NAMES, *PLACES)}
    steps = step_name(inputs)
    one = inputs[steps][:, -1:]
    with torch.no_grad():
        cache = cache_of(module(**{
            **inputs, steps: inputs[steps].repeat_interleave(2, 1)[:, : max(2, inputs[steps].shape[1])]
        } | _no_mask(inputs)))  # fmt: skip
    name_of_cache = str(cache_name(parameters(module.forward)))
    decoding = inputs | {steps: torch.cat([one, one], 1), name_of_cache: copy.deepcopy(cache)}
    if "attention_mask" in inputs:
        decoding["attention_mask"] = one.new_ones((len(one), cache.get_seq_length() + 2), dtype=torch.long)
    return {
        name: (module, decoding),
        name + CROSS: (_cross_module(module, steps, one), {"encoder_hidden_states": inputs["encoder_hidden_states"]}),
    }


def _no_mask(inputs: Inputs) -> Inputs:
    return {"attention_mask": None} if "attention_mask" in inputs else {}


def step_name(inputs: Mapping[str, Any]) -> str:
    """Which of the inputs goes on step by step."""
    return next(name for name in STEPS if inputs.get(name) is not None)


def _cross_module(module: Any, steps: str, one: Any) -> Any:
    import torch

    class Cross(torch.nn.Module):
        """The keys and values of the encoder's output; the rest of the part is unused and dropped from the graph."""

        def __init__(self) -> None:
            super().__init__()
            self.part = module

        def forward(self, encoder_hidden_states: torch.Tensor) -> dict[str, torch.Tensor]:
            shape = (encoder_hidden_states.shape[0], 1, *one.shape[2:])
            begin = torch.zeros(shape, dtype=one.dtype, device=encoder_hidden_states.device)
            first = self.part(**{steps: begin}, encoder_hidden_states=encoder_hidden_states, use_cache=True)
            return cross_attention.outputs(cache_of(first))

    return Cross().eval()


def empty_model(subject: Subject) -> Any:
    """The model's class on the meta device: its code and its config, no weights."""
    import torch

    with torch.device("meta"):
        return from_config(subject.auto_class, copy.deepcopy(subject.config)).eval()


def attach(shell: Any, parts: Sequence[str], runners: Mapping[str, Any]) -> None:
    """Let the parts of a model without weights run their graphs."""
    for name in parts:
        owner, method = locate(shell, name)
        runner, cross = runners[graph_name(name)], runners.get(graph_name(name) + CROSS)
        replace(owner, method, functools.partial(_run, runner, cross))
        if method == "forward":
            on_device(owner, runner)


def on_device(module: Any, runner: Any) -> None:
    """Let a module of transformers on the meta device say where its graph runs."""
    if not hasattr(type(module), "device"):
        return
    where = {"device": property(lambda _: runner.device), "dtype": property(lambda _: runner.dtype)}
    module.__class__ = type(f"Onnx{type(module).__name__}", (type(module),), where)


def replace(owner: Any, method: str, call: Callable[[Inputs], Any]) -> None:
    """Replace a method by `call`, which takes the arguments by name; `generate()` reads the signature: it is kept."""
    original = getattr(owner, method)
    signature = inspect.signature(original)

    @functools.wraps(original)
    def forward(*args: Any, **kwargs: Any) -> Any:
        arguments = bound(signature, args, kwargs)
        outputs = call(arguments)
        as_tuple = arguments.get("return_dict") is False and hasattr(outputs, "values")
        return tuple(outputs.values()) if as_tuple else outputs

    setattr(owner, method, forward)


def _run(runner: Any, cross: Any, arguments: Inputs) -> Any:
    accepted = runner.metadata.kwargs
    if cross:
        _begin(cross, arguments, accepted)
    return runner(**{name: value for name, value in arguments.items() if name in accepted and value is not None})


def _begin(cross: Any, arguments: Inputs, accepted: Any) -> None:
    """Add the cache of a first step, as its graph takes it, and the attention mask where the call has none."""
    import torch
    from transformers import DynamicCache, EncoderDecoderCache

    past = cache_of(arguments)
    if past is None or past.get_seq_length() == 0:
        past = EncoderDecoderCache(DynamicCache(), DynamicCache())
        cross_attention.begin(past, cross(encoder_hidden_states=arguments["encoder_hidden_states"]))
        arguments[str(cache_name(accepted))] = past
    if "attention_mask" in accepted and arguments.get("attention_mask") is None:
        steps = arguments[step_name(arguments)]
        length = past.get_seq_length() + steps.shape[1]
        arguments["attention_mask"] = torch.ones(len(steps), length, dtype=torch.long, device=steps.device)
