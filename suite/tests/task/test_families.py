"""Families that are asked in another way than the shipped checkpoint: tiny models of them, opened as a user's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from suite.checks.conformance import CellUnderTest, examine
from suite.core.errors import Misfit
from suite.core.runnable import Runnable
from suite.subjects import open_subject
from suite.subjects.model_option import match
from suite.task import Sample, Task, discovery
from suite.tests.support import made_checkpoints as made

TEXT: dict[str, Any] = {
    "hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 32,
    "max_position_embeddings": 128, "initializer_range": 0.3,
}  # fmt: skip
VISION: dict[str, Any] = {
    "hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 32,
    "patch_size": 16, "initializer_range": 0.3,
}  # fmt: skip
TEMPLATE = (
    "{% for m in messages %}{% for c in m.content %}{{ '<image>' if c.type == 'image' else c.text }}{% endfor %}"
    "{% endfor %}"
)


def task_of(name: str) -> Task:
    return discovery.load_tasks(discovery.tasks_root())[name]


def picture(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (40, 48, 3), np.uint8)


def violations(folder: Path, task: Task, samples: list[Sample]) -> list[str]:
    """What does not conform of a checkpoint in eager, as `--model` would open it."""
    ((task, _, source),) = match(str(folder), [task], own_samples=True)
    assert source.misfit is None
    subject = open_subject(source, task, own_samples=samples)
    task.generation = subject.generation  # type: ignore[misc]
    cell = CellUnderTest(task, subject, Runnable(subject.load_model(), "cpu"), 1e-3, 0)
    return examine(cell, [sample.input for sample in samples])


def llava(folder: Path, template: str | None = TEMPLATE) -> Path:
    import transformers

    config = transformers.LlavaConfig(
        text_config=transformers.LlamaConfig(
            **TEXT, num_key_value_heads=2, eos_token_id=3, bos_token_id=2, pad_token_id=0
        ),
        vision_config=transformers.CLIPVisionConfig(**VISION),
        image_token_index=17,
    )
    transformers.LlavaForConditionalGeneration(config).save_pretrained(folder)
    made.tokenizer(
        folder, pad_token="[PAD]", eos_token="[SEP]", bos_token="[CLS]", additional_special_tokens=["<image>"]
    )
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    assert tokenizer.convert_tokens_to_ids("<image>") == 17
    side = {"height": 32, "width": 32}
    images = transformers.CLIPImageProcessor(size=side, crop_size=side)
    transformers.LlavaProcessor(
        images,
        tokenizer,
        patch_size=16,
        vision_feature_select_strategy="default",
        chat_template=template,
        num_additional_image_tokens=1,
    ).save_pretrained(folder)
    return folder


@pytest.mark.parametrize(
    ("capability", "words"), [("image-captioning", "prompt"), ("visual-question-answering", "question")]
)
def test_a_model_with_a_chat_template_is_asked_in_a_chat(tmp_path: Path, capability: str, words: str) -> None:
    samples = [
        Sample(str(place), {"image": picture(place), words: text}, "good")
        for place, text in enumerate(["the film", "the bad bad film was good", "a"])
    ]
    assert violations(llava(tmp_path), task_of(capability), samples) == []


def test_without_a_template_it_is_unsupported(tmp_path: Path) -> None:
    llava(tmp_path, template=None)
    (tmp_path / "chat_template.jinja").unlink(missing_ok=True)
    samples = [Sample("0", {"image": picture(0), "question": "a film"}, "good")]
    with pytest.raises(Misfit, match="no chat template"):
        violations(tmp_path, task_of("visual-question-answering"), samples)


def test_a_captioner_of_parts_is_no_matter_of_questions(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(
        json.dumps({"architectures": ["BlipForConditionalGeneration"], "model_type": "blip"})
    )
    from suite.subjects.declared import read_declared

    words = read_declared(tmp_path)
    assert task_of("image-captioning").takes(words)
    assert not task_of("visual-question-answering").takes(words)


def test_questions_are_answered_by_classes_where_a_family_does(tmp_path: Path) -> None:
    import transformers

    config = transformers.ViltConfig(
        **TEXT, image_size=32, patch_size=16, type_vocab_size=2,
        modality_type_vocab_size=2, id2label={0: "yes", 1: "no", 2: "two"}, label2id={"yes": 0, "no": 1, "two": 2},
    )  # fmt: skip
    transformers.ViltForQuestionAnswering(config).save_pretrained(tmp_path)
    made.tokenizer(tmp_path, pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]")
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path)
    sides: dict[str, Any] = {"size": {"shortest_edge": 32}, "size_divisor": 16}
    images = transformers.ViltImageProcessor(**sides)
    transformers.ViltProcessor(images, tokenizer).save_pretrained(tmp_path)
    samples = [
        Sample(str(place), {"image": picture(place), "question": text}, "yes")
        for place, text in enumerate(["was the film good", "a", "the bad film"])
    ]
    assert violations(tmp_path, task_of("visual-question-answering"), samples) == []


@pytest.mark.parametrize("norm", ["group", "layer"])
def test_a_padded_sound_is_heard_as_it_is_alone(tmp_path: Path, norm: str) -> None:
    import transformers

    sizes: dict[str, Any] = dict(
        **TEXT, conv_dim=(16, 16), conv_kernel=(10, 3), conv_stride=(5, 2), num_feat_extract_layers=2,
        num_conv_pos_embeddings=4, num_conv_pos_embedding_groups=2, feat_extract_norm=norm,
        do_stable_layer_norm=norm == "layer", pad_token_id=0,
    )  # fmt: skip
    config = transformers.HubertConfig(**sizes)
    transformers.HubertForCTC(config).save_pretrained(tmp_path)
    letters = {letter: place for place, letter in enumerate(["<pad>", "<unk>", "|", "a", "b"])}
    (tmp_path / "vocab.json").write_text(json.dumps(letters))
    tokenizer = transformers.Wav2Vec2CTCTokenizer(str(tmp_path / "vocab.json"), bos_token=None, eos_token=None)
    extractor = transformers.Wav2Vec2FeatureExtractor(return_attention_mask=norm == "layer")
    transformers.Wav2Vec2Processor(extractor, tokenizer).save_pretrained(tmp_path)
    waves = [np.random.default_rng(n).normal(0, 0.1, 900 + 350 * n).astype(np.float32) for n in range(3)]
    samples = [Sample(str(place), wave, "a") for place, wave in enumerate(waves)]
    assert violations(tmp_path, task_of("automatic-speech-recognition-ctc"), samples) == []


def test_a_recurrent_model_runs_in_eager_and_onnx_says_why_not(tmp_path: Path) -> None:
    import transformers

    from suite.backends.shared.onnx import exporting
    from suite.core.errors import Unsupported

    config = transformers.MambaConfig(
        vocab_size=32, hidden_size=32, num_hidden_layers=1, state_size=8, bos_token_id=2, eos_token_id=3,
        pad_token_id=0, initializer_range=0.5,
    )  # fmt: skip
    transformers.MambaForCausalLM(config).save_pretrained(tmp_path)
    made.tokenizer(tmp_path, pad_token="[PAD]", eos_token="[SEP]")
    samples = [Sample(str(place), text, "good") for place, text in enumerate(["the film was", "a", "the bad film"])]
    task = task_of("text-generation")
    assert violations(tmp_path, task, samples) == []
    ((task, _, source),) = match(str(tmp_path), [task], own_samples=True)
    subject = open_subject(source, task, own_samples=samples)
    with pytest.raises(Unsupported, match="keeps a recurrent state"):
        exporting.export(subject, tmp_path / "graphs")
