"""Whisper for speech recognition."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from suite.task.miniatures import Progress, Recipe, Trained
from suite.task.speech_recognition import word_accuracy

from ...worlds import speech
from .. import training

TRAIN_SIZE = 2000
STEPS, LAST_STEPS = 700, 60
BATCH, LAST_BATCH = 24, 8
RATE, LAST_RATE = 2e-3, 5e-4
SHORT_S, LONG_S = 3, 30
"""Most of the training hears 3 s; the last steps pad to the 30 s that Whisper always hears."""
FRAMES_PER_S = 100
IGNORED = -100
END, START, SILENT, NO_TIMES = "<|endoftext|>", "<|startoftranscript|>", "<|nospeech|>", "<|notimestamps|>"
SPECIAL = (END, START, "<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", SILENT, NO_TIMES)


class AutomaticSpeechRecognition(Recipe):
    """Commands and numbers, word by word."""

    name = "automatic-speech-recognition"
    task = "automatic-speech-recognition"

    def train(self, directory: Path, work: Path, progress: Progress) -> Trained:
        """Train."""
        import torch
        from transformers import (
            GenerationConfig,
            WhisperConfig,
            WhisperFeatureExtractor,
            WhisperForConditionalGeneration,
        )

        training.seed_everything(self.seed)
        tokenizer = _tokenizer(work / "tokenizer")
        end, start, untimed = (tokenizer.convert_tokens_to_ids(token) for token in (END, START, NO_TIMES))
        config = WhisperConfig(
            vocab_size=len(tokenizer),
            d_model=64,
            encoder_layers=2,
            decoder_layers=2,
            encoder_attention_heads=4,
            decoder_attention_heads=4,
            encoder_ffn_dim=128,
            decoder_ffn_dim=128,
            max_source_positions=LONG_S * FRAMES_PER_S // 2,
            max_target_positions=448,
            init_std=0.1,
            pad_token_id=end,
            bos_token_id=end,
            eos_token_id=end,
            decoder_start_token_id=start,
            suppress_tokens=None,
            begin_suppress_tokens=None,
        )
        short = WhisperConfig(**{**config.to_dict(), "max_source_positions": SHORT_S * FRAMES_PER_S // 2})
        model = WhisperForConditionalGeneration(short)
        spoken = speech.utterances("train", TRAIN_SIZE)
        progress(f"{sum(weight.numel() for weight in model.parameters()):,} parameters, {len(tokenizer)} tokens")
        extractor = WhisperFeatureExtractor(chunk_length=SHORT_S)
        features = []
        for first in range(0, TRAIN_SIZE, 50):
            waves = [utterance.wave() for utterance in spoken[first : first + 50]]
            features += list(extractor(waves, sampling_rate=16_000, return_tensors="pt").input_features.half())
        progress("all is heard")
        prompt = [untimed]
        rows = [
            (feature, [*prompt, *tokenizer(" " + utterance.text, add_special_tokens=False)["input_ids"], end])
            for feature, utterance in zip(features, spoken, strict=True)
        ]
        batches = training.Batches(rows, [0] * len(rows), BATCH, self.seed)
        last = training.Batches(rows, [0] * len(rows), LAST_BATCH, self.seed + 1)

        def batch(step: int) -> dict[str, Any]:
            return _padded(batches(step), SHORT_S)

        def last_batch(step: int) -> dict[str, Any]:
            return _padded(last(step), LONG_S)

        seconds = training.fit(model, batch, STEPS, work, progress, rate=RATE)
        weights = {name: value for name, value in model.state_dict().items() if "encoder.embed_positions" not in name}
        model = WhisperForConditionalGeneration(config)
        model.load_state_dict(weights, strict=False)  # The encoder's positions are sines, and stay what they are.
        (work / "last").mkdir(exist_ok=True)
        seconds += training.fit(model, last_batch, LAST_STEPS, work / "last", progress, rate=LAST_RATE)
        model.generation_config = GenerationConfig(
            decoder_start_token_id=start,
            bos_token_id=end,
            eos_token_id=end,
            pad_token_id=end,
            no_timestamps_token_id=untimed,
            is_multilingual=False,
            return_timestamps=False,
            prev_sot_token_id=tokenizer.convert_tokens_to_ids("<|startofprev|>"),
        )
        extractor = WhisperFeatureExtractor(chunk_length=LONG_S)
        held_out = speech.utterances("validation", 160)
        answers: list[str] = []
        for first in range(0, len(held_out), 20):
            waves = [utterance.wave() for utterance in held_out[first : first + 20]]
            inputs = extractor(waves, sampling_rate=16_000, return_tensors="pt")
            with torch.inference_mode():
                tokens = model.generate(inputs.input_features, max_new_tokens=16, do_sample=False)
            answers += tokenizer.batch_decode(tokens, skip_special_tokens=True)
        truths = [utterance.text for utterance in held_out]
        for answer, truth in zip(answers[:8], truths, strict=False):
            progress(f"{truth}: {answer}")
        model.save_pretrained(directory)
        # Apart: together, transformers 5 puts what the extractor needs where transformers 4 does not look.
        extractor.save_pretrained(directory)
        _save_tokenizer(tokenizer, directory)
        facts = {"steps_padded_to_30_s": LAST_STEPS}
        return Trained(STEPS + LAST_STEPS, seconds, word_accuracy(answers, truths), facts)


def _padded(rows: list[tuple[Any, list[int]]], seconds: int) -> dict[str, Any]:
    """Features go on with their smallest value, as those of silence do."""
    import torch

    features = torch.stack([feature.float() for feature, _ in rows])
    length = seconds * FRAMES_PER_S
    if features.shape[-1] < length:
        silence = features.amin(dim=(1, 2), keepdim=True).expand(*features.shape[:2], length - features.shape[-1])
        features = torch.cat([features, silence], dim=-1)
    return {"input_features": features, "labels": training.pad([ids for _, ids in rows], IGNORED)}


def _vocabulary(directory: Path) -> tuple[dict[str, int], list[str]]:
    """Every byte, then every beginning of every word, longest last; and the merges that lead there. Written down too.

    Nothing is learned: each word grows from its left end, one letter at a time, so no two merges compete.
    """
    from tokenizers.pre_tokenizers import ByteLevel

    tokens = sorted(ByteLevel.alphabet())
    merges = []
    for word in speech.VOCABULARY:
        grown = "Ġ"
        for letter in word:
            if grown + letter not in tokens:
                tokens.append(grown + letter)
                merges.append(f"{grown} {letter}")
            grown += letter
    vocabulary = {token: number for number, token in enumerate([*tokens, *SPECIAL])}
    directory.mkdir(exist_ok=True)
    (directory / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False) + "\n", encoding="utf-8")
    (directory / "merges.txt").write_text("\n".join(["#version: 0.2", *merges]) + "\n", encoding="utf-8")
    return vocabulary, merges


def _tokenizer(directory: Path) -> Any:
    from tokenizers import AddedToken
    from transformers import WhisperTokenizerFast

    vocabulary, merges = _vocabulary(directory)
    tokenizer = WhisperTokenizerFast(
        vocab=vocabulary,
        merges=[tuple(merge.split()) for merge in merges],
        bos_token=END,
        eos_token=END,
        unk_token=END,
        pad_token=END,
        model_max_length=448,
    )
    tokenizer.add_special_tokens(
        {"additional_special_tokens": [AddedToken(token, special=True) for token in SPECIAL[1:]]}
    )
    return tokenizer


def _save_tokenizer(tokenizer: Any, directory: Path) -> None:
    """With the files that transformers 4 asks for, too, and its name for the special tokens, which both know."""
    tokenizer.save_pretrained(directory)
    _vocabulary(directory)
    file = directory / "tokenizer_config.json"
    content = json.loads(file.read_text(encoding="utf-8"))
    content["additional_special_tokens"] = content.pop("extra_special_tokens")
    file.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
