"""Stand-ins that listen and sound answer the calls that courses make."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from suite.course.stand_ins.catalogue import catalogue
from suite.course.stand_ins.checkpoints.files import folder
from suite.course.stand_ins.shipped import folder_for
from tasks.worlds import speech

WHISPERS = ["openai/whisper-tiny.en", "openai/whisper-small"]
SAID = speech.utterances("test")[:4]
RATE = 16000


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def place(name: str, cache: Path) -> str:
    return str(folder(catalogue()[name], cache))


def piped(task: str, name: str, cache: Path, **options: Any) -> Any:
    from transformers import pipeline

    made: Any = pipeline
    return made(task, model=place(name, cache), **options)


def transcription(directory: str | Path, **options: Any) -> list[str]:
    from transformers import WhisperForConditionalGeneration, WhisperProcessor

    processor = WhisperProcessor.from_pretrained(directory)
    model = WhisperForConditionalGeneration.from_pretrained(directory)
    waves = [utterance.wave(RATE) for utterance in SAID]
    features = processor(waves, sampling_rate=RATE, return_tensors="pt").input_features
    return processor.batch_decode(model.generate(features, **options), skip_special_tokens=True)


@pytest.mark.parametrize("name", WHISPERS)
@pytest.mark.parametrize("options", [{}, {"return_timestamps": True}])
def test_more_tokens_do_not_change_what_is_heard(name: str, options: dict[str, Any], cache: Path) -> None:
    assert transcription(place(name, cache), **options) == transcription(folder_for("WhisperForConditionalGeneration"))


def test_a_language_and_a_task_are_taken(cache: Path) -> None:
    directory = place("openai/whisper-small", cache)
    for language in ("french", "<|fr|>", "fr"):
        assert transcription(directory, language=language, task="translate") == transcription(directory)
    with pytest.raises(ValueError, match="Unsupported language"):
        transcription(directory, language="elvish")


def test_the_tokens_are_in_the_order_of_the_real_ones(cache: Path) -> None:
    from transformers import AutoTokenizer, WhisperForConditionalGeneration, WhisperProcessor

    directory = place("openai/whisper-small", cache)
    processor = WhisperProcessor.from_pretrained(directory, language="French", task="transcribe")
    tokenizer = processor.tokenizer
    model = WhisperForConditionalGeneration.from_pretrained(directory)
    rows = model.get_input_embeddings().num_embeddings
    assert len(tokenizer) == model.config.vocab_size == rows
    start = ["<|startoftranscript|>", "<|fr|>", "<|transcribe|>", "<|notimestamps|>"]
    tokenizer.set_prefix_tokens(language="french", task="transcribe")  # before 5 the processor does not
    numbers = tokenizer("hello").input_ids
    assert tokenizer.convert_ids_to_tokens(numbers[:4]) == start
    prompt = processor.get_decoder_prompt_ids(language="french", task="transcribe")
    assert [number for _, number in prompt] == numbers[1:4]
    tokenizer.set_prefix_tokens(language="spanish", task="translate")
    assert tokenizer.decode(tokenizer("hello").input_ids).startswith("<|startoftranscript|><|es|><|translate|>")
    assert tokenizer.decode(tokenizer("hello").input_ids, skip_special_tokens=True) == "hello"
    ordered = tokenizer.convert_tokens_to_ids([start[0], "<|en|>", "<|translate|>", start[3], "<|0.00|>", "<|30.00|>"])
    assert ordered == sorted(ordered)
    assert ordered[-1] == rows - 1
    assert ordered[-2] == ordered[-3] + 1
    settings: Any = model.generation_config
    assert settings.lang_to_id["<|fr|>"] == numbers[1]
    assert settings.task_to_id["transcribe"] == numbers[2]
    assert (settings.is_multilingual, settings.no_timestamps_token_id) == (True, numbers[3])
    assert AutoTokenizer.from_pretrained(directory).convert_tokens_to_ids(start) == numbers[:4]


def test_an_english_one_has_times_and_no_languages(cache: Path) -> None:
    directory = Path(place("openai/whisper-tiny.en", cache))
    settings = json.loads((directory / "generation_config.json").read_text())
    assert not settings["is_multilingual"]
    assert "lang_to_id" not in settings
    assert directory != folder(catalogue()["openai/whisper-tiny"], cache)
    assert directory == folder(catalogue()["distil-whisper/distil-small.en"], cache)


@pytest.mark.parametrize("name", WHISPERS)
@pytest.mark.parametrize("pieces", [{}, {"chunk_length_s": 30}])
def test_the_pipeline_tells_times(name: str, pieces: dict[str, Any], cache: Path) -> None:
    pipe = piped("automatic-speech-recognition", name, cache, **pieces)
    for times in (True, "word"):
        output = pipe({"raw": SAID[0].wave(RATE), "sampling_rate": RATE}, return_timestamps=times)
        assert "".join(chunk["text"] for chunk in output["chunks"]) == output["text"]
        assert len(output["chunks"]) == (1 if times is True else len(output["text"].split()))
        assert all(None not in chunk["timestamp"] for chunk in output["chunks"])
        assert output["chunks"][0]["timestamp"][0] == 0.0


def test_bark_speaks_with_a_voice(cache: Path) -> None:
    from transformers import BarkModel, BarkProcessor

    directory = place("suno/bark-small", cache)
    processor = BarkProcessor.from_pretrained(directory)
    inputs = processor("Hello", voice_preset="v2/fr_speaker_1")
    model: Any = BarkModel.from_pretrained(directory)
    sound = model.generate(**inputs, do_sample=True, semantic_max_new_tokens=20)
    assert sound.shape[0] == 1
    assert 0.1 < sound.shape[1] / model.generation_config.sample_rate < 1
    assert sound.isfinite().all()


@pytest.mark.parametrize(("name", "rate"), [("suno/bark-small", 24000), ("facebook/musicgen-small", 32000)])
def test_the_pipeline_sounds(name: str, rate: int, cache: Path) -> None:
    output = piped("text-to-audio", name, cache)("lo-fi music", forward_params={"do_sample": True})
    assert output["sampling_rate"] == rate
    assert np.asarray(output["audio"]).size > rate // 2


def test_musicgen_plays_as_many_pieces_as_it_is_told(cache: Path) -> None:
    from transformers import AutoProcessor, MusicgenForConditionalGeneration

    directory = place("facebook/musicgen-small", cache)
    processor = AutoProcessor.from_pretrained(directory)
    model: Any = MusicgenForConditionalGeneration.from_pretrained(directory)
    inputs = processor(text=["a guitar", "eighties pop"], padding=True, return_tensors="pt")
    sounds = model.generate(**inputs, do_sample=True, guidance_scale=3, max_new_tokens=16)
    assert sounds.shape[:2] == (2, 1)
    assert model.config.audio_encoder.sampling_rate == 32000
