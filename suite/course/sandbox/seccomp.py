"""The system calls that a document may not make, as a seccomp filter: a program that the kernel runs on each call.

What is denied either builds or leaves walls (namespaces, mounts), looks into other processes, keeps memory that nobody
counts, or opens a part of the kernel that no example needs and that others have broken out through.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Container

_NAMESPACES = 0x00000080 | 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000
"""The flags of unshare for new namespaces: time, mounts, control groups, host name, messages, users, processes,
network."""
_CLONE_NAMESPACES = _NAMESPACES & ~0xFF
"""Of clone's flags the lowest byte is a signal."""

AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""How the kernel names the processor whose table of calls is in use."""

DENIED = {
    # name: (number on x86_64, number on aarch64); None where there is no such call
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "setns": (308, 268),
    "move_mount": (429, 429), "open_tree": (428, 428), "open_tree_attr": (467, 467), "mount_setattr": (442, 442),
    "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "process_madvise": (440, 440), "pidfd_getfd": (438, 438),
    "bpf": (321, 280), "perf_event_open": (298, 241),
    "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265), "fanotify_init": (300, 262),
    "kexec_load": (246, 104), "kexec_file_load": (320, 294), "reboot": (169, 142), "acct": (163, 89),
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106),
    "swapon": (167, 224), "swapoff": (168, 225), "quotactl": (179, 60), "quotactl_fd": (443, 443),
    "settimeofday": (164, 170), "clock_settime": (227, 112), "clock_adjtime": (305, 266), "syslog": (103, 116),
    "sethostname": (170, 161), "setdomainname": (171, 162), "vhangup": (153, 58),
    "iopl": (172, None), "ioperm": (173, None), "modify_ldt": (154, None), "uselib": (134, None),
    "ustat": (136, None), "sysfs": (139, None), "_sysctl": (156, None),
}  # fmt: skip
"""Calls that are answered with EPERM."""
ABSENT = {
    "clone3": (435, 435),  # its flags lie in memory, where a filter cannot look; libraries go on to clone
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "userfaultfd": (323, 282),
    # Memory that belongs to no process and no file system.
    "memfd_create": (319, 279), "memfd_secret": (447, 447),
    "shmget": (29, 194), "msgget": (68, 186), "semget": (64, 190), "mq_open": (240, 180),
    "vmsplice": (278, 75),  # four kilobytes in a pipe keep two megabytes that nobody maps any more
    # How many there are is counted for the user who runs the wall: none would be left for his other programs.
    "inotify_init": (253, None), "inotify_init1": (294, 26),
}  # fmt: skip
"""Calls that are answered as if the kernel did not have them: libraries then do without."""
DENIED_BY_ARGUMENT = {
    # name: (numbers, which argument, its values)
    "fcntl": ((72, 25), 1, (1024, 1026)),  # F_SETLEASE and F_NOTIFY: a lease makes who writes to a file wait
    "prlimit64": ((302, 261), 0, (1,)),  # the process that watches over memory, which needs its descriptors
    "prctl": ((157, 167), 0, (4,)),  # PR_SET_DUMPABLE, by which a process hides its memory from that one
}
"""Calls that are answered with EPERM where an argument has one of these values."""
BUILDING = frozenset({"mount", "umount2", "pivot_root", "unshare", "clone", "prctl"})
"""Calls that build a document's own walls: the filter of the outer wall lets them through, that of a document none."""
_CLONE, _UNSHARE, _SOCKET, _SOCKETPAIR = (56, 220), (272, 97), (41, 198), (53, 199)
_FAMILIES = (1, 2, 10)
"""Of sockets: of this machine, and of both generations of the internet."""
_NETLINK = 16
"""Asks the kernel for the addresses of this machine: with protocol 0, and no other."""

_LOAD, _EQUAL, _GREATER, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _MACHINE, _FIRST, _THIRD, _ARGUMENT = 0, 4, 16, 32, 8
"""Offsets in the kernel's description of a call, of arguments the lower half; and the size of an argument."""
_ALLOW, _ERROR = 0x7FFF0000, 0x00050000
_X32 = 0x40000000
_SECCOMP = (317, 277)
_SET_FILTER, _ALL_THREADS = 1, 1
_KEYCTL_JOIN = 1


def supported() -> bool:
    """Whether there is a list of calls for this processor."""
    return os.uname().machine in AUDIT


def _column() -> int:
    return list(AUDIT).index(os.uname().machine)


def _program(allowed: Container[str] = ()) -> bytes:
    """The filter: instructions of eight bytes, of which jumps count from the next one."""
    column = _column()
    code: list[tuple[int, int, int, int]] = []

    def load(offset: int) -> None:
        code.append((_LOAD, 0, 0, offset))

    def answer(value: int) -> None:
        code.append((_RETURN, 0, 0, value))

    def error(number: int) -> int:
        return _ERROR | number

    load(_MACHINE)
    code.append((_EQUAL, 1, 0, AUDIT[os.uname().machine]))
    answer(error(errno.ENOSYS))  # a program of another kind has other numbers for its calls
    load(_NUMBER)
    if column == 0:
        code.append((_GREATER, 0, 1, _X32))
        answer(error(errno.ENOSYS))
    for calls, number in ((DENIED, errno.EPERM), (ABSENT, errno.ENOSYS)):
        for name, numbers in calls.items():
            if numbers[column] is not None and name not in allowed:
                code.append((_EQUAL, 0, 1, numbers[column] or 0))
                answer(error(number))
    for name, call, flags in (("unshare", _UNSHARE, _NAMESPACES), ("clone", _CLONE, _CLONE_NAMESPACES)):
        if name in allowed:
            continue
        code.append((_EQUAL, 0, 4, call[column]))
        load(_FIRST)
        code.append((_ANY_BIT, 0, 1, flags))
        answer(error(errno.EPERM))
        answer(_ALLOW)
    for name, (call, argument, values) in DENIED_BY_ARGUMENT.items():
        if name in allowed:
            continue
        code.append((_EQUAL, 0, len(values) * 2 + 2, call[column]))
        load(_FIRST + argument * _ARGUMENT)
        for value in values:
            code.append((_EQUAL, 0, 1, value))
            answer(error(errno.EPERM))
        answer(_ALLOW)
    for call in (_SOCKET, _SOCKETPAIR):
        # Both halves of the jump stay within this block, since each ends in an answer.
        code.append((_EQUAL, 0, len(_FAMILIES) * 2 + 6, call[column]))
        load(_FIRST)
        for family in _FAMILIES:
            code.append((_EQUAL, 0, 1, family))
            answer(_ALLOW)
        code.append((_EQUAL, 0, 3, _NETLINK))
        load(_THIRD)
        code.append((_EQUAL, 0, 1, 0))
        answer(_ALLOW)
        answer(error(errno.EAFNOSUPPORT))
    answer(_ALLOW)
    return b"".join(struct.pack("HBBI", *instruction) for instruction in code)


def install(allowed: Container[str] = ()) -> None:
    """Deny these calls to all threads of this process and to whatever it starts; no_new_privs must be set before.

    `allowed` are names of those that are let through all the same.

    Raises:
        OSError: the kernel takes no filter, or this processor's calls are not known.
    """
    if not supported():
        raise OSError(errno.ENOSYS, "no list of system calls for this processor")
    program = ctypes.create_string_buffer(_program(allowed))
    description = struct.pack("HxxxxxxP", (len(program) - 1) // 8, ctypes.addressof(program))
    library = ctypes.CDLL(None, use_errno=True)
    if library.syscall(_SECCOMP[_column()], _SET_FILTER, _ALL_THREADS, description) != 0:
        raise OSError(ctypes.get_errno() or errno.EBUSY, "seccomp")


def leave_session_keyring() -> None:
    """Join a new, empty session keyring: keys of the session that started this process are not seen any more."""
    if supported():
        library = ctypes.CDLL(None, use_errno=True)
        library.syscall(DENIED["keyctl"][_column()], _KEYCTL_JOIN, None)
