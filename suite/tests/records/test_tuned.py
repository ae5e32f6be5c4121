"""A user's tuned checkpoint in the folder of its run, whatever the checkpoint is called."""

from __future__ import annotations

from pathlib import Path

import pytest

from suite.core.errors import Unwritable
from suite.records import tuned


@pytest.fixture
def build(tmp_path: Path) -> Path:
    for part in tuned.PARTS:
        (tmp_path / "build" / part).mkdir(parents=True)
        (tmp_path / "build" / part / "config.json").write_text("{}")
    return tmp_path / "build"


@pytest.mark.parametrize(
    "name", ["mine", "..", "../../up", "a" * 255, "\u00e9" * 250, "-rf", "a\nb", ".hidden", "\ud800", "CON"]
)
def test_it_lies_in_one_folder_below_the_run(tmp_path: Path, build: Path, name: str) -> None:
    run = tmp_path / "run"
    run.mkdir()
    tuned.keep(run, f"lora/{name}/lora-8", build, "a card")
    (place,) = (run / tuned.FOLDER).iterdir()
    assert sorted(path.name for path in place.iterdir()) == ["README.md", "adapter", "config.json"]
    assert {path.name for path in tmp_path.iterdir()} == {"build", "run"}


def test_two_long_names_have_two_folders() -> None:
    names = [tuned.folder_name(f"lora/{'a' * 250}{end}/eager") for end in "xy"]
    assert len(set(names)) == 2
    assert max(map(len, names)) < 255


def test_a_full_disk_is_a_sentence(small_disk: Path, build: Path) -> None:
    (build / "model" / "model.safetensors").write_bytes(b"0" * 100_000)
    with pytest.raises(Unwritable, match="make room, then continue with --resume run"):
        tuned.keep(small_disk / "run", "lora/mine/eager", build, "a card")
