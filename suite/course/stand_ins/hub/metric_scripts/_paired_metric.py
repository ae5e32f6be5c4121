"""What the metrics of the stand-in Hub have in common; `evaluate` fetches this file beside the script of a metric.

Its classes are abstract: of the classes in a script, `evaluate` takes the first that is not.
"""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import datasets
import evaluate
import numpy as np


class PairedMetric(evaluate.Metric, ABC):
    """A metric of predictions and their references. The docstring of a subclass is its description."""

    kind: ClassVar[str] = "string"
    """The type of a prediction and of a reference, in the words of `datasets.Value`."""

    def value_types(self) -> Any:
        """The types of predictions and references, or a list of those that are accepted."""
        value = datasets.Value(self.kind)
        return datasets.Features({"predictions": value, "references": value})

    def _info(self) -> Any:
        return evaluate.MetricInfo(
            description=self.__doc__, citation="", inputs_description="", features=self.value_types()
        )

    @abstractmethod
    def _compute(self, *args: Any, **kwargs: Any) -> Any:
        """The scores by their names, of predictions and references, with the settings of the metric."""


class ScikitLearnMetric(PairedMetric):
    """A score of scikit-learn's, of classes or numbers, with the settings that scikit-learn's function has."""

    kind = "int32"
    key: ClassVar[str]
    """The name of the score."""

    @staticmethod
    @abstractmethod
    def score(references: Any, predictions: Any, **settings: Any) -> Any:
        """The score, or one for each class."""

    def _compute(self, predictions: Any, references: Any, **settings: Any) -> Any:
        score = self.score(references, predictions, **settings)
        return {self.key: float(score) if np.ndim(score) == 0 else score}


class TranslationMetric(PairedMetric):
    """A metric of texts that have one reference each, or several."""

    def value_types(self) -> Any:
        """One text for each prediction, or a list of them."""
        text = datasets.Value("string")
        several = datasets.Features({"predictions": text, "references": datasets.Sequence(text)})
        return [several, datasets.Features({"predictions": text, "references": text})]

    @staticmethod
    def reference_columns(references: Any) -> list[list[str]]:
        """The first references of all predictions, then the second ones, and so on."""
        rows = [[one] if isinstance(one, str) else one for one in references]
        return [list(column) for column in zip(*rows, strict=True)]
