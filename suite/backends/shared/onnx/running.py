"""Runs exported graphs: a forward, or the model class's own `generate()` on a model without weights."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from suite.backends.shared.cache_argument import cache_name, cache_of
from suite.backends.shared.onnx import cross_attention, empty_cache, part_graphs
from suite.backends.shared.onnx.exporting import CROSS, DECODER, ENCODER, FORWARD, GENERATION_CONFIG
from suite.backends.shared.onnx.sessions import providers, session_options
from suite.backends.shared.submodules import as_module
from suite.core.errors import Unsupported
from suite.core.subject import Subject


class Graph:
    """A forward without generation, called like the model that it was exported from."""

    def __init__(self, runner: Any, config: Any) -> None:
        self.runner, self.config = runner, config
        self.device, self.dtype = runner.device, runner.dtype

    def __call__(self, **inputs: Any) -> Any:
        """What the model returns; inputs that it never looked at are dropped."""
        return self.runner(**{name: value for name, value in inputs.items() if name in self.runner.metadata.kwargs})


def open_model(subject: Subject, directory: Path) -> tuple[Any, list[Any]]:
    """The exported model, ready to run on the subject's device, and its sessions.

    Its weights are those of the graphs alone.
    """
    from transformers.exporters.base import ExportedModel

    runners: dict[str, Any] = ExportedModel.from_pretrained(
        directory, providers=providers(subject.device), session_options=session_options(subject.threads)
    ).runners
    return _model(subject, directory, runners), [runner.session for runner in runners.values()]


def _model(subject: Subject, directory: Path, runners: dict[str, Any]) -> Any:
    if subject.parts:
        return _shell_of_parts(subject, directory, runners)
    if not subject.generative:
        return Graph(runners[FORWARD], subject.config)
    return _shell(subject, directory, runners)


def _shell(subject: Subject, directory: Path, runners: dict[str, Any]) -> Any:
    """The model class itself on the meta device, whose forward calls the graphs."""
    import transformers

    decoder = runners[DECODER]
    shell = part_graphs.empty_model(subject)
    part_graphs.on_device(shell, decoder)
    shell.generation_config = transformers.GenerationConfig.from_pretrained(directory, GENERATION_CONFIG)
    if CROSS in runners:
        _replace_forward(shell.get_encoder(), runners[ENCODER], _keep)
        _replace_forward(shell, decoder, functools.partial(_begin_with_cross, runners[CROSS], decoder.metadata.kwargs))
    else:
        layers = empty_cache.layers_of(decoder.session)
        begin = functools.partial(_begin, shell, layers) if layers else _read_all
        _replace_forward(shell, decoder, functools.partial(begin, decoder.metadata.kwargs))
    return shell


def _shell_of_parts(subject: Subject, directory: Path, runners: dict[str, Any]) -> Any:
    """The model class itself on the meta device; its parts run the graphs, its own code runs what lies between."""
    import transformers

    shell = part_graphs.empty_model(subject)
    part_graphs.attach(shell, subject.parts, runners)
    part_graphs.on_device(shell, next(iter(runners.values())))
    for name in ("", *subject.parts):
        file = directory / (f"{part_graphs.graph_name(name)}-{GENERATION_CONFIG}" if name else GENERATION_CONFIG)
        if file.is_file():
            module = as_module(shell, name) if name else shell
            module.generation_config = transformers.GenerationConfig.from_pretrained(directory, file.name)
    return shell


def _run(runner: Any, complete: Callable[[dict[str, Any]], None], arguments: dict[str, Any]) -> Any:
    """Run a graph on the arguments of a forward, completed in place; those that the graph does not take are dropped.

    Where the call has no cache, its outputs have none: it was told to use none, and reads all tokens at every step.
    """
    wants_none = cache_of(arguments) is None
    complete(arguments)
    accepted = runner.metadata.kwargs
    outputs = runner(**{name: value for name, value in arguments.items() if name in accepted})
    name = cache_name(outputs)
    if name is None or not wants_none:
        return outputs
    return type(outputs)(**{key: value for key, value in outputs.items() if key != name})


def _replace_forward(module: Any, runner: Any, complete: Callable[[dict[str, Any]], None]) -> None:
    part_graphs.replace(module, "forward", functools.partial(_run, runner, complete))


def _keep(arguments: dict[str, Any]) -> None:
    """Leave the arguments as they are."""


def _read_all(accepted: Collection[str], arguments: dict[str, Any]) -> None:
    """Complete the arguments of a decoder without a cache, which reads all tokens at every step.

    Raises:
        Unsupported: it is given tensors that its graph does not take, and would be lost.
    """
    import torch

    _complete_mask(arguments, 0)
    if lost := [name for name, value in arguments.items() if name not in accepted and isinstance(value, torch.Tensor)]:
        raise Unsupported(f"at a later step it is given {', '.join(lost)} too, which its graph does not take")


def _complete_mask(arguments: dict[str, Any], past: int) -> None:
    import torch

    tokens = arguments["input_ids"]
    if arguments.get("attention_mask") is None:
        length = past + tokens.shape[1]
        arguments["attention_mask"] = torch.ones(len(tokens), length, dtype=torch.long, device=tokens.device)


def _begin(shell: Any, layers: empty_cache.Layers, accepted: Collection[str], arguments: dict[str, Any]) -> None:
    """Give the first step of a decoder its empty cache, as the tensors of length zero that the graph takes."""
    from transformers import DynamicCache

    tokens, past = arguments["input_ids"], cache_of(arguments)
    if past is None or past.get_seq_length() == 0:
        if past is None:
            past = DynamicCache(config=shell.config.get_text_config(decoder=True))
        past = empty_cache.without_windows(past, shell)
        empty_cache.fill(past, layers, len(tokens), tokens.device)
        arguments[str(cache_name(accepted))] = past
    _complete_mask(arguments, past.get_seq_length())


def _begin_with_cross(cross: Any, accepted: Collection[str], arguments: dict[str, Any]) -> None:
    """The same for a decoder with an encoder, whose cache also holds keys and values of the encoder's output."""
    from transformers import DynamicCache, EncoderDecoderCache

    past = cache_of(arguments)
    if past is None:
        past = arguments[str(cache_name(accepted))] = EncoderDecoderCache(DynamicCache(), DynamicCache())
    if past.get_seq_length() == 0:
        cross_attention.begin(past, cross(encoder_hidden_states=arguments["encoder_outputs"][0]))
