"""The inner walls, around a document's processes: what they can see, change, reach and use up. All are the kernel's.

Namespaces of its own for users, mounts, processes, network, messages and the host's name; a root in which only the
interpreter's files exist, read-only; a small memory disk to write to; limits; no capabilities; a filter of system
calls; Landlock where there is.
"""

from __future__ import annotations

import os
import resource
import site
import sys
import sysconfig
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from suite.core.files import project_root
from suite.course.sandbox import seccomp, syscalls

HOME = "/tmp/reader"
WORK = f"{HOME}/course"
HUB_CACHE = f"{HOME}/.cache/huggingface/hub"
"""There already, since a reader has fetched something before."""
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
SETTINGS = (
    "alternatives", "ca-certificates", "fonts", "group", "host.conf", "hosts", "ld.so.cache", "ld.so.conf",
    "ld.so.conf.d", "localtime", "magic", "mime.types", "nsswitch.conf", "os-release", "passwd", "protocols",
    "services", "ssl/certs", "ssl/openssl.cnf", "timezone",
)  # fmt: skip
"""What programs read below /etc, and nothing that anybody keeps a secret in."""
_DEVICES = ("null", "zero", "full", "random", "urandom")
PROCESS_FLAGS = syscalls.NO_SUID | syscalls.NO_DEVICES | syscalls.NO_EXEC | syscalls.READ_ONLY
PROCESSORS = "/sys/devices/system/cpu"
_HIDDEN = ("kcore", "key-users", "keys", "sched_debug", "timer_list")
"""Below /proc, what says something of others than the document."""
OPEN_FILES = 1024
"""At once, in a process: pipes and sockets hold memory of the kernel's, also those that are on their way to another."""
BYTES_PER_FILE = 2**14
"""Of a document's disk, for each file or folder that it may make: a file without content takes memory, too."""
PROCESSES = 128
"""At once, in a document, threads among them."""
SIGNALS = 1024
"""That wait for a document's processes, all together, with their timers."""
NOBODY = 65534
"""Who a document's process is where root starts it: root's files, and what the kernel grants root, are not its own.

It may read what it sees, since the interpreter or the course can lie where root alone reads.
"""


@dataclass(frozen=True)
class Limits:
    """What a document may use: memory and files in bytes, seconds for each example."""

    memory: int = 4 * 2**30
    disk: int = 2**30
    seconds: float = 30.0


def unknown_here() -> str | None:
    """Why these walls cannot even be tried here, or `None`."""
    if not sys.platform.startswith("linux"):
        return "only Linux has the namespaces that they are built of"
    if not seccomp.supported():
        return f"the system calls of this kind of processor ({os.uname().machine}) are not known"
    return None


def try_out() -> None:
    """Build the walls with nothing behind them, and end this process: with exit code 0 if that went well.

    Otherwise the last line of its standard error says why not.
    """
    try:
        enter()
        child = os.fork()
        if child:
            os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) and 1)
        build_root(interpreter_files(), [], Limits())
        become_nobody()
        confine(Limits())
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def enter_users() -> None:
    """Move into a namespace of users of one's own, where nobody has rights over anything outside. Raises OSError."""
    _enter(syscalls.NEW_USER)


def enter() -> None:
    """Move into namespaces of one's own; the next child is the first process there. Raises OSError."""
    _enter(
        syscalls.NEW_USER
        | syscalls.NEW_MOUNTS
        | syscalls.NEW_PIDS
        | syscalls.NEW_NETWORK
        | syscalls.NEW_IPC
        | syscalls.NEW_HOSTNAME
    )


def _enter(kinds: int) -> None:
    user, group, process = os.getuid(), os.getgid(), os.getpid()
    ready, moved = os.pipe()
    # Only somebody outside may give a namespace more than one user.
    outside = os.fork() if user == 0 else 0
    if user == 0 and outside == 0:
        os.close(moved)
        os.read(ready, 1)
        try:
            for kind in ("uid_map", "gid_map"):
                Path(f"/proc/{process}/{kind}").write_text(f"0 0 1\n{NOBODY} {NOBODY} 1\n")
        except OSError as error:
            os._exit(error.errno or 1)
        os._exit(0)
    os.close(ready)
    syscalls.unshare(kinds)
    os.close(moved)
    if outside:
        code = os.waitstatus_to_exitcode(os.waitpid(outside, 0)[1])
        if code:
            raise OSError(code, os.strerror(code))
        return
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


def interpreter_files() -> list[str]:
    """The folders that Python and its packages were started from."""
    folders = {sys.prefix, sys.base_prefix, sys.exec_prefix, sysconfig.get_paths()["stdlib"], *site.getsitepackages()}
    # Where the run was started is on the path too, and so is a checkout of this package: both may hold what is private.
    project = project_root()
    private = {Path.cwd().resolve(), project}
    folders |= {path for path in sys.path if path and Path(path).is_dir() and Path(path).resolve() not in private}
    folders |= {str(project / package) for package in ("suite", "tasks")}
    folders |= {str(Path(path).resolve()) for path in folders}
    return sorted(folders)


def kept(cache: str) -> str:
    """Where the files of a cache are seen that were there before; in its own place is what is made behind the walls."""
    return f"{cache}.kept"


def build_root(readable: Iterable[str], writable: Iterable[str], limits: Limits) -> None:
    """Build the root and make it this process's: the first of the namespaces does, before any other is started.

    Raises:
        OSError: the kernel does not let it.
    """
    syscalls.mount("none", "/", None, syscalls.RECURSIVE | syscalls.PRIVATE)
    root = "/tmp"
    shared = parents_first([*(path for path in SYSTEM if Path(path).exists()), *readable])
    devices = [f"/dev/{name}" for name in _DEVICES]
    settings = [f"/etc/{name}" for name in SETTINGS if Path(f"/etc/{name}").exists()]
    # Opened before the new root covers what lies below /tmp.
    sources = {path: os.open(path, os.O_PATH) for path in (*shared, *devices, *settings, *writable)}
    if Path(PROCESSORS).exists():
        sources[PROCESSORS] = os.open(PROCESSORS, os.O_PATH)
    links = {path: str(Path(path).readlink()) for path in SYSTEM if Path(path).is_symlink()}
    folders = {path: Path(path).is_dir() for path in sources}

    syscalls.mount(
        "tmpfs",
        root,
        "tmpfs",
        syscalls.NO_SUID | syscalls.NO_DEVICES,
        f"size={limits.disk},nr_inodes={limits.disk // BYTES_PER_FILE},mode=0755",
    )
    for path, link in links.items():
        Path(root + path).symlink_to(link)
    # One disk for all, or each would have the whole limit; what is writable of it is mounted over itself.
    for place in (f"{root}/tmp", f"{root}/dev/shm"):
        Path(place).mkdir(parents=True)
        Path(place).chmod(0o1777)
        syscalls.bind(place, place, writable=True)
    for path, opened in sources.items():
        if path in links:
            os.close(opened)
            continue
        target = Path(root + path)
        if folders[path]:
            target.mkdir(parents=True, exist_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.touch()
        syscalls.bind(f"/proc/self/fd/{opened}", str(target), writable=path in (*writable, *devices))
        os.close(opened)
    Path(f"{root}/etc/resolv.conf").write_text("nameserver 127.0.0.1\noptions timeout:2 attempts:1\n")
    _link_descriptors(root)
    Path(f"{root}/proc").mkdir()
    syscalls.mount("proc", f"{root}/proc", "proc", PROCESS_FLAGS)
    for path in (f"{root}/proc/{name}" for name in _HIDDEN if Path(f"{root}/proc/{name}").exists()):
        syscalls.bind(f"{root}/dev/null", path)
    Path(f"{root}/.old").mkdir()
    syscalls.pivot_root(root, f"{root}/.old")
    os.chdir("/")
    syscalls.unmount("/.old")
    Path("/.old").rmdir()
    syscalls.make_read_only("/")
    for place in (WORK, HUB_CACHE):
        Path(place).mkdir(parents=True)
    if os.getuid() == 0:
        for owned in (Path(HOME), *Path(HOME).rglob("*")):
            os.chown(owned, NOBODY, NOBODY)
    syscalls.raise_loopback()
    os.chdir(WORK)


def _link_descriptors(root: str) -> None:
    for name, inside in (("fd", "fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")):
        Path(f"{root}/dev/{name}").symlink_to(f"/proc/self/{inside}")


def hide_changes_of(folders: Iterable[str]) -> None:
    """See these folders read-only from here on, in a mount namespace of this process's own. Raises OSError.

    Landlock would let modes and times be changed.
    """
    syscalls.unshare(syscalls.NEW_MOUNTS)
    for folder in folders:
        syscalls.make_read_only(folder)


def confine(limits: Limits, writable: Iterable[str] = ()) -> None:
    """Give up every right to change the walls, and take on the limits. What is started afterwards has no more."""
    # Of one byte: with none, a kernel that hands crashes to a program of the machine's would start it all the same.
    _limit(resource.RLIMIT_CORE, 1)
    # Counted for the user who runs the wall, too: signals that wait, and timers.
    _limit(resource.RLIMIT_SIGPENDING, SIGNALS)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits.disk, limits.disk))
    resource.setrlimit(resource.RLIMIT_DATA, (limits.memory, limits.memory))
    files = min(OPEN_FILES, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(files, resource.getrlimit(resource.RLIMIT_NOFILE)[0]), files))
    syscalls.forbid_writing_except(["/tmp", "/dev/shm", "/dev/null", "/dev/zero", "/dev/full", *writable])
    syscalls.drop_privileges()
    seccomp.install()


def _limit(kind: int, most: int) -> None:
    """Set a limit, or keep the one there is where that is lower."""
    hard = resource.getrlimit(kind)[1]
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(kind, (most, most))


def become_nobody() -> None:
    """Let go of root's identity, where it is root that runs this; before `confine`, which takes away the right to."""
    if os.getuid() == 0:
        syscalls.become(NOBODY)
    if os.getuid() == NOBODY or _counts_processes_by_namespace():
        resource.setrlimit(resource.RLIMIT_NPROC, (PROCESSES, PROCESSES))


def _counts_processes_by_namespace() -> bool:
    """Whether a limit of processes is for this user namespace alone; before Linux 5.14 it is for all of a user."""
    major, minor = (int("".join(filter(str.isdigit, part)) or 0) for part in os.uname().release.split(".")[:2])
    return (major, minor) >= (5, 14)


def environment(extra: dict[str, str]) -> dict[str, str]:
    """The environment variables of a document's processes."""
    return {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"]),
        "HOME": HOME,
        "USER": "reader",
        "LOGNAME": "reader",
        "LANG": "C.UTF-8",
        "TMPDIR": "/tmp",
        "PWD": WORK,
        **extra,
    }


def parents_first(paths: Iterable[str]) -> Iterator[str]:
    """The paths that exist, without those that lie below another of them or would cover a wall."""
    kept: list[Path] = []
    for path in sorted({Path(path) for path in paths}, key=lambda path: len(path.parts)):
        covers = any(Path(place).is_relative_to(path) for place in ("/tmp", "/dev", "/proc", "/etc"))
        if path.exists() and not covers and not any(path.is_relative_to(other) for other in kept):
            kept.append(path)
            yield str(path)
