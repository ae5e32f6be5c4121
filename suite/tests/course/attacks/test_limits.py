"""Attack: use up the machine's processes, memory or files, by ways that no single limit counts."""

from __future__ import annotations

import ast

from suite.tests.course.attacks.conftest import Attack

COUNT = "import os\ndef count():\n    return len([name for name in os.listdir('/proc') if name.isdigit()])\n"


def test_processes_in_sessions_of_their_own_are_stopped(attack: Attack) -> None:
    results = attack.run(
        "import os, time\nmade = 0\n"
        "while made < 1000:\n    try:\n        child = os.fork()\n    except OSError:\n        break\n"
        "    if child == 0:\n        os.setsid()\n        time.sleep(60)\n        os._exit(0)\n    made += 1\n"
        "made",
        # Time to end them all, and with them this example.
        COUNT + "import time\nend = time.monotonic() + 7\n"
        "while count() >= 70 and time.monotonic() < end:\n    time.sleep(0.1)",
        COUNT + "count() < 70",
    )
    # Either the limit refused the next one, or all of the document was ended.
    if results[0]["values"]:
        assert int(results[0]["values"][0]) < 200
    assert results[2]["values"] == ["True"]


def test_memory_disks_share_one_limit(attack: Attack) -> None:
    (result,) = attack.run(
        "import os, shutil\nwritten = 0\n"
        "for folder in ('/tmp', '/dev/shm', '/tmp/reader'):\n    try:\n"
        "        with open(folder + '/big', 'wb', buffering=0) as file:\n"
        "            while True:\n                written += file.write(bytes(2**20))\n"
        "    except OSError:\n        pass\n"
        "written",
    )
    assert 0 < int(result["values"][0]) <= 2**28


def test_files_without_content_are_counted(attack: Attack) -> None:
    (result,) = attack.run(
        "import os\nmade = 0\nos.mkdir('/tmp/many')\n"
        "try:\n    while made < 200_000:\n        os.mknod(f'/tmp/many/{made}')\n        made += 1\n"
        "except OSError:\n    pass\nmade"
    )
    assert result["termination"] or 0 < int(result["values"][0]) <= 2**28 // 2**14


def test_memory_in_sockets_is_counted(attack: Attack) -> None:
    """They stay empty here: what counts is how much could be in them."""
    results = attack.run(
        "import os, socket, time\n"
        "for _ in range(10):\n    if os.fork() == 0:\n        kept = []\n        try:\n"
        "            while len(kept) < 1000:\n                kept.append(socket.socketpair())\n"
        "        except OSError:\n            pass\n        time.sleep(6)\n        os._exit(0)\n"
        "time.sleep(5)\n'kept them all'",
        "1 + 1",
    )
    assert results[0]["values"] == []


def test_shared_memory_is_counted(attack: Attack) -> None:
    """What no process maps any more, and what none of the usual limits counts."""
    results = attack.run(
        "import os\nmade = []\nfor _ in range(8):\n    fd = os.memfd_create('x')\n    made.append(fd)\n"
        "    for _ in range(512):\n        os.write(fd, bytes(2**20))\nlen(made)",
        "import ctypes\nctypes.CDLL(None).shmget(0, 2**32, 0o1600)",
        "import mmap, os, time\nkept = mmap.mmap(-1, 4 * 2**30)\n"
        # One child after the other fills a part of it that is little enough, and is gone.
        "for part in range(8):\n    child = os.fork()\n    if child == 0:\n"
        "        for at in range(part * 2**29, (part + 1) * 2**29, 4096):\n            kept[at] = 1\n"
        "        os._exit(0)\n    os.waitpid(child, 0)\n"
        "time.sleep(2)\n'kept it all'",
        "1 + 1",
    )
    assert results[0]["error"][0] == "OSError"
    assert ast.literal_eval(results[1]["values"][0]) == -1
    assert results[2]["values"] == []
