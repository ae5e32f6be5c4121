"""Attack: what has got through a document's own walls meets bubblewrap. Here they are switched off altogether."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from suite.course.sandbox import namespaces, seccomp
from suite.tests.course.attacks.conftest import Attack
from suite.tests.course.attacks.run_attacks import KEY, SECRET
from suite.tests.course.attacks.test_system_calls import CALL

TOP = {".proc", "bin", "dev", "etc", "lib", "lib32", "lib64", "libx32", "proc", "sbin", "sys", "tmp", "usr"}
FOUND = """
import os
def attempt(action, *arguments):
    try:
        return action(*arguments)
    except OSError as error:
        return None
"""


@pytest.fixture
def victim(attack: Attack) -> Path:
    """A file of the host that is no part of a course, and belongs to the one who runs it."""
    file = attack.folder / "private.txt"
    file.write_text(SECRET)
    file.chmod(0o600)
    os.chown(file, attack.folder.stat().st_uid, -1)
    return file


def test_no_file_of_the_host_is_there(attack: Attack, victim: Path) -> None:
    roots = ["", "/proc/self/root", "/proc/1/root", "/proc/self/cwd"]
    opened = attack.run_bare(
        FOUND + f"answer = [attempt(lambda p: open(p).read(), root + {str(victim)!r}) for root in {roots}]"
    )
    assert opened == [None] * 4
    assert attack.run_bare("answer = open('/etc/shadow').read()").startswith("FileNotFoundError")
    assert set(attack.run_bare(f"import os\nanswer = os.listdir({str(attack.folder)!r})")) == {
        "cache", "cache.kept", "data.txt", "stand-ins.pem",
    }  # fmt: skip
    packages = {Path(path).parts[1] for path in namespaces.interpreter_files()}
    assert set(attack.run_bare("import os\nanswer = os.listdir('/')")) <= TOP | packages


def test_what_is_kept_of_stand_ins_cannot_be_changed_and_what_is_made_is_gone(attack: Attack) -> None:
    cache = attack.folder / "cache"
    kept, made = cache / "stand-ins" / "kept", cache / "stand-ins" / "made"
    before = kept.stat(), {*cache.rglob("*")}
    through = [str(kept), str(kept).replace("/cache/", "/cache.kept/")]
    assert attack.run_bare(
        FOUND + f"made, answer = {str(made)!r}, []\n"
        f"for path in {through}:\n"
        "    answer.append(open(path).read())\n"
        "    for action in (lambda: open(path, 'w'), lambda: os.chmod(path, 0o777), lambda: os.utime(path, (1, 1)),"
        " lambda: os.truncate(path, 0), lambda: os.link(path, made + '2'), lambda: os.mkdir(path + '3')):\n"
        "        attempt(action)\n"
        f"os.remove({str(kept)!r})\nopen(made, 'w').write('spoilt')\nanswer.append(open(made).read())"
    ) == ["weights", "weights", "spoilt"]
    after = kept.stat(), {*cache.rglob("*")}
    assert (after[0].st_mode, after[0].st_mtime, after[1]) == (before[0].st_mode, before[0].st_mtime, before[1])
    assert kept.read_text() == "weights"


def test_nothing_of_the_host_can_be_changed(attack: Attack) -> None:
    own = ("tmpfs", "proc", "devpts")
    mounts = attack.run_bare("answer = [line.split() for line in open('/proc/self/mounts')]")
    writable = {place for _, place, kind, flags, *_ in mounts if "rw" in flags.split(",") and kind not in own}
    devices = {f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom", "tty", "console")}
    assert writable - devices == set()
    sibling = attack.folder / "data.txt"
    before = sibling.stat()
    attack.run_bare(
        FOUND + f"path = {str(sibling)!r}\n"
        "for action in (lambda: open(path, 'w'), lambda: os.chmod(path, 0o777), lambda: os.utime(path, (1, 1)),"
        "lambda: os.remove(path), lambda: os.rename(path, path + '2')):\n    attempt(action)\nanswer = 0"
    )
    after = sibling.stat()
    assert (after.st_mode, after.st_mtime, sibling.read_text()) == (before.st_mode, before.st_mtime, "keep me")
    pattern = Path("/proc/sys/kernel/core_pattern")
    kept = pattern.read_text()
    for path in (str(pattern), "/.proc/sys/kernel/core_pattern"):
        assert "Error" in str(attack.run_bare(f"answer = open({path!r}, 'r+').write({kept.strip()!r})"))


def test_no_network_is_there(attack: Attack) -> None:
    name = f"touchstone-{os.getpid()}-{attack.folder.name}"
    with (
        socket.create_server(("127.0.0.1", 0)) as outside,
        socket.socket(socket.AF_UNIX) as abstract,
        socket.socket(socket.AF_UNIX) as named,
    ):
        abstract.bind(f"\0{name}")
        named.bind(str(attack.folder / "listening"))
        (attack.folder / "listening").chmod(0o777)
        for listening in (abstract, named):
            listening.listen()
        port = outside.getsockname()[1]
        connect = f"import socket\nsocket.create_connection(('127.0.0.1', {port}), 2)\nanswer = 'connected'"
        assert "Error" in attack.run_bare(connect)
        for address in (f"\0{name}", str(attack.folder / "listening")):
            connect = f"import socket\nsocket.socket(socket.AF_UNIX).connect({address!r})\nanswer = 'connected'"
            assert "Error" in attack.run_bare(connect)
    assert attack.run_bare("import socket\nanswer = [name for _, name in socket.if_nameindex()]") == ["lo"]


def test_no_variable_and_no_key_of_the_one_who_runs_it_is_there(attack: Attack) -> None:
    found = attack.run_bare(
        FOUND + "import pathlib\ntexts = [repr(dict(os.environ))]\n"
        "for path in pathlib.Path('/proc').glob('[0-9]*/environ'):\n"
        "    texts.append(repr(attempt(path.read_bytes)))\nanswer = texts"
    )
    assert len(found) > 2
    assert SECRET not in "".join(found)
    number = "{'x86_64': 250, 'aarch64': 219}[platform.machine()]"
    assert attack.run_bare(CALL + f"answer = call([{number}] * 2, 10, -3, b'user', b'{KEY}', 0)") in ("ENOKEY", "EPERM")


def test_no_process_of_the_host_is_seen_or_killed(attack: Attack) -> None:
    user = attack.folder.stat().st_uid
    sleep = shutil.which("sleep")
    assert sleep is not None
    with subprocess.Popen([sleep, "60"], user=user if os.getuid() != user else None) as stranger:
        try:
            seen = attack.run_bare(
                FOUND + f"attempt(os.kill, {stranger.pid}, 9)\n"
                "answer = [attempt(lambda p: open(p).read(), f'/proc/{name}/cmdline')"
                " for name in os.listdir('/proc') if name.isdigit()]"
            )
            assert stranger.poll() is None
        finally:
            stranger.kill()
    assert len(seen) <= 4, seen
    assert not [line for line in seen if line and "sleep" in line]


def test_no_descriptor_is_inherited_that_is_not_needed(attack: Attack) -> None:
    links = attack.run_bare(
        FOUND + "import pathlib\n"
        "answer = [(str(path), attempt(lambda path: str(path.readlink()), path))"
        " for path in pathlib.Path('/proc').glob('[0-9]*/fd/*')]"
    )
    own = [link for path, link in links if link and not link.startswith("/proc/")]
    assert own
    assert {link.partition(":")[0] for link in own} <= {"pipe", "socket", "/dev/null", "anon_inode"}, links


def test_the_log_cannot_be_erased(attack: Attack) -> None:
    log = attack.folder / "log.txt"
    with log.open("a") as file:
        file.write("what was printed before\n")
    attack.run_bare(
        FOUND + "import pathlib\n"
        "for path in pathlib.Path('/proc').glob('[0-9]*/fd/*'):\n"
        # Only a file of that name: without a wall, this would erase whatever any process of the machine has open.
        "    if str(attempt(os.readlink, path)).endswith('/log.txt'):\n"
        "        attempt(os.truncate, path, 0)\n"
        "        attempt(os.ftruncate, int(path.name), 0)\nanswer = 0"
    )
    assert "what was printed before" in log.read_text()


def test_no_right_over_the_machine_is_left(attack: Attack) -> None:
    """Root keeps the three rights by which a document's namespaces get two users, over those two users alone."""
    status = attack.run_bare(
        "answer = dict(line.split(':\\t') for line in open('/proc/self/status') if ':\\t' in line)"
    )
    assert int(status["CapEff"], 16) in (0, 1 << 6 | 1 << 7 | 1 << 31)
    assert status["NoNewPrivs"].strip() == "1"
    inside = attack.run_bare("import os\nanswer = os.readlink('/proc/self/ns/user')")
    assert inside != str(Path("/proc/self/ns/user").readlink())
    for attempt in (
        "os.setuid(1000)", "os.mknod('/tmp/disk', 0o60600, os.makedev(8, 0))", "os.chroot('/tmp')",
        "os.sethostname('x')" if hasattr(os, "sethostname") else "open('/dev/mem')", "os.setgroups([1000])",
    ):  # fmt: skip
        assert "Error" in attack.run_bare(f"import os\n{attempt}\nanswer = 'done'"), attempt
    subprocess_ = "import subprocess\nanswer = subprocess.run(['umount', '/usr'], capture_output=True).returncode"
    assert attack.run_bare(subprocess_) != 0


def test_no_part_of_the_kernel_that_is_not_needed_is_reached(attack: Attack) -> None:
    """All calls that a document's own filter denies, but those that build its walls: with arguments that do nothing."""
    denied = {**seccomp.DENIED, **seccomp.ABSENT}
    answers = attack.run_bare(
        CALL + f"calls = {denied}\nharmless = [-1] * 5\n"
        "answer = {name: call(numbers, *harmless) for name, numbers in calls.items() if numbers[column] is not None}"
    )
    assert seccomp.BUILDING & denied.keys() == {"mount", "umount2", "pivot_root"}
    reached = {name: answer for name, answer in answers.items() if answer not in ("EPERM", "ENOSYS")}
    assert reached.keys() <= seccomp.BUILDING, reached
    absent = {name for name in seccomp.ABSENT if name in answers}
    assert {name: answers[name] for name in absent} == dict.fromkeys(absent, "ENOSYS")
    families = attack.run_bare(
        "import socket\nanswer = []\n"
        "for family in range(64):\n    for kind in (1, 2, 3):\n        try:\n"
        "            socket.socket(family, kind).close()\n            answer.append(family)\n"
        "        except OSError:\n            pass\n"
    )
    assert set(families) <= {1, 2, 10, 16}
