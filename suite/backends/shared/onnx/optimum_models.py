"""Exports and runs ONNX graphs through optimum, for transformers 4."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from suite.backends.shared.onnx import part_graphs, plain
from suite.backends.shared.onnx.sessions import providers, session_options
from suite.backends.shared.submodules import as_module, locate
from suite.core.errors import Unsupported
from suite.core.runnable import Runnable
from suite.core.subject import Subject

FORWARD = "model"
GENERATION_CONFIG = "generation_config.json"

TASKS = {
    "AutoModel": "feature-extraction",
    "AutoModelForCausalLM": "text-generation-with-past",
    "AutoModelForSeq2SeqLM": "text2text-generation-with-past",
    "AutoModelForSpeechSeq2Seq": "automatic-speech-recognition-with-past",
}
"""optimum's task where the model does not determine it: which output is meant, and that there is a cache."""


def export(subject: Subject, directory: Path) -> None:
    """Write the graphs of a subject, its config and how it generates, into `directory`."""
    import torch
    from optimum.exporters.onnx import onnx_export_from_model
    from optimum.exporters.tasks import TasksManager

    model = subject.load_model()
    if subject.parts:
        _export_parts(model, subject, directory)
        return
    if _class(subject) is None:
        try:
            plain.export(model, subject.example(), directory, FORWARD)
        except torch.onnx.OnnxExporterError:
            # SAM takes pictures of one size, and with sides that might change torch 2.13 cannot translate it.
            plain.export(model, subject.example(), directory, FORWARD, steady_pictures=True)
        return
    _widen_segments(model)
    task = TASKS.get(subject.auto_class) or TasksManager.infer_task_from_model(model)
    # Not merged into one decoder with branches: dynamic quantization leaves the inside of branches alone. And not
    # validated: fidelity is measured anyway.
    onnx_export_from_model(
        model, directory, task=task, no_post_process=True, do_validation=False, device="cpu", do_constant_folding=True
    )


def _class(subject: Subject) -> Any:
    """optimum's class for the subject's Auto class; it has none for classes of several models at once."""
    from optimum import onnxruntime

    if {"input_values", "attention_mask"} <= subject.example().keys():
        return None  # optimum's graphs of sound take no mask, and would hear the padding
    suffix = subject.auto_class.removeprefix("AutoModel") or "ForFeatureExtraction"
    return getattr(onnxruntime, f"ORTModel{suffix}", None) if subject.auto_class.startswith("AutoModel") else None


def _export_parts(model: Any, subject: Subject, directory: Path) -> None:
    """Each part as a plain graph. A decoder has no cache then: it reads all tokens again at each step."""
    if getattr(model, "generation_config", None) is not None:
        model.generation_config.to_json_file(directory / GENERATION_CONFIG, use_diff=False)
    _forget(model, subject)
    calls = part_graphs.watch(
        model, subject.parts, lambda model: subject.infer(Runnable(model, "cpu"), subject.example())
    )
    for name, part_calls in calls.items():
        inputs = part_graphs.largest(part_calls)
        if inputs.get("use_cache"):
            raise Unsupported(
                f"{name} cannot go without a cache, and neither optimum nor transformers 4 exports one for it: "
                "transformers 5 does"
            )
        plain.export(as_module(model, name), inputs, directory, part_graphs.graph_name(name))


def _forget(model: Any, subject: Subject) -> None:
    """Let no part of a model use a cache."""
    for module in (model, *(as_module(model, name) for name in subject.parts)):
        if getattr(module, "generation_config", None) is not None:
            module.generation_config.use_cache = False


def _open_parts(subject: Subject, directory: Path) -> Any:
    from transformers import GenerationConfig

    shell = part_graphs.empty_model(subject)
    if (directory / GENERATION_CONFIG).is_file():
        shell.generation_config = GenerationConfig.from_pretrained(directory, GENERATION_CONFIG)
    _forget(shell, subject)
    for name in subject.parts:
        graph = plain.PlainGraph(
            directory, part_graphs.graph_name(name), subject.device, subject.threads, subject.config
        )  # fmt: skip
        owner, method = locate(shell, name)
        part_graphs.replace(owner, method, partial(_call, graph))
        if method == "forward":
            part_graphs.on_device(owner, graph)
    part_graphs.on_device(shell, graph)
    return shell


def _call(graph: plain.PlainGraph, arguments: dict[str, Any]) -> Any:
    return graph(**arguments)


def _widen_segments(model: Any) -> None:
    """Let a model of one segment take the two that optimum's dummy input names; it is only ever given the first."""
    import torch

    for module in model.modules():
        segments = getattr(module, "token_type_embeddings", None)
        if isinstance(segments, torch.nn.Embedding) and segments.num_embeddings == 1:
            module.token_type_embeddings = torch.nn.Embedding.from_pretrained(segments.weight.detach().repeat(2, 1))


def open_model(subject: Subject, directory: Path) -> Any:
    """The exported model, ready to run on the subject's device."""
    if subject.parts:
        return _open_parts(subject, directory)
    ort_class = _class(subject)
    if ort_class is None:
        return plain.PlainGraph(directory, FORWARD, subject.device, subject.threads, subject.config)
    provider, *_ = providers(subject.device)
    name, options = provider if isinstance(provider, tuple) else (provider, None)
    merging = {"use_merged": False} if subject.generative and subject.config.is_encoder_decoder else {}
    model = ort_class.from_pretrained(
        directory,
        provider=name,
        provider_options=options,
        session_options=session_options(subject.threads),
        local_files_only=True,
        **merging,
    )
    if hasattr(model, "embed_size_per_head") and getattr(subject.config, "head_dim", None):
        # optimum-onnx 0.1 divides the hidden size by the heads, whatever the config of a Llama says.
        model.embed_size_per_head = subject.config.head_dim
    return model
