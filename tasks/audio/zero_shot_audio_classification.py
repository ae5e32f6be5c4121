"""Zero-shot audio classification."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from suite.core.errors import InvalidInput
from suite.task import Batch, Checkpoint, HubDataset, Sample
from suite.task.audio import AudioTask, hub_sound, read_sound
from suite.task.candidate_labels import CandidateLabelTask

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


class ZeroShotAudioClassification(CandidateLabelTask, AudioTask):
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
    scores = "logits_per_audio"
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
        value = row["input"]
        wave = read_sound(folder / value["audio"], self.sampling_rate)
        return Sample(
            str(row.get("id", index)),
            {"audio": wave, "candidate_labels": tuple(value["candidate_labels"])},
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

    def size_of(self, value: Any) -> int:
        return len(value["audio"])

    def encode(self, processor: Any, inputs: Sequence[Any]) -> dict[str, Any]:
        labels, columns = self.columns([value["candidate_labels"] for value in inputs])
        texts = processor.tokenizer([PROMPT.format(label) for label in labels], padding=True, return_tensors="pt")
        features = processor.feature_extractor(
            [value["audio"] for value in inputs], sampling_rate=self.sampling_rate, return_tensors="pt"
        )
        return Batch(
            {
                "input_ids": texts["input_ids"],
                "attention_mask": texts["attention_mask"],
                "input_features": features["input_features"].float(),
                "is_longer": features["is_longer"],
            },
            notes=columns,
        )

    def describe(self, value: Any) -> str:
        return f"{super().describe(value['audio'])}, {len(value['candidate_labels'])} labels"

    def render(self, value: Any, answer: Any) -> np.ndarray | None:
        return super().render(value["audio"], answer)

    def audio(self, value: Any) -> tuple[np.ndarray, int] | None:
        return super().audio(value["audio"])
