"""What the check without a run says, and what it leaves unsaid."""

from __future__ import annotations

import pytest

from suite.examples.document import Document, Example
from suite.examples.lifecycle import removals
from suite.examples.static import check_document


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
    ("import google.generativeai as genai", "google.generativeai"),
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
]


@pytest.mark.parametrize("code", WORKING)
def test_what_works_is_left_in_peace(code: str) -> None:
    assert verdicts(code) == []


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


def test_the_line_is_that_of_the_document() -> None:
    code = '\nfrom transformers import pipeline\n\npipeline("summarization")'
    (found,) = check_document(Document("a.md", (Example("a.md", "7", 7, code),)))
    assert found.line == 10
    assert "transformers 5.0.0" in found.sentence
    assert found.replacement in found.sentence


def test_every_line_of_the_table_can_match_something() -> None:
    for removal in removals():
        assert removal.kind in {"task", "default", "name", "argument", "method", "package", "url"}
        assert removal.replacement
        assert (removal.kind == "argument") == bool(removal.argument)
        assert bool(removal.last_seen) == bool(removal.first_gone)
