"""Every file that can change an answer names a build, and keeps a run from being continued when it changes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from suite.subjects import Source, answer_files, open_subject
from suite.subjects.answer_files import sampled_fingerprint
from suite.subjects.source import identity
from suite.task import Checkpoint
from suite.tests.support import made_checkpoints as made

FILES = (
    "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
    "added_tokens.json", "vocab.txt", "merges.txt", "spiece.model", "source.spm", "chat_template.jinja",
    "preprocessor_config.json", "processor_config.json", "adapter_config.json", "adapter_model.safetensors",
    "modules.json", "sentence_bert_config.json", "config_sentence_transformers.json", "1_Pooling/config.json",
    "2_Dense/model.safetensors", "additional_chat_templates/tool.jinja", "vocoder/config.json",
)  # fmt: skip
INERT = (
    "README.md", "card.json", "trainer_state.json", "eval_results.json", "training_args.bin", "optimizer.pt",
    "checkpoint-500/config.json", "runs/a.json", ".cache/b.json",
)  # fmt: skip


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made.classifier(tmp_path_factory.mktemp("classifier"))


def write(directory: Path, name: str, text: str) -> None:
    (directory / name).parent.mkdir(exist_ok=True)
    (directory / name).write_text(text)


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_can_change_an_answer_changes_the_identity(tmp_path: Path, name: str) -> None:
    write(tmp_path, "config.json", "{}")
    seen = [sampled_fingerprint(tmp_path)]
    for text in ("one", "two"):
        write(tmp_path, name, text)
        seen.append(sampled_fingerprint(tmp_path))
    assert len(set(seen)) == 3
    assert identity(Source("local", made.CHECKPOINT, directory=tmp_path)) == seen[-1]


@pytest.mark.parametrize("name", INERT)
def test_what_changes_no_answer_is_no_part_of_it(tmp_path: Path, name: str) -> None:
    write(tmp_path, "config.json", "{}")
    before = sampled_fingerprint(tmp_path)
    write(tmp_path, name, "something")
    assert sampled_fingerprint(tmp_path) == before


@pytest.mark.parametrize("name", ["generation_config.json", "tokenizer_config.json", "chat_template.jinja"])
def test_a_build_is_named_by_them_too(classifier: Path, tmp_path: Path, name: str) -> None:
    directory = Path(shutil.copytree(classifier, tmp_path / "model"))
    source = Source("local", made.CHECKPOINT, directory=directory)
    before = open_subject(source, made.Moods()).fingerprint
    file = directory / name
    content = json.loads(file.read_text()) if file.suffix == ".json" and file.exists() else {}
    file.write_text(json.dumps(content | {"comment": "changed"}))
    assert open_subject(source, made.Moods()).fingerprint != before


def test_of_large_weights_each_tensor_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A head that was trained on a frozen model is the last of many tensors."""
    monkeypatch.setattr(answer_files, "WHOLE", 2**16)
    monkeypatch.setattr(answer_files, "EDGE", 2**8)
    tensors = {f"{number:02}": np.zeros(10_000, np.float32) for number in range(9)}
    seen = set()
    for changed in (None, *tensors):
        changes = {} if changed is None else {changed: tensors[changed] + 1}
        save_file(tensors | changes, tmp_path / "model.safetensors")
        seen.add(sampled_fingerprint(tmp_path))
    assert len(seen) == 1 + len(tensors)


def test_damaged_weights_have_an_identity_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer_files, "WHOLE", 2**10)
    for head in (b"\xff" * 8, (100).to_bytes(8, "little"), (10).to_bytes(8, "little") + b"[[[[[[[[[["):
        (tmp_path / "model.safetensors").write_bytes(head + bytes(2**12))
        assert sampled_fingerprint(tmp_path)


def test_the_hub_s_is_its_revision() -> None:
    sources = [Source("hub", Checkpoint("org/name", revision, "A")) for revision in ("1" * 40, "2" * 40)]
    assert identity(sources[0]) != identity(sources[1])
