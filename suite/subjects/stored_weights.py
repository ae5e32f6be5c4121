"""The weights in a folder, loaded into the class that a task uses: all that it needs, in the shapes that it needs."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from suite.core.errors import CheckpointError
from suite.core.printable import first_line, listed
from suite.subjects.adapter import Adapter, check_base, merged
from suite.subjects.integrity import integer_tensors, weight_files

Shape = Collection[int]
POOLER = "pooler"


def load_weights(
    directory: Path, auto_class: str, config: Any, adapter: Adapter | None = None
) -> tuple[Any, list[str]]:
    """The model in float32, merged with the adapter, and the names of the tensors that it has no place for.

    Raises:
        CheckpointError: the weights are not those of the class that the config asks for.
    """
    model, info = _loaded(directory, auto_class, config)
    if adapter is not None:
        check_base(model, adapter)
    brought = () if adapter is None else adapter.saved_modules
    others = [entry for entry in info.get("mismatched_keys") or () if not _is_within(entry[0], brought)]
    if others:
        raise CheckpointError(_other_shapes(directory, model, sorted(others)))
    missing = sorted(name for name in info["missing_keys"] if not _is_within(name, brought))
    unread = sorted(info.get("unexpected_keys") or ())
    if missing:
        raise CheckpointError(_lacking(directory, model, missing, unread))
    _refuse_integers(directory, model)
    return model if adapter is None else merged(model, adapter), unread


def load_body(directory: Path, auto_class: str, config: Any) -> Any:
    """The model in float32 to be tuned: with the stored weights, but for a head that is not stored in its shape, or at
    all, and has its class's initial weights.

    Raises:
        CheckpointError: more than the head is missing.
    """
    model, info = _loaded(directory, auto_class, config)
    others = sorted(entry for entry in info.get("mismatched_keys") or () if not _is_of_head(entry[0], model))
    if others:
        raise CheckpointError(_other_shapes(directory, model, others))
    missing = sorted(name for name in info["missing_keys"] if not _is_of_head(name, model))
    # What pools the states of an encoder stands in its body and comes only with classes that read whole texts.
    missing = [name for name in missing if POOLER not in name.split(".")]
    if missing:
        raise CheckpointError(_lacking(directory, model, missing, sorted(info.get("unexpected_keys") or ())))
    _refuse_integers(directory, model)
    return model


def renew_head(model: Any, other: Any) -> None:
    """Give a model the head of another one of its class and config: its own is for other classes."""
    theirs = other.state_dict()
    for name, weight in model.state_dict().items():
        if _is_of_head(name, model):
            weight.copy_(theirs[name])


def not_finite(directory: Path) -> list[str]:
    """The names of the stored tensors that hold NaN or infinity; none where the files cannot be read any more."""
    from safetensors import safe_open

    names = []
    try:
        for file in weight_files(directory):
            with safe_open(file, framework="pt") as tensors:
                stored = {name: tensors.get_tensor(name) for name in tensors.keys()}  # noqa: SIM118 - it is no mapping
                names += [name for name, tensor in stored.items() if not tensor.float().isfinite().all()]
    except (CheckpointError, OSError, RuntimeError):
        return []
    return names


def _is_within(name: str, modules: Iterable[str]) -> bool:
    return not set(modules).isdisjoint(name.split("."))


def _other_shapes(directory: Path, model: Any, mismatched: list[tuple[str, Shape, Shape]]) -> str:
    """A sentence about tensors that are larger or smaller than the config says."""
    name, stored, wanted = mismatched[0]
    others = f", and {len(mismatched) - 1} more like it" if len(mismatched) > 1 else ""
    kind = type(model).__name__
    what = f"{directory} stores {name} as {list(stored)}, where {kind} has {list(wanted)} by its config.json{others}"
    labels = getattr(model.config, "num_labels", None)
    first, there = (next(iter(shape), None) for shape in (wanted, stored))
    if first == labels != there and all(_is_of_head(one, model) for one, _, _ in mismatched):
        return f"{what}: its id2label or num_labels is for {labels} classes, and the head has {there}: name those."
    if first == getattr(model.config, "vocab_size", None) != there:
        return f"{what}: its vocab_size is not that of the weights. Save both with save_pretrained()."
    return f"{what}: the config does not belong to the weights. Save both with save_pretrained()."


def _lacking(directory: Path, model: Any, missing: list[str], unread: list[str]) -> str:
    """A sentence about tensors that are not there: of a head that was never trained, misnamed, or lost."""
    what = f"{directory} has no weights for {listed(missing)}, which {type(model).__name__} needs"
    if unread:
        return (
            f"{what}, and holds {listed(unread)}, which it does not know: the weights are those of another class or "
            "bear other names. Save the model that was trained with save_pretrained() of that class."
        )
    if all(_is_of_head(name, model) for name in missing):
        return f"{what}: it was not trained for this task. Pass a fine-tuned checkpoint."
    return f"{what}: the weights are incomplete, or the config is that of a larger model. Fetch or save both again."


def _is_of_head(name: str, model: Any) -> bool:
    """Whether a tensor stands outside the part that all classes of a family have in common."""
    return model.base_model is not model and not name.startswith(f"{model.base_model_prefix}.")


def _refuse_integers(directory: Path, model: Any) -> None:
    """Refuse whole numbers that were turned into the floating point numbers of a parameter.

    Raises:
        CheckpointError: there are such.
    """
    names = [name for file in weight_files(directory) for name in integer_tensors(file)]
    floating = [name for name, parameter in model.named_parameters() if parameter.is_floating_point()] if names else []
    # Of the two the one may have a prefix: that of the part which the checkpoint or the class is.
    wrong = [
        name for name in names if any(f".{name}".endswith(f".{own}") or own.endswith(f".{name}") for own in floating)
    ]
    if wrong:
        raise CheckpointError(
            f"{directory} stores parameters of {type(model).__name__} as whole numbers ({listed(wrong)}), which are "
            "floating point numbers: save it again with save_pretrained()."
        )


def _loaded(directory: Path, auto_class: str, config: Any) -> tuple[Any, dict[str, Any]]:
    import torch
    import transformers

    try:
        loaded: tuple[Any, dict[str, Any]] = getattr(transformers, auto_class).from_pretrained(
            directory,
            config=config,
            dtype=torch.float32,
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # they are refused by their names
        )
    except MemoryError:
        raise
    except Exception as error:
        raise CheckpointError(
            f"The weights in {directory} do not load into {auto_class} ({first_line(error)}): the config does not "
            "belong to them, or this architecture has no such head."
        ) from error
    return loaded
