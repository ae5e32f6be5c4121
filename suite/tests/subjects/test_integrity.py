"""Damaged checkpoints are named as such before anything loads them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from suite.core.errors import CheckpointError
from suite.subjects import open_subject, resolve
from suite.subjects.integrity import check_files, weight_files
from suite.task import discovery, miniatures

ROOT = discovery.tasks_root()
SHIPPED = miniatures.shipped(ROOT)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    (tmp_path / "config.json").write_text('{"architectures": ["BertModel"]}')
    tensors: dict[str, np.ndarray] = {
        "a": np.arange(6, dtype=np.float32).reshape(2, 3),
        "b": np.ones(4, dtype=np.int64),
    }
    save_file(tensors, tmp_path / "model.safetensors", metadata={"format": "pt"})
    return tmp_path


def shard(checkpoint: Path) -> list[Path]:
    """The same checkpoint, in two shards."""
    names = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    (checkpoint / "model.safetensors").rename(checkpoint / names[0])
    save_file({"c": np.zeros(3)}, checkpoint / names[1])
    weight_map = {"a": names[0], "b": names[0], "c": names[1]}
    (checkpoint / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))
    return [checkpoint / name for name in names]


def test_a_whole_checkpoint_is_accepted(checkpoint: Path) -> None:
    check_files(checkpoint)
    assert weight_files(checkpoint) == [checkpoint / "model.safetensors"]


def test_shards_are_accepted(checkpoint: Path) -> None:
    shards = shard(checkpoint)
    check_files(checkpoint)
    assert weight_files(checkpoint) == shards


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="does not exist"):
        check_files(tmp_path / "nowhere")


def test_no_config(checkpoint: Path) -> None:
    (checkpoint / "config.json").unlink()
    with pytest.raises(CheckpointError, match=r"has no config\.json"):
        check_files(checkpoint)


@pytest.mark.parametrize(
    ("text", "complaint"), [("{", "not valid JSON"), ("[1]", "not a JSON object"), ("\x00", "not valid JSON")]
)
def test_an_unreadable_config(checkpoint: Path, text: str, complaint: str) -> None:
    (checkpoint / "config.json").write_text(text)
    with pytest.raises(CheckpointError, match=complaint):
        check_files(checkpoint)


def test_a_config_that_is_no_text(checkpoint: Path) -> None:
    (checkpoint / "config.json").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(CheckpointError, match="not valid JSON"):
        check_files(checkpoint)


def test_no_weights(checkpoint: Path) -> None:
    (checkpoint / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match="has no weights"):
        check_files(checkpoint)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "model.ckpt"])
def test_pickle_alone_is_refused(checkpoint: Path, name: str) -> None:
    (checkpoint / "model.safetensors").rename(checkpoint / name)
    with pytest.raises(CheckpointError, match=rf"pickle alone \({name}\).*convert it to safetensors"):
        check_files(checkpoint)


def test_a_pickle_beside_safetensors_does_no_harm(checkpoint: Path) -> None:
    (checkpoint / "pytorch_model.bin").write_bytes(b"never read")
    check_files(checkpoint)


def test_an_adapter_is_no_checkpoint(checkpoint: Path) -> None:
    (checkpoint / "model.safetensors").rename(checkpoint / "adapter_model.safetensors")
    with pytest.raises(CheckpointError, match="adapter"):
        check_files(checkpoint)


@pytest.mark.parametrize("kept", [0, 4, 8, 30, -1])
def test_truncated_safetensors(checkpoint: Path, kept: int) -> None:
    file = checkpoint / "model.safetensors"
    content = file.read_bytes()
    file.write_bytes(content[:kept])
    with pytest.raises(CheckpointError, match=r"model\.safetensors is truncated or damaged"):
        check_files(checkpoint)


def test_appended_bytes(checkpoint: Path) -> None:
    with (checkpoint / "model.safetensors").open("ab") as stream:
        stream.write(b"\0" * 8)
    with pytest.raises(CheckpointError, match="its tensors take 56 bytes, but 64 are there"):
        check_files(checkpoint)


@pytest.mark.parametrize(
    ("header", "complaint"),
    [
        ({"a": {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]}}, "does not begin where"),
        ({"a": {"dtype": "F32", "shape": [2], "data_offsets": [8, 0]}}, "does not begin where"),
        ({"a": {"dtype": "F32", "shape": [2]}}, "lacks the place"),
        ({"a": {"dtype": "F32", "shape": [2], "data_offsets": ["x", "y"]}}, "lacks the place"),
        ({"a": None}, "lacks the place"),
        ({"__metadata__": {}}, "holds no tensor"),
        ([], "not a table"),
    ],
)
def test_a_wrong_header(checkpoint: Path, header: object, complaint: str) -> None:
    raw = json.dumps(header).encode()
    (checkpoint / "model.safetensors").write_bytes(len(raw).to_bytes(8, "little") + raw + bytes(8))
    with pytest.raises(CheckpointError, match=complaint):
        check_files(checkpoint)


def test_a_flipped_byte_in_the_header(checkpoint: Path) -> None:
    file = checkpoint / "model.safetensors"
    content = bytearray(file.read_bytes())
    content[8] ^= 0xFF
    file.write_bytes(content)
    with pytest.raises(CheckpointError, match="not JSON"):
        check_files(checkpoint)


def test_a_missing_shard_is_named(checkpoint: Path) -> None:
    shard(checkpoint)[1].unlink()
    with pytest.raises(CheckpointError, match=r"\(model-00002-of-00002\.safetensors\)"):
        check_files(checkpoint)


def test_a_truncated_shard(checkpoint: Path) -> None:
    last = shard(checkpoint)[1]
    last.write_bytes(last.read_bytes()[:-3])
    with pytest.raises(CheckpointError, match=r"00002-of-00002.*truncated"):
        check_files(checkpoint)


def test_weights_that_are_there_twice_are_not_chosen_from(checkpoint: Path) -> None:
    shard(checkpoint)
    save_file({"a": np.ones(4), "b": np.ones(2), "c": np.ones(3)}, checkpoint / "model.safetensors")
    with pytest.raises(CheckpointError, match=r"twice, in model\.safetensors and in the shards.*Remove the one"):
        check_files(checkpoint)


def test_an_index_whose_shards_are_gone_is_no_second_copy(checkpoint: Path) -> None:
    for file in shard(checkpoint):
        file.unlink()
    save_file({"a": np.ones(4)}, checkpoint / "model.safetensors")
    check_files(checkpoint)


def test_a_tensor_that_two_shards_hold(checkpoint: Path) -> None:
    first, last = shard(checkpoint)
    save_file({"a": np.zeros(4), "c": np.zeros(3)}, last)
    with pytest.raises(CheckpointError, match=rf"holds a twice, in {first.name} and in {last.name}"):
        check_files(checkpoint)


def test_an_index_cannot_point_outside(checkpoint: Path) -> None:
    shard(checkpoint)
    index = {"weight_map": {"a": "../other/model.safetensors"}}
    (checkpoint / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(CheckpointError, match="not there"):
        check_files(checkpoint)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_miniature_as_it_was_shipped(name: str) -> None:
    card = json.loads((SHIPPED[name] / "card.json").read_text())
    assert card["sha256"]
    check_files(SHIPPED[name], weights="model.safetensors" in card["sha256"])


def _flip_the_last_bit(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)


@pytest.mark.parametrize(
    ("name", "file"), [("sentiment-analysis", "model.safetensors"), ("text-to-speech", "vocoder/model.safetensors")]
)
def test_one_flipped_bit_in_a_copy_of_a_shipped_miniature(tmp_path: Path, name: str, file: str) -> None:
    copy = Path(shutil.copytree(SHIPPED[name], tmp_path / name))
    check_files(copy)
    _flip_the_last_bit(copy / file)
    with pytest.raises(CheckpointError, match=rf"miniature {name} are not those that were shipped \({file}\)"):
        check_files(copy)


def test_a_missing_file_of_a_miniature(tmp_path: Path) -> None:
    copy = Path(shutil.copytree(SHIPPED["tokenization-bpe"], tmp_path / "copy"))
    (copy / "tokenizer.json").unlink()
    with pytest.raises(CheckpointError, match=r"\(tokenizer\.json\)"):
        check_files(copy, weights=False)


def test_a_changed_miniature_is_not_opened(tmp_path: Path) -> None:
    """By the way of a run: from `--weights miniature` to the subject that a worker opens."""
    task = discovery.load_tasks(ROOT)["sentiment-analysis"]
    checkpoint = next(one for one in task.checkpoints if one.miniature)
    source = resolve(checkpoint, "miniature", ROOT)
    assert source.directory is not None
    copy = Path(shutil.copytree(source.directory, tmp_path / "miniatures" / "shipped" / source.directory.name))
    assert open_subject(resolve(checkpoint, "miniature", tmp_path), task).directory == copy
    _flip_the_last_bit(copy / "model.safetensors")
    with pytest.raises(CheckpointError, match="not those that were shipped"):
        open_subject(resolve(checkpoint, "miniature", tmp_path), task)


@pytest.mark.parametrize("card", ["[", "[1]", '{"sha256": [1]}', '{"sha256": {"../config.json": "0"}}'])
def test_a_card_that_cannot_be_read(checkpoint: Path, card: str) -> None:
    (checkpoint / "card.json").write_text(card)
    with pytest.raises(CheckpointError, match=r"card\.json .*: restore it from the release"):
        check_files(checkpoint)


def test_the_card_of_something_else(checkpoint: Path) -> None:
    (checkpoint / "card.json").write_text('{"files": {"tokenizer.json": "0"}}')
    check_files(checkpoint)
