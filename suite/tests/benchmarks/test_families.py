"""The table of families: what is tried, how it is made small, what a trial says, and the page."""

from __future__ import annotations

import re
import resource
import threading
from pathlib import Path
from typing import Any

import pytest

from suite.benchmarks.families import page, trial, trials
from suite.benchmarks.families.shrinking import tiny_configs
from suite.benchmarks.families.tiny_checkpoint import CannotBeTiny, write_checkpoints
from suite.benchmarks.families.trial import Family, Line, Result, attempt
from suite.benchmarks.families.trials import Bounds, Row, families, read_rows, write_rows
from suite.cli import families as command
from suite.core.errors import UsageError
from suite.core.files import ROOT_VARIABLE
from suite.core.work import Work
from suite.processes.forkserver import Forkserver
from suite.task import discovery
from suite.worker.cell_worker import CellWorker

TASKS = discovery.load_tasks(discovery.tasks_root())


def row(**parts: str) -> Row:
    return Row(
        **{
            "auto_class": "AutoModelForCTC", "family": "hubert", "architecture": "HubertForCTC",
            "capability": "automatic-speech-recognition-ctc", "backend": "eager", "result": "runs", "reason": "",
        } | parts
    )  # fmt: skip


def test_every_architecture_of_the_tasks_auto_classes_is_there() -> None:
    everything = families(TASKS.values())
    assert len(everything) > 500
    named = {(one.auto_class, one.architecture): one for one in everything}
    assert named["AutoModelForCausalLM", "LlamaForCausalLM"].capabilities == ("chat", "text-generation")
    assert {one.auto_class for one in families(TASKS.values(), ["AutoModelForCTC"])} == {"AutoModelForCTC"}
    assert {one.model_type for one in families(TASKS.values(), (), ["gpt2"])} == {"gpt2"}
    with pytest.raises(UsageError, match="No task loads gtp2"):
        families(TASKS.values(), (), ["gtp2"])


def test_a_capability_that_trains_is_no_family_s() -> None:
    tried = {name for family in families(TASKS.values()) for name in family.capabilities}
    assert tried
    assert {name for name in tried if TASKS[name].work is Work.TRAINING} == set()


@pytest.mark.parametrize(
    "name", ["GPT2Config", "LlamaConfig", "T5Config", "SwinConfig", "Qwen3MoeConfig", "DetrConfig"]
)
def test_a_config_is_made_small_by_what_configs_share(name: str) -> None:
    import torch
    import transformers

    config = next(tiny_configs(getattr(transformers, name), vocab_size=100, pad_token_id=0))
    with torch.device("meta"):
        model = transformers.AutoModel.from_config(config)
    assert sum(weight.numel() for weight in model.parameters()) < 2_000_000
    assert getattr(config, "vocab_size", 100) == 100


def test_only_narrow_layers_get_a_spread_of_their_own() -> None:
    import transformers

    spread = [config.initializer_range for config in tiny_configs(transformers.BertConfig, initializer_range=0.2)]
    assert spread == [0.2, 0.2, 0.02, 0.02, 0.02]


def test_what_has_an_entry_for_each_layer_stays_of_one_length() -> None:
    import transformers

    config = next(tiny_configs(transformers.Gemma3TextConfig, vocab_size=100))
    assert len(config.layer_types) == config.num_hidden_layers == 2


def test_a_library_that_is_absent_is_a_reason(tmp_path: Path) -> None:
    with pytest.raises(CannotBeTiny):
        list(write_checkpoints(tmp_path, "DinatForImageClassification", "dinat", TASKS["image-classification"]))


def test_a_hybrid_keeps_a_layer_of_each_kind() -> None:
    import transformers

    config = next(tiny_configs(transformers.Qwen3NextConfig, vocab_size=100))
    assert config.num_hidden_layers == len(config.layer_types)
    assert set(config.layer_types) == {"linear_attention", "full_attention"}


@pytest.fixture(autouse=True)
def _cache_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A trial, in its own process, names another: here that ends with the test."""
    monkeypatch.setenv(ROOT_VARIABLE, str(tmp_path / "cache"))


def test_a_trial_goes_the_way_of_a_user_s_checkpoint(tmp_path: Path) -> None:
    family = Family("AutoModelForCausalLM", "gpt2", "GPT2LMHeadModel", ("chat", "text-generation"), ("eager",))
    lines = list(attempt(family, tmp_path))
    assert lines == [Line("chat", "eager", Result.RUNS), Line("text-generation", "eager", Result.RUNS)]


@pytest.mark.parametrize(
    ("tried", "result", "reason"),
    [
        # A decoder that writes alone counts positions from the padding on: it is asked about one text at a time.
        (("AutoModelForCausalLM", "bart", "BartForCausalLM", "text-generation"), Result.RUNS, ""),
        # A decoder that reads sees the padding.
        (("AutoModelForSequenceClassification", "t5gemma", "T5GemmaForSequenceClassification", "sentiment-analysis"),
         Result.RUNS, ""),
        # A head takes the states of several layers; a part is not what its class makes by itself.
        (("AutoModelForDepthEstimation", "depth_anything", "DepthAnythingForDepthEstimation", "depth-estimation"),
         Result.RUNS, ""),
        (("AutoModelForZeroShotImageClassification", "clip", "CLIPModel", "zero-shot-image-classification"),
         Result.RUNS, ""),
        (("AutoModelForCausalLM", "musicgen", "MusicgenForCausalLM", "text-generation"), Result.UNSUPPORTED,
         "has no AutoModelForCausalLM for a MusicgenDecoderConfig"),
        (("AutoModelForSpeechSeq2Seq", "seamless_m4t", "SeamlessM4TForSpeechToText", "automatic-speech-recognition"),
         Result.NOT_TINY, "does not take sound and nothing else"),
        # Its folder names the processor, which the library does not know of it.
        (("AutoModelForCTC", "data2vec-audio", "Data2VecAudioForCTC", "automatic-speech-recognition-ctc"), Result.RUNS,
         ""),
        # It can generate and embeds no tokens; its processor, which makes other inputs, is no shipped one's.
        (("AutoModelForCTC", "parakeet_ctc", "ParakeetForCTC", "automatic-speech-recognition-ctc"), Result.NOT_TINY,
         "cannot be made of the files of another: ParakeetForCTC wants input_features"),
        # Without a vocabulary its class makes one up, which is refused where it is a user's.
        (("AutoModelForImageTextToText", "hyperclovax_vision_v2", "HyperCLOVAXVisionV2ForConditionalGeneration",
          "image-captioning"), Result.NOT_TINY, "files of another kind"),
        # A fault of transformers 5.23, which checks positions that it has not counted itself.
        (("AutoModelForCausalLM", "prophetnet", "ProphetNetForCausalLM", "text-generation"), Result.NOT_TINY,
         "plain transformers runs it in none"),
    ],
)  # fmt: skip
def test_who_is_blamed(tmp_path: Path, tried: tuple[str, str, str, str], result: Result, reason: str) -> None:
    auto_class, family, architecture, capability = tried
    (line,) = attempt(Family(auto_class, family, architecture, (capability,), ("eager",)), tmp_path)
    assert (line.result, reason in line.reason) == (result, True), line.reason


def test_a_graph_that_strays_by_itself_is_the_exporters_fault(tmp_path: Path) -> None:
    """SEW fills up its frames where their number is odd: of an even number's trace nothing of that is left."""
    family = Family("AutoModelForCTC", "sew", "SEWForCTC", ("automatic-speech-recognition-ctc",), ("onnx",))
    (line,) = attempt(family, tmp_path)
    assert line.result == Result.STRAYS
    assert re.search(r"shape \(\d+, 32\); without this suite, its logits are of shape", line.reason), line.reason


def test_a_graph_that_strays_only_with_us_is_our_fault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(trial, "_strays", lambda *_: "its outputs stray")
    (line,) = attempt(Family("AutoModelForMaskedLM", "bert", "BertForMaskedLM", ("fill-mask",), ("onnx",)), tmp_path)
    assert (line.result, line.reason) == (Result.FAILS, "its outputs stray")


def test_memory_that_only_a_graph_takes_is_no_fault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def full(*_: Any) -> Any:
        raise RuntimeError("Failed to allocate memory for requested buffer of size 6845104128")

    monkeypatch.setattr(trial, "_strays", full)
    (line,) = attempt(Family("AutoModelForMaskedLM", "bert", "BertForMaskedLM", ("fill-mask",), ("onnx",)), tmp_path)
    assert (line.result, "more than 8 GiB" in line.reason) == (Result.UNSUPPORTED, True)


def test_each_capability_gets_its_own_labels(tmp_path: Path) -> None:
    kinds = ("sentiment-analysis", "zero-shot-classification")
    family = Family("AutoModelForSequenceClassification", "gpt2", "GPT2ForSequenceClassification", kinds, ("eager",))
    assert [(line.capability, line.result) for line in attempt(family, tmp_path)] == [(kind, "runs") for kind in kinds]


def test_what_nobody_foresaw_fails_on_every_backend(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def broken(*_: Any) -> Any:
        raise KeyError("nothing")

    monkeypatch.setattr(CellWorker, "answer", broken)
    family = Family("AutoModelForCausalLM", "gpt2", "GPT2LMHeadModel", ("text-generation",), ("eager", "onnx"))
    lines = list(attempt(family, tmp_path))
    assert [(line.backend, line.result) for line in lines] == [("eager", Result.FAILS), ("onnx", Result.FAILS)]
    assert "KeyError" in lines[0].reason


def test_what_follows_from_the_names_starts_no_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(trials, "_child", lambda *_: pytest.fail("a process was started"))
    kept: list[Row] = []
    family = Family("AutoModel", "vit", "ViTModel", ("sentence-similarity",), ("eager", "onnx"))
    monkeypatch.setattr(trials, "Forkserver", lambda *_: None)
    trials.try_all([family], TASKS, Bounds(10, 1, tmp_path / "log"), kept.extend)
    assert [(one.backend, one.result) for one in kept] == [("eager", "unsupported"), ("onnx", "unsupported")]
    assert "no model of text alone" in kept[0].reason


def _never_ends(pipe: Any, *_: Any) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (1, 5))
    while True:
        pass


@pytest.mark.parametrize(("backend", "result"), [("eager", Result.FAILS), ("onnx", Result.UNSUPPORTED)])
def test_whose_fault_it_is_that_a_trial_takes_too_long(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, backend: str, result: Result
) -> None:
    monkeypatch.setattr(trials, "serve", _never_ends)
    family = Family("AutoModelForCTC", "hubert", "HubertForCTC", ("automatic-speech-recognition-ctc",), (backend,))
    forkserver = Forkserver({}, 1, tmp_path / "log")
    children = trials.Children(forkserver, tmp_path, Bounds(60, 1, tmp_path / "log"), set(), threading.Event())
    (line,) = trials._lines(family, TASKS, children)
    assert (line.result, "60 s of processor time" in line.reason) == (result, True), line.reason


def test_what_is_known_is_not_tried_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The reference comes first; an export is made only where that runs, and elsewhere has its reason."""
    tried: list[tuple[str, str]] = []

    def try_all(chosen: list[Family], _tasks: object, _bounds: object, keep: Any) -> None:
        for one in chosen:
            (backend,) = one.backends
            tried.append((one.architecture, backend))
            result = "unsupported" if one.model_type == "wavlm" else "runs"
            keep([row(architecture=one.architecture, family=one.model_type, backend=backend, result=result)])

    monkeypatch.setattr(command, "try_all", try_all)
    chosen = command.Chosen(["AutoModelForCTC"], ["hubert", "wavlm"])
    for _ in range(2):
        assert command.write_families(tmp_path, chosen, 1, 10, lambda _: None) == []
    assert tried == [("HubertForCTC", "eager"), ("WavLMForCTC", "eager"), ("HubertForCTC", "onnx")]
    command.write_families(tmp_path, command.Chosen(["AutoModelForCTC"], ["hubert"], again=True), 1, 10, lambda _: None)
    assert tried[3:] == [("HubertForCTC", "eager"), ("HubertForCTC", "onnx")]
    rows = {(one.architecture, one.backend): one.result for one in read_rows(tmp_path / command.TABLE)}
    assert len(rows) == 4
    assert rows["WavLMForCTC", "onnx"] == "unsupported"
    write_rows(tmp_path / command.TABLE, [row(), row(backend="onnx", result="fails", reason="since mended")])
    command.write_families(tmp_path, command.Chosen(["AutoModelForCTC"], ["hubert"]), 1, 10, lambda _: None)
    assert tried[5:] == [("HubertForCTC", "onnx")]
    write_rows(tmp_path / command.TABLE, [row(result="not tiny", reason="too large")])
    command.write_families(tmp_path, command.Chosen(["AutoModelForCTC"], ["hubert"]), 1, 10, lambda _: None)
    assert tried[6:] == []
    assert "have not been tried" in (tmp_path / command.PAGE).read_text()


def test_rows_come_back_as_they_were_kept(tmp_path: Path) -> None:
    rows = [row(reason='a "reason", with a comma'), row(backend="onnx", result="fails", reason="one\nor two lines")]
    write_rows(tmp_path / "new" / "families.csv", rows)
    assert sorted(read_rows(tmp_path / "new" / "families.csv"), key=str) == sorted(rows, key=str)
    assert read_rows(tmp_path / "none.csv") == []


def test_the_page_says_what_runs_and_why_the_rest_does_not() -> None:
    rows = [
        row(), row(backend="onnx"),
        row(family="sew", architecture="SEWForCTC"),
        row(family="sew", architecture="SEWForCTC", backend="onnx", result="unsupported", reason="a | b <c>"),
        row(family="wavlm", architecture="WavLMForCTC"),
        row(family="lasr_ctc", architecture="LasrForCTC", result="not tiny", reason="too large"),
    ]  # fmt: skip
    text = "\n".join(page.lines(rows, "transformers 5", 7))
    assert "| `AutoModelForCTC` | automatic-speech-recognition-ctc | eager | 3 | 0 | 0 | 0 | 1 |" in text
    assert "Runs on eager and onnx: hubert." in text
    assert "Runs on eager alone: sew." in text
    assert "Runs on eager, not tried on onnx: wavlm." in text
    assert "| sew | onnx | unsupported | a \\| b &lt;c> |" in text
    assert "7 architectures have not been tried" in text
