"""Which package an import needs: the names in `module_packages.toml`, and what is installed."""

from __future__ import annotations

import sys
import tomllib
from functools import cache
from importlib.util import find_spec
from pathlib import Path

TABLE = Path(__file__).with_name("module_packages.toml")


@cache
def _table() -> dict[str, dict[str, str]]:
    with TABLE.open("rb") as file:
        return tomllib.load(file)


def packages() -> dict[str, str]:
    """The packages whose name is not that of their module, by the module."""
    return _table()["packages"]


def package_name(module: str) -> str | None:
    """The package of a module or of one that it lies in, where its name is another; else `None`."""
    return next((package for name, package in packages().items() if f"{module}.".startswith(f"{name}.")), None)


def platforms() -> dict[str, str]:
    """The modules that only a platform has, with its name."""
    return _table()["platforms"]


def is_installed(module: str) -> bool:
    """Whether a module can be imported here, or the package around it; neither is imported."""
    try:
        return find_spec(module.partition(".")[0]) is not None
    except (ImportError, ValueError):
        return False


def is_namespace(module: str) -> bool:
    """Whether several packages share a module's name, as `google`."""
    try:
        spec = find_spec(module)
    except (ImportError, ValueError):
        return False
    return spec is not None and spec.origin is None and module not in sys.builtin_module_names
