"""Which samples a model cannot take, all of them in one message, before it is exported or run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from suite.core.errors import InvalidInput
from suite.core.printable import complaints, listed
from suite.core.subject import Subject
from suite.subjects.input_limits import largest_id, largest_segment, unknown_ids, unknown_segments
from suite.task import Sample, Task


def check_inputs(samples: Sequence[Sample], task: Task, subject: Subject) -> None:
    """Refuse samples that the task refuses, or that hold tokens which the model does not know.

    Raises:
        InvalidInput: every such sample by its name, with what is wrong with it.
    """
    known, largest = subject.vocabulary, largest_id(subject.processor)
    if known is not None and largest is not None and largest < known:
        known = None  # whatever is written, no token is beyond it
    segments, most = subject.segments, largest_segment(subject.processor)
    if segments is not None and most is not None and most < segments:
        segments = None
    wrong = [
        (f"sample {sample.id}", problem)
        for sample in samples
        if (problem := _problem(sample, task, subject, known, segments))
    ]
    if len(wrong) == 1:
        raise InvalidInput(f"{complaints(wrong)}.")
    if wrong:
        raise InvalidInput(f"{len(wrong)} of {len(samples)} samples cannot be used: {complaints(wrong)}.")


def _problem(sample: Sample, task: Task, subject: Subject, known: int | None, segments: int | None) -> str | None:
    try:
        task.check_input(sample.input, subject.processor, subject.config)
    except InvalidInput as refusal:
        return str(refusal).rstrip(".")
    if known is None and segments is None:
        return None
    encoded = task.encode(subject.processor, [sample.input])
    if segments is not None and unknown_segments(encoded, segments):
        return (
            f"the tokenizer numbers the parts of a pair, and the model knows {segments} of them (type_vocab_size): use "
            "the tokenizer that belongs to the model"
        )
    return None if known is None else _unknown_tokens(encoded, subject, known)


def _unknown_tokens(encoded: Any, subject: Subject, known: int) -> str | None:
    """A sentence about tokens beyond the vocabulary."""
    unknown = unknown_ids(encoded, known)
    if not unknown:
        return None
    tokenizer = getattr(subject.processor, "tokenizer", subject.processor)
    tokens = [str(token) for token in tokenizer.convert_ids_to_tokens(unknown)]
    return (
        f"the tokenizer makes {listed(tokens)} of it (id {unknown[0]}), and the model knows {known} ids: call "
        "resize_token_embeddings() and train the new ones, or use the tokenizer that belongs to the model"
    )
