"""A tasks folder of one capability on a tiny checkpoint, for tests that run pytest inside pytest.

The truths are what the checkpoint itself answers, so that it is right by construction and anything that changes its
outputs shows.
"""

from __future__ import annotations

import json
from pathlib import Path

from suite.task.discovery import tasks_root

WORDS = [
    "red",
    "green",
    "blue",
    "large",
    "small",
    "round",
    "square",
    "bright",
    "dark",
    "heavy",
    "light",
    "soft",
    "hard",
    "old",
    "new",
    "warm",
    "cold",
    "calm",
    "loud",
    "shy",
]
CAPABILITY = "colour-naming"
CHECKPOINT = "tiny-distilbert"

TASK = '''
"""Tell whether a row of words is one or the other."""

import json
from pathlib import Path

from suite.task import Checkpoint, Sample
from suite.task.text import LabelTask

HERE = Path(__file__).parent


class ColourNaming(LabelTask):
    """Tell whether a row of words is one or the other."""

    name = "colour-naming"
    auto_class = "AutoModelForSequenceClassification"
    metric = "accuracy"
    labels = ("ONE", "OTHER")
    checkpoints = [
        Checkpoint("nobody/tiny-distilbert", "0" * 40, "DistilBertForSequenceClassification", miniature="tiny",
                   config="tiny.json")
    ]

    def samples(self):
        rows = json.loads((HERE.parent / "samples.json").read_text())
        return [Sample(str(i), text, truth) for i, (text, truth) in enumerate(rows)]

    def decode(self, outputs, batch, processor, config):
        return [self.label(int(i), config) for i in outputs["logits"].argmax(-1)]

    def numbers(self, outputs, batch):
        return [row[None].float().cpu().numpy() for row in outputs["logits"]]

    def accuracy(self, answers, truths):
        return sum(a == t for a, t in zip(answers, truths)) / len(truths)

    def chance(self, truths):
        return max(truths.count(label) for label in self.labels) / len(truths)
'''


def make_tasks(root: Path) -> Path:
    """Write the folder: the task, its checkpoint, its samples, and the test modules of the real one."""
    (root / "text").mkdir(parents=True)
    (root / "text" / "colour_naming.py").write_text(TASK)
    for module in tasks_root().glob("test_*.py"):
        (root / module.name).write_text(module.read_text())
    directory = root / "miniatures" / "shipped" / "tiny"
    texts = _texts()
    labels = make_checkpoint(directory, texts)
    (root / "samples.json").write_text(json.dumps(list(zip(texts, labels, strict=True))))
    (root / "configs").mkdir()
    (root / "configs" / "tiny.json").write_text((directory / "config.json").read_text())
    return root


def _texts() -> list[str]:
    count = len(WORDS)
    return [" ".join(WORDS[(i * step + i // 7) % count] for step in range(1, 2 + i % 5)) for i in range(120)]


def make_checkpoint(directory: Path, texts: list[str], seed: int = 0) -> list[str]:
    """Save a random DistilBERT whose two labels are balanced over `texts`, and return what it answers to them."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import DistilBertConfig, DistilBertForSequenceClassification, PreTrainedTokenizerFast

    vocabulary = {token: i for i, token in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "again", *WORDS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]",
        model_input_names=["input_ids", "attention_mask"], model_max_length=32,
    )  # fmt: skip
    torch.manual_seed(seed)
    config = DistilBertConfig(
        vocab_size=len(vocabulary), dim=32, hidden_dim=64, n_layers=1, n_heads=2, max_position_embeddings=32,
        id2label={0: "ONE", 1: "OTHER"}, label2id={"ONE": 0, "OTHER": 1}, initializer_range=0.5,
    )  # fmt: skip
    model = DistilBertForSequenceClassification(config).eval()
    with torch.no_grad():
        logits = model(**fast(texts, padding=True, return_tensors="pt")).logits
        margin = (logits[:, 0] - logits[:, 1]).sort().values
        gaps = margin[1:] - margin[:-1]
        middle = len(texts) // 4 + int(gaps[len(texts) // 4 : -len(texts) // 4].argmax())
        model.classifier.bias[1] += (margin[middle] + margin[middle + 1]) / 2
        logits = model(**fast(texts, padding=True, return_tensors="pt")).logits
    model.save_pretrained(directory)
    fast.save_pretrained(directory)
    return [("ONE", "OTHER")[i] for i in logits.argmax(-1).tolist()]
