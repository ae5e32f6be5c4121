"""Files and folders written atomically."""

from __future__ import annotations

from pathlib import Path

import pytest

from suite.core.files import fill_once, replace_file, sha256


def test_a_folder_appears_whole(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"

    def fill(temporary: Path) -> None:
        assert temporary.parent == folder.parent
        assert not folder.exists()
        (temporary / "file").write_text("content")

    fill_once(folder, fill)
    assert [path.name for path in folder.parent.iterdir()] == ["folder"]
    assert (folder / "file").read_text() == "content"


def test_of_two_that_fill_a_folder_the_first_wins(tmp_path: Path) -> None:
    def fill(temporary: Path) -> None:
        fill_once(tmp_path / "folder", lambda other: (other / "first").touch())
        (temporary / "second").touch()

    fill_once(tmp_path / "folder", fill)
    assert [path.name for path in tmp_path.rglob("*")] == ["folder", "first"]


def test_a_folder_that_cannot_be_created_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("a file in its place")
    with pytest.raises(OSError, match="folder"):
        fill_once(tmp_path / "folder", lambda temporary: (temporary / "file").touch())
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_a_failure_leaves_no_folder(tmp_path: Path) -> None:
    def fill(temporary: Path) -> None:
        (temporary / "half").touch()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fill_once(tmp_path / "folder", fill)
    assert not list(tmp_path.iterdir())


def test_a_file_is_replaced_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    replace_file(file, b"before")
    before = sha256(file)
    replace_file(file, b"after")
    assert file.read_bytes() == b"after"
    assert sha256(file) != before

    def half(path: Path, content: bytes) -> int:
        with path.open("wb") as stream:
            stream.write(content[:2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", half)
    with pytest.raises(OSError, match="No space"):
        replace_file(file, b"never")
    assert file.read_bytes() == b"after"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
