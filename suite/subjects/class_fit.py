"""Whether a model class of the installed transformers takes what a task gives it, found out from its signature."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping
from typing import Any

SEGMENTS = "token_type_ids"


def model_class(auto_class: str, config: Any) -> type | None:
    """The class that `auto_class` loads for a config; `None` where it has none."""
    import transformers

    loader = getattr(transformers, auto_class)
    mapping = getattr(loader, "_model_mapping", None)
    if mapping is None:
        return loader if isinstance(loader, type) else None
    try:
        found = mapping[type(config)]
    except KeyError:
        return None
    if not isinstance(found, tuple):
        return found
    named = [one for one in found if one.__name__ in (config.architectures or ())]
    return (named or found)[0]


def unknown(auto_class: str, config: Any) -> str | None:
    """Why `auto_class` has no class for a config, though one is named in it; `None` where it has one."""
    if model_class(auto_class, config) is not None:
        return None
    return (
        f"the installed transformers has no {auto_class} for a {type(config).__name__} (model_type "
        f"{config.model_type!r}), whatever architecture its config names"
    )


def leave_out_segments(processor: Any, cls: type | None) -> None:
    """Let a tokenizer make no segment ids for a model that has no place for them, as its class would refuse them."""
    tokenizer = getattr(processor, "tokenizer", processor)
    names = list(getattr(tokenizer, "model_input_names", ()))
    if cls is not None and SEGMENTS in names and SEGMENTS not in _parameters(cls):
        tokenizer.model_input_names = [name for name in names if name != SEGMENTS]


def misfit(model: Any, inputs: Collection[str], task: str, generates: bool) -> str | None:
    """Why a model cannot take a task's inputs, given by their names, or generate; `None` where it can."""
    kind = type(model).__name__
    if generates and not model.can_generate():
        return f"{kind} cannot generate, which {task} asks for: pass a checkpoint of a class that can"
    main = getattr(model, "main_input_name", None)
    if main and main not in inputs:
        return f"{kind} wants {main}, and {task} gives it {', '.join(inputs)}"
    parameters = _parameters(type(model))
    takes_any = any(one.kind is one.VAR_KEYWORD for one in parameters.values())
    refused = [] if takes_any else [name for name in inputs if name not in parameters]
    if refused:
        return f"{kind} has no place for {', '.join(refused)}, which {task} gives it"
    needed = [
        name
        for name, parameter in parameters.items()
        if name != "self"
        and parameter.default is parameter.empty
        and parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
        and name not in inputs
    ]
    return f"{kind} wants {', '.join(needed)} too, which {task} does not give it" if needed else None


def _parameters(cls: type) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(cls.forward).parameters  # type: ignore[attr-defined]
