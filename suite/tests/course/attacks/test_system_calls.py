"""Attack: regain rights in a nested user namespace, or reach a part of the kernel that no example needs."""

from __future__ import annotations

import ast
import ctypes
import errno
import os
import struct
import sys

import pytest

from suite.course.sandbox import seccomp
from suite.tests.course.attacks.conftest import Attack
from suite.tests.course.attacks.run_attacks import KEY

NEW_USER = 0x10000000
CALL = f"""
import ctypes, errno, os, platform
column = {list(seccomp.AUDIT)}.index(platform.machine())
library = ctypes.CDLL(None, use_errno=True)
def call(numbers, *arguments):
    ctypes.set_errno(0)
    result = library.syscall(numbers[column], *arguments)
    return result if result >= 0 else errno.errorcode.get(ctypes.get_errno(), "unknown")
"""


def value(result: dict[str, object]) -> object:
    """What an example's last line is."""
    assert result["values"], result
    return ast.literal_eval(result["values"][-1])  # type: ignore[index]


def test_no_namespace_can_be_made(attack: Attack) -> None:
    results = attack.run(
        CALL + f"call({seccomp._UNSHARE}, {NEW_USER})",
        CALL + f"call({seccomp._UNSHARE}, {0x00020000})",
        CALL + f"child = call({seccomp._CLONE}, {NEW_USER | 17}, 0, 0, 0, 0)\nchild == 0 and os._exit(0)\nchild",
        CALL + f"call({seccomp.ABSENT['clone3']}, b'\\0' * 64, 64)",
        "import subprocess\nsubprocess.run(['unshare', '-Ur', 'true'], capture_output=True).returncode",
    )
    assert [value(result) for result in results] == ["EPERM", "EPERM", "EPERM", "ENOSYS", 1]


def test_no_part_of_the_kernel_that_is_not_needed_is_reached(attack: Attack) -> None:
    denied = {**seccomp.DENIED, **seccomp.ABSENT}
    (result,) = attack.run(
        CALL + f"calls = {denied}\n"
        "{name: call(numbers, 0, 0, 0, 0, 0) for name, numbers in calls.items() if numbers[column] is not None}"
    )
    answers = value(result)
    assert isinstance(answers, dict)
    assert set(answers.values()) == {"EPERM", "ENOSYS"}
    expected = dict.fromkeys(seccomp.DENIED, "EPERM") | dict.fromkeys(seccomp.ABSENT, "ENOSYS")
    assert answers == {name: expected[name] for name in answers}


def test_no_keyring_is_read(attack: Attack) -> None:
    # The session that started the run holds a key of this name: see `run_attacks`.
    listed, found, read = attack.run(
        f"'{KEY}' in open('/proc/keys').read()",
        CALL + f"call({seccomp.DENIED['keyctl']}, 10, -3, b'user', b'{KEY}', 0)",
        CALL + f"call({seccomp.DENIED['request_key']}, b'user', b'{KEY}', 0, 0)",
    )
    assert (value(listed), value(found), value(read)) == (False, "EPERM", "EPERM")


def test_sockets_are_of_the_usual_families_alone(attack: Attack) -> None:
    (result,) = attack.run(
        "import socket, errno\nmade = []\n"
        "for family in range(64):\n    for kind in (1, 2, 3):\n        for protocol in (0, 1, 12):\n            try:\n"
        "                socket.socket(family, kind, protocol).close()\n                made.append(family)\n"
        "            except OSError:\n                pass\n"
        "sorted(set(made) - {1, 2, 10, 16})"
    )
    assert value(result) == []


def test_processes_threads_and_arrays_are_shared_as_ever(attack: Attack) -> None:
    """What libraries need of these calls goes on to work."""
    results = attack.run(
        "import multiprocessing, time\n"
        "with multiprocessing.get_context('fork').Pool(2) as pool:\n    print(pool.map(abs, [-1, -2]))",
        "import torch\nfrom torch.utils.data import DataLoader\n"
        "[batch.tolist() for batch in DataLoader(torch.arange(4), batch_size=2, num_workers=1)]",
        "from concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor(4) as pool:\n    print(list(pool.map(abs, [-1, -2])))",
        "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'print(7)'], capture_output=True).stdout",
        "import multiprocessing.shared_memory as shared\nblock = shared.SharedMemory(create=True, size=4096)\n"
        "block.buf[0] = 3\nvalue = block.buf[0]\nblock.close()\nblock.unlink()\nvalue",
        "import asyncio\nasync def two():\n    process = await asyncio.create_subprocess_exec('true')\n"
        "    return await process.wait()\nawait two()",
        "import psutil\n'lo' in psutil.net_if_addrs()",
    )
    assert [(result["error"], result["message"]) for result in results if result["error"]] == []
    assert "[1, 2]" in results[0]["output"]
    assert value(results[1]) == [[0, 1], [2, 3]]
    assert value(results[3]) == b"7\n"
    assert value(results[4]) == 3
    assert value(results[5]) == 0
    assert value(results[6]) is True


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux has seccomp")
@pytest.mark.parametrize("machine", list(seccomp.AUDIT))
def test_the_filter_is_a_program_of_either_processor(machine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interpreted here as the kernel would: each call by its number, with its arguments."""
    monkeypatch.setattr(os, "uname", lambda: type("uname", (), {"machine": machine}))
    column = list(seccomp.AUDIT).index(machine)
    code = list(struct.iter_unpack("HBBI", seccomp._program()))

    def answer(number: int, *arguments: int, audit: int = seccomp.AUDIT[machine]) -> int:
        padded = [*arguments, *([0] * 6)][:6]
        data = struct.pack("IIQ6Q", number, audit, 0, *padded)
        position, value = 0, 0
        while True:
            kind, yes, no, operand = code[position]
            position += 1
            if kind == seccomp._LOAD:
                (value,) = struct.unpack_from("I", data, operand)
            elif kind == seccomp._RETURN:
                return operand
            else:
                test = {seccomp._EQUAL: value == operand, seccomp._GREATER: value >= operand}
                position += yes if test.get(kind, bool(value & operand)) else no

    refused, absent = seccomp._ERROR | errno.EPERM, seccomp._ERROR | errno.ENOSYS
    family = seccomp._ERROR | errno.EAFNOSUPPORT
    for calls, expected in ((seccomp.DENIED, refused), (seccomp.ABSENT, absent)):
        assert {answer(numbers[column] or 0) for numbers in calls.values() if numbers[column] is not None} == {expected}
    assert answer(seccomp._UNSHARE[column], NEW_USER) == refused
    assert answer(seccomp._UNSHARE[column], 0x400) == seccomp._ALLOW
    assert answer(seccomp._CLONE[column], NEW_USER | 17) == refused
    assert answer(seccomp._CLONE[column], 0x003D0F00) == seccomp._ALLOW
    sockets = {number: answer(seccomp._SOCKET[column], number, 1, 0) for number in (1, 2, 10, 16, 17, 38, 40)}
    assert sockets == dict.fromkeys((1, 2, 10, 16), seccomp._ALLOW) | dict.fromkeys((17, 38, 40), family)
    assert answer(seccomp._SOCKET[column], 16, 3, 12) == family
    assert answer(seccomp._SOCKETPAIR[column], 1, 1, 0) == seccomp._ALLOW
    assert answer(seccomp._SOCKETPAIR[column], 40, 1, 0) == family
    assert answer(39) == seccomp._ALLOW or machine == "aarch64"
    assert answer(seccomp.DENIED["mount"][column] or 0, audit=0x40000003) == absent


def test_the_numbers_are_those_of_this_processor() -> None:
    """`libc` knows some of them by name: a call by number does what the function does."""
    if not seccomp.supported():
        pytest.skip("no list of system calls for this processor")
    library = ctypes.CDLL(None, use_errno=True)
    assert library.syscall(seccomp._UNSHARE[seccomp._column()], 0) == 0
