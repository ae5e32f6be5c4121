"""Which samples a model cannot take, all of them in one message, before it is exported or run."""

from __future__ import annotations

from collections.abc import Sequence

from suite.core.errors import InvalidInput
from suite.core.printable import complaints, listed
from suite.core.subject import Subject
from suite.subjects.input_limits import largest_id, unknown_ids
from suite.task import Sample, Task


def check_inputs(samples: Sequence[Sample], task: Task, subject: Subject) -> None:
    """Refuse samples that the task refuses, or that hold tokens which the model does not know.

    Raises:
        InvalidInput: every such sample by its name, with what is wrong with it.
    """
    known, largest = subject.vocabulary, largest_id(subject.processor)
    if known is not None and largest is not None and largest < known:
        known = None  # whatever is written, no token is beyond it
    wrong = [
        (f"sample {sample.id}", problem) for sample in samples if (problem := _problem(sample, task, subject, known))
    ]
    if len(wrong) == 1:
        raise InvalidInput(f"{complaints(wrong)}.")
    if wrong:
        raise InvalidInput(f"{len(wrong)} of {len(samples)} samples cannot be used: {complaints(wrong)}.")


def _problem(sample: Sample, task: Task, subject: Subject, known: int | None) -> str | None:
    try:
        task.check_input(sample.input, subject.processor, subject.config)
    except InvalidInput as refusal:
        return str(refusal).rstrip(".")
    return None if known is None else _unknown_tokens(sample, task, subject, known)


def _unknown_tokens(sample: Sample, task: Task, subject: Subject, known: int) -> str | None:
    """A sentence about tokens beyond the vocabulary."""
    unknown = unknown_ids(task.encode(subject.processor, [sample.input]), known)
    if not unknown:
        return None
    tokenizer = getattr(subject.processor, "tokenizer", subject.processor)
    tokens = [str(token) for token in tokenizer.convert_ids_to_tokens(unknown)]
    return (
        f"the tokenizer makes {listed(tokens)} of it (id {unknown[0]}), and the model knows {known} ids: call "
        "resize_token_embeddings() and train the new ones, or use the tokenizer that belongs to the model"
    )
