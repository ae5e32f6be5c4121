"""Trains a model with transformers' `Trainer`, by one method, on one set of lessons."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from suite.core.work import Method
from suite.training.adapters import with_adapter
from suite.training.lessons import Lessons

DTYPE_OF_AUTOCAST = "bfloat16"


class InterruptedTrainingError(Exception):
    """A training that was ended from outside, between two of its checkpoints."""


@dataclass
class Trained:
    """A model after its training, in eval mode, and the loss at each step."""

    model: Any
    losses: list[float]


@dataclass(frozen=True)
class Tuning:
    """One way to train one checkpoint. `load_untuned` gives a new copy of it each time, always the same one."""

    load_untuned: Callable[[], Any]
    lessons: Lessons
    method: Method
    device: str

    def untuned(self) -> Any:
        """A copy of the checkpoint as its training begins: with new adapters beside it where the method has them."""
        import torch

        model = self.load_untuned().to(self.device)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.lessons.seed)
            model = model if self.method.rank is None else with_adapter(model, self.method.rank)
        if self.method.checkpointing and hasattr(model, "activation_checkpointing_enable"):
            model.activation_checkpointing_enable(activation_checkpointing_kwargs={"use_reentrant": False})
        elif self.method.checkpointing:  # transformers 4 has it under another name, and so has the trainer's own option
            model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        return model.train()

    def train(
        self,
        work: Path,
        *,
        save_every: int | None = None,
        interrupt_after: int | None = None,
        resume: bool = False,
        tell: Callable[[int, float], None] | None = None,
    ) -> Trained:
        """Train a new copy to the end of the schedule; `work` is a folder for checkpoints. `tell` hears each step.

        With `resume` it goes on from the last checkpoint in `work`, as after a kill: nothing but its files is used.

        Raises:
            InterruptedTrainingError: `interrupt_after` steps were done.
        """
        losses: dict[int, float] = {}

        def note(step: int, loss: float) -> None:
            losses[step] = loss
            if tell is not None:
                tell(step, loss)

        trainer = self._trainer(work, save_every, note)
        if interrupt_after is not None:
            trainer.add_callback(_interruption(interrupt_after))
        trainer.train(resume_from_checkpoint=str(_last_checkpoint(work)) if resume else None)
        model = trainer.accelerator.unwrap_model(trainer.model, keep_torch_compile=False)
        return Trained(model.eval(), [losses[step] for step in sorted(losses)])

    def step(self, work: Path) -> Callable[[], Any]:
        """One step of the training loop on one batch of median length, to be timed: forward, backward, the gradients'
        norm bounded, optimizer. What the loop does around it (its log, its checkpoints) is not in it.
        """
        trainer = self._trainer(work, None)
        trainer.create_optimizer_and_scheduler(num_training_steps=10**9)
        model, optimizer = trainer.accelerator.prepare(trainer.model_wrapped, trainer.optimizer)
        model.train()
        batch = trainer._prepare_inputs(self.timed_batch())

        def call() -> Any:
            with trainer.compute_loss_context_manager():
                loss = trainer.compute_loss(model, batch)
            trainer.accelerator.backward(loss)
            trainer.accelerator.clip_grad_norm_(model.parameters(), trainer.args.max_grad_norm)
            optimizer.step()
            trainer.lr_scheduler.step()
            optimizer.zero_grad()
            return loss

        return call

    def timed_batch(self) -> dict[str, Any]:
        """A batch of rows of median length."""
        size = self.lessons.schedule.batch_size
        by_length = sorted(self.lessons.rows, key=lambda row: len(row["input_ids"]))
        start = max(0, len(by_length) // 2 - size // 2)
        rows = by_length[start : start + size]
        return self.lessons.collate((list(rows) * size)[:size])

    def _trainer(self, work: Path, save_every: int | None, note: Callable[[int, float], None] | None = None) -> Any:
        import transformers

        schedule, model = self.lessons.schedule, self.untuned()
        size = sum(weight.numel() for weight in model.parameters())
        # trl and accelerate default to bf16 where a CPU can do it: what is not asked for is said.
        arguments = transformers.TrainingArguments(
            output_dir=str(work),
            max_steps=schedule.steps,
            per_device_train_batch_size=schedule.batch_size,
            learning_rate=schedule.rate_for(size, self.method.rank),
            warmup_steps=round(schedule.warmup * schedule.steps),
            weight_decay=schedule.weight_decay,
            optim=self.method.optimizer,
            lr_scheduler_type="linear",
            bf16=self.method.autocast == DTYPE_OF_AUTOCAST,
            fp16=self.method.autocast == "float16",
            torch_compile=self.method.compiled,
            use_cpu=self.device == "cpu",
            seed=self.lessons.seed,
            data_seed=self.lessons.seed,
            logging_strategy="no",
            save_strategy="no" if save_every is None else "steps",
            save_steps=save_every or 500,
            report_to=[],
            disable_tqdm=True,
            remove_unused_columns=False,
            dataloader_pin_memory=False,
        )
        arguments._n_gpu = min(arguments.n_gpu, 1)  # of several it would use all, and time something else
        trainer = (transformers.Trainer if note is None else _noting(note))(
            model=model,
            args=arguments,
            train_dataset=_Rows(self.lessons.rows),
            data_collator=self.lessons.collate,
        )
        trainer.remove_callback(transformers.PrinterCallback)
        return trainer


class _Rows:
    """Rows as a data set that torch's loader takes."""

    def __init__(self, rows: Any) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> Mapping[str, Any]:
        row: Mapping[str, Any] = self._rows[index]
        return row


def _interruption(after: int) -> Any:
    import transformers

    class Interruption(transformers.TrainerCallback):
        """Ends a training in the middle of it."""

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002 - by keyword
            if state.global_step >= after:
                raise InterruptedTrainingError(f"after step {state.global_step}")

    return Interruption()


def _noting(note: Callable[[int, float], None]) -> type:
    import transformers

    class Noting(transformers.Trainer):
        """Tells the loss of each step, whole: the trainer's own logs round it."""

        def training_step(self, *arguments: Any, **options: Any) -> Any:
            loss = super().training_step(*arguments, **options)
            note(self.state.global_step + 1, float(loss))
            return loss

    return Noting


def _last_checkpoint(work: Path) -> Path:
    from transformers.trainer_utils import get_last_checkpoint

    found = get_last_checkpoint(str(work))
    if found is None:
        raise FileNotFoundError(f"{work} has no checkpoint to go on from")
    return Path(found)
