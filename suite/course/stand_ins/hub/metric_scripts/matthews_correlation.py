"""The correlation of predicted and right classes."""

from sklearn.metrics import matthews_corrcoef

from ._paired_metric import ScikitLearnMetric


class MatthewsCorrelation(ScikitLearnMetric):
    """The correlation of predicted and right classes."""

    key = "matthews_correlation"
    score = staticmethod(matthews_corrcoef)
