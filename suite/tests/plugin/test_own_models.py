"""`--model` without a capability: what fits runs, what does not says why, and only what was asked for can fail."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from suite.task.discovery import tasks_root
from suite.tests.conftest import Touchstone
from suite.tests.support.tiny import CHECKPOINT

QUICKLY = ("--backend", "eager", "--limit", "40", "--benchmark-skip")

OTHER = '''
"""The same words under other names."""

from suite.task import Checkpoint, Sample

from .colour_naming import ColourNaming as _Base


class {name}(_Base):
    """The same words under other names."""

    name = "{capability}"
    labels = {labels}
    {truths}
'''
REVERSED = """
    def samples(self):
        return [Sample(one.id, one.input, "ONE" if one.truth == "OTHER" else "OTHER") for one in super().samples()]
"""


@pytest.fixture
def model(touchstone: Touchstone, tmp_path: Path) -> str:
    """A copy of the tiny checkpoint, as a folder of the user's."""
    return str(shutil.copytree(touchstone.tasks / "miniatures" / "shipped" / "tiny", tmp_path / "mine"))


def add(tasks: Path, name: str, capability: str, labels: tuple[str, ...], truths: str = "") -> None:
    text = OTHER.format(name=name, capability=capability, labels=labels, truths=truths)
    (tasks / "text" / f"{capability.replace('-', '_')}.py").write_text(text)


def test_what_does_not_fit_is_unsupported_and_said(touchstone: Touchstone, model: str) -> None:
    add(touchstone.tasks, "Tasting", "tasting", ("SWEET", "SOUR"))
    result = touchstone.run("--model", model, *QUICKLY)
    assert result.ret == 0, result.stdout.str()
    assert result.parseoutcomes() | {"passed": 2, "skipped": 4} == result.parseoutcomes()
    result.stdout.fnmatch_lines(["tasting/mine: unsupported: The checkpoint's labels (ONE, OTHER) cannot be mapped*"])
    rows = {(row["capability"], row["check"]): row for row in touchstone.folder.rows()}
    assert rows["tasting", "accuracy"]["status"] == "unsupported"
    assert "cannot be mapped" in rows["tasting", "accuracy"]["reason"]
    assert rows["colour-naming", "accuracy"]["status"] == "passed"


def test_where_nothing_fits_nothing_is_green(touchstone: Touchstone, model: str) -> None:
    add(touchstone.tasks, "Tasting", "tasting", ("SWEET", "SOUR"))
    result = touchstone.run("--model", model, "--capability", "tasting", *QUICKLY)
    assert result.ret == 6, result.stdout.str()


def test_a_failure_counts_where_it_was_asked_for(touchstone: Touchstone, model: str) -> None:
    add(touchstone.tasks, "Reversed", "reversed", ("ONE", "OTHER"), REVERSED)
    result = touchstone.run("--model", model, *QUICKLY)
    assert result.ret == 0, result.stdout.str()
    result.stdout.fnmatch_lines(["reversed/mine: 1 checks did not pass, which counts only where it is asked for: *"])
    rows = {(row["capability"], row["check"]): row["status"] for row in touchstone.folder.rows()}
    assert rows["reversed", "accuracy"] == "failed", "the record has the truth"
    for named in (("--capability", "reversed"), ("-k", "reversed")):
        assert touchstone.run("--model", model, *named, *QUICKLY).ret == 1


def test_the_only_capability_need_not_be_named(touchstone: Touchstone, model: str) -> None:
    file = touchstone.tasks / "samples.json"
    file.write_text(file.read_text().replace('"OTHER"', '"_"').replace('"ONE"', '"OTHER"').replace('"_"', '"ONE"'))
    result = touchstone.run("--model", model, *QUICKLY)
    assert result.ret == 1, result.stdout.str()


def test_samples_are_for_the_capability_that_fits(touchstone: Touchstone, model: str, tmp_path: Path) -> None:
    add(touchstone.tasks, "Tasting", "tasting", ("SWEET", "SOUR"))
    task = touchstone.tasks / "text" / "tasting.py"
    task.write_text(
        task.read_text() + "\n    def misfit(self, declared, own_samples):\n        return 'it does not taste'\n"
    )
    samples = tmp_path / "samples.jsonl"
    samples.write_text('{"input": "red green", "truth": "ONE"}\n{"input": "blue", "truth": "OTHER"}\n')
    result = touchstone.run("--model", model, "--samples", str(samples), "--co", "-q")
    assert result.ret == 0, result.stdout.str()
    assert CHECKPOINT not in result.stdout.str()


def test_an_adapter_is_judged_on_its_base(touchstone: Touchstone, model: str, tmp_path: Path) -> None:
    """The adapter turns every answer of its base round: on samples with the other label it is right, the base wrong."""
    peft = pytest.importorskip("peft")
    import torch
    import transformers

    base = transformers.AutoModelForSequenceClassification.from_pretrained(model)
    config = peft.LoraConfig(task_type="SEQ_CLS", r=2, lora_alpha=4, target_modules=["q_lin"])
    wrapped = peft.get_peft_model(base, config)
    with torch.no_grad():
        for name, parameter in wrapped.named_parameters():
            if "modules_to_save" in name and ".classifier." in name:
                parameter.copy_(parameter.flip(0))
    adapter = tmp_path / "adapter"
    wrapped.save_pretrained(adapter)
    rows = json.loads((touchstone.tasks / "samples.json").read_text())
    samples = tmp_path / "reversed.jsonl"
    turned = {"ONE": "OTHER", "OTHER": "ONE"}
    samples.write_text("".join(json.dumps({"input": text, "truth": turned[truth]}) + "\n" for text, truth in rows))
    asked = ("--samples", str(samples), "--backend", "eager", "--benchmark-skip")
    result = touchstone.run("--model", str(adapter), "--base", model, *asked)
    assert result.ret == 0, result.stdout.str()
    scores = {row["cell"]: row["accuracy"] for row in touchstone.folder.rows() if row["check"] == "accuracy"}
    assert scores == {"colour-naming/adapter/eager": 1.0}
    assert touchstone.run("--model", model, *asked).ret == 1
    told = touchstone.run("--model", str(adapter), *asked)
    assert told.ret == 4
    told.stderr.fnmatch_lines(["*holds an adapter (PEFT)*--base DIR_OR_ID*"])


def test_generation_settings_are_switched_off_or_obeyed(pytester: pytest.Pytester, tmp_path: Path) -> None:
    touchstone = Touchstone(pytester, tasks_root())
    model = Path(shutil.copytree(tasks_root() / "miniatures" / "shipped" / "text-generation", tmp_path / "mine"))
    (model / "card.json").unlink()
    file = model / "generation_config.json"
    settings = json.loads(file.read_text()) if file.is_file() else {}
    # With these, whoever obeys says one word, and whoever does not is right.
    file.write_text(json.dumps(settings | {"num_beams": 3, "sequence_bias": [[[0], 1e4]]}))
    asked = ("--model", str(model), "--capability", "text-generation", "--limit", "40", "--backend", "eager")
    notes, scores = [], []
    for policy in ((), ("--generation", "own")):
        touchstone.run(*asked, *policy, "-k", "accuracy")
        (row,) = (row for row in touchstone.folder.rows() if row["check"] == "accuracy")
        notes.append(row["notes"])
        scores.append(row["accuracy"])
    assert notes[0]["generation_switched_off"]["num_beams"] == 3
    assert notes[1]["generation_obeyed"]["num_beams"] == 3
    assert scores[0] > 0.9
    assert scores[1] < 0.1
