"""Which package an import needs: the names in `module_packages.toml`, and what is installed."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import metadata
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
    """Whether the package around a module is installed here, or belongs to Python itself.

    The name comes from a stranger's example: it is looked up in what packages declare, and in no folder.
    """
    top = module.partition(".")[0]
    return top in sys.stdlib_module_names or top in _distributions()


def is_namespace(module: str) -> bool:
    """Whether several packages share a module's name, as `google`: none of them has a file for the name itself."""
    files = [file for name in _distributions().get(module, ()) for file in metadata.files(name) or ()]
    own = {f"{module}.py", f"{module}/__init__.py"}
    inside = [str(file) for file in files if file.parts[0] in (module, f"{module}.py")]
    return bool(inside) and not own & set(inside)


@cache
def _distributions() -> Mapping[str, list[str]]:
    """The installed packages by the top modules that they bring."""
    return metadata.packages_distributions()
