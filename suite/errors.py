"""The errors whose sentences reach a user. Each names what was wrong and the way out."""


class TouchstoneError(Exception):
    """Base of every error that is a sentence for the user rather than a defect of the suite."""


class UsageError(TouchstoneError):
    """The request itself cannot be carried out: a mistyped name, a folder that is no checkpoint. Exit code 4."""


class CheckpointError(TouchstoneError):
    """The weights are unusable: missing config, truncated or tampered safetensors, pickle only."""


class Unsupported(TouchstoneError):  # noqa: N818 - it is a status, not a failure
    """The cell cannot exist here. The message is the reason shown beside the status `unsupported`."""


class InvalidInput(TouchstoneError):  # noqa: N818 - named for what it says
    """A sample that a task refuses before it reaches the model: empty, over-long or of the wrong type."""
