"""The share of predictions that are right."""

from sklearn.metrics import accuracy_score

from ._paired_metric import ScikitLearnMetric


class Accuracy(ScikitLearnMetric):
    """The share of predictions that are right."""

    key = "accuracy"
    score = staticmethod(accuracy_score)
