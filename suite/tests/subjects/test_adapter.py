"""An adapter on its base: the merged model answers as PEFT's own, and whatever is wrong with either is said."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from suite.core.errors import CheckpointError, UsageError
from suite.core.subject import Subject
from suite.subjects import open_subject
from suite.subjects.model_option import match
from suite.tests.support import made_checkpoints as made

peft = pytest.importorskip("peft")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An encoder without a head, as one fine-tunes."""
    return made.encoder(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def adapter(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained adapter with a head for three classes; what it answers lies beside it."""
    import torch
    import transformers

    torch.manual_seed(0)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(base, num_labels=3)
    config = peft.LoraConfig(task_type="SEQ_CLS", r=2, lora_alpha=8, target_modules=["query", "value"])
    wrapped = peft.get_peft_model(model, config)
    with torch.no_grad():
        for name, parameter in wrapped.named_parameters():
            if "lora_" in name or "modules_to_save" in name:
                parameter.normal_(0, 0.5)
    folder = tmp_path_factory.mktemp("adapter")
    wrapped.save_pretrained(folder)
    tokenizer = transformers.AutoTokenizer.from_pretrained(base)
    with torch.no_grad():
        logits = wrapped.eval()(
            **tokenizer(["good film", "the bad bad film"], padding=True, return_tensors="pt")
        ).logits
    (folder.parent / "answers.json").write_text(json.dumps(logits.tolist()))
    return folder


def opened(adapter: Path, base: Path) -> Subject:
    ((task, _, source),) = match(str(adapter), [made.Moods(), made.Stories()], own_samples=True, base=str(base))
    return open_subject(source, task, own_samples=made.Moods().samples())


def changed(adapter: Path, folder: Path, **config: Any) -> Path:
    """A copy of the adapter with other words in its config."""
    shutil.copytree(adapter, folder, dirs_exist_ok=True)
    file = folder / "adapter_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | config))
    return folder


def test_the_merged_model_answers_as_peft_s_own(adapter: Path, base: Path) -> None:
    import torch

    subject = opened(adapter, base)
    model = subject.load_model()
    assert type(model).__name__ == "BertForSequenceClassification"
    batch = subject.processor(["good film", "the bad bad film"], padding=True, return_tensors="pt")
    with torch.no_grad():
        logits = model(**batch).logits
    expected = torch.tensor(json.loads((adapter.parent / "answers.json").read_text()))
    assert torch.allclose(logits, expected, atol=1e-5)
    assert not any("lora" in name for name, _ in model.named_parameters())


def test_it_has_the_adapter_s_name_and_a_fingerprint_of_both(adapter: Path, base: Path, tmp_path: Path) -> None:
    ((_, checkpoint, _),) = match(str(adapter), [made.Moods()], own_samples=True, base=str(base))
    assert checkpoint.name == adapter.name
    other = changed(adapter, tmp_path, lora_alpha=9)
    assert opened(other, base).fingerprint != opened(adapter, base).fingerprint


def test_without_its_base_it_is_told_what_it_is(adapter: Path) -> None:
    with pytest.raises(UsageError, match=r"holds an adapter .*name that with --base"):
        match(str(adapter), [made.Moods()])


def test_a_base_beside_a_whole_model(base: Path) -> None:
    with pytest.raises(UsageError, match="--base is for an adapter"):
        match(str(base), [made.Moods()], base=str(base))


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"peft_type": "IA3"}, "only LoRA is merged here"),
        ({"peft_type": None}, "only LoRA is merged here"),
        ({"r": "2"}, "no rank r"),
        ({"lora_alpha": None}, "no rank r and lora_alpha"),
    ],
)
def test_an_adapter_that_cannot_be_merged(
    adapter: Path, base: Path, tmp_path: Path, config: dict[str, Any], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        match(str(changed(adapter, tmp_path, **config)), [made.Moods()], base=str(base))


def test_another_rank_than_its_tensors_have(adapter: Path, base: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="does not fit BertForSequenceClassification"):
        opened(changed(adapter, tmp_path, r=3), base).load_model()


def test_a_base_of_another_architecture(adapter: Path, tmp_path: Path) -> None:
    import transformers

    config = transformers.DistilBertConfig(dim=32, hidden_dim=32, n_layers=1, n_heads=2, vocab_size=32)
    transformers.DistilBertModel(config).save_pretrained(tmp_path)
    made.tokenizer(tmp_path, pad_token="[PAD]")
    with pytest.raises(CheckpointError, match="changes modules that DistilBertForSequenceClassification does not have"):
        opened(adapter, tmp_path).load_model()


def test_a_head_that_nobody_brings(adapter: Path, base: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = changed(adapter, tmp_path, modules_to_save=None)
    tensors = load_file(folder / "adapter_model.safetensors")
    save_file({k: v for k, v in tensors.items() if "lora_" in k}, folder / "adapter_model.safetensors")
    with pytest.raises(CheckpointError, match=r"no weights for classifier\.bias"):
        opened(folder, base).load_model()


def test_the_patterns_and_modules_of_a_stranger_are_not_used(adapter: Path, base: Path, tmp_path: Path) -> None:
    folder = changed(
        adapter, tmp_path, target_modules="(((((.*)*)*)*)*)*$", megatron_config={}, megatron_core="antigravity",
        rank_pattern={"(.*)*x": 3}, layers_pattern="(.*)*",
    )  # fmt: skip
    assert opened(folder, base).load_model() is not None


def test_a_pickled_adapter(adapter: Path, base: Path, tmp_path: Path) -> None:
    folder = changed(adapter, tmp_path)
    (folder / "adapter_model.safetensors").rename(folder / "adapter_model.bin")
    with pytest.raises(UsageError, match="a pickle"):
        match(str(folder), [made.Moods()], base=str(base))
