"""Folders that hold no weights to be loaded here: each is told what it is and what to do, before anything runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from suite.core.errors import UsageError
from suite.subjects.model_option import match
from suite.tests.support import made_checkpoints as made

CONFIG: dict[str, Any] = {"architectures": ["BertForSequenceClassification"], "model_type": "bert"}


def told(folder: Path) -> str:
    with pytest.raises(UsageError) as caught:
        match(str(folder), [made.Moods()])
    text = str(caught.value)
    assert "pip install" not in text
    return text


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("model.onnx", "ONNX"),
        ("onnx/model.onnx", "ONNX"),
        ("model-q4_k_m.gguf", "GGUF"),
        ("tf_model.h5", "TensorFlow"),
        ("saved_model.pb", "TensorFlow"),
        ("flax_model.msgpack", "Flax"),
        ("weights.npz", "MLX"),
        ("openvino_model.xml", "OpenVINO"),
        ("model_index.json", "diffusers"),
        ("model.tflite", "TensorFlow Lite"),
        ("model.pte", "ExecuTorch"),
        ("model.rknn", "Rockchip"),
        ("shared_vocabulary.json", "CTranslate2"),
        ("consolidated.safetensors", "under their maker's own names"),
        ("pytorch_model_fsdp_0/__0_0.distcp", "FSDP"),
        ("zero_to_fp32.py", "DeepSpeed"),
        ("checkpoint-500/model.safetensors", "checkpoints of a training"),
    ],
)
@pytest.mark.parametrize("with_config", [True, False])
def test_weights_of_another_runtime(tmp_path: Path, file: str, kind: str, with_config: bool) -> None:
    if with_config:
        (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_bytes(b"\x00")
    text = told(tmp_path)
    assert kind in text
    assert file in text
    assert "pass " in text


def test_an_export_beside_the_model_is_no_matter(tmp_path: Path) -> None:
    made.classifier(tmp_path)
    (tmp_path / "onnx").mkdir()
    for name in ("onnx/model.onnx", "tf_model.h5", "flax_model.msgpack"):
        (tmp_path / name).write_bytes(b"\x00")
    assert len(match(str(tmp_path), [made.Moods()])) == 1


@pytest.mark.parametrize(
    ("key", "content", "kind"),
    [
        ("quantization_config", {"quant_method": "gptq", "bits": 4}, "GPTQ"),
        ("quantization_config", {"quant_method": "awq"}, "AWQ"),
        ("quantization_config", {"quant_method": "bitsandbytes", "load_in_4bit": True}, "bitsandbytes"),
        ("quantization_config", {"quant_method": "compressed-tensors"}, "compressed-tensors"),
        ("quantization_config", {"quant_method": "fp8"}, "fp8"),
        ("quantization_config", {"quant_method": "a new one"}, "a new one"),
        ("quantization_config", {"group_size": 64, "bits": 4}, "MLX"),
        ("quantization", {"group_size": 64, "bits": 4}, "MLX"),
        ("quantization_config", {"bits": 4}, "does not name"),
        ("compression_config", {"quant_method": "compressed-tensors"}, "compressed-tensors"),
        ("text_config", {"quantization_config": {"quant_method": "awq"}}, "AWQ"),
    ],
)
def test_quantized_weights(tmp_path: Path, key: str, content: dict[str, Any], kind: str) -> None:
    (tmp_path / "config.json").write_text(json.dumps(CONFIG | {key: content}))
    save_file({"a.weight": np.zeros((2, 2), np.int32)}, tmp_path / "model.safetensors")
    text = told(tmp_path)
    assert kind in text
    assert "pass the checkpoint that it was made from" in text


@pytest.mark.parametrize(
    ("file", "kind"),
    [("quantize_config.json", "GPTQ"), ("quant_config.json", "AWQ"), ("hf_quant_config.json", "ModelOpt")],
)
def test_a_quantizer_is_known_by_its_file(tmp_path: Path, file: str, kind: str) -> None:
    made.classifier(tmp_path)
    (tmp_path / file).write_text("{}")
    assert f"is quantized ({kind})" in told(tmp_path)


@pytest.mark.parametrize("content", [None, {}, [], "x", 3])
def test_what_is_not_a_quantization(tmp_path: Path, content: Any) -> None:
    made.classifier(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text()) | {"quantization_config": content}
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert len(match(str(tmp_path), [made.Moods()])) == 1


def test_a_trainer_s_own_files_are_no_weights(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    for name in ("optimizer.pt", "scheduler.pt", "training_args.bin", "rng_state_0.pth", "scaler.pt"):
        (tmp_path / name).write_bytes(b"\x00")
    assert "has no weights" in told(tmp_path)
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x00")
    assert "pickle alone (pytorch_model.bin)" in told(tmp_path)


def test_a_pointer_of_git_lfs_is_not_the_weights(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
    (tmp_path / "model.safetensors").write_text(pointer)
    assert "git lfs pull" in told(tmp_path)


@pytest.mark.parametrize("path", ["0_Transformer", "", "..", 3, None])
def test_an_old_sentence_transformer_keeps_its_model_below(tmp_path: Path, path: Any) -> None:
    (tmp_path / "modules.json").write_text(json.dumps([{"idx": 0, "path": path, "type": "x.Transformer"}]))
    (tmp_path / "0_Transformer").mkdir()
    (tmp_path / "0_Transformer" / "config.json").write_text(json.dumps(CONFIG))
    assert ("put the model into the folder 0_Transformer" in told(tmp_path)) == (path == "0_Transformer")
