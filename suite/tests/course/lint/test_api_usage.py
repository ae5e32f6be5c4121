"""What the check without a run says, and what it leaves unsaid."""

from __future__ import annotations

import pytest

from suite.course.documents.model import Document, Example
from suite.course.lifecycle.probes import probe_of, probes
from suite.course.lifecycle.table import Removal, removals
from suite.course.lint.api_usage import check_document


def verdicts(*codes: str, kind: str = "block", **releases: str) -> list[tuple[str, str]]:
    examples = tuple(Example("a.md", str(n), 10 * n, code, kind=kind) for n, code in enumerate(codes, 1))  # type: ignore[arg-type]
    return [(found.verdict, found.removed_name) for found in check_document(Document("a.md", examples), releases)]


GONE = [
    ('from transformers import pipeline\npipeline("summarization")', "summarization"),
    ('import transformers as t\nt.pipeline(task="translation_en_to_fr", model="t5-base")', "translation_en_to_fr"),
    ("from transformers import TFAutoModelForSequenceClassification", "TFAutoModelForSequenceClassification"),
    ("import transformers\ntransformers.AdamW(x)", "AdamW"),
    ('from transformers import TrainingArguments as A\nA("out", logging_dir="x")', "TrainingArguments(logging_dir=)"),
    (
        "from transformers import Seq2SeqTrainingArguments\nSeq2SeqTrainingArguments(evaluation_strategy='no')",
        "Seq2SeqTrainingArguments(evaluation_strategy=)",
    ),
    (
        "from transformers import AutoModel\nAutoModel.from_pretrained('x', use_auth_token=True)",
        "from_pretrained(use_auth_token=)",
    ),
    ("tokenizer.encode_plus('x')", "encode_plus"),
    (
        'import requests\nrequests.post(f"https://api-inference.huggingface.co/models/{m}")',
        "https://api-inference.huggingface.co/models/",
    ),
    ("import openai\nopenai.ChatCompletion.create(model='x')", "ChatCompletion"),
    ("from datasets import load_metric", "load_metric"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "name"), GONE)
def test_what_is_gone_is_named(code: str, name: str) -> None:
    assert verdicts(code) == [("removed-api", name)]


WORKING = [
    'from transformers import pipeline\npipeline("sentiment-analysis")("summarization")',
    'def pipeline(task): ...\npipeline("summarization")',
    'from mine import pipeline\npipeline("summarization")',
    'from sklearn.pipeline import Pipeline\nPipeline(steps=[("summarization", x)])',
    "from torch.optim import AdamW\nAdamW(p)",
    "from mine import Trainer\nTrainer(tokenizer=t)",
    "parser.encode_plus('x')",
    'from transformers import pipeline\npipeline("text-generation", model="gpt2")',
    'from transformers import pipeline\npipeline("text-generation", **options)',
    "from openai import OpenAI\nOpenAI().chat.completions.create(model='x')",
    "print('https://example.org/https://api-inference.huggingface.co/models/')",
    "from google import genai",
    'def summarization(text): ...\nsummarization("x")',
    'from transformers import pipeline\n# pipeline("summarization") is gone\nprint("pipeline(\'summarization\')")',
    'from transformers import pipeline\nfrom kfp.dsl import pipeline\n@pipeline(name="summarization")\ndef f(): ...',
    'from sklearn.pipeline import make_pipeline as pipeline\npipeline("summarization")',
    'from transformers import pipeline\npipeline = Pipeline()\npipeline("summarization")',
    "from transformers import AutoModel\nfrom torch.optim import AdamW\nimport torch\ntorch.optim.AdamW(AutoModel.p)",
    "AdamW = 1\nprint(AdamW)",
    "from transformers import get_scheduler\nfrom mine import TFModel, TextDataset",
    'from mine import TrainingArguments\nTrainingArguments(logging_dir="x", evaluation_strategy="no")',
    'from torch.utils.tensorboard import SummaryWriter\nSummaryWriter(logging_dir="x")',
    'from transformers import AutoTokenizer\nAutoTokenizer.from_pretrained("x", use_auth_token=True)',
    'from transformers import AutoConfig\nAutoConfig.from_pretrained("x", use_auth_token=True)',
    'from diffusers import UNet2DModel\nUNet2DModel.from_pretrained("x", use_auth_token=True)',
    "from transformers import BitsAndBytesConfig\nBitsAndBytesConfig(load_in_8bit=True)",
    "from transformers import BertTokenizerFast, Wav2Vec2FeatureExtractor, AutoFeatureExtractor",
    "from transformers import default_data_collator, Adafactor, PretrainedConfig",
    'from transformers import pipeline\npipeline("image-text-to-text")\npipeline("ner")',
    "from openai.types import Completion, Image, Model, Moderation\nfrom openai.types.chat import ChatCompletion",
    "from openai import OpenAI\nopenai = OpenAI()\nopenai.Image",
    "import tiktoken\ntokenizer = tiktoken.get_encoding('x')\ntokenizer.encode_plus('x')",
    "class Tokenizer: ...\ntokenizer = Tokenizer()\ntokenizer.encode_plus('x')",
    "import transformers\ntokenizer = transformers.TapasTokenizer('x')\ntokenizer.encode_plus('x')",
    "import wandb\nwandb.login(new_session=True)",
    "from datasets import load_dataset\nload_dataset('imdb', token=True)",
    "import google.generativeai_of_mine",
]


@pytest.mark.parametrize("code", WORKING)
def test_what_works_is_left_in_peace(code: str) -> None:
    assert verdicts(code) == []


TRIED = [removal for removal in removals() if probe_of(removal)]


@pytest.mark.parametrize("removal", TRIED, ids=lambda removal: removal.key)
def test_every_line_is_found_as_documents_write_it(removal: Removal) -> None:
    """And on `last_seen` it is left in peace, which shows that it is this line that found it."""
    probe = probe_of(removal)
    assert probe is not None
    code = f"{probe.prelude}\n{probe.example}"
    found = check_document(Document("a.md", (Example("a.md", "1", 1, code),)))
    (one,) = {(f.verdict, f.replacement) for f in found if removal.argument in f.removed_name}
    verdicts = {"default": "changed-default"}
    assert one[0] == ("works-with-warning" if removal.deprecated_in else verdicts.get(removal.kind, "removed-api"))
    assert one[1] == removal.replacement
    if removal.last_seen:
        releases = {removal.library: removal.last_seen}
        assert check_document(Document("a.md", (Example("a.md", "1", 1, code),)), releases) == []


@pytest.mark.parametrize("removal", TRIED, ids=lambda removal: removal.key)
def test_no_replacement_is_reported(removal: Removal) -> None:
    probe = probe_of(removal)
    assert probe is not None
    assert verdicts(f"{probe.prelude}\n{probe.replacement}") == []


def test_the_table_and_its_probes_belong_together() -> None:
    assert {removal.key for removal in TRIED} == set(probes())
    assert {removal.kind for removal in removals() if not probe_of(removal)} == {"url"}
    assert len({removal.key for removal in removals()}) == len(removals())


def test_what_is_only_deprecated_works_with_a_warning() -> None:
    assert verdicts("import google.generativeai as genai") == [("works-with-warning", "google.generativeai")]


def test_what_an_assigned_name_stands_for() -> None:
    code = "from huggingface_hub import HfApi\napi = HfApi()\napi.list_models(task='x')"
    assert verdicts(code) == [("removed-api", "list_models(task=)")]
    assert verdicts(f"{code.replace('HfApi()', 'mine()')}") == []
    again = 'from transformers import pipeline\npipeline = pipeline("summarization")'
    assert verdicts(again) == [("removed-api", "summarization")]


def test_imports_of_earlier_examples_hold() -> None:
    assert verdicts("from transformers import pipeline", 'p = pipeline("summarization")') == [
        ("removed-api", "summarization")
    ]
    assert verdicts('p = pipeline("summarization")') == []


def test_a_call_in_a_sentence_needs_no_import() -> None:
    assert verdicts('pipeline("summarization")', kind="inline") == [("removed-api", "summarization")]
    assert verdicts('pipeline("ner", grouped_entities=True)', kind="inline") == [
        ("removed-api", "pipeline(grouped_entities=)")
    ]


def test_a_pipeline_s_call_is_that_of_its_class() -> None:
    made = "from transformers import pipeline\n"
    for task, gone in (("image-classification", True), ("image-text-to-text", False)):
        code = f'{made}see = pipeline("{task}", model="a/b")\nsee(images="cat.png")'
        assert [verdict for verdict, _ in verdicts(code)] == ["removed-api"] * gone
    assert verdicts(f'{made}see = pipeline(images)\nsee(images="cat.png")') == []


def test_a_default_that_changed_is_no_removal() -> None:
    assert verdicts('from transformers import pipeline\npipeline("text-generation")') == [
        ("changed-default", "text-generation")
    ]


def test_only_what_the_release_lacks_is_reported() -> None:
    code = 'from transformers import pipeline\npipeline("summarization")'
    assert verdicts(code, transformers="4.57.6") == []
    assert verdicts(code, transformers="5.0.0") == [("removed-api", "summarization")]


def test_code_that_is_no_python_is_broken_and_an_omission_a_fragment() -> None:
    assert verdicts("x = = 1") == [("broken", "")]
    assert verdicts("model = Model(<your model>)") == [("fragment", "")]
    assert verdicts('model.load_adapter(<path-to-adapter>, adapter_name="a")') == [("fragment", "")]
    assert verdicts("client = OpenAI(api_key=<YOUR_API_KEY>)") == [("fragment", "")]
    assert verdicts('model("{{ example | default("it is fine") }}")') == [("fragment", "")]
    assert verdicts('# Bad\n"description": "get data"\n# Good\n"description": "fetch"') == [("fragment", "")]
    assert verdicts('if __name__ == "__main__":  # a script') == [("fragment", "")]
    assert verdicts("class Model(Module):\n    def forward(self):\n        # to be written\n") == [("fragment", "")]
    assert verdicts("Tokenizer\n-> Model\n") == [("fragment", "")]
    assert verdicts("# requirements.txt\ntransformers>=4.30.0\n") == [("fragment", "")]
    assert verdicts("DatasetDict({\n    train: Dataset({\n        num_rows: 3\n    })\n    test: None\n})") == [
        ("fragment", "")
    ]
    assert verdicts("ValueError: Target is multiclass but average='binary'.") == [("fragment", "")]
    assert verdicts("Traceback (most recent call last):\n  File 'a.py'\nKeyError: 'a'") == [("fragment", "")]
    assert verdicts("def ask(text):\nreturn text") == [("broken", "")]
    assert verdicts("pytest -s tests/test_llm.py") == [("fragment", "")]
    assert verdicts('unmasker("Paris is <mask>" x)') == [("broken", "")]
    assert verdicts('page = "<title>"\nx = = 1') == [("broken", "")]


def test_the_line_is_that_of_the_document() -> None:
    code = '\nfrom transformers import pipeline\n\npipeline("summarization")'
    (found,) = check_document(Document("a.md", (Example("a.md", "7", 7, code),)))
    assert found.line == 10
    assert "transformers 5.0.0" in found.sentence
    assert found.replacement in found.sentence


def test_the_sentence_says_what_to_do_or_that_nothing_is_needed() -> None:
    def sentence(code: str) -> str:
        (found,) = check_document(Document("a.md", (Example("a.md", "1", 1, code),)))
        return found.sentence

    made = "from transformers import AutoModel, TrainingArguments\n"
    assert sentence(f'{made}tokenizer.encode_plus("a")').endswith("5.0.0: use tokenizer(...)")
    assert sentence(f"{made}TrainingArguments(past_index=1)").endswith("5.0.0: leave it out")
    assert sentence(f'{made}AutoModel.from_pretrained("a", resume_download=True)').endswith(
        "leave it out (downloads always resume)"
    )


def test_every_line_of_the_table_is_whole() -> None:
    kinds = {"task", "default", "name", "member", "argument", "value", "method", "package", "url"}
    for removal in removals():
        assert removal.kind in kinds
        assert removal.replacement
        assert (removal.kind == "argument") == bool(removal.argument)
        assert bool(removal.last_seen) == bool(removal.first_gone) == bool(removal.error)
        assert not (removal.deprecated_in and removal.first_gone)
