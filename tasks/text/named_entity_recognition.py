"""Named-entity recognition."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from suite.core.errors import UsageError
from suite.core.printable import listed
from suite.task import Batch, Checkpoint, HubDataset, Sample
from suite.task.labels import are_numbered
from suite.task.text import LabelTask
from suite.task.truths import check_label

from ..worlds import entities

Tags = tuple[str, ...]

TAG = re.compile(r"([BIESLUM])[-_](.+)", re.IGNORECASE | re.DOTALL)
LAST = re.compile(r"(.+)[-_]([BIESLUM])", re.DOTALL)
"""The same with the letter at the end; a small one would be the end of a name."""
LETTERS = {"B": "B", "I": "I", "E": "E", "S": "S", "L": "E", "U": "S", "M": "I"}
OUTSIDE = "O"
CONLL_TAGS = ("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC", "B-MISC", "I-MISC")
"""What the numbers in CoNLL 2003's `ner_tags` stand for."""


class NamedEntityRecognition(LabelTask):
    """Find people, organisations and places in a sentence. Documented with pipeline("ner").

    An input is a sentence whose words and punctuation marks are separated by spaces; an answer has one tag per word,
    which is what the model says about the word's first token.
    """

    name = "named-entity-recognition"
    auto_class = "AutoModelForTokenClassification"
    checkpoints = (
        Checkpoint(
            id="dbmdz/bert-large-cased-finetuned-conll03-english",
            revision="4c534963167c08d4b8ff1f88733cf2930f86add0",
            architecture="BertForTokenClassification",
            miniature="named-entity-recognition",
            config="bert-large-cased-finetuned-conll03-english.json",
        ),
    )
    dataset = HubDataset(
        "tomaarsen/conll2003", revision="3a0c0677d3177b6122fceed3239dda7a5de6a514", split="test", limit=1000
    )
    metric = "entity F1"
    one_label = False
    labels = entities.LABELS

    def samples(self) -> Sequence[Sample]:
        return [
            Sample(f"{sentence.kind}-{index}", sentence.text, list(sentence.truth))
            for index, sentence in enumerate(entities.news("test"))
        ]

    def check_config(self, config: Any) -> None:
        """A checkpoint that marks only where an entity continues (I-PER alone, no B-PER) speaks the language too."""
        theirs = {self.canonical(str(label)) for label in config.id2label.values()}
        if not {label for label in self.labels if not label.startswith("B-")} <= theirs:
            super().check_config(config)

    def from_hub(self, row: Mapping[str, Any]) -> Sample | None:
        if row["tokens"] == ["-DOCSTART-"]:
            return None
        return Sample("", " ".join(row["tokens"]), [CONLL_TAGS[tag] for tag in row["ner_tags"]])

    def from_json(self, row: Mapping[str, Any], index: int, folder: Path) -> Sample:
        words, tags = row["input"], row["truth"]
        if isinstance(words, list):
            words = " ".join(words)
        if not isinstance(tags, list) or len(tags) != len(words.split()):
            raise ValueError(f"{len(words.split())} words need a list of as many tags, and the truth is {tags!r}")
        return super().from_json({**row, "input": words}, index, folder)

    def check_truth(self, truth: Any) -> None:
        for tag in truth:
            check_label(tag)

    def own_truth(self, truth: Any, config: Any) -> list[str]:
        if are_numbered(config):
            theirs = listed([str(name) for name in config.id2label.values()])
            raise UsageError(
                f"the checkpoint's tags have no names ({theirs}), and numbers do not say where an entity begins or of "
                "which kind it is: set id2label in its config.json to names such as O, B-PER and I-PER"
            )
        return [self._own_tag(tag, config) for tag in truth]

    def _own_tag(self, tag: Any, config: Any) -> str:
        """As every label; and in another scheme than the checkpoint's, of a kind of entity that it has."""
        kind = _parts(tag)[1] if isinstance(tag, str) and self.class_of(tag, config) is None else ""
        if kind:
            for index in config.id2label:
                theirs = _parts(self.label(int(index), config))[1]
                if theirs.lower() == kind.lower():
                    return f"{_parts(tag)[0]}-{theirs}"
        return self.own_label(tag, config)

    def label(self, index: int, config: Any) -> str:
        """As every label; with its letter in front, and O outside all entities, whatever the checkpoint calls that."""
        name, names = str(config.id2label[index]), [str(one) for one in config.id2label.values()]
        ends = [LAST.fullmatch(one) for one in names if one != OUTSIDE]
        last = LAST.fullmatch(name)
        if last and {("B", last[1]), ("I", last[1])} <= {(one[2], one[1]) for one in ends if one} and all(ends):
            return f"{last[2]}-{last[1]}"
        without = [one for one in names if not _has_letter(one)]
        return OUTSIDE if len(without) == 1 < len(names) and name == without[0] else super().label(index, config)

    def encode(self, processor: Any, inputs: Sequence[str]) -> dict[str, Any]:
        encoded = processor(
            [text.split() for text in inputs], is_split_into_words=True, padding=True, return_tensors="pt"
        )
        return Batch(encoded, [_first_tokens(encoded.word_ids(index)) for index in range(len(inputs))])

    def decode(self, outputs: Any, batch: Mapping[str, Any], processor: Any, config: Any) -> list[list[str]]:
        best = outputs.logits.argmax(dim=-1).tolist()
        firsts = getattr(batch, "notes", None) or [
            _first_tokens_by_spelling(row, processor) for row in batch["input_ids"].tolist()
        ]
        return [[self.label(row[token], config) for token in tokens] for row, tokens in zip(best, firsts, strict=True)]

    def numbers(self, outputs: Any, batch: Mapping[str, Any]) -> list[np.ndarray]:
        logits = outputs.logits.float().cpu().numpy()
        masks = batch["attention_mask"].cpu().numpy().astype(bool)
        return [row[mask] for row, mask in zip(logits, masks, strict=True)]

    def check_answer(self, answer: Any) -> str | None:
        if not isinstance(answer, list):
            return f"an answer is {type(answer).__name__}, not a list of tags"
        strange = [tag for tag in answer if not isinstance(tag, str) or not tag]
        return f"an answer holds {listed(list(map(repr, strange)))}, which is no tag" if strange else None

    def accuracy(self, answers: Sequence[Sequence[str]], truths: Sequence[Sequence[str]]) -> float:
        return _score(answers, truths)[2]

    def metrics(self, answers: Sequence[Sequence[str]], truths: Sequence[Sequence[str]]) -> dict[str, float]:
        precision, recall, _ = _score(answers, truths)
        return {"entity_precision": precision, "entity_recall": recall}

    def blind_answers(self, truths: Sequence[Sequence[str]]) -> list[list[str]]:
        """Every word an entity of the commonest kind, or none: whichever scores more."""
        kinds = Counter(kind for tags in truths for kind, _, _ in _entities(tuple(tags)))
        nothing = [[OUTSIDE] * len(tags) for tags in truths]
        if not kinds:
            return nothing
        everything = [[f"S-{kinds.most_common(1)[0][0]}"] * len(tags) for tags in truths]
        return max((nothing, everything), key=lambda answers: self.accuracy(answers, truths))

    def chance(self, truths: Sequence[Sequence[str]]) -> float:
        return self.accuracy(self.blind_answers(truths), truths)


def _score(answers: Sequence[Sequence[str]], truths: Sequence[Sequence[str]]) -> tuple[float, float, float]:
    """Entity precision, recall and F1 over all sentences, as seqeval computes them; 1 where there is none."""
    correct = answered = expected = 0
    for answer, truth in zip(answers, truths, strict=True):
        a, b, c = _counts(tuple(answer), tuple(truth))
        correct, answered, expected = correct + a, answered + b, expected + c
    if not answered and not expected:
        return 1.0, 1.0, 1.0
    precision = correct / answered if answered else 0.0
    recall = correct / expected if expected else 0.0
    return precision, recall, 2 * correct / (answered + expected) if correct else 0.0


@lru_cache(maxsize=100_000)
def _counts(answer: Tags, truth: Tags) -> tuple[int, int, int]:
    """The numbers of correct, answered and expected entities of a sentence. Cached for the bootstrap's resamples."""
    answered, expected = _entities(answer), _entities(truth)
    return len(answered & expected), len(answered), len(expected)


def _entities(tags: Tags) -> set[tuple[str, int, int]]:
    """The entities that tags mark, as seqeval finds them: kind, first word, last word."""
    from seqeval.metrics.sequence_labeling import get_entities

    return set(get_entities([_as_seqeval(tag) for tag in tags]))


def _as_seqeval(tag: str) -> str:
    """A tag in the letters that seqeval reads, B, I, E, S and O; BILOU and BMES have others for the same.

    A name without a letter marks each word of an entity, as I does.
    """
    if tag in {OUTSIDE, *LETTERS}:
        return LETTERS.get(tag, tag)
    letter, kind = _parts(tag)
    return f"{letter}-{kind}"


def _parts(tag: str) -> tuple[str, str]:
    """What a tag marks, in seqeval's letters, and the kind of entity; none outside, or where none is named."""
    if tag == OUTSIDE or tag in LETTERS:
        return LETTERS.get(tag, tag), ""
    if first := TAG.fullmatch(tag):
        return LETTERS[first[1].upper()], first[2]
    return "I", tag


def _has_letter(tag: str) -> bool:
    return tag in LETTERS or TAG.fullmatch(tag) is not None


def _first_tokens(words: Sequence[int | None]) -> list[int]:
    """The place of each word's first token."""
    return [place for place, word in enumerate(words) if word is not None and word not in words[:place]]


def _first_tokens_by_spelling(ids: Sequence[int], processor: Any) -> list[int]:
    """The same where a batch has lost its notes: a token of WordPiece that continues a word begins with ##."""
    special = set(processor.all_special_ids) - {processor.unk_token_id}
    tokens = processor.convert_ids_to_tokens(ids)
    return [
        place
        for place, (index, token) in enumerate(zip(ids, tokens, strict=True))
        if index not in special and not token.startswith("##")
    ]
