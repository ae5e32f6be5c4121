"""What an attack needs: documents run behind the walls, once for root and once for an unprivileged user."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from suite.core.files import project_root
from suite.course.sandbox import outer_wall
from suite.tests.course.attacks.run_attacks import SECRET

NOBODY = 65534
REASON = outer_wall.missing()


@dataclass(frozen=True)
class Attack:
    """Runs documents as one user. `folder` is outside the walls and that user's own; `data.txt` of it is a sibling."""

    folder: Path
    process: subprocess.Popen[str]

    def run(self, *codes: str) -> list[dict[str, Any]]:
        """The results of one document's examples."""
        return self._send(codes)

    def run_bare(self, code: str) -> Any:
        """What `answer` is after code that runs behind the outer wall alone, with the inner walls switched off."""
        return self._send(code)

    def _send(self, request: str | tuple[str, ...]) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, (self.folder / "errors.txt").read_text()[-2000:]
        return json.loads(line)


@pytest.fixture(scope="session", params=["root", "unprivileged"])
def attack(request: pytest.FixtureRequest) -> Iterator[Attack]:
    """Documents run behind the walls by root, and by somebody who is not."""
    if REASON is not None:
        pytest.skip(f"there are no walls here: {REASON}")
    here = os.getuid()
    if request.param == "root" and here:
        pytest.skip("only root can attack as root")
    user = NOBODY if request.param == "unprivileged" and not here else here
    with tempfile.TemporaryDirectory(prefix="attack-") as name:
        folder = Path(name).resolve()
        # The tests' own folders are private to who runs pytest.
        os.chown(folder, user, -1)
        environment = os.environ | {"HOME": name, "TOUCHSTONE_CACHE": f"{name}/own", "TEST_SECRET_TOKEN": SECRET}
        with (folder / "errors.txt").open("w") as errors:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "suite.tests.course.attacks.run_attacks", str(user), name],
                env=environment, cwd=project_root(), stdin=-1, stdout=-1, stderr=errors, text=True,
            )  # fmt: skip
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            ready = process.stdout.readline()
            assert ready, (folder / "errors.txt").read_text()[-2000:]
            yield Attack(folder, process)
        finally:
            process.stdin.close()
            process.wait()
