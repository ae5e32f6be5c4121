"""Exports a model to ONNX graphs with the exporter of transformers 5."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from suite.backends.shared.cache_argument import cache_name, cache_of, parameters
from suite.backends.shared.onnx import cross_attention, part_graphs
from suite.backends.shared.onnx.empty_cache import without_windows
from suite.backends.shared.onnx.exact_zeros import only_zero_is_zero
from suite.backends.shared.submodules import as_module
from suite.core.errors import Unsupported
from suite.core.runnable import Runnable
from suite.core.subject import Subject

FORWARD, ENCODER, CROSS, DECODER = "model", "encoder", "cross", "decoder"
"""The graphs. A model that only runs forward is one. A decoder-only one is a decoder that takes any number of tokens
and a cache of any length, an empty one to begin with: one graph for prefill and decoding has half the size of two, and
ran as fast. In an encoder-decoder, `cross` makes the decoder's keys and values of what the encoder saw, once per
generation, so that there too one decoder serves the first step and all others."""
GENERATION_CONFIG = "generation_config.json"


def export(subject: Subject, directory: Path) -> None:
    """Write the graphs of a subject, and how it generates, into `directory`."""
    from transformers.exporters.base import ExportedModel

    model = subject.load_model()
    example = subject.example()
    if subject.parts:
        traced = part_graphs.trace(model, subject.parts, lambda model: subject.infer(Runnable(model, "cpu"), example))
    elif not subject.generative:
        traced = {FORWARD: (model, example)}
    elif model.config.is_encoder_decoder:
        traced = _encoder_decoder(model, example)
    else:
        traced = _decoder(model, example)
    components = {name: _component(module, inputs) for name, (module, inputs) in traced.items()}
    ExportedModel(components, "onnx").save_pretrained(directory)
    for name in subject.parts:
        part = as_module(model, name)
        if getattr(part, "generation_config", None) is not None:
            part.generation_config.to_json_file(
                directory / f"{part_graphs.graph_name(name)}-{GENERATION_CONFIG}", use_diff=False
            )
    if getattr(model, "generation_config", None) is not None:
        model.generation_config.to_json_file(directory / GENERATION_CONFIG, use_diff=False)


def _component(module: Any, inputs: Mapping[str, Any]) -> Any:
    import onnx_ir
    from transformers.exporters.configs import OnnxConfig
    from transformers.exporters.exporter_onnx import OnnxExporter

    # Without the exporter's own `ort_fusions`: ONNX Runtime fuses at load what they would, and was as fast without.
    with only_zero_is_zero():
        component = OnnxExporter().export(module, dict(inputs), OnnxConfig(dynamic=True)).components["model"]
    # Each node carries the stack that it was traced from: of a small model that is the larger half of the file.
    for node in onnx_ir.traversal.RecursiveGraphIterator(component.program.graph):
        node.metadata_props.clear()
        for value in node.outputs:
            value.metadata_props.clear()
    return component


def _decoder(model: Any, example: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    from transformers import DynamicCache
    from transformers.exporters.utils import decompose_for_generation

    if getattr(model, "_is_stateful", False):
        raise Unsupported(
            f"{type(model).__name__} keeps a recurrent state, and the decoder that is exported takes keys and values: "
            "use the backends of torch"
        )
    name = cache_name(parameters(model.forward))
    if name is None:  # it is given all tokens again at every step
        return {DECODER: decompose_for_generation(model, dict(example))["prefill"]}
    _require_a_cache(model, example)
    usual = DynamicCache(config=model.config.get_text_config(decoder=True))
    cache = without_windows(usual, model)
    if any(getattr(layer, "is_sliding", False) for layer in cache.layers):
        raise Unsupported(
            f"{type(model).__name__} keeps windows in its cache, and how many tokens those have seen would be "
            "fixed in the graph: use the backends of torch"
        )
    given = {} if cache is usual else {name: cache}
    stages = decompose_for_generation(model, {**example, **given}, multi_token_decode=True)
    return {DECODER: stages["decode"]}


def _require_a_cache(model: Any, example: Mapping[str, Any]) -> None:
    """Refuse a model that takes a cache and gives none back, as an encoder does that is used as a decoder."""
    import torch

    asked = {"use_cache": True} if "use_cache" in parameters(model.forward) else {}
    with torch.no_grad():
        outputs = model(**example, **asked)
    if cache_of(outputs) is None:
        raise Unsupported(
            f"{type(model).__name__} gives back no keys and values, as its config does not call it a decoder "
            "(is_decoder), and the decoder that is exported takes them: use the backends of torch"
        )


def _encoder_decoder(model: Any, example: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    import torch

    encoder = model.get_encoder()
    # A task may begin the decoder's tokens itself: with a language, say.
    read = {name: value for name, value in example.items() if not name.startswith("decoder_")}
    with torch.no_grad():
        encoded = encoder(**read)
        start = model.generation_config.decoder_start_token_id
        tokens = torch.full((len(encoded[0]), 2), model.config.decoder_start_token_id if start is None else start)
        context = {"encoder_outputs": encoded, "attention_mask": read.get("attention_mask")}
        first = model(decoder_input_ids=tokens, **context, use_cache=True)
    cache = {str(cache_name(parameters(model.forward))): copy.deepcopy(cache_of(first))}
    decoding = {**context, "decoder_input_ids": tokens, **cache}
    return {
        ENCODER: (encoder, read),
        CROSS: (_cross_module(model), {"encoder_hidden_states": encoded[0]}),
        DECODER: (model, {name: value for name, value in decoding.items() if value is not None}),
    }


def _cross_module(model: Any) -> Any:
    import torch

    class Cross(torch.nn.Module):
        """The keys and values of the encoder's output; all else in the decoder is dropped from the graph, unused."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, encoder_hidden_states: torch.Tensor) -> dict[str, torch.Tensor]:
            tokens = encoder_hidden_states.new_zeros((encoder_hidden_states.shape[0], 1), dtype=torch.long)
            first = self.model(decoder_input_ids=tokens, encoder_outputs=(encoder_hidden_states,), use_cache=True)
            return cross_attention.outputs(cache_of(first))

    return Cross().eval()
