"""Every backend against eager on tiny random models, and what each promises beside its numbers."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from suite.backends import REGISTRY, get_backend
from suite.backends.shared import compiler_files
from suite.core.files import project_root
from suite.core.runnable import Runnable
from suite.core.subject import Subject
from suite.task.generation import generate
from suite.tests.support.tiny_models import (
    ARCHITECTURES,
    DECODERS,
    GENERATIVE,
    OF_CACHES,
    VOCABULARY,
    batch_for,
    make_batch,
    make_subject,
    minilm,
)

ROOT = project_root()
EXACT = 1e-4
"""Of a backend in float32, on models this small; its declared tolerance is wider."""
TORCH = ("fp16", "bf16", "int8")
ONNX = ("onnx", "onnx-int8")
COMPILED = ("distilbert", "gpt2")
CASES = [
    *((backend, name) for name in ARCHITECTURES if name not in OF_CACHES for backend in (*TORCH, *ONNX)),
    *(("onnx", name) for name in OF_CACHES),
    *(("compile", name) for name in COMPILED),
]
Prepare = Callable[[str, str], Runnable]


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


def _in_another_process(call: str, name: str, then: str = "") -> None:
    """Do something with the compile backend as the suite does it: in a process where nothing happened before."""
    code = f"""
import torch; torch.set_num_threads(1)
from pathlib import Path
from suite.backends import get_backend
from suite.tests.support.tiny_models import make_subject
subject = make_subject({name!r})
runnable = get_backend("compile").{call}
{then}"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Path | None]:
    """The build of a backend for an architecture, made once and then moved, as the cache moves it."""
    made: dict[tuple[str, str], Path | None] = {}

    def get(backend: str, name: str) -> Path | None:
        if (backend, name) not in made:
            chosen = get_backend(backend)
            made[backend, name] = None
            if chosen.builds:
                base = get(chosen.base, name) if chosen.base else None
                root = tmp_path_factory.mktemp(f"{backend}-{name}")
                (root / "partial").mkdir()
                if backend == "compile":
                    _in_another_process(f"build(subject, Path({str(root / 'partial')!r}), None)", name)
                else:
                    chosen.build(make_subject(name), root / "partial", base)
                made[backend, name] = (root / "partial").rename(root / "final")
        return made[backend, name]

    return get


@pytest.fixture(scope="module")
def prepare(build: Callable[[str, str], Path | None]) -> Prepare:
    """A prepared runnable, made once."""
    made: dict[tuple[str, str], Runnable] = {}

    def get(backend: str, name: str) -> Runnable:
        if (backend, name) not in made:
            made[backend, name] = get_backend(backend).prepare(make_subject(name), build(backend, name))
        return made[backend, name]

    return get


def bound(backend: str) -> float:
    chosen = get_backend(backend)
    return EXACT if chosen.dtype == "float32" else chosen.tolerance.fidelity


def distance(ours: Any, theirs: Any) -> float:
    return float((ours.float() - theirs).abs().max() / theirs.abs().max())


def first(outputs: Any, batch: dict[str, Any]) -> Any:
    """The model's first output, without padding."""
    values = outputs[0]
    return values[batch["attention_mask"].bool()] if values.dim() == 3 else values


@pytest.mark.parametrize(("backend", "name"), [case for case in CASES if case[1] not in GENERATIVE])
@pytest.mark.parametrize(("rows", "length"), [(2, 9), (1, 5), (5, 14)])
def test_a_forward_is_eager_s(prepare: Prepare, backend: str, name: str, rows: int, length: int) -> None:
    batch = make_batch(rows, length, token_types=name.startswith("bert"))
    expected = first(prepare("eager", name)(batch), batch)
    ours = first(prepare(backend, name)(batch), batch)
    assert ours.shape == expected.shape
    assert distance(ours, expected) <= bound(backend)
    assert distance(-ours, expected) > bound(backend)


@pytest.mark.parametrize(("backend", "name"), [case for case in CASES if case[1] in GENERATIVE])
@pytest.mark.parametrize("rows", [1, 2, 3])
def test_a_generation_thinks_what_eager_thinks(prepare: Prepare, backend: str, name: str, rows: int) -> None:
    import torch

    subject, batch = make_subject(name), batch_for(name, rows)
    forced = torch.randint(2, VOCABULARY, (rows, 7), generator=torch.Generator().manual_seed(7))
    options = dict(subject.generation or {})
    expected = generate(prepare("eager", name), batch, options, forced=forced)
    ours = generate(prepare(backend, name), batch, options, forced=forced)
    assert torch.equal(ours.tokens, forced)
    assert ours.logits.shape == (rows, 7, VOCABULARY)
    assert distance(ours.logits, expected.logits) <= bound(backend)
    # It looks at what came before: other tokens, other thoughts.
    other = generate(prepare(backend, name), batch, options, forced=forced.flip(1))
    assert distance(other.logits[:, 1:], expected.logits[:, 1:]) > bound(backend)


@pytest.mark.parametrize("name", DECODERS)
@pytest.mark.parametrize("length", [3, 30])
def test_a_prompt_of_another_length_than_the_example_s(prepare: Prepare, name: str, length: int) -> None:
    """Shorter than a window and much longer than it."""
    import torch

    tokens = torch.randint(2, VOCABULARY, (2, length), generator=torch.Generator().manual_seed(length))
    batch = {"input_ids": tokens, "attention_mask": torch.ones_like(tokens)}
    forced = torch.randint(2, VOCABULARY, (2, 7), generator=torch.Generator().manual_seed(7))
    options = dict(make_subject(name).generation or {})
    expected, ours = (generate(prepare(one, name), batch, options, forced=forced) for one in ("eager", "onnx"))
    assert distance(ours.logits, expected.logits) <= bound("onnx")


MODES: dict[str, dict[str, Any]] = {
    "greedy": {},
    "beams": {"num_beams": 2},
    "beams, several": {"num_beams": 3, "num_return_sequences": 2},
    "sampling": {"do_sample": True, "num_return_sequences": 2},
    "no early end": {"min_new_tokens": 8},
    "penalty": {"repetition_penalty": 1.5},
    "no cache": {"use_cache": False},
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("backend", "name"), [("onnx", "gpt2"), ("onnx", "llama"), ("onnx", "t5"), ("onnx", "m2m100"), ("compile", "gpt2")]
)
def test_float32_generates_the_tokens_that_eager_generates(
    prepare: Prepare, backend: str, name: str, mode: str
) -> None:
    import torch

    options = {**(make_subject(name).generation or {}), **MODES[mode]}
    batch = batch_for(name)
    torch.manual_seed(0)
    expected = prepare("eager", name).generate(batch, **options)
    torch.manual_seed(0)
    assert torch.equal(prepare(backend, name).generate(batch, **options), expected)


@pytest.mark.parametrize("name", ["gpt2", "t5"])
def test_the_onnx_worker_holds_no_torch_weights(prepare: Prepare, name: str) -> None:
    model = prepare("onnx", name).model
    if hasattr(model, "parameters"):
        assert not [key for key, value in model.named_parameters() if value.device.type != "meta"]
    assert model.device.type == "cpu"
    assert str(model.dtype) == "torch.float32"
    assert model.generation_config.eos_token_id == 1


def test_onnx_opens_each_graph_once_with_the_subject_s_threads(
    build: Callable[[str, str], Path | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    import onnxruntime

    folder = build("onnx", "gpt2")
    opened = []
    original = onnxruntime.InferenceSession.__init__

    def spy(self: Any, path: Any, sess_options: Any = None, *args: Any, **kwargs: Any) -> None:
        opened.append((sess_options or kwargs["session_options"]).intra_op_num_threads)
        original(self, path, sess_options, *args, **kwargs)

    monkeypatch.setattr(onnxruntime.InferenceSession, "__init__", spy)
    subject = make_subject("gpt2")
    subject.threads = 2
    get_backend("onnx").prepare(subject, folder)
    assert opened == [2]


@pytest.mark.parametrize("name", ["distilbert", "gpt2", "t5"])
def test_sizes_tell_what_is_stored(prepare: Prepare, name: str) -> None:
    model = prepare("eager", name).model
    weights = {id(value): value for value in [*model.parameters(), *model.buffers()]}.values()
    eager = sum(value.numel() * value.element_size() for value in weights)
    sizes = {backend: prepare(backend, name).size_bytes for backend in ("eager", *TORCH, *ONNX)}
    assert sizes["eager"] == eager
    assert 0.45 * eager < sizes["fp16"] == sizes["bf16"] < 0.6 * eager
    assert sizes["int8"] < 0.75 * eager
    assert sizes["onnx"] > sum(value.numel() * 4 for value in model.parameters())
    assert sizes["onnx-int8"] < sizes["onnx"]


@pytest.mark.parametrize(("name", "count"), [("distilbert", 8), ("gpt2", 4), ("t5", 32)])
def test_int8_quantizes_the_linear_layers_and_names_the_rest(prepare: Prepare, name: str, count: int) -> None:
    notes = prepare("int8", name).notes
    assert notes["quantized"] == count
    assert any("Embedding" in line for line in notes["unquantized"])
    assert 0 < notes["unquantized_share"] < 0.5


def test_onnx_int8_says_what_it_left(prepare: Prepare) -> None:
    notes = prepare("onnx-int8", "distilbert").notes
    assert notes["quantized"] == 8
    assert any("word_embeddings" in line for line in notes["unquantized"])
    assert 0 < notes["unquantized_share"] < 0.5


def test_seven_bits_where_eight_would_overflow(monkeypatch: pytest.MonkeyPatch) -> None:
    from suite.backends.shared.onnx import quantizing

    for flags, machine, expected in (
        ({"avx2"}, "x86_64", True),
        ({"avx2", "avx512_vnni"}, "x86_64", False),
        ({"avx2", "avx_vnni"}, "AMD64", False),
        (set(), "aarch64", False),
    ):
        quantizing.saturates.cache_clear()
        monkeypatch.setattr("suite.measure.processor.flags", lambda flags=flags: flags)
        monkeypatch.setattr("platform.machine", lambda machine=machine: machine)
        assert get_backend("onnx-int8").options()["reduce_range"] is expected
    quantizing.saturates.cache_clear()


@pytest.mark.parametrize("name", COMPILED)
def test_a_prepared_compilation_compiles_nothing_more(build: Callable[[str, str], Path | None], name: str) -> None:
    folder = build("compile", name)
    assert folder is not None
    before = {path for path in folder.rglob("*") if path.is_file()}
    assert any(path.suffix == ".so" for path in before)
    use = """
from torch._dynamo.utils import counters
from suite.tests.support.tiny_models import make_batch
def graphs():
    return counters["stats"]["unique_graphs"]
prepared = graphs()
assert prepared == 2, prepared
for rows, length in ((1, 4), (4, 12), (7, 5)):
    batch = make_batch(rows, length, left=True)
    if subject.generative:
        runnable.generate(batch, max_new_tokens=6)
        runnable.generate(batch, max_new_tokens=6, num_beams=2)
    else:
        runnable(batch)
assert graphs() == prepared
"""
    _in_another_process(f"prepare(subject, Path({str(folder)!r}))", name, use)
    assert {path for path in folder.rglob("*") if path.is_file()} == before


def test_headers_are_compiled_once_for_all_builds(build: Callable[[str, str], Path | None]) -> None:
    common = [path.parent for path in compiler_files.root().glob("*/headers/*.h.[gp]ch")]
    assert common or not shutil.which("openssl")
    for name in COMPILED:
        folder = build("compile", name)
        assert folder is not None
        assert not [*folder.rglob("*.[gp]ch")]


@pytest.mark.parametrize("lack", ["no openssl", "no compiler", "a full disk"])
def test_without_precompiled_headers_kernels_are_compiled_all_the_same(
    lack: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import torch._inductor.config as configuration

    from suite.backends.shared import inductor

    def fail(folder: Path) -> None:
        (folder / "half.h.gch").touch()
        raise OSError("no space") if lack == "a full disk" else subprocess.CalledProcessError(1, "g++")

    monkeypatch.setenv("TOUCHSTONE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", "")
    monkeypatch.setattr(inductor, "_precompile", fail)
    if lack == "no openssl":
        monkeypatch.setattr("shutil.which", lambda _: None)
    inductor.settle(tmp_path / "build")
    assert not configuration.cpp_cache_precompile_headers
    assert not [*tmp_path.rglob("*.gch")]


def test_compile_says_that_a_compiler_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert get_backend("compile").unsupported("cpu") is None
    monkeypatch.setattr("shutil.which", lambda _: None)
    assert "compiler" in str(get_backend("compile").unsupported("cpu"))


def test_noop_loads_nothing_and_touches_nothing() -> None:
    subject = make_subject("distilbert")
    subject.load_model = lambda: pytest.fail("weights were loaded")
    backend = get_backend("noop")
    assert backend.checks == {"latency"}
    runnable = backend.prepare(subject, None)
    untouchable: dict[str, Any] = {"input_ids": object()}
    assert runnable(untouchable) is runnable.generate(untouchable)


def test_half_precision_gets_its_inputs_in_half() -> None:
    import torch

    from suite.backends.fp16 import CastRunnable

    seen: dict[str, Any] = {}
    runnable = CastRunnable(lambda **batch: seen.update(batch), "cpu")
    runnable({"pixel_values": torch.ones(1, 3, 4, 4), "input_ids": torch.ones(1, 2, dtype=torch.long)})
    assert seen["pixel_values"].dtype == torch.float16
    assert seen["input_ids"].dtype == torch.long


def test_onnx_on_a_gpu_asks_for_the_gpu_build(monkeypatch: pytest.MonkeyPatch) -> None:
    from suite.backends.shared.onnx import library

    monkeypatch.setattr(library, "_installed", lambda name: name != "onnxruntime-gpu")
    assert "onnxruntime-gpu" in str(get_backend("onnx").unsupported("cuda:0"))
    monkeypatch.setattr(library, "_installed", lambda _: True)
    assert get_backend("onnx").unsupported("cuda:0") is None
    assert "mps" in str(get_backend("onnx").unsupported("mps"))


def test_the_registry_is_answered_without_torch() -> None:
    code = (
        "import sys; from suite.backends import REGISTRY, get_backend\n"
        "for name in REGISTRY:\n"
        "    backend = get_backend(name); backend.unsupported('cpu'); backend.unsupported('cuda'); backend.preload\n"
        "assert not {'torch', 'transformers', 'onnxruntime', 'torchao', 'optimum'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_what_the_forkserver_imports_exists() -> None:
    code = (
        "import importlib; from suite.backends import REGISTRY, get_backend\n"
        "for reference in sum((get_backend(name).preload for name in REGISTRY), ()):\n"
        "    module, _, attribute = reference.partition(':')\n"
        "    getattr(importlib.import_module(module), attribute)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, stderr=subprocess.DEVNULL)


@pytest.mark.parametrize("name", REGISTRY)
def test_a_backend_declares_what_the_suite_needs(name: str) -> None:
    backend = get_backend(name)
    assert backend.name == name
    assert backend.family in {"torch", "onnxruntime", "none"}
    assert 0 <= backend.tolerance.fidelity <= 0.25
    assert 0 <= backend.tolerance.batching <= 0.25


@pytest.mark.parametrize("backend", ["fp16", "bf16", "int8", "onnx", "onnx-int8"])
def test_a_real_model_stays_within_the_tolerance(backend: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    subject = minilm()
    if subject is None:
        pytest.skip("the package with the real MiniLM is not installed")
    chosen, folder = get_backend(backend), None
    if chosen.builds:
        exported = _minilm_export(subject, tmp_path_factory)
        folder = exported
        if chosen.base:
            folder = tmp_path_factory.mktemp("minilm-int8")
            chosen.build(subject, folder, exported)
    batch = subject.example()
    expected = _pooled(get_backend("eager").prepare(subject, None)(batch)[0], batch)
    ours = _pooled(chosen.prepare(subject, folder)(batch)[0].float(), batch)
    assert distance(ours, expected) <= chosen.tolerance.fidelity


_exports: dict[str, Path] = {}


def _minilm_export(subject: Subject, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if "minilm" not in _exports:
        _exports["minilm"] = tmp_path_factory.mktemp("minilm")
        get_backend("onnx").build(subject, _exports["minilm"], None)
    return _exports["minilm"]


def _pooled(states: Any, batch: dict[str, Any]) -> Any:
    import torch

    return torch.nn.functional.normalize((states * batch["attention_mask"][..., None]).sum(1), dim=-1)
