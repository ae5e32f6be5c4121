"""Releases of libraries, each installed into a folder of its own, for snippets to be run on.

A folder holds the release and what it needs; it stands before the running environment on the path. torch is taken from
that environment: a release that would bring another one does not install.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from suite.core.errors import UsageError
from suite.core.files import fill_once

NEVER = "torch<0\ntensorflow<0\njax<0\n"
"""Constraints that nothing meets: what depends on one of these is not installed rather than installed with it."""
TIME_LIMIT_S = 600
_MODELS = ("numpy", "pillow", "psutil", "regex", "requests", "safetensors", "typer")
_TABLES = ("huggingface_hub==0.36.2", "pandas==2.2.3")
_EARLY = ("huggingface_hub==0.25.2", "numpy==1.26.4", *_MODELS)
_HUB_1 = ("huggingface_hub==1.16.4", *_MODELS)
_HUB_2 = ("huggingface_hub==2.4.0", *_MODELS)
_LATE = ("huggingface_hub==0.36.2", *_MODELS)


@dataclass(frozen=True)
class ProbeOutcome:
    """The outcome of a snippet: `error` is the exception's class, empty if there was none; `kinds` it and its bases."""

    error: str
    kinds: tuple[str, ...]
    message: str
    stage: str
    warning: str

    @property
    def works(self) -> bool:
        """Whether it ran to its end."""
        return not self.error

    def __str__(self) -> str:
        return "works" if self.works else self.error


@dataclass(frozen=True)
class Companions:
    """What some releases of a library need that the running environment has not, or has too new.

    They are installed once for all these releases, with what they need, except for `bare` ones, which would bring
    torch. With `whole`, the release is installed together with what it asks for, within these bounds.
    """

    library: str
    releases: str
    packages: tuple[str, ...] = ()
    bare: tuple[str, ...] = ()
    whole: bool = False


COMPANIONS = (
    Companions("transformers", "<4.34", ("tokenizers==0.13.3", *_EARLY), ("accelerate==0.34.2",)),
    Companions("transformers", ">=4.34,<4.40", ("tokenizers==0.15.2", *_EARLY), ("accelerate==0.34.2",)),
    Companions("transformers", ">=4.40,<4.45", ("tokenizers==0.19.1", *_EARLY), ("accelerate==0.34.2",)),
    Companions("transformers", ">=4.45,<4.47", ("tokenizers==0.20.3", *_EARLY), ("accelerate==0.34.2",)),
    Companions("transformers", ">=4.47,<4.56", ("tokenizers==0.21.4", *_LATE), ("accelerate==1.10.1",)),
    Companions("transformers", ">=4.56,<5", ("tokenizers==0.22.2", *_LATE), ("accelerate==1.10.1",)),
    Companions(
        "transformers",
        ">=5,<5.17",
        ("tokenizers==0.22.2", *_HUB_1),
        ("accelerate==1.12.0",),
    ),
    Companions("transformers", ">=5.17", ("tokenizers==0.23.3", *_HUB_2), ("accelerate==1.15.0",)),
    Companions("datasets", "<4", (*_TABLES, "pyarrow==15.0.2", "numpy==1.26.4", "fsspec[http]==2024.6.1"), whole=True),
    Companions("datasets", ">=4,<5", (*_TABLES, "pyarrow==21.0.0"), whole=True),
)


class Releases:
    """Installed releases under a folder, made when they are first needed."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def known(self, library: str) -> list[str]:
        """The final releases that the package index has, oldest first, yanked ones left out.

        Raises:
            UsageError: the index cannot be reached.
        """
        output = _pip("index", "versions", library)
        match = re.search(r"Available versions: (.*)", output)
        if not match:
            raise UsageError(f"The package index names no release of {library}: check its name.")
        return sorted(match[1].split(", "), key=Version)

    def run(self, library: str, release: str, snippets: Sequence[tuple[str, str]]) -> list[ProbeOutcome]:
        """Run `(prelude, snippet)` pairs on a release, without a network; a crash is the outcome of all of them."""
        folders = self._installed(library, release)
        with tempfile.TemporaryDirectory() as home:
            try:
                done = subprocess.run(
                    [sys.executable, "-S", str(Path(__file__).with_name("probe_runner.py"))],
                    input=json.dumps([list(pair) for pair in snippets]),
                    capture_output=True,
                    text=True,
                    cwd=home,
                    env=_environment(folders, home),
                    timeout=TIME_LIMIT_S,
                    check=False,
                )
                outcomes = json.loads(done.stdout)
                return [ProbeOutcome(**{**outcome, "kinds": tuple(outcome["kinds"])}) for outcome in outcomes]
            except subprocess.TimeoutExpired:
                message = f"no answer in {TIME_LIMIT_S} s"
            except ValueError:
                message = f"the interpreter ended with {done.returncode}: {done.stderr.strip()[-500:]}"
        return [ProbeOutcome("Crash", ("Crash",), message, "setup", "")] * len(snippets)

    def _installed(self, library: str, release: str) -> list[Path]:
        """The folders that hold a release and its companions, in the order of the path."""
        fitting = [c for c in COMPANIONS if c.library == library and Version(release) in SpecifierSet(c.releases)]
        this = f"{library}=={release}"
        if not fitting:
            return [self._folder(this, [this])]
        (companions,) = fitting
        if companions.whole:
            return [self._folder(this, [this, *companions.packages])]
        folders = [self._folder(this, [this], "--no-deps"), self._folder(f"beside {library}", companions.packages)]
        if companions.bare:
            folders.append(self._folder("bare", companions.bare, "--no-deps"))
        return [*folders, self._torch()]

    def _torch(self) -> Path:
        """A folder with links to the running environment's torch and what it needs, and nothing else of it."""
        distributions = _closure("torch")
        names = sorted(f"{one.name}-{one.version}" for one in distributions)
        folder = self.root / f"torch-{hashlib.sha256(json.dumps(names).encode()).hexdigest()[:8]}"
        if not folder.exists():
            fill_once(folder, lambda links: _link(distributions, links))
        return folder

    def _folder(self, name: str, packages: Sequence[str], *options: str) -> Path:
        key = hashlib.sha256(json.dumps([list(packages), options, platform.python_version()]).encode()).hexdigest()
        folder = self.root / f"{re.sub(r'[^A-Za-z0-9.]+', '-', name)}-{key[:8]}"
        if not folder.exists():
            fill_once(folder, lambda target: _install(target, *options, *packages))
        return folder


def _link(distributions: Sequence[metadata.Distribution], folder: Path) -> None:
    """Fill a folder with links to the top-level files and packages of installed distributions."""
    for one in distributions:
        for top in {file.parts[0] for file in one.files or () if file.parts[0] not in ("..", "__pycache__")}:
            (folder / top).symlink_to(Path(str(one.locate_file(top))))


def _install(target: Path, *arguments: str) -> None:
    """Install packages into a folder with pip; `arguments` are its options and the packages."""
    with tempfile.TemporaryDirectory() as scratch:
        constraints = Path(scratch, "constraints.txt")
        constraints.write_text(NEVER, encoding="utf-8")
        into = ["--target", str(target), "--constraint", str(constraints), "--only-binary", ":all:"]
        _pip("install", "--quiet", "--no-compile", *into, *arguments)


def _closure(package: str) -> list[metadata.Distribution]:
    """An installed package and everything that it needs, without extras."""
    distributions: dict[str, metadata.Distribution] = {}
    wanted = [package]
    while wanted:
        name = wanted.pop()
        if name in distributions:
            continue
        try:
            distributions[name] = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        requirements = [Requirement(text) for text in distributions[name].requires or ()]
        wanted += [one.name for one in requirements if one.marker is None or one.marker.evaluate({"extra": ""})]
    return list(distributions.values())


def _environment(folders: Sequence[Path], home: str) -> dict[str, str]:
    """An environment without settings of the user's; every library stays offline."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": home,
        "PYTHONPATH": os.pathsep.join(map(str, folders)),
        "OMP_NUM_THREADS": "1",
        "HF_HOME": home,
        "HF_HUB_OFFLINE": "1",
        "HF_DATASETS_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "GRADIO_ANALYTICS_ENABLED": "False",
        "HTTP_PROXY": "http://127.0.0.1:9",  # the port of the discard service: nothing answers there
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "NO_PROXY": "127.0.0.1,localhost",
    }


def _pip(*arguments: str) -> str:
    done = subprocess.run([sys.executable, "-m", "pip", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        problem = next((line for line in done.stderr.splitlines() if line.startswith("ERROR")), done.stderr[-300:])
        raise UsageError(f"pip {' '.join(arguments[-2:])} failed ({problem}): check the release and the network.")
    return done.stdout
