"""The mean squared error."""

from sklearn.metrics import mean_squared_error

from ._paired_metric import ScikitLearnMetric


class Mse(ScikitLearnMetric):
    """The mean squared error."""

    key = "mse"
    kind = "float32"
    score = staticmethod(mean_squared_error)
