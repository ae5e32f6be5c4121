"""Attack: use up what the kernel counts for the user who runs a course, or make his other programs wait."""

from __future__ import annotations

import ast
import os
import resource

from suite.course.sandbox import namespaces
from suite.tests.course.attacks.conftest import Attack
from suite.tests.course.attacks.test_system_calls import CALL, value


def test_the_instances_of_inotify_are_left_to_the_user(attack: Attack) -> None:
    (result,) = attack.run(CALL + "[call((294, 26), 0) for _ in range(4)]")
    assert value(result) == ["ENOSYS"] * 4


def test_the_timers_of_the_user_are_left_to_him(attack: Attack) -> None:
    (result,) = attack.run(
        CALL + "room, made = ctypes.create_string_buffer(8), 0\n"
        "while made < 5000 and call((222, 107), 1, None, room) == 0:\n    made += 1\nmade"
    )
    assert ast.literal_eval(result["values"][-1]) <= namespaces.SIGNALS


def test_nobody_waits_to_write_to_a_file_that_an_example_has_a_lease_on(attack: Attack) -> None:
    sibling = attack.folder / "data.txt"
    # As the user's own: of another's file the kernel itself gives no lease.
    os.chown(sibling, attack.folder.stat().st_uid, -1)
    (result,) = attack.run(
        "import fcntl, os\nopened, given = os.open('data.txt', os.O_RDONLY), []\n"
        "for command in (1024, 1026):\n    try:\n        given.append(fcntl.fcntl(opened, command, 0))\n"
        "    except OSError as error:\n        given.append(error.errno)\n"
        "given"
    )
    assert value(result) == [1, 1]
    with sibling.open("r+"):
        pass


def test_pages_in_a_pipe_are_not_kept_after_their_memory_is_gone(attack: Attack) -> None:
    """Four kilobytes of a huge page keep all of it, which no process maps any more."""
    (result,) = attack.run(
        CALL + "import mmap\nclass Part(ctypes.Structure):\n"
        "    _fields_ = [('place', ctypes.c_void_p), ('size', ctypes.c_size_t)]\n"
        "reading, writing = os.pipe()\npages = mmap.mmap(-1, 4 * 2**20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)\n"
        "pages.madvise(14)\npages[:] = bytes(len(pages))\n"
        "place = ctypes.addressof(ctypes.c_char.from_buffer(pages))\n"
        "call((278, 75), writing, ctypes.byref(Part(place, 4096)), 1, 0)"
    )
    assert value(result) == "ENOSYS"


def test_the_watcher_is_not_blinded(attack: Attack) -> None:
    """An unprivileged user's examples are the watcher's user, and could take away its descriptors."""
    (result,) = attack.run(
        "import resource\ntaken = []\nfor limit in (resource.RLIMIT_NOFILE, resource.RLIMIT_DATA):\n    try:\n"
        "        taken.append(resource.prlimit(1, limit))\n    except PermissionError:\n        pass\n"
        "taken, resource.prlimit(0, resource.RLIMIT_NOFILE) == resource.getrlimit(resource.RLIMIT_NOFILE)"
    )
    assert value(result) == ([], True)


def test_no_process_hides_its_memory_from_the_watcher(attack: Attack) -> None:
    (result,) = attack.run(CALL + "call((157, 167), 4, 0, 0, 0, 0)")
    assert value(result) == "EPERM"


def test_no_crash_starts_a_program_of_the_machine(attack: Attack) -> None:
    """Of a limit of 1, and of no other, the kernel keeps to it where core dumps go to a program (`man 5 core`)."""
    crashed, limits = attack.run(
        "import ctypes, os\nif os.fork() == 0:\n    ctypes.string_at(0)\nos.WCOREDUMP(os.wait()[1])",
        "import resource\nresource.getrlimit(resource.RLIMIT_CORE)",
    )
    assert value(crashed) is False
    most = 1 if resource.getrlimit(resource.RLIMIT_CORE)[1] else 0
    assert value(limits) == (most, most)
