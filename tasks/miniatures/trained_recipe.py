"""The steps that most recipes have in common: data, processor, model, training, validation, files.

A recipe states what is its own and leaves the order of the steps to `TrainedRecipe.train`. A recipe that trains several
models, one after another, writes a `train` of its own.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from suite.task.miniatures import Progress, Recipe, Trained

from ..worlds.grammar import Split
from . import training

if TYPE_CHECKING:
    import torch

MakeBatch = Callable[[int], dict[str, Any]]
"""Makes the inputs of a step from its number."""


class TrainedRecipe(Recipe):
    """A recipe that trains one model on a world's train split and scores it on the validation split."""

    train_size: ClassVar[int]
    validation_size: ClassVar[int]
    steps: ClassVar[int]
    batch_size: ClassVar[int]
    rate: ClassVar[float]
    """The highest learning rate of the schedule."""
    noise: ClassVar[float] = 0.0
    """Gaussian noise on the weights at each step, in units of each tensor's standard deviation."""

    def train(self, directory: Path, work: Path, progress: Progress) -> Trained:
        training.seed_everything(self.seed)
        examples = self.examples("train", self.train_size)
        processor = self.processor(examples)
        model = self.model(processor, examples)
        progress(f"{sum(weight.numel() for weight in model.parameters()):,} parameters")
        seconds = self.fit(model, processor, examples, work, progress)
        model.eval()
        held_out = self.examples("validation", self.validation_size)
        score = self.validation_score(model, processor, held_out, progress)
        self.save(model, processor, directory)
        return Trained(self.total_steps(), seconds, score, self.facts())

    @abstractmethod
    def examples(self, split: Split, count: int) -> Sequence[Any]:
        """`count` examples of a split of the world."""

    @abstractmethod
    def processor(self, examples: Sequence[Any]) -> Any:
        """The tokenizer or processor; a tokenizer's vocabulary comes from the train split's `examples`."""

    @abstractmethod
    def model(self, processor: Any, examples: Sequence[Any]) -> Any:
        """The model with its initial weights."""

    @abstractmethod
    def batches(self, model: Any, processor: Any, examples: Sequence[Any]) -> MakeBatch:
        """What makes the inputs of each step. Most recipes need no `model` for it."""

    def module(self, model: Any, processor: Any) -> torch.nn.Module:
        """What is trained: the model, or a module around it that computes another loss."""
        return model  # type: ignore[no-any-return]

    def loss(self, outputs: Any, inputs: dict[str, Any]) -> torch.Tensor:
        """The loss of a step; the model's own unless overridden."""
        return outputs.loss  # type: ignore[no-any-return]

    def fit(self, model: Any, processor: Any, examples: Sequence[Any], work: Path, progress: Progress) -> float:
        """Train `model` in place; the seconds that it took."""
        batches = self.batches(model, processor, examples)
        return training.fit(
            self.module(model, processor),
            batches,
            self.steps,
            work,
            progress,
            rate=self.rate,
            noise=self.noise,
            loss=self.loss,
        )

    def total_steps(self) -> int:
        """The steps that the card states; more than `steps` where `fit` has several phases."""
        return self.steps

    @abstractmethod
    def validation_score(self, model: Any, processor: Any, held_out: Sequence[Any], progress: Progress) -> float:
        """The score on the validation split, 0 to 1."""

    def save(self, model: Any, processor: Any, directory: Path) -> None:
        """Write the model and its processor into `directory`."""
        model.save_pretrained(directory)
        processor.save_pretrained(directory)

    def facts(self) -> dict[str, Any]:
        """Further lines of the card."""
        return {}


class GreedyRecipe(TrainedRecipe):
    """A recipe whose model writes text, scored by the share of exact answers under greedy decoding."""

    max_new_tokens: ClassVar[int]

    @abstractmethod
    def special_tokens(self, tokenizer: Any) -> dict[str, Any]:
        """The special tokens' ids as the model's config and its generation config name them."""

    def encode(self, tokenizer: Any, examples: Sequence[Any]) -> dict[str, Any]:
        """The inputs of `generate()` for a batch of held-out examples."""
        return dict(tokenizer([example.text for example in examples], padding=True, return_tensors="pt"))

    def answers(self, model: Any, tokenizer: Any, examples: Sequence[Any]) -> list[str]:
        """What the model writes for each example, stripped."""
        import torch

        answers: list[str] = []
        for some in training.chunks(examples, 50):
            encoded = self.encode(tokenizer, some)
            with torch.inference_mode():
                tokens = model.generate(**encoded, max_new_tokens=self.max_new_tokens, do_sample=False, num_beams=1)
            if not model.config.is_encoder_decoder:
                tokens = tokens[:, encoded["input_ids"].shape[1] :]
            answers += tokenizer.batch_decode(tokens, skip_special_tokens=True)
        return [answer.strip() for answer in answers]

    def validation_score(self, model: Any, processor: Any, held_out: Sequence[Any], progress: Progress) -> float:
        answers = self.answers(model, processor, held_out)
        right = [answer == example.truth for answer, example in zip(answers, held_out, strict=True)]
        return training.share(held_out, right, progress)

    def save(self, model: Any, processor: Any, directory: Path) -> None:
        from transformers import GenerationConfig

        model.generation_config = GenerationConfig(**self.special_tokens(processor))
        super().save(model, processor, directory)


class Seq2SeqRecipe(GreedyRecipe):
    """A recipe for an encoder and a decoder that write an example's truth for its text."""

    def source(self, example: Any) -> str:
        """The encoder's text."""
        return str(example.text)

    def rows(self, tokenizer: Any, examples: Sequence[Any]) -> list[tuple[list[int], list[int]]]:
        """The token ids of each example's source and of its truth."""
        sources = tokenizer([self.source(example) for example in examples])["input_ids"]
        targets = tokenizer([example.truth for example in examples])["input_ids"]
        return list(zip(sources, targets, strict=True))

    def collate(self, rows: Sequence[tuple[list[int], list[int]]], tokenizer: Any) -> dict[str, Any]:
        """The inputs of a step: padded sources with their mask, and labels."""
        inputs = training.padded([source for source, _ in rows], tokenizer)
        return {**inputs, "labels": training.pad([target for _, target in rows], training.IGNORED)}

    def batches(self, model: Any, processor: Any, examples: Sequence[Any]) -> MakeBatch:
        rows = self.rows(processor, examples)
        batches = training.Batches(rows, [len(source) for source, _ in rows], self.batch_size, self.seed)
        return lambda step: self.collate(batches(step), processor)

    def encode(self, tokenizer: Any, examples: Sequence[Any]) -> dict[str, Any]:
        return dict(tokenizer([self.source(example) for example in examples], padding=True, return_tensors="pt"))
