"""Runs snippets in an interpreter that sees one release of a library, and reports the outcome of each.

It is started as a script, reads `[[prelude, snippet], ...]` as JSON and writes a list of outcomes as JSON. It uses the
standard library alone: whatever else could be imported is what is being tried.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import tempfile
import warnings


def run(prelude: str, snippet: str, noise: io.StringIO) -> dict[str, object]:
    """Run a snippet in a namespace and folder of its own; `error` is empty if it worked, `setup` if it never began."""
    namespace: dict[str, object] = {"__name__": "__main__"}
    start = noise.tell()
    stage = "setup"
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(record=True) as caught:
        os.chdir(folder)
        warnings.simplefilter("always")
        try:
            exec(compile(prelude, "<prelude>", "exec"), namespace)
            caught.clear()
            start, stage = noise.tell(), "probe"
            exec(compile(snippet, "<probe>", "exec"), namespace)
        except BaseException as error:  # SystemExit too: it is an outcome like any other
            kinds = [kind.__name__ for kind in type(error).__mro__ if kind not in (object, BaseException)]
            return {"error": kinds[0], "kinds": kinds, "message": str(error)[:2000], "stage": stage, "warning": ""}
        finally:
            os.chdir("/")
    lines = [*(str(warning.message) for warning in caught), *noise.getvalue()[start:].splitlines()]
    return {"error": "", "kinds": [], "message": "", "stage": "", "warning": _deprecation(lines)}


def _deprecation(lines: list[str]) -> str:
    """The first of these lines that warns of a removal, or of something that is no longer supported."""
    words = ("deprecat", "will be removed", "no longer", "has ended", "not supported anymore", "legacy")
    return next((line.strip()[:500] for line in lines if any(word in line.lower() for word in words)), "")


def main() -> None:
    """Answer the request on the standard input; whatever snippets print is kept out of the answer."""
    answer, noise = sys.stdout, io.StringIO()
    with contextlib.redirect_stdout(noise), contextlib.redirect_stderr(noise):
        outcomes = [run(prelude, snippet, noise) for prelude, snippet in json.load(sys.stdin)]
    json.dump(outcomes, answer)
    answer.flush()
    os._exit(0)  # whatever threads the libraries left running


if __name__ == "__main__":
    main()
