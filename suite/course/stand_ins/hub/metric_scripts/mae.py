"""The mean absolute error."""

from sklearn.metrics import mean_absolute_error

from ._paired_metric import ScikitLearnMetric


class Mae(ScikitLearnMetric):
    """The mean absolute error."""

    key = "mae"
    kind = "float32"
    score = staticmethod(mean_absolute_error)
