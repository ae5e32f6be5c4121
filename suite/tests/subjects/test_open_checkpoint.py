"""From a source to a subject, on checkpoints made here."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from suite.core.errors import CheckpointError, Misfit, UsageError
from suite.core.files import ROOT_VARIABLE
from suite.core.subject import Subject
from suite.subjects import Source, open_subject
from suite.task import Sample, Task
from suite.tests.support import made_checkpoints as made


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made.classifier(tmp_path_factory.mktemp("classifier"))


@pytest.fixture(scope="module")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made.decoder(tmp_path_factory.mktemp("decoder"))


def local(directory: Path) -> Source:
    return Source("local", made.CHECKPOINT, directory=directory)


def opened(directory: Path, task: Task | None = None) -> Subject:
    return open_subject(local(directory), task or made.Moods(), "cpu", 1, 0)


def copy(directory: Path, to: Path) -> Path:
    shutil.copytree(directory, to, dirs_exist_ok=True)
    return to


def test_a_checkpoint_opens(classifier: Path) -> None:
    import torch

    subject = opened(classifier)
    model = subject.load_model()
    assert not model.training
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    assert subject.load_model() is not model
    assert (subject.directory, subject.device, subject.generation) == (classifier, "cpu", None)
    assert model(**subject.example()).logits.shape == (2, 2)


def test_the_example_is_padded(classifier: Path) -> None:
    mask = opened(classifier).example()["attention_mask"]
    assert mask.shape[0] == 2
    assert sorted(mask.sum(dim=1).tolist()) == [1, 6]


def test_the_fingerprint_is_of_config_and_weights(classifier: Path, tmp_path: Path) -> None:
    same = opened(copy(classifier, tmp_path / "same")).fingerprint
    assert same == opened(classifier).fingerprint
    other = copy(classifier, tmp_path / "other")
    content = bytearray((other / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (other / "model.safetensors").write_bytes(content)
    assert opened(other).fingerprint != same
    config = json.loads((classifier / "config.json").read_text()) | {"hidden_dropout_prob": 0.2}
    shutil.copyfile(classifier / "model.safetensors", other / "model.safetensors")
    (other / "config.json").write_text(json.dumps(config))
    assert opened(other).fingerprint != same


def test_a_decoder_is_padded_on_the_left_with_its_end_token(decoder: Path) -> None:
    subject = opened(decoder, made.Stories())
    assert subject.processor.padding_side == "left"
    assert subject.processor.pad_token == "[SEP]"
    mask = subject.example()["attention_mask"].tolist()
    assert [1, 1, 1] in mask
    assert [0, 0, 1] in mask
    model = subject.load_model()
    assert model.generation_config.pad_token_id == subject.processor.pad_token_id
    assert subject.generation == {"max_new_tokens": 2, "do_sample": False}
    assert subject.generation is not made.Stories.generation
    assert model.generate(**subject.example(), **subject.generation).shape[0] == 2


def test_a_tokenizer_that_cannot_pad(decoder: Path, tmp_path: Path) -> None:
    copy(decoder, tmp_path)
    made.tokenizer(tmp_path)
    (tmp_path / "special_tokens_map.json").unlink(missing_ok=True)
    with pytest.raises(CheckpointError, match="neither a pad nor an end token"):
        opened(tmp_path, made.Stories())


def test_damage_is_found_first(classifier: Path, tmp_path: Path) -> None:
    copy(classifier, tmp_path)
    content = (tmp_path / "model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(content[:-1])
    with pytest.raises(CheckpointError, match="truncated"):
        opened(tmp_path)


def test_no_tokenizer(classifier: Path, tmp_path: Path) -> None:
    copy(classifier, tmp_path)
    (tmp_path / "tokenizer.json").unlink()
    with pytest.raises(CheckpointError, match=r"processor in .* cannot be loaded with AutoTokenizer"):
        opened(tmp_path)


def test_a_head_that_was_never_trained_is_refused(tmp_path: Path) -> None:
    subject = open_subject(local(made.encoder(tmp_path)), made.Moods(), own_samples=made.Moods().samples())
    with pytest.raises(CheckpointError, match=r"no weights for classifier\.bias, classifier\.weight.*fine-tuned"):
        subject.load_model()


def test_weights_that_do_not_fit_the_config(classifier: Path, tmp_path: Path) -> None:
    copy(classifier, tmp_path)
    config = json.loads((tmp_path / "config.json").read_text()) | {"intermediate_size": 48}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match="the config does not belong to the weights"):
        opened(tmp_path).load_model()


def test_an_architecture_without_such_a_head(classifier: Path) -> None:
    task = made.Stories()
    task.auto_class = "AutoModelForSpeechSeq2Seq"  # type: ignore[misc]
    with pytest.raises(Misfit, match="has no AutoModelForSpeechSeq2Seq for a BertConfig"):
        opened(classifier, task).load_model()


@pytest.mark.parametrize("change", [{"model_type": "not_a_model"}, {"model_type": None}])
def test_a_config_that_transformers_does_not_know(classifier: Path, tmp_path: Path, change: dict[str, object]) -> None:
    copy(classifier, tmp_path)
    config = json.loads((tmp_path / "config.json").read_text()) | change
    (tmp_path / "config.json").write_text(json.dumps({k: v for k, v in config.items() if v is not None}))
    with pytest.raises(CheckpointError, match="cannot be loaded with AutoConfig"):
        opened(tmp_path)


def test_code_that_comes_with_a_checkpoint_is_not_run(classifier: Path, tmp_path: Path) -> None:
    copy(classifier, tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    config |= {"model_type": "custom", "auto_map": {"AutoConfig": "evil.Config"}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    with pytest.raises(CheckpointError, match="is not run"):
        opened(tmp_path)
    assert not (tmp_path / "ran").exists()


def test_labels_that_are_not_the_task_s(tmp_path: Path) -> None:
    made.classifier(tmp_path, labels=("joy", "anger"))
    with pytest.raises(CheckpointError, match=r"\(joy, anger\) cannot be mapped.*--samples"):
        opened(tmp_path)


def test_own_samples_make_the_example_and_need_no_known_labels(tmp_path: Path) -> None:
    made.classifier(tmp_path, labels=("joy", "anger"))
    own = [Sample("1", "a b c d e f g", "joy"), Sample("2", "", "anger"), Sample("3", "a", "anger")]
    subject = open_subject(local(tmp_path), made.Moods(), own_samples=own)
    assert subject.example()["attention_mask"].sum(dim=1).tolist() == [1, 7]


def test_no_sample_is_fit_to_be_an_example(classifier: Path) -> None:
    subject = open_subject(local(classifier), made.Moods(), own_samples=[Sample("1", "", "GOOD")])
    with pytest.raises(UsageError, match="None of the first samples"):
        subject.example()


def test_what_cannot_be_had_says_so() -> None:
    with pytest.raises(CheckpointError, match=r"is not available here: for a reason\."):
        open_subject(Source("real", made.CHECKPOINT, unavailable="for a reason"), made.Moods())


def test_sentence_transformers_limit_is_respected(tmp_path: Path) -> None:
    made.encoder(tmp_path)
    (tmp_path / "sentence_bert_config.json").write_text('{"max_seq_length": 7}')
    assert opened(tmp_path, made.Vectors()).processor.model_max_length == 7


@pytest.fixture
def random_source(classifier: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Source:
    monkeypatch.setenv(ROOT_VARIABLE, str(tmp_path / "cache"))
    config = tmp_path / "real.json"
    shutil.copyfile(classifier / "config.json", config)
    return Source("random", made.CHECKPOINT, config=config, processor=classifier)


def test_random_weights_follow_from_the_seed(random_source: Source) -> None:
    import torch

    def weights(seed: int) -> torch.Tensor:
        return open_subject(random_source, made.Moods(), seed=seed).load_model().classifier.weight

    before = torch.random.get_rng_state()
    assert torch.equal(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_random_weights_have_a_folder_and_a_fingerprint(random_source: Source) -> None:
    first, second = (open_subject(random_source, made.Moods(), seed=seed) for seed in (1, 2))
    assert first.fingerprint != second.fingerprint
    assert first.directory == second.directory
    names = {file.name for file in first.directory.iterdir()}
    assert {"config.json", "tokenizer.json"} <= names
    assert "model.safetensors" not in names
    model = first.load_model()
    assert not model.training
    assert model(**first.example()).logits.shape == (2, 2)
