"""Translation between several languages by one model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from suite.core.errors import InvalidInput
from suite.task import Checkpoint, HubDataset, Sample
from suite.task.translation import TranslationTask

from ..worlds import multilingual

KEYS = ("text", "source", "target")


class MultilingualTranslation(TranslationTask):
    """Translate between any two of a model's languages. Documented with pipeline(src_lang=..., tgt_lang=...) on NLLB.

    An input is {"text": ..., "source": ..., "target": ...} with languages as the checkpoint's tokenizer calls them.
    """

    name = "multilingual-translation"
    checkpoints = (
        Checkpoint(
            id="facebook/nllb-200-distilled-600M",
            revision="f8d333a098d19b4fd9a8b18f94170487ad3f821d",
            architecture="M2M100ForConditionalGeneration",
            miniature="multilingual-translation",
            config="nllb-200-distilled-600M.json",
        ),
    )
    dataset = HubDataset(
        "Helsinki-NLP/opus-100",
        revision="805090dc28bf78897da9641cdf08b61287580df9",
        split="test",
        name="en-es",
        files="en-es/test-*.parquet",
    )

    def samples(self) -> Sequence[Sample]:
        samples = []
        for index, pair in enumerate(multilingual.pairs("test")):
            source, target = pair.kind.split("-")
            samples.append(
                Sample(f"{pair.kind}-{index}", {"text": pair.text, "source": source, "target": target}, pair.truth)
            )
        return samples

    def from_hub(self, row: Mapping[str, Any]) -> Sample | None:
        pair = row["translation"]
        return Sample("", {"text": pair["en"], "source": "eng_Latn", "target": "spa_Latn"}, pair["es"])

    def misfit_of_processor(self, processor: Any, config: Any, own_samples: bool) -> str | None:
        languages = sorted(
            {code for sample in self.samples() for code in (sample.input["source"], sample.input["target"])}
        )
        unknown = [code for code in languages if _language(processor, code) is None]
        if own_samples or not unknown:
            return None
        return (
            f"the tokenizer has no token for {', '.join(unknown)}, so the checkpoint is not one for these languages: "
            "pass samples in its own with --samples"
        )

    def texts(self, value: Any) -> Sequence[str]:
        return (value["text"],)

    def size_of(self, value: Any) -> int:
        return len(value["text"])

    def describe(self, value: Any) -> str:
        return f"{value['source']} to {value['target']}: {value['text']}"

    def check_input(self, value: Any, processor: Any, config: Any) -> None:
        missing = [key for key in KEYS if not isinstance(value, Mapping) or key not in value]
        if missing:
            raise InvalidInput(
                f"{self.name} takes a mapping with {', '.join(KEYS)}, and {', '.join(missing)} is not in this "
                f"{type(value).__name__}."
            )
        for language in (value["source"], value["target"]):
            if not isinstance(language, str) or _language(processor, language) is None:
                raise InvalidInput(
                    f"{self.name} was given the language {language!r}, which this checkpoint does not know: use one of "
                    "its own codes, like eng_Latn."
                )
        super().check_input(value, processor, config)

    def bad_inputs(self, processor: Any, config: Any) -> Mapping[str, Any]:
        languages = {"source": "eng_Latn", "target": "fra_Latn"}
        bad: dict[str, Any] = {
            what: {"text": text, **languages} for what, text in super().bad_inputs(processor, config).items()
        }
        good = {"text": "The king sees the queen.", **languages}
        unknown, without = {**good, "target": "xxx_Xxxx"}, {"text": good["text"]}
        return {**bad, "language-less": without, "unknown-language": unknown, "unwrapped": good["text"]}

    def encode(self, processor: Any, inputs: Sequence[Any]) -> dict[str, Any]:
        """Each text between its language and the end, and the first two tokens of its translation.

        The language to generate is the row's own, so it is no option of `generate()`: the decoder is given it, after
        the end token that this family of models starts from.
        """
        import torch

        rows, starts = [], []
        for value in inputs:
            tokens = processor(value["text"], add_special_tokens=False)["input_ids"]
            rows.append([_language(processor, value["source"]), *tokens, processor.eos_token_id])
            starts.append([processor.eos_token_id, _language(processor, value["target"])])
        batch = dict(processor.pad({"input_ids": rows}, padding=True, return_tensors="pt"))
        return {**batch, "decoder_input_ids": torch.tensor(starts)}


def _language(processor: Any, code: str) -> int | None:
    """The token of a language; `None` where the tokenizer has none for that code."""
    token = processor.convert_tokens_to_ids(code)
    return None if token is None or token == processor.unk_token_id else int(token)
