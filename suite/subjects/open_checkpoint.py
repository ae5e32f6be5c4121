"""Opens a checkpoint as a subject: verifies its files, loads config and processor, prepares to load the model."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from suite.core.errors import CheckpointError, InvalidInput, Misfit, UsageError
from suite.core.printable import first_line, listed
from suite.core.subject import Subject
from suite.subjects import class_fit
from suite.subjects.adapter import Adapter, declared_with, has_config, has_processor, read_adapter
from suite.subjects.answer_files import answer_files
from suite.subjects.declared import read_declared
from suite.subjects.hub import fetch
from suite.subjects.input_limits import InputLimits, apply_limits, input_limits, too_long_an_answer
from suite.subjects.integrity import check_files, fingerprint, read_object
from suite.subjects.processor_files import check_vocabulary
from suite.subjects.random_weights import assemble
from suite.subjects.source import Source
from suite.subjects.stored_weights import load_body, load_weights, renew_head
from suite.task import families, generation_settings
from suite.task.generation_settings import PLAIN
from suite.task.training import TrainingTask

if TYPE_CHECKING:
    from suite.task import Sample, Task

EXAMPLE_CANDIDATES = 16
SENTENCE_LIMIT = "sentence_bert_config.json"
"""Where a sentence-transformers checkpoint says how many tokens it was trained to take."""


def open_subject(
    source: Source,
    task: Task,
    device: str = "cpu",
    threads: int = 1,
    seed: int = 0,
    *,
    own_samples: Sequence[Sample] | None = None,
    generation: str = PLAIN,
    classes: Sequence[str] | None = None,
) -> Subject:
    """Open a checkpoint for a task; the model itself is loaded by the subject's `load_model`.

    `own_samples` are the user's (`--samples`): the example is then made of them, and the checkpoint need not know the
    task's labels, since it is asked about theirs. `generation` is whether the checkpoint's own settings are obeyed.
    `classes` are those that a head is to be trained for: the model then comes untuned, with a new head where it has
    none for as many.

    Raises:
        CheckpointError: the files are missing or damaged.
        Misfit: they are sound, and the task can do nothing with them.
    """
    if source.unavailable:
        raise CheckpointError(f"{source.checkpoint.id} is not available here: {source.unavailable}.")
    directory = _directory(source, weights=task.no_weights is None)
    is_users = source.kind == "local" or (source.kind == "hub" and source.checkpoint not in task.checkpoints)
    adapter = None if source.adapter is None else read_adapter(source.adapter)
    if is_users:
        words = read_declared(directory)
        _refuse(task.misfit(words if adapter is None else declared_with(adapter, words), own_samples is not None))
    config = _config(directory, adapter)
    has_new_head = isinstance(task, TrainingTask) and classes is not None and task.set_classes(config, classes)
    notes = task.adapt(directory, config) | _padding_notes(task, config)
    has_processor_of_its_own = adapter is not None and has_processor(adapter.directory)
    processor = load_processor(
        adapter.directory if adapter and has_processor_of_its_own else directory, task.processor_class
    )
    if is_users:
        _refuse(task.misfit_of_processor(processor, config, own_samples is not None))
        notes |= task.adapt_to_processor(processor)
        class_fit.leave_out_segments(processor, class_fit.model_class(task.auto_class, config))
    _set_padding(processor, config, generative=task.generation is not None, where=directory)
    limits = _limits(task, processor, config)
    if own_samples is None:
        task.check_config(config)
    identity, load_model = (
        _stored_model(directory, task.auto_class, config, adapter, notes)
        if task.no_weights is None and source.kind != "random" and classes is None
        else _other_model(source, task, directory, config, seed=seed, has_new_head=has_new_head)
    )

    def example() -> dict[str, Any]:
        return _example(task, processor, config, task.samples() if own_samples is None else own_samples)

    end: int | None = None
    if task.generation is not None:
        declared = _declared_generation(directory, config)
        if is_users:
            _refuse(generation_settings.elsewhere(declared, generation))
            _refuse_damage(directory, generation_settings.damage(declared, config, limits.vocabulary))
        notes |= generation_settings.settle_config(declared, generation)
        end = generation_settings.missing_end(declared, processor, limits.vocabulary) if generation == PLAIN else None
        notes |= {} if end is None else {"generation_supplied": {"eos_token_id": end}}

    def load() -> Any:
        if is_users:
            _refuse(class_fit.unknown(task.auto_class, config))
        model = load_model()
        if is_users:
            _refuse(class_fit.misfit(model, example().keys(), task.name, task.generation is not None))
        if task.generation is not None:
            generation_settings.settle(model, generation)
        elif is_users and not task.parts:
            model.config.use_cache = False  # of a decoder that only reads nobody asks for a second step
        if end is not None and getattr(model, "generation_config", None) is not None:
            model.generation_config.eos_token_id = end
        return model

    return Subject(
        directory=directory,
        auto_class=task.auto_class,
        config=config,
        processor=processor,
        generation=generation_settings.asked(task.generation, generation),
        fingerprint=identity,
        device=device,
        threads=threads,
        example=example,
        load_model=load,
        infer=task.infer,
        parts=tuple(task.parts),
        vocabulary=limits.vocabulary,
        segments=limits.segments,
        notes=notes,
    )


def _refuse(misfit: str | None) -> None:
    if misfit:
        raise Misfit(misfit)


def _refuse_damage(directory: Path, damage: str | None) -> None:
    if damage:
        raise CheckpointError(f"{directory} cannot be used: {damage}.")


def _limits(task: Task, processor: Any, config: Any) -> InputLimits:
    """What the model has room for, told to its tokenizer; nothing where no tokenizer says how long a text may be.

    Raises:
        Misfit: not for the answers that the task asks for.
    """
    if task.no_weights is not None or not hasattr(getattr(processor, "tokenizer", processor), "model_max_length"):
        return InputLimits()
    limits = input_limits(lambda: from_config(task.auto_class, copy.deepcopy(config)))
    apply_limits(processor, limits)
    _refuse(too_long_an_answer(task.name, task.generation, limits))
    return limits


def load_processor(directory: Path, processor_class: str) -> Any:
    """The tokenizer, image processor or feature extractor in a folder.

    Raises:
        CheckpointError: it cannot be loaded.
    """
    options = {"use_fast": True} if processor_class == "AutoTokenizer" else {}
    processor = _load(directory, processor_class, "processor", **options)
    check_vocabulary(directory, processor)
    if (directory / SENTENCE_LIMIT).is_file():
        limit = read_object(directory / SENTENCE_LIMIT).get("max_seq_length")
        if isinstance(limit, int):
            processor.model_max_length = limit
    return processor


def _directory(source: Source, weights: bool = True) -> Path:
    if source.kind == "random":
        if source.config is None or source.processor is None:
            raise CheckpointError(f"Random weights of {source.checkpoint.id} need a config and a processor.")
        return assemble(source.config, source.processor)
    directory = source.directory or fetch(source.checkpoint.id, source.checkpoint.revision, weights)
    check_files(directory, weights)
    return directory


def _load(directory: Path, auto_class: str, what: str, **options: Any) -> Any:
    import transformers

    try:
        loader = getattr(transformers, auto_class)
        return loader.from_pretrained(directory, local_files_only=True, trust_remote_code=False, **options)
    except Exception as error:  # transformers raises whatever its parts raise
        raise CheckpointError(
            f"The {what} in {directory} cannot be loaded with {auto_class} ({first_line(error)}): check that its "
            "files are complete and that the architecture is one of the installed transformers' own; code that comes "
            "with a checkpoint is not run."
        ) from error


def _set_padding(processor: Any, config: Any, generative: bool, where: Path) -> None:
    """Give the tokenizer a pad token and, for a decoder that generates, padding on the left."""
    tokenizer = getattr(processor, "tokenizer", processor)
    if not hasattr(tokenizer, "pad_token"):
        return
    if tokenizer.pad_token is None:
        if tokenizer.eos_token is None:
            raise CheckpointError(f"The tokenizer in {where} has neither a pad nor an end token: set pad_token in it.")
        tokenizer.pad_token = tokenizer.eos_token
    pad, known = getattr(config, "pad_token_id", None), getattr(config, "vocab_size", None)
    if pad is None or not 0 <= pad < (known or pad + 1):
        config.pad_token_id = tokenizer.pad_token_id
    decodes = generative and not config.is_encoder_decoder
    tokenizer.padding_side = "left" if decodes else families.padding_side(config)


def _padding_notes(task: Task, config: Any) -> dict[str, Any]:
    """Let the task ask without padding where the family needs that; what was decided, as notes."""
    if not families.reads_padding(config, writes=task.generation is not None):
        return {}
    task.reads_padding = True
    how = "of one length" if task.generation is None else "of one text"
    return {"batches": f"{how}, since padding would change the answers"}


def _identity(directory: Path, *more: str) -> str:
    """A hash of every file that can change an answer, under its name, and of the words beside them."""
    files = answer_files(directory)
    return fingerprint(files, *(file.relative_to(directory).as_posix() for file in files), *more)


def _declared_generation(directory: Path, config: Any) -> Any:
    """The generation settings that a checkpoint's model will come with: its own, or those in the model's config.

    Raises:
        CheckpointError: it has some, and they are damaged.
    """
    import transformers

    file = directory / "generation_config.json"
    if not file.is_file():
        return transformers.GenerationConfig.from_model_config(config)
    try:
        return transformers.GenerationConfig.from_pretrained(directory, local_files_only=True)
    except Exception as error:
        raise CheckpointError(f"{file} cannot be read ({first_line(error)}): restore or save it again.") from error


def _other_model(
    source: Source, task: Task, directory: Path, config: Any, *, seed: int, has_new_head: bool
) -> tuple[str, Callable[[], Any]]:
    """What is not loaded as it is stored: a model without weights, with random ones, or with a head to be trained."""
    if task.no_weights:
        return _weightless_model(directory, task, config)
    if source.kind == "random":
        return _random_model(directory, task.auto_class, config, seed)
    return _untuned_model(directory, task.auto_class, config, seed, has_new_head)


def _weightless_model(directory: Path, task: Task, config: Any) -> tuple[str, Callable[[], Any]]:
    return _identity(directory), lambda: task.load_model(directory, config)


def _config(directory: Path, adapter: Adapter | None) -> Any:
    """The checkpoint's config; an adapter's own where it has one, else with as many classes as its head."""
    own = adapter is not None and has_config(adapter.directory)
    config = _load(adapter.directory if adapter and own else directory, "AutoConfig", "config")
    if adapter is not None and not own and adapter.labels not in (None, len(config.id2label)):
        config.num_labels = adapter.labels
    return config


def _stored_model(
    directory: Path, auto_class: str, config: Any, adapter: Adapter | None, notes: dict[str, Any]
) -> tuple[str, Callable[[], Any]]:
    """The stored weights' identity and how they are loaded; `notes` gets what of them the model has no place for."""
    identity = _identity(directory, *([] if adapter is None else [_identity(adapter.directory)]))

    def load_model() -> Any:
        model, unread = load_weights(directory, auto_class, copy.deepcopy(config), adapter)
        if unread:
            notes["weights_unread"] = f"{len(unread)}: {listed(unread)}"
        if model.can_generate() and not _is_id(model.generation_config.pad_token_id, model):
            model.generation_config.pad_token_id = config.pad_token_id
        return model.eval()

    return identity, load_model


def _untuned_model(
    directory: Path, auto_class: str, config: Any, seed: int, has_new_head: bool
) -> tuple[str, Callable[[], Any]]:
    """The stored weights below a head that is new, and the same each time, unless there is one for its classes."""
    identity = _identity(directory, f"head of {sorted(config.id2label.items())}, seed {seed}")

    def load_model() -> Any:
        import torch

        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model = load_body(directory, auto_class, copy.deepcopy(config))
            if has_new_head:
                renew_head(model, from_config(auto_class, copy.deepcopy(config)))
            return model.eval()

    return identity, load_model


def _is_id(token: Any, model: Any) -> bool:
    """Whether a model has an embedding for a token's id; any is one where its class cannot say what it embeds."""
    try:
        words = getattr(model.get_input_embeddings(), "num_embeddings", None)
    except NotImplementedError:  # of sounds, say, in a class that can generate all the same
        words = None
    return isinstance(token, int) and 0 <= token < (words or token + 1)


def _random_model(directory: Path, auto_class: str, config: Any, seed: int) -> tuple[str, Callable[[], Any]]:
    import torch

    identity = _identity(directory, f"seed {seed}", f"torch {torch.__version__}")

    def load_model() -> Any:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model = from_config(auto_class, copy.deepcopy(config))
        return model.float().eval()

    return identity, load_model


def from_config(auto_class: str, config: Any) -> Any:
    """A model with its class's initial weights; `auto_class` names an Auto class or a model class."""
    import transformers

    loader = getattr(transformers, auto_class)
    if hasattr(loader, "from_config"):
        return loader.from_config(config, trust_remote_code=False)
    return loader(config)


def _example(task: Task, processor: Any, config: Any, samples: Sequence[Sample]) -> dict[str, Any]:
    """A padded batch: the shortest and the longest of the first inputs, so that no axis looks constant."""
    by_size: list[tuple[int, int, Any]] = []
    refused = ""
    for sample in samples[:EXAMPLE_CANDIDATES]:
        try:
            task.check_input(sample.input, processor, config)
        except InvalidInput as refusal:
            refused = refused or f" ({refusal})"
            continue
        encoded = task.encode(processor, [sample.input])
        by_size.append((sum(tensor.numel() for tensor in encoded.values()), len(by_size), sample.input))
    if not by_size:
        raise UsageError(f"None of the first samples of {task.name} is an input that this checkpoint takes{refused}.")
    return task.encode(processor, [min(by_size)[2], max(by_size)[2]])
