"""SpeechT5 and a HiFi-GAN vocoder for text to speech."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from suite.task import Batch
from suite.task.miniatures import Progress, Recipe, Trained

from ...worlds import synthesis
from .. import tokenizer_builders, training

TRAIN_SIZE = 1400
BINS = 80
REDUCTION = 2
STEPS = 4500
BATCH = 16
STRAY = 0.4
"""Noise on the frames that the decoder is given in training, so that it bears its own errors later. In decades."""
VOCODER_STEPS = 5000
VOCODER_BATCH = 8
SEGMENT = 24
HOP = 256
WINDOWS = (256, 512, 1024)
SAMPLEWISE = 20.0
COMPRESSION = 0.3
"""The power that magnitudes are raised to when sounds are compared, so that a faint s counts beside a loud vowel."""
FAINTEST = 1e-3
"""What is no louder is silence: 40 dB below the speech."""
IGNORED = -100.0
LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass
class Reading:
    """A sentence, how it sounds and its spectrogram."""

    text: str
    wave: np.ndarray
    frames: np.ndarray


class TextToSpeech(Recipe):
    """Sentences to spectrograms, and those to sound."""

    name = "text-to-speech"
    task = "text-to-speech"

    def train(self, directory: Path, work: Path, progress: Progress) -> Trained:
        """Train the vocoder, then the model."""
        from transformers import SpeechT5FeatureExtractor, SpeechT5ForTextToSpeech

        training.seed_everything(self.seed)
        extractor = SpeechT5FeatureExtractor(num_mel_bins=BINS)
        readings = _readings(extractor, synthesis.sentences("train", TRAIN_SIZE), work / "readings.npz", progress)
        vocoder, first = _vocoder(readings, self.seed, work / "vocoder", progress)
        training.seed_everything(self.seed)
        tokenizer = _tokenizer()
        model = SpeechT5ForTextToSpeech(_config(tokenizer))
        progress(f"{sum(weight.numel() for weight in model.parameters()):,} parameters")
        _begin_at_the_mean(model, readings)
        rows = tokenizer([reading.text for reading in readings])["input_ids"]
        batches = training.Batches(list(range(len(rows))), [len(r.frames) for r in readings], BATCH, self.seed)

        def batch(step: int) -> dict[str, Any]:
            return _batch([(rows[index], readings[index].frames) for index in batches(step)], tokenizer, step)

        (work / "model").mkdir(exist_ok=True)
        seconds = training.fit(model, batch, STEPS, work / "model", progress, rate=2e-3, decay=0.0)
        model.save_pretrained(directory)
        tokenizer.save_pretrained(directory)
        vocoder.save_pretrained(directory / "vocoder")
        validation = _validate(directory, progress)
        facts = {
            "vocoder": f"{VOCODER_STEPS:,} steps, {first:.0f} s, without an adversary",
            "prenet": "one linear layer, without those that drop out in use too: a text is read the same way each time",
        }
        return Trained(STEPS, seconds, validation, facts)


def _validate(directory: Path, progress: Progress) -> float:
    """One minus the word error rate on the validation split, by the task itself."""
    from transformers import AutoTokenizer, SpeechT5ForTextToSpeech

    from suite.core.runnable import Runnable

    from ...audio.text_to_speech import TextToSpeech as Task

    task, texts = Task(), synthesis.sentences("validation", 60)
    tokenizer = AutoTokenizer.from_pretrained(directory)
    model = SpeechT5ForTextToSpeech.from_pretrained(directory).eval()
    answers: list[str] = []
    for start in range(0, len(texts), 20):
        batch = task.encode(tokenizer, texts[start : start + 20])
        answers += task.decode(task.infer(Runnable(model, "cpu"), batch), batch, tokenizer, model.config)
    for text, answer in list(zip(texts, answers, strict=True))[:8]:
        progress(f"{text!r} was understood as {answer!r}")
    return task.accuracy(answers, texts)


def _readings(extractor: Any, texts: Sequence[str], file: Path, progress: Progress) -> list[Reading]:
    """How the voice reads the texts, kept for a training that is taken up again."""
    if not file.is_file():
        kept: dict[str, np.ndarray] = {}
        for index, text in enumerate(texts):
            wave = synthesis.reading(text)
            frames = extractor(audio_target=wave, sampling_rate=synthesis.RATE)["input_values"][0]
            kept[f"wave{index}"], kept[f"frames{index}"] = wave, frames
            if (index + 1) % 500 == 0:
                progress(f"{index + 1} of {len(texts)} readings")
        np.savez(file, **kept)  # type: ignore[arg-type]
    with np.load(file) as stored:
        return [Reading(text, stored[f"wave{i}"], stored[f"frames{i}"]) for i, text in enumerate(texts)]


def _vocoder(readings: Sequence[Reading], seed: int, work: Path, progress: Progress) -> tuple[Any, float]:
    import torch
    from transformers import SpeechT5HifiGan, SpeechT5HifiGanConfig

    config = SpeechT5HifiGanConfig(
        model_in_dim=BINS,
        sampling_rate=synthesis.RATE,
        upsample_initial_channel=128,
        # The first stage has one step per period of the voice: that many channels would be slow at a higher rate.
        upsample_rates=[2, 16, 8],
        upsample_kernel_sizes=[4, 32, 16],
        resblock_kernel_sizes=[5],
        resblock_dilation_sizes=[[1, 3]],
    )
    model = SpeechT5HifiGan(config)
    frames = np.concatenate([reading.frames for reading in readings])
    model.mean.copy_(torch.from_numpy(frames.mean(axis=0)))
    model.scale.copy_(torch.from_numpy(frames.std(axis=0)))
    for module in model.modules():
        if isinstance(module, torch.nn.Conv1d | torch.nn.ConvTranspose1d):
            # So that what comes out of a layer is as large as what goes in: so narrow a model starts too quiet else.
            meets = module.kernel_size[0] / (module.stride[0] if isinstance(module, torch.nn.ConvTranspose1d) else 1)
            torch.nn.init.normal_(module.weight, 0.0, (module.in_channels * meets) ** -0.5)
    progress(f"{sum(weight.numel() for weight in model.parameters()):,} parameters in the vocoder")

    def batch(step: int) -> dict[str, Any]:
        generator = np.random.default_rng((seed, step))
        spectrograms, waves = [], []
        for index in generator.integers(len(readings), size=VOCODER_BATCH):
            reading = readings[int(index)]
            start = int(generator.integers(max(1, len(reading.frames) - SEGMENT)))
            # A frame stands in the middle of the samples that the vocoder makes of it.
            wave = np.pad(reading.wave, (HOP // 2, SEGMENT * HOP))
            some = reading.frames[start : start + SEGMENT]
            spectrograms.append(np.pad(some, ((0, SEGMENT - len(some)), (0, 0)), mode="edge"))
            waves.append(wave[start * HOP : (start + SEGMENT) * HOP])
        return Batch(
            {"spectrogram": torch.from_numpy(np.stack(spectrograms))},
            notes=torch.from_numpy(np.stack(waves)),
        )

    work.mkdir(exist_ok=True)
    seconds = training.fit(model, batch, VOCODER_STEPS, work, progress, rate=3e-3, decay=0.0, loss=_apart)
    return model, seconds


def _apart(waves: Any, inputs: Any) -> Any:
    """How far two batches of sounds are apart, sample by sample and in their spectra over several lengths of time.

    The voice's phases are always the same, so that spectra are compared as complex numbers too, not in size alone.
    """
    import torch

    total = SAMPLEWISE * (waves - inputs.notes).abs().mean()
    for window in WINDOWS:
        made, wanted = (
            torch.stft(sound, window, window // 4, window=torch.hann_window(window), return_complex=True)
            for sound in (waves, inputs.notes)
        )
        loud, louder = (spectrum.abs().clamp_min(FAINTEST * window**0.5) for spectrum in (made, wanted))
        turned = made * loud ** (COMPRESSION - 1) - wanted * louder ** (COMPRESSION - 1)
        total = total + (loud.log() - louder.log()).abs().mean() + torch.view_as_real(turned).abs().mean()
    return total


def _tokenizer() -> Any:
    """Characters, and a sign for the end."""
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    known = ["<s>", "<pad>", "</s>", "<unk>", " ", *LETTERS, *".,?!'"]
    tokenizer = Tokenizer(models.WordLevel({token: index for index, token in enumerate(known)}, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    tokenizer.decoder = decoders.Fuse()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 2)])
    return tokenizer_builders.fast_tokenizer(
        tokenizer, 200, bos_token="<s>", pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    )


def _config(tokenizer: Any) -> Any:
    from transformers import SpeechT5Config

    return SpeechT5Config(
        vocab_size=len(tokenizer),
        hidden_size=80,
        encoder_layers=2,
        encoder_attention_heads=4,
        encoder_ffn_dim=160,
        decoder_layers=2,
        decoder_attention_heads=4,
        decoder_ffn_dim=160,
        encoder_layerdrop=0.0,
        decoder_layerdrop=0.0,
        positional_dropout=0.0,
        hidden_dropout=0.0,
        attention_dropout=0.0,
        activation_dropout=0.0,
        initializer_range=0.08,
        num_mel_bins=BINS,
        reduction_factor=REDUCTION,
        # The prenet's layers drop half of their values also when the model is used, and all of them at a rate of 0.
        # Without those layers it is the one linear layer after them, of as many units as there are bins.
        speech_decoder_prenet_layers=0,
        speech_decoder_prenet_units=BINS,
        speech_decoder_prenet_dropout=0.0,
        speech_decoder_postnet_units=32,
        speech_decoder_postnet_dropout=0.0,
        max_speech_positions=1000,
        max_text_positions=200,
        encoder_max_relative_position=16,
        apply_spec_augment=False,
        # The speech encoder's, which reading aloud has no use for.
        conv_dim=[8],
        conv_stride=[5],
        conv_kernel=[10],
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        decoder_start_token_id=tokenizer.eos_token_id,
    )


def _begin_at_the_mean(model: Any, readings: Sequence[Reading]) -> None:
    """Let the untrained model say the average spectrum."""
    import torch

    mean = np.concatenate([reading.frames for reading in readings]).mean(axis=0)
    with torch.no_grad():
        model.speech_decoder_postnet.feat_out.bias.copy_(torch.from_numpy(np.tile(mean, REDUCTION)))


def _batch(chosen: Sequence[tuple[list[int], np.ndarray]], tokenizer: Any, step: int) -> dict[str, Any]:
    import torch

    inputs = training.pad([ids for ids, _ in chosen], tokenizer.pad_token_id)
    lengths = [len(frames) // REDUCTION * REDUCTION for _, frames in chosen]
    labels = torch.full((len(chosen), max(lengths), BINS), IGNORED)
    for row, (length, (_, frames)) in enumerate(zip(lengths, chosen, strict=True)):
        labels[row, :length] = torch.from_numpy(frames[:length])
    given = torch.zeros(len(chosen), max(lengths) // REDUCTION, BINS)
    last = labels[:, REDUCTION - 1 : -1 : REDUCTION]
    given[:, 1:] = last.masked_fill(last == IGNORED, 0.0)
    generator = torch.Generator().manual_seed(step)
    given[:, 1:] += STRAY * torch.randn(given[:, 1:].shape, generator=generator)
    return {
        "input_ids": inputs,
        "attention_mask": (inputs != tokenizer.pad_token_id).long(),
        "decoder_input_values": given,
        "speaker_embeddings": torch.ones(len(chosen), 512),
        "labels": labels,
    }
