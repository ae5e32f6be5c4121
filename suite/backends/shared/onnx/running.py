"""Runs exported graphs: a forward, or the model class's own `generate()` on a model without weights."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

from suite.backends.shared.onnx import cross_attention, part_graphs
from suite.backends.shared.onnx.exporting import CROSS, DECODER, ENCODER, FORWARD, GENERATION_CONFIG
from suite.backends.shared.onnx.sessions import providers, session_options
from suite.backends.shared.submodules import as_module
from suite.core.subject import Subject


class Graph:
    """A forward without generation, called like the model that it was exported from."""

    def __init__(self, runner: Any, config: Any) -> None:
        self.runner, self.config = runner, config
        self.device, self.dtype = runner.device, runner.dtype

    def __call__(self, **inputs: Any) -> Any:
        """What the model returns; inputs that it never looked at are dropped."""
        return self.runner(**{name: value for name, value in inputs.items() if name in self.runner.metadata.kwargs})


def open_model(subject: Subject, directory: Path) -> Any:
    """The exported model, ready to run on the subject's device. Its weights are those of the graphs alone."""
    from transformers.exporters.base import ExportedModel

    runners = ExportedModel.from_pretrained(
        directory, providers=providers(subject.device), session_options=session_options(subject.threads)
    ).runners
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
        _replace_forward(shell, decoder, functools.partial(_begin_with_cross, runners[CROSS]))
    else:
        _replace_forward(shell, decoder, functools.partial(_begin, shell.config.get_text_config(decoder=True)))
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
    """Run a graph on the arguments of a forward, completed in place; those that the graph does not take are dropped."""
    complete(arguments)
    accepted = runner.metadata.kwargs
    return runner(**{name: value for name, value in arguments.items() if name in accepted})


def _replace_forward(module: Any, runner: Any, complete: Callable[[dict[str, Any]], None]) -> None:
    part_graphs.replace(module, "forward", functools.partial(_run, runner, complete))


def _keep(arguments: dict[str, Any]) -> None:
    """Leave the arguments as they are."""


def _begin(config: Any, arguments: dict[str, Any]) -> None:
    """Give the first step of a decoder its empty cache, as the tensors of length zero that the graph takes."""
    import torch

    tokens, past = arguments["input_ids"], arguments["past_key_values"]
    if past.get_seq_length() == 0:
        heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
        width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        for index in range(config.num_hidden_layers):
            empty = torch.zeros(len(tokens), heads, 0, width, device=tokens.device)
            past.update(empty, empty, index)
    if arguments.get("attention_mask") is None:
        length = past.get_seq_length() + tokens.shape[1]
        arguments["attention_mask"] = torch.ones(len(tokens), length, dtype=torch.long, device=tokens.device)


def _begin_with_cross(cross: Any, arguments: dict[str, Any]) -> None:
    """The same for a decoder with an encoder, whose cache also holds keys and values of the encoder's output."""
    past = arguments["past_key_values"]
    if past.get_seq_length() > 0:
        return
    cross_attention.begin(past, cross(encoder_hidden_states=arguments["encoder_outputs"][0]))
