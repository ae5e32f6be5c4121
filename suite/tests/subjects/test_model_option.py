"""`--model`: a folder or a Hub id finds its tasks by its architecture, and says what is wrong where it does not."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from suite.core.errors import UsageError
from suite.subjects.model_option import match
from suite.task import Task
from suite.tests.support import made_checkpoints as made

SHA = "a" * 40
TASKS: tuple[Task, ...] = (made.Moods(), made.Stories(), made.Vectors())


def checkpoint(folder: Path, architecture: str | None = "GPT2LMHeadModel") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    config = {} if architecture is None else {"architectures": [architecture]}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer.json").write_text("{}")
    save_file({"a": np.zeros(2)}, folder / "model.safetensors")
    return folder


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the Hub, laid out as huggingface_hub does, and no network."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    return tmp_path / "hub"


def cached(cache: Path, repo: str, *, revision: str = "main") -> Path:
    folder = cache / f"models--{repo.replace('/', '--')}"
    snapshot = checkpoint(folder / "blobs-source")
    blobs = folder / "blobs"
    blobs.mkdir()
    (folder / "snapshots" / SHA).mkdir(parents=True)
    for number, file in enumerate(sorted(snapshot.iterdir())):
        file.rename(blobs / f"{number:040}")
        (folder / "snapshots" / SHA / file.name).symlink_to(Path("..", "..", "blobs", f"{number:040}"))
    (folder / "refs").mkdir()
    (folder / "refs" / revision).write_text(SHA)
    return folder / "snapshots" / SHA


def test_a_folder_finds_its_task(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "org" / "name")
    ((task, selected, source),) = match(str(folder), TASKS)
    assert task.name == "stories"
    assert (selected.name, selected.revision, selected.architecture) == ("name", "local", "GPT2LMHeadModel")
    assert (source.kind, source.directory, source.unavailable) == ("local", folder, None)


def test_a_relative_folder_that_looks_like_an_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint(tmp_path / "models" / "org" / "name")
    monkeypatch.chdir(tmp_path / "models")
    for model in ("org/name", "./org/name", "org/name/"):
        assert match(model, TASKS)[0][2].kind == "local"


def test_every_task_that_takes_it_is_returned(tmp_path: Path) -> None:
    class More(made.Stories):
        """Another generation."""

        name = "more"

    matches = match(str(checkpoint(tmp_path)), [*TASKS, More()])
    assert [task.name for task, _, _ in matches] == ["stories", "more"]


@pytest.mark.parametrize(
    ("architecture", "complaint"),
    [
        ("GPT2LMHeadModl", r"does not have.*mean 'GPT2LMHeadModel'\?.*AutoModelForCausalLM \(stories\)"),
        ("MyOwnModel", "does not have; code that comes with a checkpoint is not run"),
        ("ViTForImageClassification", "for AutoModelForImageClassification, and no task takes that"),
        (None, "does not say which architecture"),
    ],
)
def test_an_architecture_without_a_task(tmp_path: Path, architecture: str | None, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        match(str(checkpoint(tmp_path, architecture)), TASKS)


def test_pickle_alone_is_refused(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(UsageError, match="pickle alone"):
        match(str(folder), TASKS)


def test_a_folder_without_a_config(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"has no config\.json"):
        match(str(tmp_path), TASKS)


def test_a_mistyped_folder(tmp_path: Path) -> None:
    checkpoint(tmp_path / "my-model")
    with pytest.raises(UsageError, match=r"no such folder .did you mean '.*my-model'"):
        match(str(tmp_path / "my-modle"), TASKS)


def test_a_notebook_s_prefix_is_recognized() -> None:
    with pytest.raises(UsageError, match="for the Hub's checkpoint pass 'openai-community/gpt2'"):
        match("./models/openai-community/gpt2", TASKS)


def test_a_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a file: pass the folder"):
        match(str(checkpoint(tmp_path) / "config.json"), TASKS)


@pytest.mark.parametrize("repo", ["org/name", "gpt2"])
def test_an_id_is_found_in_the_cache(cache: Path, repo: str) -> None:
    cached(cache, repo)
    ((task, selected, source),) = match(repo, TASKS)
    assert (task.name, selected.id, selected.revision) == ("stories", repo, SHA)
    assert (source.kind, source.directory) == ("hub", None)


def test_a_revision_of_an_id(cache: Path) -> None:
    cached(cache, "org/name", revision="v1.0")
    assert match("org/name@v1.0", TASKS)[0][1].revision == SHA
    with pytest.raises(UsageError, match="org/name is not completely in the local cache"):
        match("org/name", TASKS)


@pytest.mark.usefixtures("cache")
def test_an_id_that_is_not_cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint(tmp_path / "org" / "name")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"not a folder here \(did you mean 'org/name'\?\).*HF_HUB_OFFLINE.*unset it"):
        match("org/nmae", TASKS)


def test_nothing_was_named() -> None:
    with pytest.raises(UsageError, match="is empty"):
        match(" ", TASKS)


@pytest.mark.parametrize("model", ["a b/c", "org/name/file", "~nobody/model", "~no-such-user/model", "org/na me"])
def test_what_is_neither_a_folder_nor_an_id(model: str) -> None:
    with pytest.raises(UsageError, match="no such folder"):
        match(model, TASKS)


@pytest.mark.parametrize("named", ["BertModel", "BertForMaskedLM", "MyBertForMoods"])
def test_a_class_that_the_config_may_have_misnamed_is_told(tmp_path: Path, named: str) -> None:
    made.classifier(tmp_path)
    file = tmp_path / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"architectures": [named]}))
    with pytest.raises(UsageError, match=r"\(BertForSequenceClassification\), write that class in \"architectures\""):
        match(str(tmp_path), [made.Moods()])
