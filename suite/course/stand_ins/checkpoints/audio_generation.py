"""Configs of small Bark and MusicGen checkpoints: consistent sizes of their vocabularies, and generation settings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from suite.course.stand_ins.checkpoints.json_files import write_json

TEXTS, SEMANTIC = 10048, 10000
"""Bark's text tokens begin at `TEXTS`, after the `SEMANTIC` ones."""
SECONDS = {"max_new_tokens": 64}
"""Random weights never come to an end: a second or so is enough."""
LANGUAGES = ("en", "de", "es", "fr", "hi", "it", "ja", "ko", "pl", "pt", "ru", "tr", "zh")
PROMPTS = {"semantic_prompt": (60,), "coarse_prompt": (2, 90), "fine_prompt": (8, 90)}
"""The arrays of a voice of Bark, and their shapes."""
SOUNDS, RATE = 2048, 32000
"""The number of MusicGen's audio tokens, and its sampling rate in Hz."""


def generates_audio(model_type: str) -> bool:
    """Whether an architecture generates audio and needs what this module writes."""
    return model_type in {"bark", "musicgen"}


def fit_audio_config(config: Mapping[str, Any], words: int) -> dict[str, Any]:
    """A small config whose parts agree on the sizes of their vocabularies; `words` is the size of the tokenizer."""
    content = dict(config)
    if content["model_type"] == "bark":
        numbers = {"semantic_config": (TEXTS + words + 2, TEXTS), "coarse_acoustics_config": (12096, 12096)}
        for part, (inputs, outputs) in (numbers | {"fine_acoustics_config": (1056, 1056)}).items():
            content[part] = {**content[part], "input_vocab_size": inputs, "output_vocab_size": outputs}
        content["fine_acoustics_config"] |= {"n_codes_total": 8, "n_codes_given": 1}
        return content
    ends = {"pad_token_id": SOUNDS, "bos_token_id": SOUNDS, "eos_token_id": None, "decoder_start_token_id": SOUNDS}
    content["decoder"] = {**content["decoder"], **ends, "vocab_size": SOUNDS, "num_codebooks": 4, "audio_channels": 1}
    codes = {"codebook_size": SOUNDS, "sampling_rate": RATE, "upsampling_ratios": [8, 5, 4, 4], "audio_channels": 1}
    content["audio_encoder"] = {**content["audio_encoder"], **codes, "target_bandwidths": [2.2]}
    return content | ends


def write_generation(folder: Path, model_type: str, words: int) -> None:
    """Write generation_config.json, and for Bark the voices."""
    if model_type == "bark":
        ends = {"text_pad_token": TEXTS + words, "semantic_infer_token": TEXTS + words + 1}
        semantic = {"text_encoding_offset": TEXTS, "semantic_vocab_size": SEMANTIC, "semantic_pad_token": SEMANTIC}
        stops = {"pad_token_id": SEMANTIC, "eos_token_id": SEMANTIC, "do_sample": True}
        content: dict[str, Any] = {
            "semantic_config": {**semantic, **ends, **stops, **SECONDS},
            "coarse_acoustics_config": {"do_sample": True},
            "fine_acoustics_config": {},
            "sample_rate": 24000,
            "codebook_size": 1024,
            "model_type": "bark",
        }
        _write_voices(folder)
    else:
        ends = {"pad_token_id": SOUNDS, "bos_token_id": SOUNDS, "decoder_start_token_id": SOUNDS}
        content = {**ends, "do_sample": True, "guidance_scale": 3.0, "max_length": 256}
    write_json(folder / "generation_config.json", content)


def _write_voices(folder: Path) -> None:
    """Write the voices: each has the name of a real one, and all have the same content."""
    import numpy as np

    (folder / "speaker_embeddings").mkdir()
    files = {}
    for name, shape in PROMPTS.items():
        files[name] = f"speaker_embeddings/{name}.npy"
        np.save(folder / files[name], np.arange(np.prod(shape), dtype=np.int64).reshape(shape) % 1000)
    voices = {f"v2/{language}_speaker_{number}": files for language in LANGUAGES for number in range(10)}
    write_json(folder / "speaker_embeddings_path.json", {"repo_or_path": "suno/bark-small", **voices})
