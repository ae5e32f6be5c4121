"""The share of what was predicted that is right."""

from sklearn.metrics import precision_score

from ._paired_metric import ScikitLearnMetric


class Precision(ScikitLearnMetric):
    """The share of what was predicted that is right."""

    key = "precision"
    score = staticmethod(precision_score)
