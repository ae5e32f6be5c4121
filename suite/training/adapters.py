"""Low-rank adapters (LoRA, Hu et al. 2021) by peft: put beside a model's frozen weights, and merged into them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

SCALE = 2
"""`lora_alpha` for each unit of the rank, so that ranks can be compared at one learning rate."""


def with_adapter(model: Any, rank: int) -> Any:
    """The model with its weights frozen, an adapter beside every linear layer, and its new head trained whole.

    Raises:
        Unsupported: peft is not installed, or has no place for an adapter in this model.
    """
    import peft

    config = peft.LoraConfig(
        task_type=peft.TaskType.SEQ_CLS,
        r=rank,
        lora_alpha=SCALE * rank,
        lora_dropout=0.0,
        target_modules="all-linear",
    )
    return peft.get_peft_model(model, config)


def trained_share(model: Any) -> float:
    """The share of the parameters that are trained, 0 to 1."""
    counts = [(weight.numel(), weight.requires_grad) for weight in model.parameters()]
    return sum(count for count, is_trained in counts if is_trained) / sum(count for count, _ in counts)


def moved(base: Any, adapted: Any) -> list[str]:
    """The names of the weights of the base that are not to the bit what they were before the training.

    A head that is trained whole stands beside the one that the base has, which stays.
    """
    import torch

    before = dict(base.named_parameters())
    after = {
        name.removeprefix("base_model.model.").replace("base_layer.", "").replace("original_module.", ""): weight
        for name, weight in adapted.named_parameters()
        if "lora_" not in name and "modules_to_save." not in name
    }
    return [name for name, weight in before.items() if name not in after or not torch.equal(weight, after[name])]


def is_adapted(model: Any) -> bool:
    """Whether a model stands with adapters beside its weights."""
    return hasattr(model, "merge_and_unload")


def apart_when_merged(base: Any, adapter: Path, merged: Any, batch: Mapping[str, Any]) -> float:
    """How far a merged model's outputs are from those of the saved adapter beside its base, relative to the largest."""
    import peft
    import torch

    beside = peft.PeftModel.from_pretrained(base, adapter).eval()
    with torch.inference_mode():
        ours, theirs = merged(**batch).logits, beside(**batch).logits
    return float((ours - theirs).abs().max() / theirs.abs().max().clamp(min=1e-9))
