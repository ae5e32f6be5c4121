"""The variables of this process's environment, as they are at one moment."""

from __future__ import annotations

import os


def variables() -> dict[str, str]:
    """A copy, also where another thread changes them meanwhile, as pytest does at every phase of a test.

    To go through `os.environ` itself, or to copy it, raises KeyError where a variable is gone before it is looked at.
    """
    pairs = ((name, os.environ.get(name)) for name in list(os.environ))
    return {name: value for name, value in pairs if value is not None}
