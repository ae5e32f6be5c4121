"""The system calls of Linux that build a document's walls and that Python 3.11 has no function for."""

from __future__ import annotations

import ctypes
import os
import struct

NEW_MOUNTS, NEW_HOSTNAME, NEW_IPC = 0x00020000, 0x04000000, 0x08000000
NEW_USER, NEW_PIDS, NEW_NETWORK = 0x10000000, 0x20000000, 0x40000000
READ_ONLY, NO_SUID, NO_DEVICES, NO_EXEC = 1, 2, 4, 8
REMOUNT, BIND, RECURSIVE, PRIVATE = 32, 4096, 16384, 1 << 18
DETACH = 2
"""Of umount2: let go at once."""
_KEPT_FLAGS = READ_ONLY | NO_SUID | NO_DEVICES | NO_EXEC | 1024 | 2048 | (1 << 21)
"""What a bind mount may not lose when it is remounted by somebody who has no right to: the access time modes too."""
_SET_PARENT_DEATH_SIGNAL, _SET_DUMPABLE, _KEEP_CAPABILITIES, _NO_NEW_PRIVILEGES = 1, 4, 8, 38
_AMBIENT, _RAISE = 47, 2
_CAPABILITIES_3 = 0x20080522
_READ_EVERYTHING = 2
"""CAP_DAC_READ_SEARCH: read what is private to its owner, whoever the owner is."""
MAP_USERS = (6, 7, 31)
"""CAP_SETGID, CAP_SETUID and CAP_SETFCAP: give a new namespace more users than one, root among them."""
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _UP = 0x8913, 0x8914, 1
_WRITING = sum(1 << bit for bit in (1, *range(4, 13)))
"""Landlock's rights to change files, of its first version: write, remove and make of every kind."""
_TRUNCATE, _REFER = 1 << 14, 1 << 13

_library = ctypes.CDLL(None, use_errno=True)
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def unshare(flags: int) -> None:
    """Move this process into namespaces of its own. Raises OSError."""
    _checked(_library.unshare(flags), "unshare")


def mount(source: str, target: str, kind: str | None, flags: int = 0, data: str = "") -> None:
    """Mount something. Raises OSError."""
    encoded = [text.encode() if text is not None else None for text in (source, target, kind)]
    _checked(_library.mount(*encoded, ctypes.c_ulong(flags), data.encode()), f"mount {target}")


def unmount(target: str) -> None:
    """Let go of a mount, in use or not. Raises OSError."""
    _checked(_library.umount2(target.encode(), DETACH), f"umount {target}")


def bind(source: str, target: str, *, writable: bool = False) -> None:
    """Mount a file or folder at another place too, read-only unless said otherwise. Raises OSError."""
    mount(source, target, None, BIND | RECURSIVE)
    if not writable:
        make_read_only(target)


def make_read_only(target: str) -> None:
    """Let nothing be written through this mount. Raises OSError."""
    kept = os.statvfs(target).f_flag & _KEPT_FLAGS
    mount("none", target, None, REMOUNT | BIND | READ_ONLY | NO_SUID | kept)


def pivot_root(new: str, old: str) -> None:
    """Make `new` the root, with what was the root at `old` below it. Raises OSError."""
    _checked(_library.syscall(155 if os.uname().machine == "x86_64" else 41, new.encode(), old.encode()), "pivot_root")


def raise_loopback() -> None:
    """Switch on the loopback device of this network namespace. Raises OSError."""
    import fcntl
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(any_socket, _SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | _UP))


def become(user: int) -> None:
    """Take on the identity of another user, with the right to read whatever is in sight. Raises OSError."""
    _checked(_library.prctl(_KEEP_CAPABILITIES, 1, 0, 0, 0), "keepcaps")
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    keep_capabilities(_READ_EVERYTHING)
    _checked(_library.prctl(_AMBIENT, _RAISE, _READ_EVERYTHING, 0, 0), "ambient capability")
    _library.prctl(_SET_DUMPABLE, 1, 0, 0, 0)  # or this process could not read its own /proc any more


def drop_privileges() -> None:
    """Give up every capability but that of `become`, and forbid that anything gains one later. Raises OSError."""
    _checked(_library.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0), "no_new_privs")
    ambient = _checked(_library.prctl(_AMBIENT, 1, _READ_EVERYTHING, 0, 0), "ambient capability")
    keep_capabilities(*([_READ_EVERYTHING] if ambient else []))


def keep_capabilities(*kept: int) -> None:
    """Give up every capability but those of these numbers. Raises OSError."""
    mask = sum(1 << number for number in kept)
    header = struct.pack("Ii", _CAPABILITIES_3, 0)
    _checked(_library.capset(header, struct.pack("6I", mask, mask, mask, 0, 0, 0)), "capset")


def forbid_inspection() -> None:
    """Let no process of the same user look into this one, or through its /proc at the files that it sees."""
    _library.prctl(_SET_DUMPABLE, 0, 0, 0, 0)


def die_with_parent(signal: int) -> None:
    """Receive this signal when the parent ends."""
    _library.prctl(_SET_PARENT_DEATH_SIGNAL, signal, 0, 0, 0)


def forbid_writing_except(folders: list[str]) -> bool:
    """By Landlock: from here on, change files below these folders alone. `False` where the kernel has no Landlock."""
    version = _library.syscall(_CREATE_RULESET, None, 0, 1)
    if version < 1:
        return False
    rights = _WRITING | (_REFER if version >= 2 else 0) | (_TRUNCATE if version >= 3 else 0)
    attributes = struct.pack("Q", rights)
    ruleset = _checked(_library.syscall(_CREATE_RULESET, attributes, len(attributes), 0), "landlock")
    try:
        for folder in folders:
            opened = os.open(folder, os.O_PATH)
            rule = struct.pack("=Qi", rights if os.path.isdir(folder) else rights & (2 | _TRUNCATE), opened)  # noqa: PTH112
            try:
                _checked(_library.syscall(_ADD_RULE, ruleset, 1, rule, 0), f"landlock {folder}")
            finally:
                os.close(opened)
        _checked(_library.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0), "no_new_privs")
        _checked(_library.syscall(_RESTRICT_SELF, ruleset, 0), "landlock")
    finally:
        os.close(ruleset)
    return True
