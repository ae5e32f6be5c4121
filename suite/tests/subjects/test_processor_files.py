"""A folder without the files of its tokenizer or preprocessor is refused: transformers would make one up."""

from __future__ import annotations

from pathlib import Path

import pytest

from suite.core.errors import CheckpointError, UsageError
from suite.subjects import Source, open_subject
from suite.subjects.model_option import match
from suite.subjects.processor_files import check_processor_files
from suite.task.vision import ImageTask
from suite.tests.support import made_checkpoints as made

SENTENCE = r"has no files of a (tokenizer|preprocessor) \(.+\), and one that is made up .+save_pretrained\(\)"


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made.classifier(tmp_path_factory.mktemp("classifier"))


@pytest.fixture
def bare(classifier: Path, tmp_path: Path) -> Path:
    """The classifier's model alone."""
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).write_bytes((classifier / name).read_bytes())
    return tmp_path


def test_a_model_without_a_tokenizer_is_refused_before_anything_runs(bare: Path) -> None:
    with pytest.raises(UsageError, match=f"--model cannot be used: .*{SENTENCE}"):
        match(str(bare), [made.Moods()])


@pytest.mark.parametrize("left", [(), ("merges.txt",), ("special_tokens_map.json", "added_tokens.json")])
def test_a_vocabulary_is_never_made_up(bare: Path, left: tuple[str, ...]) -> None:
    """Also where it is not the user's folder: a checkpoint of the Hub, say."""
    for name in left:
        (bare / name).write_text("{}")
    with pytest.raises(CheckpointError, match=SENTENCE):
        open_subject(Source("real", made.CHECKPOINT, directory=bare), made.Moods())


@pytest.mark.parametrize("file", ["vocab.txt", "tokenizer.json", "spiece.model", "source.spm", "tekken.json"])
def test_a_tokenizer_s_file_is_enough_to_try(tmp_path: Path, file: str) -> None:
    (tmp_path / file).write_text("")
    check_processor_files(tmp_path, "AutoTokenizer", "bert")


@pytest.mark.parametrize("processor", [ImageTask.processor_class, "AutoProcessor", "AutoFeatureExtractor"])
def test_a_preprocessor_must_be_there(tmp_path: Path, processor: str) -> None:
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(CheckpointError, match=SENTENCE):
        check_processor_files(tmp_path, processor, "vit")
    check_processor_files(tmp_path, processor, "timm_wrapper")
    (tmp_path / "preprocessor_config.json").write_text("{}")
    check_processor_files(tmp_path, processor, "vit")
