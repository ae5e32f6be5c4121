import subprocess
import sys
from pathlib import Path

import pytest

from suite.core.errors import UsageError
from suite.core.files import project_root
from suite.task import discovery

TASK = '''
from suite.task import Checkpoint
from suite.task.text import LabelTask
from ..worlds import marks


class {cls}(LabelTask):
    """Say which mark a text bears."""

    name = "{name}"
    modality = "{modality}"
    auto_class = "AutoModelForSequenceClassification"
    checkpoints = {checkpoints}
    metric = "accuracy"
    mark = marks.MARK

    def samples(self): return []
    def decode(self, outputs, batch, processor, config): return []
    def numbers(self, outputs, batch): return []
    def accuracy(self, answers, truths): return 1.0
'''
CHECKPOINTS = '[Checkpoint("org/model", "0123456789", "Model")]'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    (folder / "worlds").mkdir(parents=True)
    (folder / "text").mkdir()
    (folder / "worlds" / "marks.py").write_text("MARK = 'cross'\n")
    return folder


def write(root: Path, file: str = "mark.py", **values: str) -> None:
    defaults = {"cls": "Mark", "name": "mark", "modality": "text", "checkpoints": CHECKPOINTS}
    (root / "text" / file).write_text(TASK.format(**(defaults | values)))


def test_finds_a_task_and_its_relative_imports(root: Path) -> None:
    write(root)
    tasks = discovery.load_tasks(root)
    assert list(tasks) == ["mark"]
    assert tasks["mark"].mark == "cross"  # type: ignore[attr-defined]


def test_two_folders_coexist(root: Path, tmp_path: Path) -> None:
    write(root)
    other = tmp_path / "other"
    (other / "worlds").mkdir(parents=True)
    (other / "text").mkdir()
    (other / "worlds" / "marks.py").write_text("MARK = 'star'\n")
    write(other)
    assert discovery.load_tasks(root)["mark"].mark == "cross"  # type: ignore[attr-defined]
    assert discovery.load_tasks(other)["mark"].mark == "star"  # type: ignore[attr-defined]


def test_order_is_by_name_within_a_modality(root: Path) -> None:
    write(root, "a.py", cls="Second", name="second")
    write(root, "b.py", cls="First", name="first")
    assert list(discovery.load_tasks(root)) == ["first", "second"]


def test_private_classes_and_files_are_no_tasks(root: Path) -> None:
    write(root)
    write(root, "_base.py", name="NOT VALID")
    write(root, "other.py", cls="_Base", name="NOT VALID")
    assert list(discovery.load_tasks(root)) == ["mark"]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"name": "My_Task"}, "joined by hyphens"),
        ({"modality": "audio"}, "lies in text"),
        ({"modality": "smell"}, "write one of text, audio, vision, multimodal"),
        ({"checkpoints": "[]"}, "names no checkpoint"),
        ({"checkpoints": '[Checkpoint("org/model", "main", "Model")]'}, "commit hash"),
        (
            {"checkpoints": '[Checkpoint("a/m", "0123456789", "Model"), Checkpoint("b/m", "0123456789", "Model")]'},
            "must differ",
        ),
    ],
)
def test_incomplete_metadata_is_a_sentence(root: Path, values: dict[str, str], sentence: str) -> None:
    write(root, **values)
    with pytest.raises(UsageError, match=sentence):
        discovery.load_tasks(root)


def test_what_trains_lies_in_a_folder_of_its_own(root: Path) -> None:
    write(root)
    file = root / "text" / "mark.py"
    file.write_text(file.read_text().replace("    metric =", '    work = "training"\n    metric ='))
    with pytest.raises(UsageError, match="lies in text: move it"):
        discovery.load_tasks(root)
    (root / "training").mkdir()
    file.rename(root / "training" / "mark.py")
    assert list(discovery.load_tasks(root)) == ["mark"]


def test_one_name_twice(root: Path) -> None:
    write(root)
    write(root, "again.py")
    with pytest.raises(UsageError, match="Two tasks are named 'mark'"):
        discovery.load_tasks(root)


def test_a_missing_method_is_named(root: Path) -> None:
    write(root)
    file = root / "text" / "mark.py"
    file.write_text(file.read_text().replace("def numbers", "def other"))
    with pytest.raises(UsageError, match="lacks the methods numbers"):
        discovery.load_tasks(root)


def test_a_missing_attribute_is_named(root: Path) -> None:
    write(root)
    file = root / "text" / "mark.py"
    file.write_text(file.read_text().replace("metric =", "other ="))
    with pytest.raises(UsageError, match="does not set metric"):
        discovery.load_tasks(root)


def test_a_broken_file_is_named(root: Path) -> None:
    write(root)
    (root / "text" / "broken.py").write_text("import no_such_module_anywhere\n")
    with pytest.raises(UsageError, match=r"broken\.py cannot be loaded: ModuleNotFoundError"):
        discovery.load_tasks(root)


def test_no_folder_and_no_tasks(root: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no tasks folder"):
        discovery.load_tasks(tmp_path / "absent")
    with pytest.raises(UsageError, match="defines no task"):
        discovery.load_tasks(root)


def test_a_users_own_tasks_module_shadows_nothing_and_nothing_heavy_is_imported(tmp_path: Path) -> None:
    (tmp_path / "tasks.py").write_text("raise SystemExit('the wrong tasks')\n")
    program = (
        "import sys; sys.path.insert(0, '')\n"
        "from suite.task import discovery\n"
        "tasks = discovery.load_tasks(discovery.tasks_root())\n"
        "heavy = {'torch', 'transformers', 'onnxruntime', 'sklearn', 'seqeval', 'sacrebleu', 'tasks'}\n"
        "print(len(tasks), sorted(heavy & set(sys.modules)))\n"
    )
    checkout = project_root()
    out = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(checkout)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert out.returncode == 0, out.stderr
    count, heavy = out.stdout.split(maxsplit=1)
    assert int(count) > 0
    assert heavy.strip() == "[]"


def test_shipped_checkpoints_are_pinned_by_full_hashes() -> None:
    for task in discovery.load_tasks(discovery.tasks_root()).values():
        for checkpoint in task.checkpoints:
            by_hand = checkpoint.miniature and "/" not in checkpoint.id and not checkpoint.revision
            assert by_hand or len(checkpoint.revision) == 40, f"{task.name}: {checkpoint.id}"
