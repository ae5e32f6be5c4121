"""Zero-shot audio classification."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from suite.core.errors import InvalidInput
from suite.task import Batch, Checkpoint, HubDataset, Sample
from suite.task.audio import AudioTask, hub_sound, read_sound

from ..worlds import sounds

PROMPT = "This is a sound of {}."
ESC50 = (
    "airplane", "breathing", "brushing_teeth", "can_opening", "car_horn", "cat", "chainsaw", "chirping_birds",
    "church_bells", "clapping", "clock_alarm", "clock_tick", "coughing", "cow", "crackling_fire", "crickets", "crow",
    "crying_baby", "dog", "door_wood_creaks", "door_wood_knock", "drinking_sipping", "engine", "fireworks", "footsteps",
    "frog", "glass_breaking", "hand_saw", "helicopter", "hen", "insects", "keyboard_typing", "laughing", "mouse_click",
    "pig", "pouring_water", "rain", "rooster", "sea_waves", "sheep", "siren", "sneezing", "snoring", "thunderstorm",
    "toilet_flush", "train", "vacuum_cleaner", "washing_machine", "water_drops", "wind",
)  # fmt: skip
"""The classes of the evaluation data, which are the candidates there."""


class ZeroShotAudioClassification(AudioTask):
    """Say which of the candidate labels a sound is. Documented with pipeline("zero-shot-audio-classification")."""

    name = "zero-shot-audio-classification"
    auto_class = "ClapModel"
    checkpoints = (
        Checkpoint(
            id="laion/clap-htsat-unfused",
            revision="8fa0f1c6d0433df6e97c127f64b2a1d6c0dcda8a",
            architecture="ClapModel",
            miniature="zero-shot-audio-classification",
            config="clap-htsat-unfused.json",
        ),
    )
    dataset = HubDataset(
        "ashraq/esc50",
        revision="e3e2a63ffff66b9a9735524551e3818e96af03ee",
        split="train",
        files="data/train-*.parquet",
    )
    metric = "accuracy"
    labels = sounds.KINDS
    sampling_rate = sounds.RATE
    longest_s = 10.0

    def samples(self) -> Sequence[Sample]:
        return [
            Sample(f"{sound.kind}-{index}", {"audio": sound.wave(), "candidate_labels": sounds.KINDS}, sound.kind)
            for index, sound in enumerate(sounds.sounds("test"))
        ]

    def from_hub(self, row: Mapping[str, Any]) -> Sample | None:
        wave = hub_sound(row["audio"], self.sampling_rate)
        labels = tuple(label.replace("_", " ") for label in ESC50)
        return Sample("", {"audio": wave, "candidate_labels": labels}, row["category"].replace("_", " "))

    def from_json(self, row: Mapping[str, Any], index: int, folder: Path) -> Sample:
        given = row["input"]
        wave = read_sound(folder / given["audio"], self.sampling_rate)
        return Sample(
            str(row.get("id", index)),
            {"audio": wave, "candidate_labels": tuple(given["candidate_labels"])},
            row["truth"],
        )

    def check_input(self, value: Any, processor: Any, config: Any) -> None:
        if not isinstance(value, dict) or set(value) != {"audio", "candidate_labels"}:
            raise InvalidInput(f"{self.name} takes a sound and labels: pass a dict of audio and candidate_labels.")
        super().check_input(value["audio"], processor, config)
        labels = value["candidate_labels"]
        if not isinstance(labels, list | tuple) or len(set(map(str, labels))) < 2:
            raise InvalidInput(f"{self.name} chooses among labels: pass at least two different candidate_labels.")
        if not all(isinstance(label, str) and label.strip() for label in labels):
            raise InvalidInput(f"{self.name} takes labels that are words: pass strings that are not empty.")
        # Of a longer sound the extractor takes a random part, and no two backends would hear the same.
        limit = processor.feature_extractor.nb_max_samples
        if len(value["audio"]) > limit:
            raise InvalidInput(
                f"{self.name} was given {len(value['audio']) / self.sampling_rate:.2f} s of sound, but this checkpoint "
                f"takes {limit / self.sampling_rate:g} s: cut it."
            )

    def bad_inputs(self, processor: Any, config: Any) -> Mapping[str, Any]:
        labels = list(self.labels)
        waves = super().bad_inputs(processor, config)
        second = np.zeros(self.sampling_rate, np.float32)
        return {
            **{what: {"audio": wave, "candidate_labels": labels} for what, wave in waves.items()},
            "without labels": {"audio": second, "candidate_labels": []},
            "with an empty label": {"audio": second, "candidate_labels": ["rain", ""]},
            "a bare waveform as": second,
        }

    def check_answer(self, answer: Any) -> str | None:
        return None if isinstance(answer, str) else f"an answer is {type(answer).__name__}, not one of the labels"

    def size_of(self, value: Any) -> int:
        return len(value["audio"])

    def encode(self, processor: Any, inputs: Sequence[Any]) -> dict[str, Any]:
        # Each text is encoded once for all inputs of the batch; an input looks at the columns of its own labels.
        labels = list(dict.fromkeys(label for value in inputs for label in value["candidate_labels"]))
        texts = processor.tokenizer([PROMPT.format(label) for label in labels], padding=True, return_tensors="pt")
        heard = processor.feature_extractor(
            [value["audio"] for value in inputs], sampling_rate=self.sampling_rate, return_tensors="pt"
        )
        own = [list(value["candidate_labels"]) for value in inputs]
        return Batch(
            {
                "input_ids": texts["input_ids"],
                "attention_mask": texts["attention_mask"],
                "input_features": heard["input_features"].float(),
                "is_longer": heard["is_longer"],
            },
            notes=[(mine, [labels.index(label) for label in mine]) for mine in own],
        )

    def decode(self, outputs: Any, batch: Mapping[str, Any], processor: Any, config: Any) -> list[str]:
        scores = self.numbers(outputs, batch)
        return [labels[int(row.argmax())] for row, (labels, _) in zip(scores, self._notes(batch), strict=True)]

    def numbers(self, outputs: Any, batch: Mapping[str, Any]) -> list[np.ndarray]:
        scores = outputs.logits_per_audio.float().cpu().numpy()
        return [row[None, columns] for row, (_, columns) in zip(scores, self._notes(batch), strict=True)]

    def _notes(self, batch: Any) -> list[tuple[list[str], list[int]]]:
        return batch.notes  # type: ignore[no-any-return]

    def accuracy(self, answers: Sequence[str], truths: Sequence[str]) -> float:
        return float(np.mean([answer == truth for answer, truth in zip(answers, truths, strict=True)]))

    def metrics(self, answers: Sequence[str], truths: Sequence[str]) -> dict[str, float]:
        from sklearn.metrics import f1_score

        return {"macro_f1": float(f1_score(truths, answers, labels=sorted(set(truths)), average="macro"))}

    def chance(self, truths: Sequence[str]) -> float:
        return max(list(truths).count(truth) for truth in set(truths)) / len(truths)

    def describe(self, value: Any) -> str:
        return f"{super().describe(value['audio'])}, {len(value['candidate_labels'])} labels"

    def render(self, value: Any, answer: Any) -> np.ndarray | None:
        return super().render(value["audio"], answer)

    def audio(self, value: Any) -> tuple[np.ndarray, int] | None:
        return super().audio(value["audio"])
