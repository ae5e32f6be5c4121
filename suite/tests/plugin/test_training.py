"""A user's checkpoint and data through a training, by pytest: what is learnt, kept, refused and asked for by name."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from suite.core.files import project_root
from suite.records.run_folder import read_lines
from suite.task.discovery import tasks_root
from suite.tests.conftest import Touchstone

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("noise_is_no_matter")]

WORDS = {"sport": ("referee", "stadium", "league"), "law": ("judge", "verdict", "lawyer")}
CHECKS = "accuracy or learns"


@pytest.fixture
def trained(pytester: pytest.Pytester) -> Touchstone:
    return Touchstone(pytester, tasks_root())


def rows(count: int, seed: int) -> list[dict[str, str]]:
    draw = random.Random(seed)
    made = []
    for index in range(count):
        label = draw.choice(sorted(WORDS))
        made.append({"input": f"The {draw.choice(WORDS[label])} was excellent {seed} {index}.", "truth": label})
    return made


def written(path: Path, some: list[dict[str, str]]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in some))
    return str(path)


def model() -> str:
    return str(project_root() / "tasks" / "miniatures" / "shipped" / "masked-encoder")


def test_a_users_checkpoint_learns_from_their_data_and_is_kept(trained: Touchstone, tmp_path: Path) -> None:
    train, test = written(tmp_path / "train.jsonl", rows(200, 1)), written(tmp_path / "test.jsonl", rows(60, 2))
    result = trained.run(
        "--capability", "fine-tuning", "--model", model(), "--train-samples", train, "--samples", test, "--backend",
        "eager", "--train-steps", "200", "-k", CHECKS,
    )  # fmt: skip
    result.assert_outcomes(passed=2, deselected=result.parseoutcomes().get("deselected", 0))
    (kept,) = (trained.folder.path / "tuned").iterdir()
    config = json.loads((kept / "config.json").read_text())
    assert config["id2label"] == {"0": "law", "1": "sport"}
    assert (kept / "model.safetensors").is_file()
    assert str(tmp_path) not in (kept / "README.md").read_text() + (kept / "config.json").read_text()
    (curve,) = read_lines(trained.folder.path / "curves.jsonl")
    assert len(curve["loss"]) == 200
    # What was kept is a checkpoint like any other.
    again = trained.run("--capability", "sentiment-analysis", "--model", str(kept), "--samples", test, "--backend",
                        "eager", "-k", "accuracy")  # fmt: skip
    again.assert_outcomes(passed=1, deselected=again.parseoutcomes().get("deselected", 0))


def test_it_is_not_trained_unless_that_is_asked_for(trained: Touchstone) -> None:
    result = trained.run("--model", model(), "--co", "-q")
    assert "fill-mask/masked-encoder/eager" in result.stdout.str()
    assert "fine-tuning" not in result.stdout.str()


def test_what_does_not_train_has_no_use_for_training_samples(trained: Touchstone, tmp_path: Path) -> None:
    train = written(tmp_path / "train.jsonl", rows(20, 1))
    steps = trained.run("--capability", "sentiment-analysis", "--train-steps", "3", "--backend", "eager")
    assert steps.ret == pytest.ExitCode.USAGE_ERROR
    steps.stderr.fnmatch_lines(["*--train-steps is for capabilities that train*"])
    result = trained.run("--capability", "sentiment-analysis", "--train-samples", train, "--backend", "eager")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*is for capabilities that train: name one with --capability (fine-tuning, lora)."])


@pytest.mark.parametrize(
    ("train", "test", "words"),
    [
        (
            [{"input": f"text {i}", "truth": "law"} for i in range(20)], rows(20, 2),
            "have 1 different truths (law), and a classifier needs 2 to 1000",
        ),
        (rows(40, 1), [{"input": "x", "truth": "cooking"}], "the truth 'cooking' is not one of the training samples'"),
        ([{"input": 17, "truth": "law"}, *rows(40, 1)], rows(20, 2), "takes a string, not int"),
    ],
)  # fmt: skip
def test_data_that_cannot_be_used_is_refused_in_a_sentence(
    trained: Touchstone, tmp_path: Path, train: list[dict[str, str]], test: list[dict[str, str]], words: str
) -> None:
    result = trained.run(
        "--capability", "fine-tuning", "--model", model(), "--train-samples", written(tmp_path / "train.jsonl", train),
        "--samples", written(tmp_path / "test.jsonl", test), "--backend", "eager", "-k", "learns",
    )  # fmt: skip
    assert result.ret != 0
    assert words in " ".join((result.stdout.str() + result.stderr.str()).split())
