"""CLAP for zero-shot audio classification."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from suite.task import Batch
from suite.task.miniatures import Progress, Recipe, Trained

from ...worlds import sounds
from .. import training

TRAIN_SIZE = 4800
STEPS = 1500
BATCH = 48
NOISE = 0.0
PROMPTS = ("This is a sound of {}.", "the sound of {}", "{}", "I hear {}.", "a recording of {}")
ASKED = PROMPTS[0]


class ZeroShotAudioClassification(Recipe):
    """Sounds and the words for them."""

    name = "zero-shot-audio-classification"
    task = "zero-shot-audio-classification"

    def train(self, directory: Path, work: Path, progress: Progress) -> Trained:
        """Train."""
        import torch
        from transformers import ClapFeatureExtractor, ClapModel, ClapProcessor

        training.seed_everything(self.seed)
        tokenizer = _tokenizer()
        extractor = ClapFeatureExtractor(feature_size=64, max_length_s=2, truncation="rand_trunc", padding="repeatpad")
        model = ClapModel(_config(tokenizer))
        progress(f"{sum(weight.numel() for weight in model.parameters()):,} parameters, {len(tokenizer)} tokens")
        train, held_out = sounds.sounds("train", TRAIN_SIZE), sounds.sounds("validation", 480)
        heard = _features(extractor, train, work / "train.npy", progress)
        kinds = np.array([sounds.KINDS.index(sound.kind) for sound in train])

        def batch(step: int) -> dict[str, Any]:
            generator = np.random.default_rng((self.seed, step))
            chosen = generator.choice(len(train), BATCH, replace=False)
            prompt = PROMPTS[int(generator.integers(len(PROMPTS)))]
            mels = _disturbed(torch.from_numpy(heard[chosen].astype(np.float32)), generator)
            return Batch(_texts(tokenizer, prompt) | {"input_features": mels}, notes=torch.from_numpy(kinds[chosen]))

        seconds = training.fit(model, batch, STEPS, work, progress, rate=3e-3, noise=NOISE, loss=_loss)
        known = _features(extractor, held_out, work / "validation.npy", progress)
        texts = _texts(tokenizer, ASKED)
        answers: list[int] = []
        for start in range(0, len(known), 60):
            some = torch.from_numpy(known[start : start + 60].astype(np.float32))
            with torch.inference_mode():
                answers += model(**texts, input_features=some).logits_per_audio.argmax(dim=-1).tolist()
        right = [sounds.KINDS[answer] == sound.kind for answer, sound in zip(answers, held_out, strict=True)]
        for kind in sounds.KINDS:
            mine = [ok for ok, sound in zip(right, held_out, strict=True) if sound.kind == kind]
            progress(f"validation, {kind}: {sum(mine) / len(mine):.3f}")
        model.save_pretrained(directory)
        ClapProcessor(feature_extractor=extractor, tokenizer=tokenizer).save_pretrained(directory)
        # transformers 4 looks for the extractor in a file of its own, and takes no tokenizer but RoBERTa's.
        extractor.save_pretrained(directory)
        settings = directory / "tokenizer_config.json"
        named = json.loads(settings.read_text()) | {"tokenizer_class": "RobertaTokenizer"}
        settings.write_text(json.dumps(named))
        return Trained(STEPS, seconds, sum(right) / len(right), {"weight_noise_in_training": NOISE})


def _tokenizer() -> Any:
    return training.byte_pairs_between_ends(
        [prompt.format(kind) for prompt in PROMPTS for kind in sounds.KINDS], size=400, longest=64
    )


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


def _features(extractor: Any, chosen: Sequence[Any], file: Path, progress: Progress) -> np.ndarray:
    """The spectrograms of sounds as the model sees them, kept for a training that is taken up again."""
    if file.is_file():
        return np.load(file)
    made = []
    for index, sound in enumerate(chosen):
        mel = extractor(sound.wave(), sampling_rate=sounds.RATE, return_tensors="np")["input_features"][0]
        made.append(mel.astype(np.float16))
        if (index + 1) % 1000 == 0:
            progress(f"{index + 1} of {len(chosen)} sounds")
    np.save(file, np.stack(made))
    return np.stack(made)


def _disturbed(mels: Any, generator: np.random.Generator) -> Any:
    """The same sounds a little later, louder or softer: they repeat, so that their end may come first."""
    shift = int(generator.integers(mels.shape[2]))
    louder = generator.uniform(-4, 4, (len(mels), 1, 1, 1)).astype(np.float32)
    return mels.roll(shift, dims=2) + mels.new_tensor(louder)


def _texts(tokenizer: Any, prompt: str) -> dict[str, Any]:
    return dict(tokenizer([prompt.format(kind) for kind in sounds.KINDS], padding=True, return_tensors="pt"))


def _loss(outputs: Any, inputs: Any) -> Any:
    """Which kind is each sound, among all; which of the sounds is each kind, where several may be."""
    import torch
    from torch.nn.functional import cross_entropy, log_softmax

    kinds = inputs.notes
    present = torch.unique(kinds)
    same = (present[:, None] == kinds[None, :]).float()
    chosen = log_softmax(outputs.logits_per_text[present], dim=-1)
    return cross_entropy(outputs.logits_per_audio, kinds) - (same * chosen).sum(dim=-1).div(same.sum(dim=-1)).mean()
