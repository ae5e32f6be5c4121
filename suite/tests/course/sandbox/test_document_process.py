"""The walls hold: what an example does to its process, its files or its machine costs at most its own document."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from suite.course.documents.model import Example
from suite.course.documents.result import ExampleResult
from suite.course.run import beside
from suite.course.sandbox import document_process, namespaces, outer_wall
from suite.course.sandbox.supervisor import SandboxSpec
from suite.course.stand_ins.network import new_authority
from suite.processes.zygote import Zygote

SECONDS = 4.0
AUTOGROUP = Path("/proc/sys/kernel/sched_autogroup_enabled")
REASON = outer_wall.missing()
pytestmark = pytest.mark.skipif(REASON is not None, reason=f"there are no walls here: {REASON}")


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> SandboxSpec:
    """What a document's processes are started with, with a file beside it that it must not change."""
    folder = tmp_path_factory.mktemp("course")
    (folder / "data.txt").write_text("keep me")
    (folder / "data.txt").chmod(0o600)
    folder.chmod(0o700)
    authority = new_authority()[1]
    limits = namespaces.Limits(memory=2 * 2**30, disk=2**28, seconds=SECONDS)
    cache = tmp_path_factory.mktemp("cache")
    return SandboxSpec(limits, str(cache), authority, siblings={"data.txt": str(folder / "data.txt")})


@pytest.fixture(scope="module")
def zygote(tmp_path_factory: pytest.TempPathFactory, spec: SandboxSpec) -> Iterator[Zygote]:
    """Where documents' processes come from; started with a secret in this process's environment."""
    os.environ["TEST_SECRET_TOKEN"] = "hush-hush"
    folder = tmp_path_factory.mktemp("log")
    certificate = folder / "stand-ins.pem"
    certificate.write_bytes(new_authority()[0])
    zygote = document_process.open_zygote([], folder / "log.txt", certificate, spec.siblings.values(), spec.cache)
    yield zygote
    zygote.close()
    del os.environ["TEST_SECRET_TOKEN"]


@pytest.fixture
def process(zygote: Zygote, spec: SandboxSpec) -> Iterator[document_process.DocumentProcess]:
    """A document's processes."""
    process = document_process.DocumentProcess(zygote, spec)
    yield process
    process.close()


def run(process: document_process.DocumentProcess, *codes: str) -> list[ExampleResult]:
    """Examples, one after the other."""
    return [process.execute(index, Example("a.md", str(index), 1, code)) for index, code in enumerate(codes)]


def test_a_file_beside_the_document_is_read_and_cannot_be_changed(
    process: document_process.DocumentProcess, spec: SandboxSpec
) -> None:
    results = run(
        process,
        "open('data.txt').read()",
        "open('data.txt', 'w').write('gone')",
        "import os, shutil\nshutil.rmtree('.', ignore_errors=True)\nos.getcwd()",
        "import shutil, sys\nshutil.rmtree(sys.prefix)",
        "import os\nos.remove(os.__file__)",
    )
    assert results[0].values == ("'keep me'",)
    assert results[1].error[0] in ("OSError", "PermissionError")
    assert results[3].error
    assert results[4].error
    assert Path(spec.siblings["data.txt"]).read_text() == "keep me"
    assert Path(os.__file__).is_file()


def test_what_would_cover_the_reader_s_home_is_not_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("page.md", "data.txt", ".hidden"):
        (tmp_path / name).touch()
    (tmp_path / "reader" / "course").mkdir(parents=True)
    (tmp_path / "elsewhere").symlink_to("/etc")
    os.mkfifo(tmp_path / "pipe")
    assert set(beside(tmp_path / "page.md")) == {"page.md", "data.txt", "reader"}
    monkeypatch.setattr(namespaces, "HOME", str(tmp_path / "reader"))
    assert set(beside(tmp_path / "page.md")) == {"page.md", "data.txt"}


def test_imports_before_the_walls_begin_no_home(process: document_process.DocumentProcess, tmp_path: Path) -> None:
    folder = Path(document_process.environment(tmp_path / "stand-ins.pem")["MPLCONFIGDIR"])
    assert not folder.is_relative_to(namespaces.HOME)
    assert run(process, "import os\nos.environ.get('MPLCONFIGDIR', 'none')")[0].values == ("'none'",)


def test_what_is_written_stays_inside(process: document_process.DocumentProcess) -> None:
    results = run(process, "open('/tmp/left-behind', 'w').write('x')", "open('/tmp/left-behind').read()")
    assert results[1].values == ("'x'",)
    assert not Path("/tmp/left-behind").exists()


def test_the_home_and_the_secrets_are_not_there(process: document_process.DocumentProcess) -> None:
    results = run(
        process,
        "import os\nsorted(name for name, value in os.environ.items() if value == 'hush-hush')",
        f"import os\nos.listdir({str(Path.home())!r})",
        "open('/etc/shadow').read()",
        "import pathlib\n[p for p in pathlib.Path('/proc').glob('*/environ') if b'hush' in p.read_bytes()]",
        "import os\nopen('/proc/sys/kernel/hostname').read(), os.uname().nodename",
    )
    assert results[0].values == ("[]",)
    assert ".ssh" not in "".join(results[1].values)
    assert results[2].error
    assert results[3].values in ((), ("[]",))


def test_nothing_outside_is_reached(process: document_process.DocumentProcess) -> None:
    with socket.create_server(("127.0.0.1", 0)) as outside:
        port = outside.getsockname()[1]
        results = run(
            process,
            f"import socket\nsocket.create_connection(('127.0.0.1', {port}), 2)",
            "import socket\nsocket.create_connection(('1.1.1.1', 53), 2)",
            "import socket\nsocket.gethostbyname('some.host.example')",
        )
    assert results[0].error[0] == "ConnectionRefusedError"
    assert results[1].error[0] == "OSError"
    assert results[2].values == ("'127.0.0.1'",)
    assert [note.subject for note in results[2].notes] == ["some.host.example"]


def test_a_crash_costs_the_example_alone(process: document_process.DocumentProcess) -> None:
    results = run(
        process,
        "x = 1",
        "import os\nos.kill(os.getpid(), 11)",
        "import os\nos._exit(7)",
        "import sys\nx = 2\nsys.exit()",
        "x",
    )
    assert [result.termination for result in results] == ["", "SIGSEGV", "exit code 7", "", ""]
    assert results[4].values == ("2",)


def test_an_endless_example_is_ended_in_time(process: document_process.DocumentProcess) -> None:
    results = run(process, "x = 1", "while True:\n    x += 1", "import time\ntime.sleep(1000)", "x")
    assert [result.termination for result in results] == ["", "timeout", "timeout", ""]
    assert results[3].values == ("1",)


def test_memory_is_limited(process: document_process.DocumentProcess) -> None:
    results = run(process, "x = 1", "y = bytearray(3 * 2**30)", "open('/tmp/big', 'wb').write(bytes(2**29))", "x")
    assert results[1].error[0] == "MemoryError"
    assert results[2].error
    assert results[3].values == ("1",)


def test_a_process_that_dies_between_two_examples_costs_neither(process: document_process.DocumentProcess) -> None:
    """The fault is planted: what holds the names is killed as soon as it has answered."""
    results = run(
        process,
        "x = 1",
        "import os, subprocess\nx = 2\n"
        "command = f'sleep 0.5; kill -9 {os.getpid()}'\nsubprocess.Popen(['sh', '-c', command]); None",
        "import time\ntime.sleep(1)",
        "x",
        "1 + 1",
    )
    assert [result.termination for result in results[3:]] == ["", ""]
    assert results[3].values in (("1",), ("2",))
    assert results[4].values == ("2",)


def test_the_pipes_of_others_are_out_of_reach(process: document_process.DocumentProcess) -> None:
    """The fault is planted: nonsense on whatever descriptor is open, among them once the forkserver's own."""
    scribble = "    try:\n        os.write(fd, b'x' * 8)\n    except OSError:\n        pass"
    run(process, f"import os\nfor fd in range(3, 256):\n{scribble}")
    assert run(process, "1 + 1", "2 + 2")[1].values == ("4",)
    process.close()
    process._open()
    assert run(process, "1 + 1")[0].values == ("2",)


@pytest.mark.skipif(
    AUTOGROUP.exists() and AUTOGROUP.read_text().strip() == "1", reason="each session has its share, however nice"
)
def test_waiting_for_a_processor_is_excused(zygote: Zygote, spec: SandboxSpec) -> None:
    """The fault is planted: a crowd on the document's only core."""
    core = min(os.sched_getaffinity(0))
    limits = replace(spec.limits, seconds=1.0)
    process = document_process.DocumentProcess(zygote, replace(spec, core=core, limits=limits))
    busy = f"import os\nos.sched_setaffinity(0, {{{core}}})\nwhile True: pass"
    crowd = subprocess.Popen([sys.executable, "-c", busy])
    try:
        results = run(
            process,
            "import time\nbegun = time.monotonic()\nwhile time.process_time() < 0.2:\n    pass\n"
            "time.monotonic() - begun > 1",
            "import time\ntime.sleep(1000)",
        )
    finally:
        crowd.kill()
        crowd.wait()
        process.close()
    assert [result.termination for result in results] == ["", "timeout"]
    assert results[0].values == ("True",)


def test_a_flood_of_processes_is_stopped(process: document_process.DocumentProcess) -> None:
    results = run(process, "x = 1", "import os\nwhile True:\n    os.fork()", "x")
    assert results[1].termination or results[1].error[0] == "BlockingIOError"  # by the watcher, or by the limit itself
    assert results[2].values == ("1",)


def test_a_child_of_an_example_does_not_answer_for_it(process: document_process.DocumentProcess) -> None:
    results = run(process, "import os\nchild = os.fork()\nchild > 0", "1 + 1")
    assert results[0].values == ("True",)
    assert results[1].values == ("2",)


def test_a_document_that_kills_all_its_processes_goes_on_without_its_names(
    process: document_process.DocumentProcess,
) -> None:
    results = run(process, "x = 1", "import os\nos.kill(-1, 9)", "import os\nos.kill(os.getpid(), 9)", "1 + 1", "x")
    assert results[3].values == ("2",)
    assert not results[4].error or results[4].error[0] == "NameError"


def test_a_zygote_that_dies_costs_one_example(process: document_process.DocumentProcess) -> None:
    """The fault is planted: all that is behind the outer wall is killed, twice, and dies a moment later."""
    run(process, "x = 1")
    for number in (1, 2):
        process._zygote.kill()
        results = run(process, f"x = {number}", "1 + 1", "1 + 1")
        assert sum(result.termination != "" for result in results) <= 1
        assert (results[-1].termination, results[-1].values) == ("", ("2",))


def test_no_right_can_be_regained(process: document_process.DocumentProcess) -> None:
    results = run(
        process,
        "import subprocess\nsubprocess.run(['mount', '-o', 'remount,rw', '/'], capture_output=True).returncode",
        "open('/proc/sys/vm/drop_caches', 'w').write('1')",
        "import os\nos.setuid(0)\nopen('/usr/left-behind', 'w')",
    )
    assert results[0].values != ("0",)
    assert results[1].error
    assert results[2].error


def test_a_thread_that_is_left_behind_keeps_the_names(process: document_process.DocumentProcess) -> None:
    results = run(
        process,
        "import threading, time\nx = 1\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
        "x += 1\nx",
        "import os\nos._exit(1)",
        "1 + 1",
    )
    assert results[1].values == ("2",)
    assert results[2].termination
    assert results[3].values == ("2",)


def test_a_forged_answer_is_mere_data(process: document_process.DocumentProcess, tmp_path: Path) -> None:
    """The fault is planted: a pickle that would write a file where it is read, and half an answer, on every pipe."""
    proof = tmp_path / "proof"
    results = run(
        process,
        "import os, pickle, struct\nclass Bomb:\n"
        f"    def __reduce__(self):\n        return os.system, ('touch {proof}',)\n"
        "body = pickle.dumps(Bomb())\nfor fd in range(3, 64):\n    try:\n"
        "        os.write(fd, struct.pack('!i', len(body)) + body + struct.pack('!i', 10**6))\n"
        "    except OSError:\n        pass",
        "1 + 1",
        "2 + 2",
    )
    assert not proof.exists()
    assert results[2].values == ("4",)


def test_without_walls_nothing_is_run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fault is planted: a kernel that refuses namespaces."""
    monkeypatch.setattr(outer_wall, "missing", lambda: "the kernel refuses")
    pytester.makefile(".md", a="```python\nopen('proof', 'w')\n```\n")
    result = pytester.runpytest_inprocess("-p", "suite.plugin", "--course", "a.md")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*the kernel refuses*lint-course*"])
    assert not (pytester.path / "proof").exists()
