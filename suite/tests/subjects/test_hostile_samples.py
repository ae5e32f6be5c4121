"""Samples made to use up the machine, or to have a file read otherwise than it says: each is refused in a sentence."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import EpsImagePlugin, Image

from suite.core.errors import UsageError
from suite.subjects import samples_file, text_rows
from suite.subjects.memory_limit import memory_limit
from suite.subjects.samples_file import read_samples, samples_identity
from suite.task import discovery
from suite.tests.support import made_checkpoints as made

TASK = made.Moods()
TASKS = discovery.load_tasks(discovery.tasks_root())
SECONDS = 20.0
SMALL = """
import resource, sys
from pathlib import Path
from suite.core.errors import UsageError
from suite.subjects import arrow_rows
from suite.subjects.samples_file import read_samples
from suite.tests.support.made_checkpoints import Moods
arrow_rows.LARGEST, arrow_rows.WORKING_MEMORY = 2**24, 2**27
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
resource.setrlimit(resource.RLIMIT_DATA, (2**32, 2**32))  # for this machine's sake
try:
    read_samples(Path(sys.argv[1]), Moods())
except UsageError as error:
    print(error)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def stream(path: Path, options: Any = None, **columns: Any) -> Path:
    """An Arrow file with one batch."""
    batch = pa.record_batch(columns)
    with (
        pa.OSFile(str(path), "wb") as sink,
        pa.ipc.new_stream(sink, batch.schema, options=options) as writer,
    ):
        writer.write_batch(batch)
    return path


def repeated(text: str, times: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array([0] * times, pa.int32()), pa.array([text]))


def parquet(path: Path, **columns: Any) -> Path:
    """A table whose dictionaries are read as the texts that they stand for."""
    pq.write_table(pa.table(columns), path, compression="zstd", store_schema=False, write_statistics=False)
    return path


def dictionary_in_parquet(folder: Path) -> Path:
    return parquet(folder / "a.parquet", input=repeated("a" * 2**20, 2000), truth=["b"] * 2000)


def list_of_dictionary_in_parquet(folder: Path) -> Path:
    truth = pa.ListArray.from_arrays(pa.array([0, 2000], pa.int32()), repeated("a" * 2**20, 2000))
    return parquet(folder / "a.parquet", input=["a"], truth=truth)


def dictionary(folder: Path) -> Path:
    return stream(folder / "a.arrow", input=repeated("a" * 2**22, 500), truth=["b"] * 500)


def compressed(folder: Path) -> Path:
    text = pa.array(["a" * 2**30], pa.large_string())
    return stream(folder / "a.arrow", pa.ipc.IpcWriteOptions(compression="zstd"), input=text, truth=["b"])


def runs(folder: Path) -> Path:
    run = pa.RunEndEncodedArray.from_arrays(pa.array([10**8], pa.int32()), pa.array(["a"]))
    return stream(folder / "a.arrow", input=run, truth=run)


def nothing(folder: Path) -> Path:
    return stream(folder / "a.arrow", input=pa.nulls(10**8), truth=pa.nulls(10**8))


def list_of_nothing(folder: Path) -> Path:
    truth = pa.ListArray.from_arrays(pa.array([0, 10**8], pa.int32()), pa.nulls(10**8))
    return stream(folder / "a.arrow", input=["a"], truth=truth)


BOMBS = (
    dictionary_in_parquet, list_of_dictionary_in_parquet, dictionary, compressed, runs, nothing, list_of_nothing,
)  # fmt: skip


@pytest.mark.skipif(sys.platform != "linux", reason="other systems keep no such limit")
@pytest.mark.parametrize("bomb", BOMBS)
def test_a_table_that_stands_for_far_more_than_it_holds(tmp_path: Path, bomb: Callable[[Path], Path]) -> None:
    file = bomb(tmp_path)
    assert file.stat().st_size < 2**23
    done = subprocess.run(
        [sys.executable, "-c", SMALL, str(file)], capture_output=True, text=True, timeout=300, check=True
    )
    *refusal, grown = done.stdout.splitlines()
    assert "holds more than 16 MiB" in refusal[0] or "is not read" in refusal[0] or "200,000 samples" in refusal[0]
    assert int(grown) < 300, done.stdout


def test_a_category_of_pandas_is_read_as_its_texts(tmp_path: Path) -> None:
    stream(tmp_path / "a.arrow", input=["a", "b", "c"], truth=pa.array(["p", "n", "p"]).dictionary_encode())
    assert [sample.truth for sample in read_samples(tmp_path / "a.arrow", TASK)] == ["p", "n", "p"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems keep no such limit")
def test_a_limit_of_memory_ends_with_its_context() -> None:
    with memory_limit(2**26), pytest.raises(MemoryError):
        np.ones(2**28, np.uint8)
    assert np.ones(2**28, np.uint8).all()


def two_columns(path: Path) -> pa.Table:
    return pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"]), pa.array(["c"])], ["input", "truth", "truth"])


def write_twice_in_arrow(path: Path) -> None:
    table = two_columns(path)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)


TWICE: dict[str, Callable[[Path], object]] = {
    "a.csv": lambda path: path.write_text("input,truth,truth\na,b,c\n"),
    "a.jsonl": lambda path: path.write_text('{"input": "a", "truth": "b", "truth": "c"}'),
    "a.json": lambda path: path.write_text('[{"input": "a", "truth": "b", "truth": "c"}]'),
    "a.parquet": lambda path: pq.write_table(two_columns(path), path),
    "a.arrow": write_twice_in_arrow,
}


@pytest.mark.parametrize("name", TWICE)
def test_two_truths_of_one_row_are_refused_rather_than_one_of_them_taken(tmp_path: Path, name: str) -> None:
    TWICE[name](tmp_path / name)
    with pytest.raises(UsageError, match=r"'truth' is there twice in one object|several columns 'truth'"):
        read_samples(tmp_path / name, TASK)


@pytest.mark.parametrize("levels", [150, 400, 800, 950, 5000])
@pytest.mark.parametrize("key", ["input", "truth", "slice", "other"])
def test_a_row_that_nests_is_refused_wherever_it_does(tmp_path: Path, levels: int, key: str) -> None:
    row = {"input": '"a"', "truth": '"b"', key: "[" * levels + "]" * levels}
    (tmp_path / "a.jsonl").write_text("{" + ", ".join(f'"{name}": {value}' for name, value in row.items()) + "}")
    with pytest.raises(UsageError, match=r"line 1 nests (too|more than 100 levels) deep"):
        read_samples(tmp_path / "a.jsonl", TASK)
    assert samples_identity(tmp_path / "a.jsonl")


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv"])
def test_empty_lines_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(text_rows, "MOST_EMPTY_LINES", 10, raising=False)
    (tmp_path / name).write_text("input,truth\n" + "\n" * 100 + "a,b\n")
    with pytest.raises(UsageError, match="more than 536,870,912 characters or 10 empty lines"):
        read_samples(tmp_path / name, TASK)


def test_columns_that_nobody_reads_cost_nothing(tmp_path: Path) -> None:
    rows = 10_000
    columns = {"input": ["a"] * rows, "truth": ["b"] * rows, **{f"c{number}": [0] for number in range(10_000)}}
    (tmp_path / "a.json").write_text(json.dumps(columns))
    started = time.thread_time()
    assert len(read_samples(tmp_path / "a.json", TASK)) == rows
    assert time.thread_time() - started < SECONDS


def named(folder: Path, *names: str) -> Path:
    """Samples that name files beside them."""
    file = folder / "own.jsonl"
    file.write_text("\n".join(json.dumps({"input": name, "truth": "a"}) for name in names))
    return file


PICTURES, SOUNDS = TASKS["image-classification"], TASKS["automatic-speech-recognition"]


@pytest.mark.parametrize("task", [PICTURES, SOUNDS], ids=["picture", "sound"])
@pytest.mark.skipif(sys.platform != "linux", reason="other systems know no such files")
def test_a_pipe_is_not_waited_for(tmp_path: Path, task: Any) -> None:
    os.mkfifo(tmp_path / "a.png")
    refusals: list[UsageError] = []

    def read() -> None:
        try:
            read_samples(named(tmp_path, "a.png"), task)
        except UsageError as error:
            refusals.append(error)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    thread.join(SECONDS)
    was_waiting = thread.is_alive()
    if was_waiting:
        os.close(os.open(tmp_path / "a.png", os.O_RDWR))
    assert not was_waiting
    assert "cannot be read (FileNotFoundError)" in str(refusals)


@pytest.mark.parametrize("side", [9000, 20_000])
def test_a_picture_is_measured_before_it_is_decoded(tmp_path: Path, side: int) -> None:
    """The larger one is what Pillow calls a bomb, in an error of its own."""
    Image.new("1", (side, side)).save(tmp_path / "a.png")
    with pytest.raises(UsageError, match=r"pixels, and at most 8192 a side are read|DecompressionBombError"):
        read_samples(named(tmp_path, "a.png"), PICTURES)


def test_no_program_is_started_to_decode_a_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Any] = []
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", lambda *given, **_: started.append(given))
    (tmp_path / "a.png").write_text(
        "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 50 50\n%%EndComments\nshowpage\n%%EOF\n"
    )
    with pytest.raises(UsageError, match="cannot be read"):
        read_samples(named(tmp_path, "a.png"), PICTURES)
    assert not started


def test_pictures_are_counted_as_they_are_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samples_file, "MEMORY_SHARE", 0.0, raising=False)
    Image.new("RGB", (64, 64)).save(tmp_path / "a.png")
    with pytest.raises(UsageError, match=r"once its pictures and sounds are decoded, .* by line 1: pass a part of it"):
        read_samples(named(tmp_path, "a.png", "a.png"), PICTURES)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems may write the zeros")
def test_a_file_without_end_is_hashed_in_a_bounded_time(tmp_path: Path) -> None:
    for number in range(2):
        (tmp_path / f"{number}.png").touch()
        os.truncate(tmp_path / f"{number}.png", 2**35)
    file = named(tmp_path, *["0.png"] * 100, "1.png")
    found: list[str] = []
    thread = threading.Thread(target=lambda: found.append(samples_identity(file)), daemon=True)
    thread.start()
    thread.join(SECONDS)
    for number in range(2):
        os.truncate(tmp_path / f"{number}.png", 0)
    assert found


def wave(path: Path, rate: int, values: int) -> None:
    form = struct.pack("<IHHIIHH", 16, 1, 1, rate, rate, 1, 8)
    path.write_bytes(
        b"RIFF"
        + struct.pack("<I", 36 + values)
        + b"WAVEfmt "
        + form
        + b"data"
        + struct.pack("<I", values)
        + bytes(values)
    )


@pytest.mark.parametrize(("rate", "values"), [(1, 2000), (16_000, 16_000 * 700)], ids=["slow", "long"])
def test_a_sound_is_measured_before_it_is_decoded(tmp_path: Path, rate: int, values: int) -> None:
    """A value a second becomes sixteen thousand."""
    wave(tmp_path / "a.wav", rate, values)
    with pytest.raises(UsageError, match=r"the sound has 1 channels of .* s, and files of up to 600 s are read"):
        read_samples(named(tmp_path, "a.wav"), SOUNDS)
