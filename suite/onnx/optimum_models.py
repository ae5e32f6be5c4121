"""Exporting and running through optimum, for transformers 4."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from suite.onnx.sessions import providers, session_options
from suite.subject import Subject

TASKS = {
    "AutoModel": "feature-extraction",
    "AutoModelForCausalLM": "text-generation-with-past",
    "AutoModelForSeq2SeqLM": "text2text-generation-with-past",
    "AutoModelForSpeechSeq2Seq": "automatic-speech-recognition-with-past",
}
"""optimum's task where it is not to be had from the model: which output is meant, and that there is a cache."""


def export(subject: Subject, directory: Path) -> None:
    """Write the graphs of a subject, its config and how it generates, into `directory`."""
    from optimum.exporters.onnx import onnx_export_from_model
    from optimum.exporters.tasks import TasksManager

    model = subject.load_model()
    _widen_segments(model)
    task = TASKS.get(subject.auto_class) or TasksManager.infer_task_from_model(model)
    # Not merged into one decoder with branches: dynamic quantization leaves the inside of branches alone. And not
    # validated: fidelity is measured anyway.
    onnx_export_from_model(
        model, directory, task=task, no_post_process=True, do_validation=False, device="cpu", do_constant_folding=True
    )


def _widen_segments(model: Any) -> None:
    """Let a model of one segment take the two that optimum's dummy input names; it is only ever given the first."""
    import torch

    for module in model.modules():
        segments = getattr(module, "token_type_embeddings", None)
        if isinstance(segments, torch.nn.Embedding) and segments.num_embeddings == 1:
            module.token_type_embeddings = torch.nn.Embedding.from_pretrained(segments.weight.detach().repeat(2, 1))


def open_model(subject: Subject, directory: Path) -> Any:
    """The exported model, ready to run on the subject's device."""
    from optimum import onnxruntime

    provider, *_ = providers(subject.device)
    name, options = provider if isinstance(provider, tuple) else (provider, None)
    suffix = subject.auto_class.removeprefix("AutoModel") or "ForFeatureExtraction"
    merging = {"use_merged": False} if subject.generative and subject.config.is_encoder_decoder else {}
    return getattr(onnxruntime, f"ORTModel{suffix}").from_pretrained(
        directory,
        provider=name,
        provider_options=options,
        session_options=session_options(subject.threads),
        local_files_only=True,
        **merging,
    )
