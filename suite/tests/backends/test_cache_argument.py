"""The key-value cache under either of its names: decoders and encoder-decoders of transformers 5.23 and of 5.24."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from suite.backends import compile as compiled
from suite.backends.shared import cache_argument
from suite.backends.shared.onnx import empty_cache, exporting, part_graphs, running
from suite.core.errors import Unsupported
from suite.tests.support.tiny_models import batch_for, make_subject

BOTH = ("cache", "past_key_values")


def renamed(model: Any, name: str) -> Any:
    """The model, with its cache under that name among its arguments and outputs, whatever this release calls it."""
    original = model.forward
    accepted = cache_argument.parameters(original)
    own = next(known for known in BOTH if known in accepted)

    def forward(**arguments: Any) -> dict[str, Any]:
        if (set(BOTH) - {name}) & set(arguments):
            raise TypeError("forward() got an unexpected keyword argument")
        outputs = original(**{own if key == name else key: value for key, value in arguments.items()})
        return {name if key == own else key: value for key, value in outputs.items()}

    forward.__signature__ = inspect.Signature([  # type: ignore[attr-defined]
        inspect.Parameter(name if key == own else key, inspect.Parameter.KEYWORD_ONLY) for key in accepted
    ])  # fmt: skip
    model.forward = forward
    return model


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("architecture", ["t5", "m2m100"])
def test_an_encoder_decoder_is_exported_with_its_cache(architecture: str, name: str) -> None:
    import torch

    model, batch = renamed(make_subject(architecture).load_model(), name), batch_for(architecture)
    traced = exporting._encoder_decoder(model, batch)
    decoder, inputs = traced[exporting.DECODER]
    assert set(inputs) == {"encoder_outputs", "attention_mask", "decoder_input_ids", name}
    assert inputs[name].get_seq_length() == inputs["decoder_input_ids"].shape[1]
    with torch.no_grad():
        crossed = traced[exporting.CROSS][0](**traced[exporting.CROSS][1])
        assert decoder(**inputs)["logits"].shape[:2] == inputs["decoder_input_ids"].shape
    layers = inputs[name].cross_attention_cache.layers
    assert set(crossed) == {f"{what}_{index}" for index in range(len(layers)) for what in ("keys", "values")}
    assert torch.equal(crossed["keys_1"], layers[1].keys)


@pytest.mark.parametrize("name", BOTH)
def test_a_first_step_begins_with_an_empty_cache(name: str) -> None:
    import torch
    from transformers import DynamicCache

    tokens = torch.ones(2, 5, dtype=torch.long)
    arguments: dict[str, Any] = {"input_ids": tokens, "attention_mask": None, name: DynamicCache()}
    layers: empty_cache.Layers = {0: {"keys": ["rows", 2, "past", 24], "values": ["rows", 2, "past", 16]}}
    running._begin(make_subject("llama").load_model(), layers, ("input_ids", name), arguments)
    (layer,) = arguments[name].layers
    assert (tuple(layer.keys.shape), tuple(layer.values.shape)) == ((2, 2, 0, 24), (2, 2, 0, 16))
    assert arguments["attention_mask"].shape == (2, 5)


@pytest.mark.parametrize("name", BOTH)
def test_a_first_step_after_an_encoder_begins_with_what_that_saw(name: str) -> None:
    import torch
    from transformers import DynamicCache, EncoderDecoderCache

    seen = torch.rand(2, 7, 32)
    named = {f"{what}_{index}": torch.rand(2, 4, 7, 8) for index in range(2) for what in ("keys", "values")}
    cross: Callable[..., Any] = lambda encoder_hidden_states: named if encoder_hidden_states is seen else {}  # noqa: E731
    arguments: dict[str, Any] = {"encoder_outputs": (seen,), name: EncoderDecoderCache(DynamicCache(), DynamicCache())}
    running._begin_with_cross(cross, (name,), arguments)
    assert torch.equal(arguments[name].cross_attention_cache.layers[1].values, named["values_1"])
    # A part of a model is called without any cache at first, and gets one under the name that its graph takes.
    part: dict[str, Any] = {"input_ids": torch.ones(2, 1, dtype=torch.long), "encoder_hidden_states": seen}
    part_graphs._begin(cross, part, ("input_ids", "attention_mask", name))
    assert torch.equal(part[name].cross_attention_cache.layers[1].values, named["values_1"])
    assert part["attention_mask"].shape == (2, 1)


@pytest.mark.parametrize("name", BOTH)
def test_the_steps_that_have_a_cache_are_compiled(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    import torch

    eager, decode = [], []
    monkeypatch.setattr(torch, "compile", lambda call, **options: lambda **arguments: decode.append(arguments))
    owner = SimpleNamespace(device="cpu", forward=lambda **arguments: eager.append(arguments))
    compiled._compile_decoding(owner, "forward")
    for length in (0, 1, 6):
        past = SimpleNamespace(get_seq_length=lambda length=length: length)
        owner.forward(input_ids=torch.ones(2, 1, dtype=torch.long), use_cache=True, **{name: past})
    assert (len(eager), len(decode)) == (2, 1)
    assert decode[0]["attention_mask"].shape == (2, 7)


def _graph(*names: str) -> Any:
    return SimpleNamespace(
        get_inputs=lambda: [SimpleNamespace(name=name, shape=["rows", 2, "past", 8]) for name in names]
    )


@pytest.mark.parametrize("name", BOTH)
def test_what_a_graph_takes_of_a_cache(name: str) -> None:
    both = (f"input.{name}.layers.1.keys", f"input.{name}.layers.1.values")
    layers = empty_cache.layers_of(_graph("input_ids", "attention_mask", *both))
    assert {index: sorted(tensors) for index, tensors in layers.items()} == {1: ["keys", "values"]}
    assert empty_cache.layers_of(_graph("input_ids", "a.layers.0.keys")) == {}
    for other in (f"{name}.layers.0.conv_states.0", f"{name}.linear_cache.0", f"{name}.layers.2.keys"):
        with pytest.raises(Unsupported, match="holds other than keys and values"):
            empty_cache.layers_of(_graph(*both, other))


def test_only_a_model_that_masks_windows_gets_a_cache_without_them() -> None:
    import torch
    import transformers
    from transformers import DynamicCache

    gemma = make_subject("gemma3").load_model()
    windowed: Any = DynamicCache(config=gemma.config)
    assert [layer.is_sliding for layer in windowed.layers] == [True, False]
    assert empty_cache.without_windows(windowed, gemma) is not windowed
    config = transformers.MoshiConfig(
        vocab_size=50, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, num_key_value_heads=2, ffn_dim=32,
        sliding_window=4, audio_vocab_size=50,
    )  # fmt: skip
    moshi = transformers.MoshiForCausalLM(config)
    windowed = DynamicCache(config=config)
    assert [layer.is_sliding for layer in windowed.layers] == [True]
    assert empty_cache.without_windows(windowed, moshi) is windowed
    moshi.generation_config.pad_token_id = 0
    with pytest.raises(Unsupported, match="keeps windows in its cache"):
        exporting._decoder(moshi.eval(), {"input_ids": torch.ones(2, 3, dtype=torch.long)})
