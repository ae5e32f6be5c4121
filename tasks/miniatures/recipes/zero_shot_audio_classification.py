"""CLAP for zero-shot audio classification."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from suite.task import Batch
from suite.task.miniatures import Progress

from ...worlds import sounds
from ...worlds.grammar import Split
from ...worlds.sounds import Sound
from .. import tokenizer_builders, training
from ..trained_recipe import MakeBatch, TrainedRecipe

if TYPE_CHECKING:
    import torch

PROMPTS = ("This is a sound of {}.", "the sound of {}", "{}", "I hear {}.", "a recording of {}")
"""The first is the task's."""


class ZeroShotAudioClassification(TrainedRecipe):
    """Sounds and the words for them."""

    name = "zero-shot-audio-classification"
    task = "zero-shot-audio-classification"
    train_size, validation_size = 4800, 480
    steps, batch_size, rate = 1500, 48, 3e-3

    def examples(self, split: Split, count: int) -> list[Sound]:
        return sounds.sounds(split, count)

    def processor(self, examples: Sequence[Sound]) -> Any:
        from transformers import ClapFeatureExtractor, ClapProcessor

        extractor = ClapFeatureExtractor(feature_size=64, max_length_s=2, truncation="rand_trunc", padding="repeatpad")
        texts = [prompt.format(kind) for prompt in PROMPTS for kind in sounds.KINDS]
        tokenizer = tokenizer_builders.byte_pairs_between_ends(texts, size=400, longest=64)
        return ClapProcessor(feature_extractor=extractor, tokenizer=tokenizer)

    def model(self, processor: Any, examples: Sequence[Sound]) -> Any:
        from transformers import ClapModel

        return ClapModel(_config(processor.tokenizer))

    def batches(self, model: Any, processor: Any, examples: Sequence[Sound]) -> MakeBatch:
        import torch

        features = _features(processor.feature_extractor, examples)
        kinds = np.array([sounds.KINDS.index(sound.kind) for sound in examples])

        def batch(step: int) -> dict[str, Any]:
            generator = np.random.default_rng((self.seed, step))
            chosen = generator.choice(len(examples), self.batch_size, replace=False)
            prompt = PROMPTS[int(generator.integers(len(PROMPTS)))]
            mels = _disturbed(torch.from_numpy(features[chosen].astype(np.float32)), generator)
            texts = _texts(processor.tokenizer, prompt)
            return Batch(texts | {"input_features": mels}, notes=torch.from_numpy(kinds[chosen]))

        return batch

    def loss(self, outputs: Any, inputs: Any) -> torch.Tensor:
        """Which kind is each sound, among all; which of the sounds is each kind, where several may be."""
        import torch
        from torch.nn.functional import cross_entropy, log_softmax

        kinds = inputs.notes
        present = torch.unique(kinds)
        same = (present[:, None] == kinds[None, :]).float()
        chosen = log_softmax(outputs.logits_per_text[present], dim=-1)
        return cross_entropy(outputs.logits_per_audio, kinds) - (same * chosen).sum(dim=-1).div(same.sum(dim=-1)).mean()

    def validation_score(self, model: Any, processor: Any, held_out: Sequence[Sound], progress: Progress) -> float:
        import torch

        texts = _texts(processor.tokenizer, PROMPTS[0])
        answers: list[int] = []
        features = _features(processor.feature_extractor, held_out).astype(np.float32)
        for mels in torch.from_numpy(features).split(60):
            with torch.inference_mode():
                answers += model(**texts, input_features=mels).logits_per_audio.argmax(dim=-1).tolist()
        right = [sounds.KINDS[answer] == sound.kind for answer, sound in zip(answers, held_out, strict=True)]
        return training.share(held_out, right, progress)

    def save(self, model: Any, processor: Any, directory: Path) -> None:
        super().save(model, processor, directory)
        # transformers 4 looks for the extractor in a file of its own, and takes no tokenizer but RoBERTa's.
        processor.feature_extractor.save_pretrained(directory)
        file = directory / "tokenizer_config.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | {"tokenizer_class": "RobertaTokenizer"}))

    def facts(self) -> dict[str, Any]:
        return {"weight_noise_in_training": self.noise}


def _config(tokenizer: Any) -> Any:
    from transformers import ClapConfig

    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "max_position_embeddings": 80,
        "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "hidden_dropout_prob": 0.0,
        "attention_probs_dropout_prob": 0.0,
        "initializer_factor": 4.0,
    }
    audio = {
        "num_mel_bins": 64,
        "spec_size": 128,
        "window_size": 8,
        "patch_size": 4,
        "patch_stride": [4, 4],
        "patch_embeds_hidden_size": 12,
        "depths": [1, 1, 1],
        "num_attention_heads": [2, 2, 4],
        "num_hidden_layers": 3,
        "hidden_size": 48,
        "mlp_ratio": 2.0,
        "hidden_dropout_prob": 0.0,
        "initializer_factor": 4.0,
    }
    return ClapConfig(text_config=text, audio_config=audio, projection_dim=32, initializer_factor=4.0)


def _features(extractor: Any, chosen: Sequence[Sound]) -> np.ndarray:
    """The spectrograms of sounds: (sounds, 1, frames, bins), float16."""
    mels = [
        extractor(sound.wave(), sampling_rate=sounds.RATE, return_tensors="np")["input_features"][0] for sound in chosen
    ]
    return np.stack([mel.astype(np.float16) for mel in mels])


def _disturbed(mels: Any, generator: np.random.Generator) -> Any:
    """The same sounds a little later, louder or softer: they repeat, so that their end may come first."""
    shift = int(generator.integers(mels.shape[2]))
    louder = generator.uniform(-4, 4, (len(mels), 1, 1, 1)).astype(np.float32)
    return mels.roll(shift, dims=2) + mels.new_tensor(louder)


def _texts(tokenizer: Any, prompt: str) -> dict[str, Any]:
    return dict(tokenizer([prompt.format(kind) for kind in sounds.KINDS], padding=True, return_tensors="pt"))
