"""Samples in the formats that engineers have them in: JSON, CSV, Parquet, saved data sets; damaged and hostile ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from suite.core.errors import UsageError
from suite.subjects import arrow_rows, sample_rows, text_rows
from suite.subjects.samples_file import read_samples, samples_identity
from suite.task import Sample, discovery
from suite.tests.support import made_checkpoints as made

TASK = made.Moods()
TASKS = discovery.load_tasks(discovery.tasks_root())
ROWS = [
    {"id": "1", "input": "a film, \u201ctruly\u201d\nbad\u2028", "truth": "neg", "slice": "long"},
    {"id": "2", "input": "b;c\td", "truth": "pos", "slice": "short"},
]
SAMPLES = [Sample(row["id"], row["input"], row["truth"], (row["slice"],)) for row in ROWS]
FRAME = pd.DataFrame(ROWS)


def write_json(orient: Any) -> Any:
    return lambda path: FRAME.to_json(path, orient=orient)


def data_set(path: Path, rows: list[dict[str, Any]] = ROWS, features: Any = None) -> Path:
    """As `save_to_disk` of datasets writes it."""
    import datasets

    datasets.Dataset.from_list(rows, features=features).save_to_disk(path)
    return path


WRITERS = {
    "list.json": lambda path: path.write_text(json.dumps(ROWS)),
    **{f"{orient}.json": write_json(orient) for orient in ("records", "columns", "split", "index", "table")},
    "lists.json": lambda path: path.write_text(json.dumps(FRAME.to_dict("list"))),
    "lines.json": lambda path: FRAME.to_json(path, orient="records", lines=True),
    "lines.jsonl": lambda path: FRAME.to_json(path, orient="records", lines=True),
    "commas.csv": lambda path: FRAME.to_csv(path, index=False),
    "semicolons.csv": lambda path: FRAME.to_csv(path, index=False, sep=";", encoding="utf-8-sig"),
    "tabs.TSV": lambda path: FRAME.to_csv(path, index=False, sep="\t"),
    "with_index.csv": FRAME.to_csv,
    "pandas.parquet": FRAME.to_parquet,
    "saved": data_set,
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_gives_the_same_samples(tmp_path: Path, name: str) -> None:
    WRITERS[name](tmp_path / name)
    assert read_samples(tmp_path / name, TASK) == SAMPLES
    before = samples_identity(tmp_path / name)
    assert before == samples_identity(tmp_path / name)


def test_one_object_is_one_sample(tmp_path: Path) -> None:
    (tmp_path / "one.json").write_text(json.dumps(ROWS[0]))
    assert read_samples(tmp_path / "one.json", TASK) == SAMPLES[:1]


def test_a_cell_of_csv_is_a_text_first_and_json_where_the_task_takes_no_text(tmp_path: Path) -> None:
    file = tmp_path / "own.csv"
    file.write_text('input,truth\n"[""a"", ""b""]",0.5\n"[""c"", ""d""]",1\n')
    pairs = read_samples(file, TASKS["sentence-similarity"])
    assert [(sample.input, sample.truth) for sample in pairs] == [(["a", "b"], 0.5), (["c", "d"], 1)]
    file.write_text('input,truth\n"[1, 2]",1\n')
    assert read_samples(file, TASK) == [Sample("1", "[1, 2]", "1")], "the text that it is"


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ""])
def test_a_missing_truth_is_explained(tmp_path: Path, suffix: str) -> None:
    frame = pd.DataFrame({"input": ["a", "b"], "truth": ["pos", None]})
    file = tmp_path / f"own{suffix}"
    if suffix == ".csv":
        frame.to_csv(file, index=False)
    elif suffix:
        frame.to_parquet(file)
    else:
        data_set(file, [{"input": "a", "truth": "pos"}, {"input": "b", "truth": None}])
    with pytest.raises(
        UsageError, match=r"row 2 has a truth that is (empty|null): without the right answer .* the row\."
    ):
        read_samples(file, TASK)


def test_class_numbers_of_a_data_set_are_read_as_its_names(tmp_path: Path) -> None:
    """What a number means is the data set's to say: a checkpoint may count its classes otherwise."""
    import datasets

    features = datasets.Features(
        {"input": datasets.Value("string"), "truth": datasets.ClassLabel(names=["pos", "neg"])}
    )
    data = datasets.Dataset.from_dict({"input": ["a", "b"], "truth": [1, 0]}, features=features)
    data.save_to_disk(tmp_path / "saved")
    data.to_parquet(tmp_path / "saved.parquet")
    for name in ("saved", "saved.parquet"):
        assert [sample.truth for sample in read_samples(tmp_path / name, TASK)] == ["neg", "pos"]


def test_pictures_inside_a_data_set(tmp_path: Path) -> None:
    import datasets

    pixels = np.arange(32 * 32 * 3, dtype=np.uint8).reshape(32, 32, 3)
    features = datasets.Features({"input": datasets.Image(), "truth": datasets.Value("string")})
    rows = [{"input": Image.fromarray(pixels), "truth": "a"}]
    data_set(tmp_path / "saved", rows, features)
    (sample,) = read_samples(tmp_path / "saved", TASKS["image-classification"])
    assert (sample.input == pixels).all()


def test_splits_must_be_named(tmp_path: Path) -> None:
    import datasets

    one = datasets.Dataset.from_list(ROWS)
    datasets.DatasetDict({"train": one, "test": one}).save_to_disk(tmp_path / "both")
    with pytest.raises(UsageError, match=r"has several splits \(train, test\): name the folder of one"):
        read_samples(tmp_path / "both", TASK)
    assert read_samples(tmp_path / "both" / "test", TASK) == SAMPLES
    datasets.DatasetDict({"test": one}).save_to_disk(tmp_path / "single")
    assert read_samples(tmp_path / "single", TASK) == SAMPLES


def test_the_columns_that_there_are_are_named(tmp_path: Path) -> None:
    FRAME.rename(columns={"input": "text", "truth": "label"}).to_parquet(tmp_path / "own.parquet")
    with pytest.raises(
        UsageError, match=r"has no column 'input' and 'truth' \(it has 'id', 'text', 'label', 'slice'\)"
    ):
        read_samples(tmp_path / "own.parquet", TASK)


DAMAGED = {
    "broken.json": b"[{", "number.json": b"7", "deep.json": b"[" * 200_000, "text.json": b'"a"', "list.json": b"[1]",
    "latin.csv": "input,truth\n\xe9,a\n".encode("latin-1"), "quotes.csv": b'input,truth\n"a,b\n',
    "wide.csv": b"input,truth\na,b,c\n", "headless.csv": b"a,b\nc,d\n", "empty.csv": b"", "empty.json": b"[]",
    "no.parquet": b"PAR1 and nothing", "empty.parquet": b"", "no.arrow": b"ARROW1\0\0 and nothing", "empty.arrow": b"",
    "zero.jsonl": b"\0\0\0",
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_file_is_refused_in_a_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(DAMAGED[name])
    with pytest.raises(UsageError, match=r"--samples .*\.$"):
        read_samples(tmp_path / name, TASK)
    assert samples_identity(tmp_path / name)


def test_a_cut_table_is_refused(tmp_path: Path) -> None:
    FRAME.to_parquet(tmp_path / "own.parquet")
    (file,) = arrow_rows.files_of_data_set(data_set(tmp_path / "saved"))
    for table in (tmp_path / "own.parquet", file):
        whole = table.read_bytes()
        for end in range(0, len(whole) - 8, max(1, len(whole) // 40)):
            table.write_bytes(whole[:end])
            with pytest.raises(UsageError):
                read_samples(table if table.suffix == ".parquet" else file.parent, TASK)


def test_a_table_with_false_offsets_does_not_crash(tmp_path: Path) -> None:
    values = pa.StringArray.from_buffers(
        2, pa.py_buffer(np.array([0, 10**6, 5], np.int32).tobytes()), pa.py_buffer(b"hello")
    )
    batch = pa.record_batch({"input": values, "truth": values})
    with pa.OSFile(str(tmp_path / "own.arrow"), "wb") as sink, pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    with pytest.raises(UsageError, match="cannot be read as a table"):
        read_samples(tmp_path / "own.arrow", TASK)


@pytest.mark.parametrize("name", ["../secret.arrow", "/etc/passwd", "sub/a.arrow", "", None, 7])
def test_a_data_set_names_no_file_outside_its_folder(tmp_path: Path, name: Any) -> None:
    folder = data_set(tmp_path / "saved")
    state = json.loads((folder / "state.json").read_text())
    (folder / "state.json").write_text(json.dumps({**state, "_data_files": [{"filename": name}]}))
    with pytest.raises(UsageError, match="not one that save_to_disk"):
        read_samples(folder, TASK)


def test_a_folder_of_something_else(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"is a folder, and not one that save_to_disk\(\) of datasets wrote"):
        read_samples(tmp_path, TASK)


def test_what_is_read_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, writer in WRITERS.items():
        writer(tmp_path / name)
    with monkeypatch.context() as patch:
        patch.setattr(sample_rows, "MOST_ROWS", 1)
        for name in WRITERS:
            with pytest.raises(UsageError, match="has more than 1 samples"):
                read_samples(tmp_path / name, TASK)
    for module, limit in (
        (text_rows, "LARGEST_FILE"), (text_rows, "LARGEST_DOCUMENT"), (arrow_rows, "LARGEST"),
    ):  # fmt: skip
        monkeypatch.setattr(module, limit, 10)
    for name in WRITERS:
        with pytest.raises(UsageError, match="MiB"):
            read_samples(tmp_path / name, TASK)


def test_a_small_parquet_file_that_is_large_in_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrow_rows, "LARGEST", 2**20)
    table = pa.table({"input": ["a" * 2**16] * 64, "truth": ["b"] * 64})
    pq.write_table(table, tmp_path / "own.parquet", compression="zstd", use_dictionary=True)
    assert (tmp_path / "own.parquet").stat().st_size < 2**16
    with pytest.raises(UsageError, match="holds more than 1 MiB"):
        read_samples(tmp_path / "own.parquet", TASK)


def test_another_picture_is_other_data_whatever_the_format(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"1")
    (tmp_path / "own.csv").write_text("input,truth\na.png,cat\n")
    before = samples_identity(tmp_path / "own.csv")
    (tmp_path / "a.png").write_bytes(b"2")
    assert samples_identity(tmp_path / "own.csv") != before
