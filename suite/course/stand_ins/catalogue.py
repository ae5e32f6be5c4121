"""Which checkpoints of the Hub course documents name, and what a name stands for: known, renamed, misspelt or unknown.

`catalogue.csv` has a row for each: `name` is the id; `aliases` are older ids that lead to it, separated by spaces;
`task` is the pipeline's; `architecture` and `model_type` are those of its config; `stand_in` is the shipped miniature
that answers for it, `package:NAME` where an installed package has the weights themselves, or empty, and then a random
checkpoint is made on the spot; `width` is the real hidden size where code relies on it; `labels` are separated by `|`;
`library` loads it; `gated` says that the real one asks for a licence to be accepted.
"""

from __future__ import annotations

import csv
import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, Literal, TypeVar

from suite.course.stand_ins.spelling import misspelling

ResolutionOutcome = Literal["known", "renamed", "misspelt", "guessed", "unknown"]
Answering = TypeVar("Answering")
"""What answers for a name: a row of the catalogue, or a data set."""

FILE = Path(__file__).with_name("catalogue.csv")
SERVED = frozenset({"transformers", "sentence-transformers"})
"""Libraries whose checkpoints have stand-ins."""

TASK_NAMES = {
    "sentiment-analysis": "text-classification",
    "ner": "token-classification",
    "text-to-speech": "text-to-audio",
    "vqa": "visual-question-answering",
    "conversational": "text2text-generation",
    "sentence-transformers": "sentence-similarity",
}
HEADS = {
    "SequenceClassification": "text-classification",
    "TokenClassification": "token-classification",
    "QuestionAnswering": "question-answering",
    "VisualQuestionAnswering": "visual-question-answering",
    "DocumentQuestionAnswering": "document-question-answering",
    "TableQuestionAnswering": "table-question-answering",
    "MaskedLM": "fill-mask",
    "PreTraining": "fill-mask",
    "MultipleChoice": "fill-mask",
    "NextSentencePrediction": "fill-mask",
    "CausalLM": "text-generation",
    "LMHeadModel": "text-generation",
    "Seq2SeqLM": "text2text-generation",
    "ConditionalGeneration": "text2text-generation",
    "ImageClassification": "image-classification",
    "ZeroShotImageClassification": "zero-shot-image-classification",
    "ObjectDetection": "object-detection",
    "ZeroShotObjectDetection": "zero-shot-object-detection",
    "ImageSegmentation": "image-segmentation",
    "SemanticSegmentation": "image-segmentation",
    "InstanceSegmentation": "image-segmentation",
    "UniversalSegmentation": "image-segmentation",
    "MaskGeneration": "mask-generation",
    "DepthEstimation": "depth-estimation",
    "VideoClassification": "video-classification",
    "ImageToImage": "image-to-image",
    "Vision2Seq": "image-to-text",
    "ImageTextToText": "image-text-to-text",
    "AudioClassification": "audio-classification",
    "SpeechSeq2Seq": "automatic-speech-recognition",
    "CTC": "automatic-speech-recognition",
    "TextToWaveform": "text-to-audio",
    "TextToSpectrogram": "text-to-audio",
}
"""What a class is for, by what its name ends with."""
EMBEDDERS = {"SentenceTransformer": "sentence-similarity", "CrossEncoder": "text-classification"}
DEFAULTS = {
    "text-classification": "distilbert/distilbert-base-uncased-finetuned-sst-2-english",
    "text-generation": "openai-community/gpt2",
    "text2text-generation": "google-t5/t5-base",
    "fill-mask": "distilbert/distilroberta-base",
    "feature-extraction": "google-bert/bert-base-uncased",
    "automatic-speech-recognition": "openai/whisper-tiny",
    "text-to-audio": "kakao-enterprise/vits-ljs",
    "translation": "google-t5/t5-base",
    "summarization": "facebook/bart-large-cnn",
    "image-text-to-text": "HuggingFaceTB/SmolVLM-Instruct",
}
"""Of the checkpoints of a task, the one that stands in for an unknown one whose name says nothing."""
FAMILIES = {
    "opusmt": "marian",
    "nllb": "m2m_100",
    "mmstts": "vits",
    "dialogpt": "gpt2",
    "smollm": "llama",
    "tinyllama": "llama",
    "zephyr": "mistral",
    "minilm": "bert",
    "pythia": "gpt_neox",
    "trocr": "vision-encoder-decoder",
    "donut": "vision-encoder-decoder",
    "llavav16": "llava_next",
    "smolvlm": "idefics3",
    "smolvlm2": "smolvlm",
}
"""Words in names that imply an architecture and are not its `model_type`."""


@dataclass(frozen=True)
class Entry:
    """A row of the catalogue."""

    name: str
    aliases: tuple[str, ...] = ()
    task: str = ""
    architecture: str = ""
    model_type: str = ""
    stand_in: str = ""
    width: int | None = None
    labels: tuple[str, ...] = ()
    library: str = "transformers"
    gated: bool = False

    @property
    def served(self) -> bool:
        """Whether there is a stand-in at all."""
        return self.library in SERVED


@dataclass(frozen=True)
class Resolution(Generic[Answering]):
    """What an id of the Hub stands for. `entry` answers for it; `meant` is the id that should have been written."""

    name: str
    outcome: ResolutionOutcome
    entry: Answering | None = None
    meant: str | None = None


@functools.cache
def catalogue() -> dict[str, Entry]:
    """Every row, by its id."""
    with FILE.open(encoding="utf-8", newline="") as lines:
        return {row["name"]: _entry(row) for row in csv.DictReader(lines)}


def _entry(row: dict[str, str]) -> Entry:
    return Entry(
        name=row["name"],
        aliases=tuple(row["aliases"].split()),
        task=row["task"],
        architecture=row["architecture"],
        model_type=row["model_type"],
        stand_in=row["stand_in"],
        width=int(row["width"]) if row["width"] else None,
        labels=tuple(row["labels"].split("|")) if row["labels"] else (),
        library=row["library"],
        gated=row["gated"] == "yes",
    )


def resolve(name: str, hint: str | None = None) -> Resolution[Entry]:
    """What a checkpoint's name stands for; `hint` is a task or a class that the document states with it.

    A misspelt id is never answered for: `entry` is None and `meant` says what it should be.
    """
    rows = catalogue()
    if name in rows:
        return Resolution(name, "known", rows[name])
    current = _renamed().get(name.lower())
    if current is not None:
        return Resolution(name, "renamed", rows[current], meant=current)
    meant = misspelling(name, rows, _bare())
    if meant is not None:
        return Resolution(name, "misspelt", meant=meant)
    guess = _guess(name, hint) if hint else None
    if guess is not None:
        return Resolution(name, "guessed", replace(guess, name=name, aliases=(), labels=(), gated=False))
    return Resolution(name, "unknown")


@functools.cache
def _renamed() -> dict[str, str]:
    """Former names, and names in other letters (the Hub takes those too), to the present one."""
    names = {entry.name.lower(): entry.name for entry in catalogue().values()}
    return names | {alias.lower(): entry.name for entry in catalogue().values() for alias in entry.aliases}


@functools.cache
def _bare() -> dict[str, str]:
    return {alias: entry.name for entry in catalogue().values() for alias in entry.aliases if "/" not in alias}


def _squashed(name: str) -> str:
    return re.sub(r"[-_. ]", "", name.lower())


def _guess(name: str, hint: str) -> Entry | None:
    """The checkpoint that may stand in for an unknown one, by the task or class of its hint and the model family."""
    entries = [entry for entry in catalogue().values() if entry.served]
    family = _family(name, entries) or _family_of_class(hint, entries)
    task = _task_of(hint)
    if task is None and family is None:
        return None
    of_task_and_family = [entry for entry in entries if entry.task == task and entry.model_type == family]
    of_task = [entry for entry in entries if entry.task == task] if family is None else []
    of_family = [entry for entry in entries if entry.model_type == family]
    default = DEFAULTS.get(task or "")
    for candidates in (of_task_and_family, of_task, of_family):
        if candidates:
            return min(
                candidates, key=lambda entry: (entry.name != default, not (entry.stand_in if task else entry.width))
            )
    return None


def _task_of(hint: str) -> str | None:
    if hint in EMBEDDERS:
        return EMBEDDERS[hint]
    task = TASK_NAMES.get(hint, "translation" if hint.startswith("translation") else hint)
    if any(entry.task == task for entry in catalogue().values()):
        return task
    heads = [head for head in HEADS if hint.endswith(head)]
    return HEADS[max(heads, key=len)] if heads else None


def _family(name: str, entries: Iterable[Entry]) -> str | None:
    """The architecture that a name contains: `someone/my-distilbert-imdb` is a DistilBERT."""
    types = {_squashed(entry.model_type): entry.model_type for entry in entries if entry.model_type} | FAMILIES
    matches = [kind for kind in types if kind in _squashed(name.rpartition("/")[2])]
    return types[max(matches, key=len)] if matches else None


def _family_of_class(hint: str, entries: Iterable[Entry]) -> str | None:
    """The architecture that a concrete class is of: `BertTokenizer` and `BertForMaskedLM` are BERT's."""
    if hint.startswith("Auto"):
        return None
    types = {_squashed(entry.model_type): entry.model_type for entry in entries if entry.model_type}
    matches = [kind for kind in types if hint.lower().startswith(kind)]
    return types[max(matches, key=len)] if matches else None
