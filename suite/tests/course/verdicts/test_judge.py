"""The judge: results of examples and their verdicts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from suite.course.documents.model import Document, Example
from suite.course.documents.names import bound_names
from suite.course.documents.result import ExampleResult
from suite.course.lint.api_usage import Names, check_example
from suite.course.lint.usage_hints import checkpoint_hints, local_checkpoints
from suite.course.sandbox.execute import execute
from suite.course.stand_ins.access_log import Note
from suite.course.verdicts.document_state import DocumentState, NameOrigin
from suite.course.verdicts.judge import judge, runs_nothing
from suite.course.verdicts.output_drift import drift
from suite.course.verdicts.verdict import Judgement, Verdict

RELEASES = {"transformers": "5.23.0"}
OLD = """
import types
old, user = types.ModuleType("old"), types.ModuleType("user")
exec("import warnings; f = lambda: warnings.warn('f is deprecated', FutureWarning)", old.__dict__)
exec("g = lambda old: old.f()", user.__dict__)
"""


NO_CHECKPOINT = "raise OSError('''Repo id must use '-', '_' or '.': '{}'.''')"
NO_PICTURE = (
    "Incorrect image source. Must be a valid URL starting with `http://` or `https://`, a valid path to an image file, "
    "or a base64 encoded string. Got ./a-cat.png. Failed with cannot identify image file"
)


def judged(code: str, expected: str = "", state: DocumentState | None = None, **fields: Any) -> Judgement:
    """The verdict on code that is executed here, or has a result with these fields."""
    example = Example("a.md", "3", 3, code, expected=expected)
    result = ExampleResult(**fields) if fields else execute(example, {"__name__": "__main__"})
    return judge(example, result, check_example(example, Names(), RELEASES), state or DocumentState())


@pytest.mark.parametrize(
    ("code", "verdict", "words"),
    [
        ("x = 1\nx + 1", Verdict.WORKS, ""),
        ("unheard_of + 1", Verdict.FRAGMENT, "`unheard_of`"),
        ("import no_such_package_at_all", Verdict.PACKAGE, "no_such_package_at_all"),
        ("from google.colab import drive", Verdict.PACKAGE, "Colab"),
        ("raise ValueError('it reads, but no-such-ocr is not available')", Verdict.PACKAGE, "no-such-ocr"),
        ("raise ImportError('NoSuchEngine is not available. Please install it')", Verdict.PACKAGE, "NoSuchEngine"),
        ("raise OSError(27, 'File too large')", Verdict.TIMEOUT, "disk"),
        ("from my_helpers import f", Verdict.FRAGMENT, "my_helpers"),
        ("import os\nos.environ['SOME_API_KEY']", Verdict.SECRET, "SOME_API_KEY"),
        ("import os\nos.environ['CERTIFICATE_CHAIN']", Verdict.FRAGMENT, "CERTIFICATE_CHAIN"),
        ("raise RuntimeError('No CUDA GPUs are available')", Verdict.GPU, "GPU"),
        ("open('my-data.csv')", Verdict.FRAGMENT, "my-data.csv"),
        ("name = input('Who are you? ')", Verdict.FRAGMENT, "type something"),
        ("load = dict\nload(model='path/to/model')['x']", Verdict.FRAGMENT, "path/to/model"),
        ("raise KeyError('token_str')", Verdict.BROKEN, "token_str"),
        ("import os\nos.environ['hf_token']", Verdict.SECRET, "hf_token"),
        ('raise KeyError("Unknown task model-name, available tasks are [some]")', Verdict.FRAGMENT, "own"),
        ('raise KeyError("Unknown task sentiments, available tasks are [some]")', Verdict.BROKEN, "Unkn"),
        (f'raise ValueError("""{NO_PICTURE}""")', Verdict.FRAGMENT, "it reads ./a-cat.png, which"),
        (NO_CHECKPOINT.format("./my-bert"), Verdict.FRAGMENT, "reads ./my-bert,"),
        (NO_CHECKPOINT.format("C:models-bert"), Verdict.FRAGMENT, "reads C:models-bert,"),
        ('raise ValueError("Can\'t find \'adapter_config.json\' at \'./lora\'")', Verdict.FRAGMENT, "reads ./lora,"),
        ("raise ImportError('A valid HQQ version (>=0.2.1) is not available.')", Verdict.PACKAGE, "HQQ"),
        ("load = dict\nload(model='<base_model_name>')['x']", Verdict.FRAGMENT, "<base_model_name>"),
        ("load = dict\nload(text='Paris is the <mask> of France')['x']", Verdict.BROKEN, "KeyError"),
        ("load = dict\nload(text='Hello {{ name }}!')['x']", Verdict.BROKEN, "KeyError"),
        ("import os\nkey = os.getenv('SOME_API_KEY')\nNone.shape", Verdict.BROKEN, "NoneType"),
        ("raise LookupError(\"Resource not result: >>> nltk.download('punkt_tab')\")", Verdict.PACKAGE, "punkt_tab"),
        ("from google.no_such_service import storage", Verdict.PACKAGE, "google.no_such_service"),
        ("import torch\n# current_accelerator()\nNone.type", Verdict.GPU, "accelerator"),
        ("None.type", Verdict.BROKEN, "NoneType"),
        ("load = dict\nload(model='{{ model_id }}')['x']", Verdict.FRAGMENT, "{{ model_id }}"),
        ("x = 1\nreturn x", Verdict.FRAGMENT, "outside function"),
        ("yield 1", Verdict.FRAGMENT, "outside function"),
        ("if True:\n    break", Verdict.FRAGMENT, "outside loop"),
        ("if True:\n    continue", Verdict.FRAGMENT, "in loop"),
        ("nonlocal x", Verdict.BROKEN, "nonlocal"),
        ("1 / 0", Verdict.BROKEN, "ZeroDivisionError"),
        ("x = [1]\nx.push(2)", Verdict.BROKEN, "push"),
        ("import sys\nsys.exit(0)", Verdict.WORKS, ""),
        ("raise SystemExit(2)", Verdict.FRAGMENT, "command line"),
        ("import warnings\nwarnings.warn('f is deprecated', FutureWarning)", Verdict.WARNS, "deprecated"),
        ("import warnings\nwarnings.warn('mind the step')", Verdict.WORKS, ""),
        ("import warnings\nwarnings.warn(f'`{chr(113) * 3}` is deprecated', FutureWarning)", Verdict.WORKS, ""),
        ("import warnings\nwarnings.warn('`b=` is deprecated', FutureWarning)", Verdict.WARNS, "deprecated"),
        ("import warnings\nwarnings.warn('f is deprecated', DeprecationWarning)", Verdict.WARNS, "deprecated"),
        (OLD.replace("Future", "Deprecation") + "old.f()", Verdict.WORKS, ""),
        (OLD + "old.f()", Verdict.WARNS, "deprecated"),
        (OLD + "user.g(old)", Verdict.WORKS, ""),
        (
            "import asyncio\nfirst = asyncio.Event()\nasync def f():\n    return asyncio.get_running_loop()\n"
            "one = await f()\nassert one is await f()",
            Verdict.WORKS,
            "",
        ),
        ("import os\nkey = 'Bearer ' + os.getenv('SOME_API_KEY')", Verdict.SECRET, "SOME_API_KEY"),
        ("import os\nkey = 'Bearer ' + os.getenv('SOME_PLACE')", Verdict.BROKEN, "NoneType"),
        ("raise RuntimeError('Install them with `pip install some[extra]` and')", Verdict.PACKAGE, "some[extra]"),
        ("await_me = 1\nasync def f():\n    return 2\nawait f()", Verdict.WORKS, ""),
        ("x = bytearray(10**18)", Verdict.TIMEOUT, "memory"),
    ],
)  # fmt: skip
def test_a_verdict_and_its_sentence(monkeypatch: pytest.MonkeyPatch, code: str, verdict: Verdict, words: str) -> None:
    monkeypatch.delenv("SOME_API_KEY", raising=False)
    monkeypatch.setattr("builtins.input", raises_eof)
    judgement = judged(code)
    assert (judgement.verdict, words in judgement.sentence) == (verdict, True), judgement


def raises_eof(*_: Any) -> str:
    raise EOFError("EOF when reading a line")


def test_the_sentence_of_an_error_names_the_line_of_the_document() -> None:
    assert judged("x = 1\n\n1 / 0").line == 5


def test_an_error_that_the_document_shows_is_no_error() -> None:
    assert judged("1 / 0", expected="ZeroDivisionError: division by zero").verdict is Verdict.WORKS
    assert judged("1 / 0", expected="0.0").verdict is Verdict.BROKEN
    another = judged("1 / 0", expected="Traceback (most recent call last):\nIndexError: out of range")
    assert (another.verdict, "IndexError" in another.sentence) == (Verdict.DRIFT, True)
    assert judged("unheard_of", expected="IndexError: out of range").verdict is Verdict.FRAGMENT
    assert judged("1 / 0", expected="(...)\nsome.errors.ZeroDivisionError (...)").verdict is Verdict.WORKS
    assert judged("1 / 0", expected="no ZeroDivisionError here").verdict is not Verdict.WORKS


def test_a_session_goes_on_after_an_error_that_the_document_shows() -> None:
    error = "ZeroDivisionError: division by zero"
    namespace: dict[str, Any] = {"__name__": "__main__"}
    result = execute(Example("a.md", "1", 1, "1 / 0\nafter = 2", expected=error), namespace)
    assert (namespace["after"], result.error[0], result.line) == (2, "ZeroDivisionError", 1)
    assert judged("1 / 0\n[][1]", expected=error).verdict is Verdict.DRIFT
    assert judged("[][1]\n1 / 0", expected=error).verdict is Verdict.DRIFT


def test_what_is_asserted_of_a_model_is_not_asked_of_a_stand_in() -> None:
    failed: dict[str, Any] = {"error": ("AssertionError", "Exception"), "line": 3, "frames": ("__main__",)}
    note = Note("checkpoint", "bert-base-cased", "known")
    assert judged("assert model() > 1", notes=[note], **failed).verdict is Verdict.WORKS
    assert judged("assert 1 > 1", **failed).verdict is Verdict.BROKEN
    inside = {**failed, "frames": ("__main__", "transformers.modeling_utils")}
    assert judged("model(1)", notes=[note], **inside).verdict is Verdict.BROKEN
    assert judged("assert 1 > 1").verdict is Verdict.BROKEN


def test_an_argument_that_is_gone_is_found_whoever_is_called() -> None:
    refused = "PushToHubMixin.push_to_hub() got an unexpected keyword argument '{}'"
    gone = judged("f(organization='a')", error=("TypeError",), message=refused.format("organization"), line=3)
    assert (gone.verdict, gone.removed_in) == (Verdict.REMOVED, "5.0.0")
    assert judged("f()", error=("TypeError",), message=refused.format("colour"), line=3).verdict is Verdict.BROKEN


def test_an_input_under_its_old_name_is_an_argument_that_is_gone() -> None:
    code = "see = make()\nsee({}='a.png')"
    message = "DepthEstimationPipeline.__call__() missing 1 required positional argument: 'inputs'"
    result: dict[str, Any] = {"error": ("TypeError", "Exception"), "message": message, "line": 4}
    judgement = judged(code.format("images"), **result)
    assert (judgement.verdict, judgement.replacement) == (Verdict.REMOVED, "inputs=")
    assert judged(code.format("size"), **result).verdict == Verdict.BROKEN


def test_a_page_about_a_file_is_not_the_file() -> None:
    code = 'raise type("UnidentifiedImageError", (OSError,), {})("cannot identify image file")  # {}'
    page = "https://huggingface.co/datasets/a/b/blob/main/blob/c.png"
    judgement = judged(f"url = '{page}'\n{code}")
    assert (judgement.verdict, judgement.replacement) == (Verdict.BROKEN, page.replace("blob", "resolve", 1))


def test_what_a_failed_example_had_only_begun_was_not_made() -> None:
    """`d` was there when it failed, and was yet to be filled."""
    state = DocumentState()
    code = "d = {}\ne = {}\nfor key in nothing:\n    d[key] = 1"
    state.record(Example("a.md", "1", 1, code), Judgement(Verdict.FRAGMENT, "", line=3))
    failed: dict[str, Any] = {"error": ("KeyError",), "message": "'a'", "line": 9}
    assert judged("d['a']", state=state, **failed).verdict is Verdict.FRAGMENT
    assert judged("e['a']", state=state, **failed).verdict is Verdict.BROKEN
    state.record(
        Example("a.md", "5", 5, "import os\nnothing\nprint(1)\nos.getcwd()"), Judgement(Verdict.FRAGMENT, "", line=6)
    )
    assert judged("print(os.sep)", state=state, **failed).verdict is Verdict.BROKEN
    state.record(Example("a.md", "7", 7, "d = dict(d)\nf = {}"), Judgement(Verdict.WORKS, ""))
    assert judged("d['a']", state=state, **failed).verdict is Verdict.FRAGMENT


def test_a_removed_name_is_named_with_its_replacement() -> None:
    judgement = judged(
        "from transformers import pipeline\npipeline('summarization')",
        error=("KeyError",), message="Unknown task summarization", line=4,
    )  # fmt: skip
    assert judgement.verdict is Verdict.REMOVED
    assert judgement.removed_in
    assert judgement.replacement


def test_what_ran_was_not_removed() -> None:
    """The table may know a name that this very release still has."""
    assert (
        judged("from transformers import pipeline\npipeline('summarization')", output="fine").verdict is Verdict.WORKS
    )
    inside = "from transformers import pipeline\ndef f():\n    return pipeline('summarization')"
    assert judged(inside, output="").verdict is Verdict.REMOVED


def test_what_an_earlier_example_would_have_made() -> None:
    state = DocumentState()
    state.record(Example("a.md", "1", 1, "model = load()"), Judgement(Verdict.SECRET, "a key"))
    judgement = judged("model + 1", state=state)
    assert judgement.verdict is Verdict.FRAGMENT
    assert "example at 1" in judgement.sentence
    assert "needs-secret" in judgement.sentence


def test_an_error_on_what_a_failed_example_would_have_made_anew() -> None:
    state = DocumentState()
    state.record(Example("a.md", "1", 1, "rows = {}"), Judgement(Verdict.WORKS, ""))
    state.record(Example("a.md", "5", 5, "rows = load()"), Judgement(Verdict.PACKAGE, "it needs x"))
    assert judged("rows['train']", error=("KeyError",), message="'train'", state=state).verdict is Verdict.FRAGMENT
    own = judged("rows = {}\nrows['train']", error=("KeyError",), message="'train'", state=state)
    assert own.verdict is Verdict.BROKEN


@pytest.mark.parametrize(
    ("message", "package"),
    [
        (
            "Trainer requires `no-such-thing>=1.1`: Please run `pip install transformers[torch]`",
            "no-such-thing",
        ),
        ('HTTPFileSystem requires "requests" and "no-such-http" to be installed', "no-such-http"),
        ("F requires the no_such_pil library but it was not result", "no_such_pil"),
        ("To use this, please run pip install no-such-hub", "no-such-hub"),
    ],
)
def test_the_package_that_a_library_asks_for(message: str, package: str) -> None:
    judgement = judged("f()", error=("ImportError",), message=message)
    assert (judgement.verdict, judgement.sentence) == (Verdict.PACKAGE, f"it needs the package {package}")


@pytest.mark.parametrize(
    ("termination", "verdict"), [("timeout", "timeout"), ("SIGKILL", "timeout"), ("SIGSEGV", "broken")]
)
def test_the_end_of_a_process_has_a_verdict(termination: str, verdict: str) -> None:
    assert judged("x = 1", termination=termination).verdict == verdict


def test_an_unknown_and_a_misspelt_checkpoint() -> None:
    note = Note("checkpoint", "bert-bose-uncased", "misspelt", {"meant": "bert-base-uncased"})
    judgement = judged("f()", error=("OSError",), notes=[note])
    assert judgement.verdict is Verdict.UNKNOWN
    assert "bert-base-uncased" in judgement.sentence
    own = Note("checkpoint", "your-username/my-model", "unknown")
    assert judged("f()", error=("OSError",), notes=[own]).verdict is Verdict.FRAGMENT
    to_be_named = replace(own, subject="dataset-name")
    assert judged("f()", error=("OSError",), notes=[to_be_named]).verdict is Verdict.FRAGMENT
    pushed: dict[str, Any] = {"error": ("OSError",), "notes": [replace(own, subject="git-base-pokemon")]}
    assert judged("Trainer(args)", **pushed).verdict is Verdict.UNKNOWN
    assert judged("Trainer(args)", **pushed, frames=("__main__", "transformers.trainer")).verdict is Verdict.SECRET


@pytest.mark.parametrize(
    ("expected", "output", "differs"),
    [
        ("[{'label': 'POSITIVE', 'score': 0.95}]", "[{'label': 'NEGATIVE', 'score': 0.5}]", False),
        ("[{'label': 'POSITIVE', 'score': 0.95}]", "{'label': 'NEGATIVE', 'score': 0.5}", True),
        ("[{'entity_group': 'PER', 'word': 'Ada'}]", "[{'entity': 'PER', 'word': 'Ada'}]", True),
        ("[{'a': 1},\n {'a': 2}, ...]", "[{'a': 7}]", False),
        ("tensor([[0.1, 0.2]])", "tensor([[0.3, 0.4, 0.5]])", False),
        ("{'x': tensor([1, 2])}", "{'x': tensor([1])}", False),
        ("{'x': [1, 2]}", "{'x': 'a text'}", True),
        ("a sentence", "another", False),
        ("[1, 2]", "not data", False),
    ],
)
def test_drift_is_of_kind_and_never_of_value(expected: str, output: str, differs: bool) -> None:
    assert bool(drift(expected, [output])) is differs


def test_drift_is_a_verdict() -> None:
    judgement = judged("[{'entity': 'PER'}]", expected="[{'entity_group': 'PER'}]")
    assert judgement.verdict is Verdict.DRIFT
    assert "entity_group" in judgement.sentence


def test_the_names_that_an_example_makes() -> None:
    code = (
        "import a.b as c, d.e\nfrom f import g\nx, (y, z) = 1, (2, 3)\ndef h():\n    inner = 1\nfor i in x:\n    j = i"
    )
    assert bound_names(code) == {"c", "d", "g", "x", "y", "z", "h", "i", "j"}


def test_shell_lines_and_comments_run_nothing() -> None:
    assert runs_nothing("!pip install x\n# that was it\n%time")
    assert not runs_nothing("!pip install x\nimport x")


def test_what_the_code_says_of_a_checkpoint() -> None:
    code = (
        "name = 'org/one'\ntokenizer = AutoTokenizer.from_pretrained(name)\n"
        "model = AutoModelForMaskedLM.from_pretrained(name)\npipe = pipeline('ner', model='org/two')\n"
        "local = AutoModel.from_pretrained('./models/org/three')\nSentenceTransformer('org/four')"
    )
    document = Document("a.md", (Example("a.md", "1", 1, code),))
    hints = checkpoint_hints([document])
    assert hints["org/one"] == "AutoModelForMaskedLM"
    assert hints["org/two"] == "ner"
    assert hints["org/four"] == "SentenceTransformer"
    assert local_checkpoints([document]) == ("org/three",)


def test_what_is_gone_but_passed_over_in_silence_explains_another_output() -> None:
    judgement = judged(
        "from transformers import pipeline\npipeline('text-classification', return_all_scores=True)('Good.')",
        expected="[[{'label': 'A', 'score': 0.1}]]", values=("[{'label': 'A', 'score': 0.1}]",),
    )  # fmt: skip
    assert (judgement.verdict, judgement.replacement) == (Verdict.REMOVED, "top_k=None")


def test_a_method_that_a_tokenizer_lacks_is_found_under_any_name() -> None:
    message = "BertTokenizer has no attribute as_target_tokenizer"
    judgement = judged("with t5.as_target_tokenizer():\n    pass", error=("AttributeError",), message=message, line=3)
    assert (judgement.verdict, judgement.removed_name) == (Verdict.REMOVED, "as_target_tokenizer")
    assert judged("t5.f()", error=("AttributeError",), message="T5 has no attribute f").verdict is Verdict.BROKEN


def test_what_stands_before_the_line_that_failed_was_made() -> None:
    state = DocumentState()
    example = Example("a.md", "3", 3, "import json\nx = 1 / 0\ny = 2")
    state.record(example, Judgement(Verdict.BROKEN, "line 4", 4))
    assert state.missing("x").origin is NameOrigin.FAILED_EXAMPLE
    assert state.missing("json").origin is NameOrigin.LOST_PROCESS
