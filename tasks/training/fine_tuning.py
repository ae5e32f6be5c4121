"""Fine-tuning all weights of an encoder."""

from __future__ import annotations

from collections.abc import Sequence

from suite.core.work import Schedule
from suite.task import Checkpoint, Sample
from suite.task.text_training import ClassifierTraining

from ..worlds import topics
from ..worlds.grammar import Example

TRAINING_SIZE = 2000


class FineTuning(ClassifierTraining):
    """Teach a pre-trained encoder what a message is about. Documented with Trainer.

    The words that tell a topic in the test split occur in no training sample: only the pre-training has seen them.
    """

    name = "fine-tuning"
    modality = "text"
    quick_backends = ("eager",)
    checkpoints = (
        Checkpoint(
            id="distilbert/distilroberta-base",
            revision="fb53ab8802853c8e4fbdbcd0529f21fc6f459b2b",
            architecture="RobertaForSequenceClassification",
            miniature="masked-encoder",
            config="distilroberta-base.json",
        ),
    )
    labels = tuple(sorted(labels[0] for labels in topics.TOPICS))
    # Chosen on the validation split: of four schedules this one was best for all weights and for adapters.
    schedule = Schedule(steps=250, batch_size=32, rate=4e-3, adapter_rate=1e-2)

    def samples(self) -> Sequence[Sample]:
        return _samples(topics.subjects("test"))

    def training_samples(self) -> Sequence[Sample]:
        return _samples(topics.subjects("train", TRAINING_SIZE))


def _samples(examples: Sequence[Example]) -> list[Sample]:
    return [Sample(f"{example.kind}-{index}", example.text, example.truth) for index, example in enumerate(examples)]
