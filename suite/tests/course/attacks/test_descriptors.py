"""Attack: reach the host through a descriptor that was opened before the walls stood."""

from __future__ import annotations

import ast
import os
import socket
from pathlib import Path

from suite.tests.course.attacks.conftest import Attack

EACH = """
import os, pathlib, socket
def each(action):
    done = []
    for number in range(3, 1024):
        for up in range(12):
            try:
                done.append((number, up, action(number, "../" * up)))
            except OSError:
                pass
    return done
"""


def test_no_descriptor_leads_to_a_file_of_the_host(attack: Attack) -> None:
    victim = attack.folder / "private.txt"
    victim.write_text("a host's file")
    victim.chmod(0o600)
    os.chown(victim, attack.folder.stat().st_uid, -1)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(attack.folder / "socket"))
    listening.listen()
    (attack.folder / "socket").chmod(0o777)
    try:
        opening, modes, connecting, links = attack.run(
            EACH + f"each(lambda fd, up: os.read(os.open(up + {str(victim)[1:]!r}, 0, dir_fd=fd), 9))",
            EACH + f"each(lambda fd, up: os.chmod(up + {str(victim)[1:]!r}, 0o666, dir_fd=fd))",
            EACH + "each(lambda fd, up: socket.socket(socket.AF_UNIX).connect("
            f"f'/proc/self/fd/{{fd}}/{{up}}' + {str(attack.folder / 'socket')[1:]!r}))",
            "import os, pathlib\nlinks = [pathlib.Path(f'/proc/self/fd/{fd}') for fd in range(1024)]\n"
            "[os.readlink(link) for link in links if link.is_symlink()]",
        )
    finally:
        listening.close()
    assert [result["values"] for result in (opening, modes, connecting)] == [["[]"]] * 3
    assert victim.stat().st_mode & 0o777 == 0o600
    files = [link for link in ast.literal_eval(links["values"][0]) if not link.startswith("pipe:")]
    # An example's output and errors are captured in files of its own.
    assert {link.partition("#")[0] for link in files} <= {"/dev/null", "/tmp/"}, files


def test_no_descriptor_of_any_process_leads_out(attack: Attack) -> None:
    """Whatever a process of the document has open can be opened again with other rights, by its link below /proc."""
    (result,) = attack.run(
        "import pathlib\nlinks = []\n"
        "for link in pathlib.Path('/proc').glob('[0-9]*/fd/*'):\n"
        "    try:\n        links.append(str(link.readlink()))\n    except OSError:\n        pass\n"
        "[link for link in links if not link.startswith(('pipe:', '/dev/null', '/tmp/', 'anon_inode', '/proc/'))]"
    )
    assert result["values"] == ["[]"]


def test_the_log_cannot_be_erased_or_filled(attack: Attack) -> None:
    log = attack.folder / "log.txt"
    with log.open("a") as file:
        file.write("what was printed before\n")
    attack.run(
        "import os, subprocess, sys\n"
        "for fd in (1, 2, *range(3, 64)):\n    try:\n        os.ftruncate(fd, 0)\n    except OSError:\n        pass",
        # What keeps running after an example writes to what the process had as its own output.
        "import threading, time\ndef fill():\n    time.sleep(0.5)\n    import os\n    while True:\n"
        "        os.write(2, b'x' * 65536)\n"
        "threading.Thread(target=fill, daemon=True).start()",
        "import time\ntime.sleep(0.1)",
        "import os\nos.system('for fd in /proc/*/fd/[12]; do : > $fd; done 2>/dev/null'); None",
    )
    assert "what was printed before" in log.read_text()
    assert log.stat().st_size < 16 * 2**20


def test_the_stand_ins_cache_cannot_be_changed(attack: Attack) -> None:
    kept = attack.folder / "cache" / "stand-ins" / "kept"
    os.chown(kept, attack.folder.stat().st_uid, -1)
    os.utime(kept, (1, 1))
    kept.chmod(0o644)
    before = kept.parent.stat(), {*kept.parent.iterdir()}
    tries = f"""
import os, pathlib
path = {str(kept)!r}
assert open(path).read() == "weights"
for root in ("", *map(str, pathlib.Path("/proc").glob("[0-9]*/root"))):
    for action in (
        lambda p: os.chmod(p, 0o777), os.utime, os.remove, lambda p: open(p, "w"), lambda p: os.rename(p, p + "2"),
        lambda p: os.link(p, p + "3"), lambda p: os.setxattr(p, "user.a", b"1"), lambda p: os.truncate(p, 0),
        lambda p: os.utime(os.path.dirname(p), (2, 2)), lambda p: os.mkdir(p + "4"), lambda p: os.symlink(p, p + "5"),
        lambda p: os.chmod(os.path.dirname(p), 0o777),
    ):
        try:
            action(root + path)
        except OSError:
            pass
"""
    attack.run(tries)
    state = Path(kept).stat()
    assert (state.st_mode & 0o777, state.st_mtime, kept.read_text()) == (0o644, 1, "weights")
    assert not os.listxattr(kept)
    after = kept.parent.stat()
    assert (after.st_mode, {*kept.parent.iterdir()}) == (before[0].st_mode, before[1])
    assert after.st_mtime != 2
