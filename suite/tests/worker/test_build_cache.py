"""The build cache: entries are reused, built once, and never incomplete or damaged."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock, Timeout

from suite.core.files import project_root
from suite.worker.build_cache import BuildCache, build_cache_root, digest

KEY = {"backend": "onnx", "weights": "abc", "options": {"a": 1, "b": 2}}


def write(text: str, calls: list[str] | None = None) -> Callable[[Path], None]:
    def make(directory: Path) -> None:
        assert directory.is_dir()
        assert not list(directory.iterdir())
        if calls is not None:
            calls.append(text)
        (directory / "sub").mkdir()
        (directory / "model.bin").write_text(text)
        (directory / "sub" / "more.bin").write_text(text * 2)

    return make


@pytest.fixture
def cache(tmp_path: Path) -> BuildCache:
    return BuildCache(tmp_path / "cache")


def test_a_build_is_found_again(cache: BuildCache) -> None:
    assert cache.get(KEY) is None
    made = cache.build(KEY, write("one"))
    assert cache.get(KEY) == made
    assert (made / "sub" / "more.bin").read_text() == "oneone"


def test_the_order_of_a_key_is_no_matter_and_its_values_are(cache: BuildCache) -> None:
    cache.build(KEY, write("one"))
    assert cache.get({"options": {"b": 2, "a": 1}, "weights": "abc", "backend": "onnx"}) is not None
    assert cache.get({**KEY, "weights": "abd"}) is None


def test_a_build_is_made_once(cache: BuildCache) -> None:
    calls: list[str] = []
    cache.build(KEY, write("one", calls))
    cache.build(KEY, write("two", calls))
    assert calls == ["one"]


def _truncate(file: Path) -> None:
    file.write_text("o")


def _flip(file: Path) -> None:
    file.write_text(file.read_text()[:-1] + "?")


@pytest.mark.parametrize("damage", [Path.unlink, _truncate, _flip])
def test_damage_is_noticed_and_repaired(cache: BuildCache, damage: Callable[[Path], None]) -> None:
    made = cache.build(KEY, write("one"))
    damage(made / "sub" / "more.bin")
    assert cache.get(KEY) is None
    assert cache.entries()[0].damage() is not None
    assert (cache.build(KEY, write("two")) / "model.bin").read_text() == "two"
    assert cache.get(KEY) is not None


def test_a_torn_manifest_is_no_entry(cache: BuildCache) -> None:
    made = cache.build(KEY, write("one"))
    (made.parent / "manifest.json").write_text('{"key": ')
    assert cache.get(KEY) is None
    assert cache.entries() == []
    assert (cache.build(KEY, write("two")) / "model.bin").read_text() == "two"


def test_a_failed_build_leaves_nothing(cache: BuildCache) -> None:
    def fail(directory: Path) -> None:
        (directory / "half").write_text("half")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        cache.build(KEY, fail)
    assert cache.get(KEY) is None
    assert {path.name for path in cache.root.iterdir()} <= {digest(KEY) + ".lock"}


BUILDER = """
import sys, time
from pathlib import Path
from suite.worker.build_cache import BuildCache
def make(directory):
    (directory / "model.bin").write_text("half")
    print("begun", flush=True)
    time.sleep(float(sys.argv[2]))
    (directory / "model.bin").write_text("child")
print(BuildCache(Path(sys.argv[1])).build({"backend": "x"}, make), flush=True)
"""


def start_builder(cache: BuildCache, seconds: float) -> subprocess.Popen[str]:
    process = request_build(cache, seconds)
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    return process


def request_build(cache: BuildCache, seconds: float) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", BUILDER, str(cache.root), str(seconds)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(project_root())},
    )


def test_the_remains_of_a_killed_build_are_swept_up(cache: BuildCache) -> None:
    process = start_builder(cache, 60)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert cache.get({"backend": "x"}) is None
    assert (cache.build({"backend": "x"}, write("two")) / "model.bin").read_text() == "two"
    assert not list(cache.root.glob("*.partial"))


def test_of_two_builders_the_second_waits_for_the_first(cache: BuildCache) -> None:
    with start_builder(cache, 0.5) as process:
        calls: list[str] = []
        path = cache.build({"backend": "x"}, write("two", calls))
        assert process.wait() == 0
    assert calls == []
    assert (path / "model.bin").read_text() == "child"


def test_a_lock_whose_file_is_removed_protects_nothing(cache: BuildCache) -> None:
    cache.root.mkdir()
    path = cache.root / (digest({"backend": "x"}) + ".lock")
    with FileLock(path):
        waiting = request_build(cache, 1)
        time.sleep(0.5)
        path.unlink()
    with waiting as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        with pytest.raises(Timeout):
            FileLock(path).acquire(blocking=False)
        assert process.wait() == 0


def test_entries_and_clear_tell_the_bytes(cache: BuildCache) -> None:
    before = time.time()
    cache.build(KEY, write("one"))
    cache.build({"backend": "b"}, write("four"))
    entries = cache.entries()
    assert [entry.key["backend"] for entry in entries] == ["onnx", "b"]
    assert [entry.size for entry in entries] == [9, 12]
    assert before <= entries[0].created <= entries[1].created <= time.time()
    assert cache.clear() >= 21
    assert cache.entries() == []
    assert list(cache.root.iterdir()) == []
    assert cache.clear() == 0


def test_clear_leaves_a_build_in_progress_and_foreign_files_alone(cache: BuildCache) -> None:
    cache.root.mkdir()
    (cache.root / "notes.txt").write_text("mine")
    with start_builder(cache, 0.5) as process:
        cache.clear()
        assert process.wait() == 0
    assert cache.get({"backend": "x"}) is not None
    cache.clear()
    assert [path.name for path in cache.root.iterdir()] == ["notes.txt"]


def test_the_root_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TOUCHSTONE_CACHE", str(tmp_path))
    assert tmp_path in BuildCache().root.parents
    monkeypatch.delenv("TOUCHSTONE_CACHE")
    assert "touchstone" in build_cache_root().parts


def test_nothing_heavy_is_imported() -> None:
    code = (
        "import sys, suite.worker.build_cache, suite.worker.build_key; "
        "assert not {'torch', 'transformers', 'onnxruntime'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=project_root())
