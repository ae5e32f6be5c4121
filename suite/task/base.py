"""The task and its parts: samples, checkpoints, batches, and the way from an input to a scored answer.

Nothing heavy is imported here: collection reads task files and must stay free of torch.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from suite.core.errors import CheckpointError
from suite.core.work import Work
from suite.task.generation import generate
from suite.task.unpadded import generate_without_padding, without_padding

if TYPE_CHECKING:
    import numpy as np

    from suite.core.runnable import Runnable
    from suite.task.declared import Declared

MODALITIES = ("text", "audio", "vision", "multimodal")


@dataclass(frozen=True)
class Sample:
    """One input with its exactly known truth, and the slices of the data that the user counts it to."""

    id: str
    input: Any
    truth: Any
    slices: tuple[str, ...] = ()


Size = tuple[int, int]


class Batch(dict[str, Any]):
    """A model's inputs, and beside them what `decode` must know but no model takes: which tokens are one word, say.

    It is a dict of tensors like any other batch, so `**batch` and backends see the inputs alone. `sizes` are the height
    and width of each picture where they differ, and the tensors are filled up.
    """

    def __init__(self, tensors: Mapping[str, Any], notes: Any = None, sizes: Sequence[Size] | None = None) -> None:
        super().__init__(tensors)
        self.notes = notes
        self.sizes = sizes_of(tensors) if sizes is None else sizes


def notes_of(batch: Mapping[str, Any]) -> Any:
    """What `encode` left beside the tensors for `decode`."""
    return getattr(batch, "notes", None)


def sizes_of(batch: Mapping[str, Any]) -> Sequence[Size] | None:
    """The height and width of each picture, where they differ."""
    return getattr(batch, "sizes", None)


def on_device(batch: Mapping[str, Any], device: str) -> dict[str, Any]:
    """The batch with its tensors on `device`, its notes kept."""
    return Batch({name: tensor.to(device) for name, tensor in batch.items()}, notes_of(batch), sizes_of(batch))


@dataclass(frozen=True)
class HubDataset:
    """The real evaluation data of a capability, for `--weights hub`. `revision` is a full commit hash.

    `files` is a pattern of the split's own Parquet or JSON Lines files: then nothing else is fetched, where otherwise
    every split of `name` is.
    """

    id: str
    revision: str
    split: str
    name: str | None = None
    limit: int = 500
    files: str | None = None


@dataclass(frozen=True)
class Checkpoint:
    """Weights for an architecture: a Hub id at a pinned revision and what stands for it offline.

    `miniature` names a folder of shipped weights, `package` an importable package with a folder that
    holds the real files (`"module:folder"`), `config` a file with the architecture at its real size,
    `processor` the miniature whose processor serves where the checkpoint has none of its own offline.
    `revision` is empty for what was made by hand and lies on no Hub: its miniature is all that there is.
    """

    id: str
    revision: str
    architecture: str
    miniature: str | None = None
    package: str | None = None
    distribution: str | None = None
    config: str | None = None
    processor: str | None = None
    untrained: bool = False
    """Whether the miniature's weights were never trained: it can be compared and timed, but not be right."""
    called: str | None = None
    """What cell ids show instead, where several checkpoints of a run would be called alike."""

    @property
    def name(self) -> str:
        """What cell ids show: the last component of the Hub id, unless the run calls it otherwise."""
        return self.called or self.id.rstrip("/").rsplit("/", 1)[-1]


class Task(ABC):
    """One capability. Subclass it in one file; set the class attributes, write the methods.

    Answers and truths are plain Python values (str, float, list of str), so that they travel between
    processes and into records unchanged.
    """

    name: ClassVar[str]
    modality: ClassVar[str]
    work: ClassVar[Work] = Work.INFERENCE
    auto_class: ClassVar[str]
    processor_class: ClassVar[str] = "AutoTokenizer"
    checkpoints: ClassVar[Sequence[Checkpoint]]
    quick_backends: ClassVar[Sequence[str] | None] = None
    """What `-m quick` runs of it; `None` for the pair that it runs of most."""
    dataset: ClassVar[HubDataset | None] = None
    metric: ClassVar[str]
    """What `accuracy` means for this task, in words: "entity F1"."""
    scored_together: ClassVar[int] = 32
    """How many inputs are answered at once for the accuracy. Fewer take less memory."""
    labels: ClassVar[Sequence[str]] = ()
    """The closed set of labels that the truths use; empty when answers are free."""
    label_aliases: ClassVar[Mapping[str, str]] = {}
    """Other spellings that checkpoints use for those labels, lower-case -> label."""
    one_label: ClassVar[bool] = False
    """Whether an answer is one label: which labels are taken for which is then shown."""
    reads_padding: bool = False
    """Whether the checkpoint at hand is of a family whose answers depend on padding: it is asked without any."""
    generation: ClassVar[Mapping[str, Any] | None] = None
    """Arguments of `generate()`; `None` for a task that needs a single forward."""

    @abstractmethod
    def samples(self) -> Sequence[Sample]:
        """The frozen test split of the task's world: the same samples, in the same order, at every call."""

    @abstractmethod
    def check_input(self, value: Any, processor: Any, config: Any) -> None:
        """Refuse what the model cannot take.

        Raises:
            InvalidInput: a sentence, for an empty, over-long or wrong-typed input.
        """

    def bad_inputs(self, processor: Any, config: Any) -> Mapping[str, Any]:
        """What `check_input` must refuse, by what is wrong with it: empty, over-long, wrong-typed."""
        return {}

    def check_answer(self, answer: Any) -> str | None:
        """A sentence about an answer that this task cannot give: of the wrong type or out of range."""
        return None

    def size_of(self, value: Any) -> int:
        """How large an input is, in whatever grows with it; batches are made of inputs of like size."""
        return len(str(value))

    @abstractmethod
    def encode(self, processor: Any, inputs: Sequence[Any]) -> dict[str, Any]:
        """The model's inputs for a batch: a dict of torch tensors whose first dimension is the batch."""

    def infer(self, runnable: Runnable, batch: Mapping[str, Any], forced: np.ndarray | None = None) -> Any:
        """One inference on a batch: a forward, or `generate()` where `generation` is set.

        A model that makes its own input (generated tokens, say) is compared on identical inputs only if it is made to
        follow another's: `forced` is what `trail` returned for those outputs. Override both, and `timed`, for a model
        with a loop of its own, which `runnable.call` runs.
        """
        alone = self.reads_padding and "attention_mask" in batch
        if self.generation is None:
            return without_padding(runnable, batch) if alone else runnable(batch)
        import torch

        run = generate_without_padding if alone else generate
        follow = None if forced is None else torch.from_numpy(forced).to(runnable.device)
        return run(runnable, batch, self.generation, forced=follow)

    def trail(self, outputs: Any) -> np.ndarray | None:
        """What another backend must be `forced` to follow to be compared with these outputs; `None` for a forward."""
        return None if self.generation is None else outputs.tokens.numpy()

    def timed(self, runnable: Runnable, batch: Mapping[str, Any]) -> Any:
        """The call that is timed where the task does not generate; it does the same work on every backend."""
        return self.infer(runnable, batch)

    @abstractmethod
    def decode(self, outputs: Any, batch: Mapping[str, Any], processor: Any, config: Any) -> list[Any]:
        """One answer per input.

        `outputs` is what the model's forward returned, or a `suite.task.generation.Generated` where
        `generation` is set.
        """

    @abstractmethod
    def numbers(self, outputs: Any, batch: Mapping[str, Any]) -> list[np.ndarray]:
        """What fidelity compares: per input one float32 array of shape (positions, values), unpadded."""

    @abstractmethod
    def accuracy(self, answers: Sequence[Any], truths: Sequence[Any]) -> float:
        """0 to 1, higher is better, over a set of samples."""

    def metrics(self, answers: Sequence[Any], truths: Sequence[Any]) -> dict[str, float]:
        """Other metrics that stand beside `accuracy`, from the same answers."""
        return {}

    resamples: ClassVar[int] = 100
    """Bootstrap samples for the standard error of `accuracy`; fewer where a score takes long."""

    def probe(self, runnable: Runnable, processor: Any, samples: Sequence[Sample]) -> dict[str, float]:
        """Metrics that need further runs of the model (perplexity, say). Default: none."""
        return {}

    probe_is_timed: ClassVar[bool] = False
    """Whether `probe` measures speed: nothing else is at work then."""

    def chance(self, truths: Sequence[Any]) -> float:
        """The accuracy of an answerer that knows the truths' distribution but not the inputs."""
        return 0.0

    def blind_answers(self, truths: Sequence[Any]) -> list[Any] | None:
        """What to answer for the best, one per sample, for someone who knows the truths but sees no input.

        `None` where no such answers can be written down, and `chance` alone says what they would reach.
        """
        return None

    def agreement(self, numbers: np.ndarray, reference: np.ndarray) -> float:
        """Share of a sample's decisions on which a backend agrees with the reference: top-1 by default.

        Both arrays have shape (positions, values). Override where the largest value decides nothing.
        """
        return float((numbers.argmax(axis=-1) == reference.argmax(axis=-1)).mean())

    def describe(self, value: Any) -> str:
        """An input in words, for the report's examples."""
        return str(value)

    def describe_answer(self, answer: Any) -> str:
        """An answer, or a truth, in words."""
        return str(answer)

    def render(self, value: Any, answer: Any) -> np.ndarray | None:
        """A picture of an input with an answer drawn on it, (height, width, 3) uint8; `None` where words say it all."""
        return None

    def audio(self, value: Any) -> tuple[np.ndarray, int] | None:
        """What is to be heard of an input: a mono waveform in -1 to 1 and its sampling rate."""
        return None

    parts: ClassVar[tuple[str, ...]] = ()
    """Modules that a call goes through one after another, by their dotted names, where the model is no single graph: a
    backend that runs graphs makes one of each. A part that has `generate()` is one that takes a cache."""
    preload: ClassVar[tuple[str, ...]] = ()
    """What the forkserver imports beside the checkpoint's classes: transformers' names, or "module:attribute"."""
    no_weights: ClassVar[str | None] = None
    """Why there is nothing to convert, where a checkpoint holds no tensors: `load_model` opens it then, and backends
    that need weights are left out, with this sentence."""
    decides_by_argmax: ClassVar[bool] = True
    """Whether the largest of a position's values is the decision; near-ties are then forgiven."""

    def load_model(self, directory: Path, config: Any) -> Any:
        """What runs a checkpoint without weights: a torch module that is called with a batch, and holds no tensor."""
        raise LookupError(f"{self.name} has weights: its models are loaded with {self.auto_class}.")

    def takes(self, declared: Declared) -> bool:
        """Whether a checkpoint of the user's own is of a class that this task loads."""
        return self.auto_class in {declared.architecture, *declared.auto_classes}

    def misfit(self, declared: Declared, own_samples: bool) -> str | None:
        """Why a checkpoint of the user's own is nothing for this task though its class fits, as far as its files say.

        `own_samples` is whether it will be asked about the user's samples, in its own labels. `None` where it fits.
        """
        if own_samples:
            return None
        try:
            self.check_config(declared.lone_config)
        except CheckpointError as error:
            return str(error)
        return None

    def misfit_of_processor(self, processor: Any, config: Any, own_samples: bool) -> str | None:
        """The same by what the checkpoint's tokenizer or preprocessor is, once it is loaded."""
        return None

    def adapt_to_processor(self, processor: Any) -> dict[str, Any]:
        """The same for what its tokenizer or preprocessor declares, once that is loaded and fits."""
        return {}

    def adapt(self, directory: Path, config: Any) -> dict[str, Any]:
        """Take over what a checkpoint, whose files lie in `directory`, declares about its use: a prefix, a pooling.

        Returns what a reader of the row must know of it. Called once, in the worker, before anything is encoded.
        """
        return {}

    def check_config(self, config: Any) -> None:
        """Whether a checkpoint of the user's own speaks this task's language.

        Raises:
            CheckpointError: its labels cannot be mapped to the task's.
        """

    def own_truth(self, truth: Any, config: Any) -> Any:
        """A truth of the user's own samples in the words that answers about this checkpoint use.

        Raises:
            UsageError: the checkpoint has no such answer, or the truth is of the wrong type.
        """
        self.check_truth(truth)
        return truth

    def check_truth(self, truth: Any) -> None:
        """Refuse a truth of the user's own samples that no score of this task can use, whatever the checkpoint.

        Raises:
            UsageError: a sentence that says what a truth is.
        """

    def from_hub(self, row: Mapping[str, Any]) -> Sample | None:
        """One row of `dataset` as a sample; `None` leaves the row out. Its id is set by the caller."""
        raise LookupError(f"{self.name} has no evaluation data set on the Hub.")

    def from_json(self, row: Mapping[str, Any], index: int, folder: Path) -> Sample:
        """One line of a `--samples` file, `{"input": ..., "truth": ...}`, as a sample.

        Files that it names lie in `folder`, that of the samples, unless their paths are absolute.
        """
        return Sample(id=str(row.get("id", index)), input=row["input"], truth=row["truth"])
