"""The share of what is right that was predicted."""

from sklearn.metrics import recall_score

from ._paired_metric import ScikitLearnMetric


class Recall(ScikitLearnMetric):
    """The share of what is right that was predicted."""

    key = "recall"
    score = staticmethod(recall_score)
