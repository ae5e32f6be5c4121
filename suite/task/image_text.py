"""The base classes of tasks on a picture with text: a prompt, a question, or captions to choose from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from suite.core.errors import InvalidInput
from suite.core.printable import first_line
from suite.task import Batch, Sample, families
from suite.task.declared import Declared
from suite.task.generation import Generated, generate
from suite.task.scores import commonest
from suite.task.text import longest_input
from suite.task.truths import check_texts
from suite.task.vision import ImageTask, read_image

if TYPE_CHECKING:
    from suite.core.runnable import Runnable


IN_CHATS = "AutoModelForImageTextToText"
"""What loads the models that are asked about a picture in a chat."""


class ImageTextTask(ImageTask):
    """A task whose input is `{"image": array, words: str or list of str}`."""

    modality = "multimodal"
    processor_class = "AutoProcessor"
    words: ClassVar[str]
    """The name of the text in an input: "question"."""
    several: ClassVar[bool] = False
    """Whether it is a list of two or more texts."""
    optional: ClassVar[bool] = False
    """Whether it may be empty."""

    def image_of(self, value: Any) -> Any:
        return value["image"] if isinstance(value, Mapping) else value

    def texts(self, value: Any) -> Sequence[str]:
        """The texts of an input."""
        return value[self.words] if self.several else (value[self.words],)

    def as_text(self, text: str) -> str:
        """A text as the model is given it; overridden where a label becomes a sentence."""
        return text

    def check_input(self, value: Any, processor: Any, config: Any) -> None:
        what = f"a list of {self.words}" if self.several else f"a {self.words}"
        if not isinstance(value, Mapping) or not {"image", self.words} <= set(value):
            raise InvalidInput(
                f'{self.name} takes an image with {what}: pass {{"image": ..., "{self.words}": ...}} with both.'
            )
        super().check_input(value, processor, config)
        texts = value[self.words]
        if self.several and (not isinstance(texts, list | tuple) or len(set(map(str, texts))) < max(2, len(texts))):
            raise InvalidInput(f"{self.name} takes a list of two or more different {self.words}: pass at least two.")
        limit = longest_input(processor.tokenizer, getattr(config, "text_config", config))
        for text in self.texts(value):
            self._check_text(text, processor.tokenizer, limit)

    def _check_text(self, text: Any, tokenizer: Any, limit: int | None) -> None:
        if not isinstance(text, str):
            raise InvalidInput(f"{self.name} takes its {self.words} as text, not {type(text).__name__}: pass a string.")
        if not text.strip() and not (self.optional and not text):
            raise InvalidInput(f"{self.name} was given an empty text among its {self.words}: pass at least one word.")
        length = len(tokenizer(self.as_text(text))["input_ids"])
        room = 0 if self.generation is None else int(self.generation["max_new_tokens"])
        if limit is not None and length + room > limit:
            raise InvalidInput(
                f"{self.name} was given a text of {length} tokens, but this checkpoint takes {limit - room}: "
                "shorten it."
            )

    def bad_inputs(self, processor: Any, config: Any) -> Mapping[str, Any]:
        image = np.zeros((32, 32, 3), np.uint8)

        def beside(text: Any) -> dict[str, Any]:
            return {"image": image, self.words: [text, "a cat"] if self.several else text}

        good = beside("a dog")
        bad: dict[str, Any] = {
            f"{what} image": {**good, "image": value} for what, value in super().bad_inputs(None, None).items()
        }
        bad |= {"image alone": image, "blank": beside(" \n"), "wrong-typed": beside(17)}
        if self.several:
            bad |= {"one text": {**good, self.words: ["a dog"]}, "no list": {**good, self.words: "a dog"}}
        elif not self.optional:
            bad["empty"] = beside("")
        limit = longest_input(processor.tokenizer, getattr(config, "text_config", config))
        if limit is not None:
            bad["over-long"] = beside("again " * (limit + 1))
        return bad

    def size_of(self, value: Any) -> int:
        """Words: pictures are brought to one size."""
        return sum(len(text.split()) for text in self.texts(value))

    def from_json(self, row: Mapping[str, Any], index: int, folder: Path) -> Sample:
        value = row["input"]
        parts = {"image": read_image(folder / value["image"]), self.words: value[self.words]}
        return Sample(str(row.get("id", index)), parts, row["truth"])

    def describe(self, value: Any) -> str:
        texts = ", ".join(self.texts(value)) or "none"
        return f"{self.words.replace('_', ' ')}: {texts}"


class GenerativeImageTextTask(ImageTextTask):
    """A task on a picture with one text, answered by `generate()`, or by a choice among classes where a family does.

    A family is asked in one of three ways (`suite.task.families`): through its parts, with the text as it is; by
    classes; or in a chat, by its processor's template. Of the first kind, inputs whose texts have the same number of
    tokens go together: BLIP's `generate()` takes the padding of a shorter text for a part of it, and cuts off its last
    token, so that its answers would depend on what else is in a batch.
    """

    way = "parts"
    instead_of_nothing: ClassVar[str] = ""
    """What a chat is asked where an input has no text."""

    def takes(self, declared: Declared) -> bool:
        in_chats = IN_CHATS in declared.auto_classes and families.image_text_way(declared) == "template"
        return super().takes(declared) or in_chats

    def adapt(self, directory: Path, config: Any) -> dict[str, Any]:
        self.way = families.image_text_way(config)
        if self.way == "parts":
            return {}
        self.parts = ()  # type: ignore[misc]  # of this task alone, whose worker this is
        if self.way == "classes":
            self.generation = None  # type: ignore[misc]
            return {"asked": "by classes"}
        self.auto_class = IN_CHATS  # type: ignore[misc]
        return {"asked": "in a chat, by the processor's template"}

    def misfit(self, declared: Declared, own_samples: bool) -> str | None:
        by_classes = families.image_text_way(declared) == "classes"
        return (declared.label_problem if by_classes else None) or super().misfit(declared, own_samples)

    def misfit_of_processor(self, processor: Any, config: Any, own_samples: bool) -> str | None:
        if self.way == "template" and not getattr(processor, "chat_template", None):
            return "the processor has no chat template, by which a model of this family is asked about a picture"
        if self.way == "template":
            try:
                self.as_chat(processor, "a")
            except Exception as error:  # a template is a program, which raises whatever it likes
                return f"the chat template cannot be used ({first_line(error)}): correct it"
        return None

    def check_truth(self, truth: Any) -> None:
        check_texts(truth)

    def blind_answers(self, truths: Sequence[Any]) -> list[Any] | None:
        return commonest(truths)

    def check_answer(self, answer: Any) -> str | None:
        return None if isinstance(answer, str) else f"an answer is {type(answer).__name__}, not a string"

    def as_chat(self, processor: Any, text: str) -> str:
        """A text as the model's template says it, beside a picture."""
        content = [{"type": "image"}, {"type": "text", "text": text or self.instead_of_nothing}]
        prompt = processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True)
        return str(prompt)

    def encode(self, processor: Any, inputs: Sequence[Any]) -> dict[str, Any]:
        images = [self.image_of(value) for value in inputs]
        texts = [self.as_text(text) for value in inputs for text in self.texts(value)]
        if self.way == "template":
            prompts = [self.as_chat(processor, text) for text in texts]
            nested = [[image] for image in images]
            return dict(processor(images=nested, text=prompts, padding=True, return_tensors="pt"))
        if self.way == "classes":
            return dict(processor(images=images, text=texts, padding=True, return_tensors="pt"))
        # On the right also for a decoder: `infer` gives it no padding at all.
        return dict(processor(images=images, text=texts, padding=True, padding_side="right", return_tensors="pt"))

    def infer(self, runnable: Runnable, batch: Mapping[str, Any], forced: np.ndarray | None = None) -> Any:
        if self.way != "parts":
            return super().infer(runnable, batch, forced)
        import torch

        lengths = batch["attention_mask"].sum(dim=1).tolist()
        groups: list[tuple[list[int], Generated]] = []
        for length in sorted(set(lengths)):
            rows = [row for row, other in enumerate(lengths) if other == length]
            # One alone runs beside itself, as a batch: an exporter takes a size of 1 for a constant.
            together = rows * 2 if len(rows) == 1 < len(lengths) else rows
            cut = {
                name: value[together][:, :length] if name in ("input_ids", "attention_mask") else value[together]
                for name, value in batch.items()
            }
            follow = None if forced is None else torch.from_numpy(forced[together]).to(runnable.device)
            groups.append((rows, generate(runnable, cut, self.generation or {}, forced=follow)))
        return _joined(groups, len(lengths), self.ends(runnable.model))

    def ends(self, model: Any) -> int:
        """The token that ends an answer."""
        return int(model.config.text_config.sep_token_id)

    def decode(self, outputs: Any, batch: Mapping[str, Any], processor: Any, config: Any) -> list[str]:
        if self.way == "classes":
            return [str(config.id2label[index]) for index in outputs.logits.argmax(dim=-1).tolist()]
        rows = [row[:length] for row, length in zip(outputs.tokens.tolist(), outputs.lengths, strict=True)]
        return [text.strip() for text in processor.tokenizer.batch_decode(rows, skip_special_tokens=True)]

    def numbers(self, outputs: Any, batch: Mapping[str, Any]) -> list[np.ndarray]:
        if self.way == "classes":
            return list(outputs.logits.float().cpu().numpy()[:, None, :])
        scores: list[np.ndarray] = outputs.scores()
        return scores


def _joined(groups: Sequence[tuple[Sequence[int], Generated]], count: int, end: int) -> Generated:
    """The generations of several groups of rows as one, in the rows' order, padded after their ends."""
    import torch

    steps = max(part.tokens.shape[1] for _, part in groups)
    tokens = torch.full((count, steps), end)
    logits = torch.zeros((count, steps, groups[0][1].logits.shape[2]))
    lengths = [0] * count
    for rows, part in groups:
        for index, row in enumerate(rows):
            tokens[row, : part.tokens.shape[1]] = part.tokens[index]
            logits[row, : part.logits.shape[1]] = part.logits[index]
            ids = part.tokens[index].tolist()
            lengths[row] = min(ids.index(end) + 1 if end in ids else len(ids), part.logits.shape[1])
    return Generated(tokens, logits, lengths)


def repeated(batch: Mapping[str, Any], counts: Sequence[int], notes: Any) -> Batch:
    """A batch of pictures with several texts each as one row for every text."""
    import torch

    again = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(list(counts)))
    return Batch({**batch, "pixel_values": batch["pixel_values"][again]}, notes)


def rgb(image: Any) -> np.ndarray:
    """A row's image, decoded or as its file's bytes, as (height, width, 3) uint8."""
    if isinstance(image, Mapping):
        import io

        from PIL import Image

        image = Image.open(io.BytesIO(image["bytes"]))
    return np.asarray(image.convert("RGB"))
