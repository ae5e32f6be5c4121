"""A PEFT adapter (LoRA) on its base model: what it is for, and the two merged in memory.

Its config is a stranger's: of it nothing is taken but numbers and switches. Which modules it changes is read from the
names of its tensors, never from a pattern.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from suite.core.errors import CheckpointError
from suite.core.printable import listed, shortened
from suite.subjects.architectures import model_types
from suite.subjects.declared import TOKENIZER_CONFIG, declared_by, optional_object
from suite.subjects.folder_kinds import ADAPTER, ADAPTER_WEIGHTS
from suite.subjects.integrity import read_config, read_object, tensor_entries
from suite.task.declared import Declared

AUTO_CLASSES = {
    "SEQ_CLS": "AutoModelForSequenceClassification",
    "CAUSAL_LM": "AutoModelForCausalLM",
    "SEQ_2_SEQ_LM": "AutoModelForSeq2SeqLM",
    "TOKEN_CLS": "AutoModelForTokenClassification",
    "QUESTION_ANS": "AutoModelForQuestionAnswering",
    "FEATURE_EXTRACTION": "AutoModel",
}
PREFIX = "base_model.model."
LORA = re.compile(r"\.lora_(embedding_)?[AB](\.weight)?$|\.lora_magnitude_vector(\.weight)?$")
PLAIN = re.compile(r"\w+(\.\w+)*")
HEADS = ("classifier.weight", "score.weight", "classifier.out_proj.weight", "classifier.dense.weight")
FLOATS = ("F16", "BF16", "F32", "F64")
LONGEST_TENSOR_NAME = 1000
MOST_LABELS = 100_000
SWITCHES = ("use_rslora", "use_dora", "fan_in_fan_out", "lora_bias")


@dataclass(frozen=True)
class Adapter:
    """An adapter's folder, and of its config what is used."""

    directory: Path
    auto_class: str | None
    rank: int
    alpha: float
    switches: Mapping[str, bool]
    ranks: Mapping[str, int]
    alphas: Mapping[str, float]
    saved_modules: tuple[str, ...]
    """Modules that were trained as a whole: a head, say."""
    shapes: Mapping[str, tuple[int, ...]]
    """Of its tensors, by name."""

    @property
    def targets(self) -> list[str]:
        """The full names of the modules that it changes."""
        names = {LORA.sub("", name).removeprefix(PREFIX) for name in self.shapes if LORA.search(name)}
        return sorted(names)

    @property
    def labels(self) -> int | None:
        """How many classes its head has, if it brings one."""
        found = [shape[0] for name, shape in self.shapes.items() if name.endswith(HEADS) and len(shape) == 2]
        return found[0] if len(found) == 1 else None

    def architecture(self, base: Mapping[str, Any]) -> str | None:
        """The class of the merged model, by the adapter's task and the base's model type; `None` where it says none."""
        table = model_types().get(self.auto_class or "", {})
        return next(iter(table.get(str(base.get("model_type")), [])), None)


def read_adapter(directory: Path) -> Adapter:
    """The adapter in a folder.

    Raises:
        CheckpointError: there is none, it is damaged, or of a kind that cannot be merged here.
    """
    content = read_object(directory / ADAPTER)
    kind = content.get("peft_type")
    if kind != "LORA":
        raise CheckpointError(
            f"The adapter in {directory} is of the kind {shortened(str(kind))}, and only LoRA is merged here: merge it "
            "yourself (merge_and_unload() of PEFT, then save_pretrained()), and pass that folder."
        )
    weights = directory / ADAPTER_WEIGHTS
    if not weights.is_file():
        raise CheckpointError(
            f"{directory} has no {ADAPTER_WEIGHTS}: save the adapter as safetensors; a pickle "
            "(adapter_model.bin) can run any code when it is loaded."
        )
    rank, alpha = content.get("r"), content.get("lora_alpha")
    if type(rank) is not int or rank < 1 or not isinstance(alpha, int | float) or not _is_number(alpha):
        raise CheckpointError(f"{directory / ADAPTER} has no rank r and lora_alpha: save the adapter again.")
    saved = content.get("modules_to_save")
    saved = [name for name in saved if PLAIN.fullmatch(str(name))] if isinstance(saved, list) else []
    adapter = Adapter(
        directory=directory,
        auto_class=AUTO_CLASSES.get(str(content.get("task_type"))),
        rank=rank,
        alpha=float(alpha),
        switches={name: True for name in SWITCHES if content.get(name) is True},
        ranks={name: value for name, value in _plain(content.get("rank_pattern")) if type(value) is int},
        alphas=dict(_plain(content.get("alpha_pattern"))),
        saved_modules=tuple(saved),
        shapes=_shapes(weights),
    )
    if not adapter.targets:
        raise CheckpointError(f"{weights} holds no tensor of a LoRA adapter: save the adapter again.")
    if (adapter.labels or 0) > MOST_LABELS:
        raise CheckpointError(
            f"{weights} brings a head for {adapter.labels:,} classes: at most {MOST_LABELS:,} are read."
        )
    return adapter


def _shapes(weights: Path) -> dict[str, tuple[int, ...]]:
    """The shapes of tensors that take as many bytes of the file as the shapes say: what they ask for is there.

    Raises:
        CheckpointError: there is one that does not, or whose name is none of a module.
    """
    tensors = tensor_entries(weights)
    odd = [name for name, (dtype, shape) in tensors.items() if dtype not in FLOATS or 0 in shape]
    odd += [name for name in tensors if len(name) > LONGEST_TENSOR_NAME]
    if odd:
        raise CheckpointError(
            f"{weights} holds tensors that are no floating point numbers, empty, or have no name of a module "
            f"({listed(odd)}): save the adapter again."
        )
    return {name: shape for name, (_, shape) in tensors.items()}


def declared_with(adapter: Adapter, base: Declared) -> Declared:
    """What adapter and base say together: the adapter where it has words of its own (labels, a chat template).

    Raises:
        CheckpointError: the adapter's own config is damaged.
    """
    directory = adapter.directory
    config = read_config(directory) if has_config(directory) else dict(base.config)
    if not has_config(directory) and adapter.labels not in (None, len(base.labels)):
        config["id2label"] = {str(index): f"LABEL_{index}" for index in range(adapter.labels or 0)}
    names = frozenset(file.name for file in directory.iterdir())
    tokenizer = optional_object(directory / TOKENIZER_CONFIG)
    return declared_by(
        {**config, "architectures": [adapter.architecture(base.config) or base.architecture]},
        str(directory),
        base.files and base.files | names,
        tokenizer or base.tokenizer,
    )


def has_config(directory: Path) -> bool:
    """Whether an adapter lies beside a config of its own."""
    return (directory / "config.json").is_file()


def has_processor(directory: Path) -> bool:
    """Whether an adapter lies beside a tokenizer or preprocessor of its own."""
    names = (TOKENIZER_CONFIG, "tokenizer.json", "preprocessor_config.json", "processor_config.json")
    return any((directory / name).is_file() for name in names)


def check_base(model: Any, adapter: Adapter) -> None:
    """Verify that the model has the modules that the adapter changes.

    Raises:
        CheckpointError: the adapter belongs to another model.
    """
    known = {name for name, _ in model.named_modules()}
    foreign = [name for name in adapter.targets if name not in known]
    if foreign:
        raise CheckpointError(
            f"The adapter in {adapter.directory} changes modules that {type(model).__name__} does not have "
            f"({listed(foreign)}): pass the model that it was trained on with --base."
        )


def merged(model: Any, adapter: Adapter) -> Any:
    """The model with the adapter merged into its weights.

    Raises:
        CheckpointError: PEFT is not installed, or the tensors are not those that the config asks for.
    """
    if find_spec("peft") is None:
        raise CheckpointError("An adapter is merged by PEFT, which is not installed: pip install peft.")
    import peft
    from safetensors.torch import load_file

    saved = _saved(model, adapter)
    ranks, alphas = _of_targets(adapter.ranks, adapter), _of_targets(adapter.alphas, adapter)
    _check_ranks(model, adapter, ranks)
    settings: dict[str, Any] = {
        "r": adapter.rank,
        "lora_alpha": adapter.alpha,
        "target_modules": adapter.targets,
        "modules_to_save": saved or None,
        "rank_pattern": ranks,
        "alpha_pattern": alphas,
        "inference_mode": True,
        **adapter.switches,
    }
    try:
        wrapped: Any = peft.PeftModel(model, peft.LoraConfig(**settings))
        loaded: Any = peft.set_peft_model_state_dict(wrapped, load_file(adapter.directory / ADAPTER_WEIGHTS))
        unread = list(loaded.unexpected_keys)
        lacking = [name for name in loaded.missing_keys if "lora_" in name or "modules_to_save" in name]
        if unread or lacking:
            raise CheckpointError(
                f"The tensors of the adapter in {adapter.directory} are not those that its config asks for "
                f"({listed([*unread, *lacking])}): save it again."
            )
        return wrapped.merge_and_unload().eval()
    except (RuntimeError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(
            f"The adapter in {adapter.directory} does not fit {type(model).__name__} "
            f"({shortened(str(error).strip())}): pass the model that it was trained on with --base."
        ) from error


def _saved(model: Any, adapter: Adapter) -> list[str]:
    """The names of modules that were trained as a whole and are there: each is copied, so none within another.

    Raises:
        CheckpointError: there is one within another.
    """
    modules = [name for name, _ in model.named_modules()]
    ends = {name[start:] for name in modules for start in range(len(name))}
    saved = [name for name in dict.fromkeys(adapter.saved_modules) if name in ends]
    # PEFT compares the ends of names, not their parts.
    meant = sorted(name.split(".") for name in modules if saved and name.endswith(tuple(saved)))
    for outer, inner in itertools.pairwise(meant):
        if inner[: len(outer)] == outer:
            raise CheckpointError(
                f"The adapter in {adapter.directory} brings the module {'.'.join(inner)} within {'.'.join(outer)}, and "
                "both as a whole (modules_to_save): save it again."
            )
    return saved


def _of_targets(pattern: Mapping[str, Any], adapter: Adapter) -> dict[str, Any]:
    """The entries that are about a module which the adapter changes, by its name or the end of it."""
    ends = {".".join(parts[start:]) for parts in (t.split(".") for t in adapter.targets) for start in range(len(parts))}
    return {name: value for name, value in pattern.items() if name in ends}


def _check_ranks(model: Any, adapter: Adapter, ranks: Mapping[str, int]) -> None:
    """Verify that the tensors are of the ranks that the config asks for: PEFT makes room for those before it reads any.

    Raises:
        CheckpointError: they are not.
    """
    modules = dict(model.named_modules())
    for target in adapter.targets:
        asked = next((rank for name, rank in ranks.items() if f".{target}".endswith(f".{name}")), adapter.rank)
        names = (f"{PREFIX}{target}.lora_{kind}" for kind in ("A.weight", "embedding_A"))
        shape = next((adapter.shapes[name] for name in names if name in adapter.shapes), None)
        weight = getattr(modules[target], "weight", getattr(modules[target], "in_proj_weight", None))
        taken = () if weight is None else (*weight.shape[:2], math.prod(weight.shape[1:]))
        if shape is None or shape[:1] != (asked,) or math.prod(shape[1:]) not in taken:
            raise CheckpointError(
                f"The adapter in {adapter.directory} does not fit {type(model).__name__} (its config asks for rank "
                f"{asked:,} at {target}, and its tensors are of another shape): pass the model that it was trained on "
                "with --base."
            )


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and 0 < value < 1e6


def _plain(content: Any) -> list[tuple[str, Any]]:
    """The entries whose names are names of modules: PEFT would take any for a pattern."""
    items = content.items() if isinstance(content, Mapping) else ()
    return [(name, value) for name, value in items if PLAIN.fullmatch(str(name)) and _is_number(value)]
