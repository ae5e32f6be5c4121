"""What the real Whisper has beside the shipped miniature: times, and for most names languages and tasks.

The rows that this adds to the embeddings are chosen so that the miniature still hears what it heard: a language and a
task look like the start, at whose place they stand; the first time looks like the token that there are none; and the
last times look a little less like an end than the end itself does, so that one of them is given where a text ends, if
times are asked for, since their chances are counted together.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from suite.course.stand_ins.checkpoints.json_files import read_json, write_json

START, END, NO_TIMES, NEVER = "<|startoftranscript|>", "<|endoftext|>", "<|notimestamps|>", "<|transcribe|>"
TASKS = ("translate", "transcribe")
TIMES = tuple(f"<|{step * 0.02:.2f}|>" for step in range(1501))
LAST = (0.93, 0.93, 0.93, 0.93, 0.95)
"""How much of the end is in each of the last times. The very last has most, and alone it comes after the end."""
EMBEDDING = "model.decoder.embed_tokens.weight"
OUTPUT = "proj_out.weight"
POSITIONS = "model.decoder.embed_positions.weight"


def is_multilingual(name: str) -> bool:
    """Whether a checkpoint of that name hears more than English."""
    return not name.endswith(".en")


def complete(folder: Path, multilingual: bool) -> None:
    """Give a copied miniature the tokens of times, and those of languages and tasks if it is to have them."""
    from transformers.models.whisper.tokenization_whisper import LANGUAGES

    content = read_json(folder / "tokenizer.json")
    had: dict[str, int] = content["model"]["vocab"]
    languages = [f"<|{language}|>" for language in LANGUAGES] if multilingual else []
    names = sorted(had, key=had.__getitem__)
    after = names.index(START) + 1
    names[after:after] = languages
    numbers = {name: number for number, name in enumerate([*names, *TIMES])}
    special = names[names.index(END) :]
    _write_tokenizer(folder, content, numbers, special)
    _extend(folder / "model.safetensors", had, numbers, languages)
    _write_configs(folder, numbers, languages)


def _write_tokenizer(folder: Path, content: dict[str, Any], numbers: dict[str, int], special: list[str]) -> None:
    added = {name: {**content["added_tokens"][0], "id": numbers[name], "content": name} for name in special}
    added |= {name: {**added[END], "id": numbers[name], "content": name, "special": False} for name in TIMES}
    content["added_tokens"] = list(added.values())
    content["model"]["vocab"] = {name: number for name, number in numbers.items() if name not in set(TIMES)}
    for name, token in content["post_processor"]["special_tokens"].items():
        token["ids"] = [numbers[name]]
    _write(folder / "tokenizer.json", content)
    settings = read_json(folder / "tokenizer_config.json")
    settings["additional_special_tokens"] = special[1:]
    settings["added_tokens_decoder"] = {
        str(token["id"]): {name: value for name, value in token.items() if name != "id"} for token in added.values()
    }
    _write(folder / "tokenizer_config.json", settings)


def _extend(file: Path, had: dict[str, int], numbers: dict[str, int], languages: list[str]) -> None:
    """Put every row where its token is now, and make those of the new tokens."""
    import torch
    from safetensors.torch import load_file, save_file

    tensors = load_file(file)
    old = tensors[EMBEDDING]
    likes = dict.fromkeys(TIMES, NEVER) | {TIMES[0]: NO_TIMES} | dict.fromkeys(TIMES[-len(LAST) :], END)
    if languages:
        likes |= dict.fromkeys([*languages, *(f"<|{task}|>" for task in TASKS)], START)
    rows = torch.stack([old[had[likes.get(name, name)]] for name in numbers])
    rows[-len(LAST) :] *= torch.tensor(LAST)[:, None]
    tensors[EMBEDDING] = rows
    if OUTPUT in tensors:
        tensors[OUTPUT] = rows.clone()
    if languages:  # the start is followed by a language and a task before it goes on as it was taught
        places = tensors[POSITIONS]
        tensors[POSITIONS] = torch.cat([places[:1], places[:1], places[:1], places[1:-2]])
    save_file(tensors, file, {"format": "pt"})


def _write_configs(folder: Path, numbers: dict[str, int], languages: list[str]) -> None:
    config = read_json(folder / "config.json")
    _write(folder / "config.json", {**config, "vocab_size": len(numbers)})
    generation = read_json(folder / "generation_config.json")
    layer, heads = config["decoder_layers"] - 1, range(config["decoder_attention_heads"])
    generation |= {
        "no_timestamps_token_id": numbers[NO_TIMES],
        "prev_sot_token_id": numbers["<|startofprev|>"],
        "max_initial_timestamp_index": 50,
        "alignment_heads": [[layer, head] for head in heads],
        "is_multilingual": bool(languages),
    }
    if languages:
        generation["lang_to_id"] = {name: numbers[name] for name in languages}
        generation["task"] = "transcribe"
        generation["task_to_id"] = {task: numbers[f"<|{task}|>"] for task in TASKS}
    _write(folder / "generation_config.json", generation)


def _write(file: Path, content: Any) -> None:
    """Write a file as small as it gets: the tokenizer has a line for every fiftieth of a second."""
    write_json(file, content, indent=None, ensure_ascii=False)
