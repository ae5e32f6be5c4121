"""Adds to the shipped Whisper miniature the tokens of the real one: timestamps, languages and tasks.

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
    """Whether a checkpoint of that name transcribes more than English."""
    return not name.endswith(".en")


def add_missing_tokens(folder: Path, multilingual: bool) -> None:
    """Give a copied miniature the tokens of timestamps, and if it is multilingual those of languages and tasks."""
    from transformers.models.whisper.tokenization_whisper import LANGUAGES

    content = read_json(folder / "tokenizer.json")
    old_ids: dict[str, int] = content["model"]["vocab"]
    languages = [f"<|{language}|>" for language in LANGUAGES] if multilingual else []
    names = sorted(old_ids, key=old_ids.__getitem__)
    after = names.index(START) + 1
    names[after:after] = languages
    new_ids = {name: number for number, name in enumerate([*names, *TIMES])}
    special = names[names.index(END) :]
    _write_tokenizer(folder, content, new_ids, special)
    _extend(folder / "model.safetensors", old_ids, new_ids, languages)
    _write_configs(folder, new_ids, languages)


def _write_tokenizer(folder: Path, content: dict[str, Any], new_ids: dict[str, int], special: list[str]) -> None:
    added = {name: {**content["added_tokens"][0], "id": new_ids[name], "content": name} for name in special}
    added |= {name: {**added[END], "id": new_ids[name], "content": name, "special": False} for name in TIMES}
    content["added_tokens"] = list(added.values())
    content["model"]["vocab"] = {name: number for name, number in new_ids.items() if name not in set(TIMES)}
    for name, token in content["post_processor"]["special_tokens"].items():
        token["ids"] = [new_ids[name]]
    _write(folder / "tokenizer.json", content)
    settings = read_json(folder / "tokenizer_config.json")
    settings["additional_special_tokens"] = special[1:]
    settings["added_tokens_decoder"] = {
        str(token["id"]): {name: value for name, value in token.items() if name != "id"} for token in added.values()
    }
    _write(folder / "tokenizer_config.json", settings)


def _extend(file: Path, old_ids: dict[str, int], new_ids: dict[str, int], languages: list[str]) -> None:
    """Move every row of the embeddings to the new id of its token, and add rows for the new tokens."""
    import torch
    from safetensors.torch import load_file, save_file

    tensors = load_file(file)
    old = tensors[EMBEDDING]
    sources = dict.fromkeys(TIMES, NEVER) | {TIMES[0]: NO_TIMES} | dict.fromkeys(TIMES[-len(LAST) :], END)
    if languages:
        sources |= dict.fromkeys([*languages, *(f"<|{task}|>" for task in TASKS)], START)
    rows = torch.stack([old[old_ids[sources.get(name, name)]] for name in new_ids])
    rows[-len(LAST) :] *= torch.tensor(LAST)[:, None]
    tensors[EMBEDDING] = rows
    if OUTPUT in tensors:
        tensors[OUTPUT] = rows.clone()
    if languages:  # the start is followed by a language and a task before it goes on as it was taught
        places = tensors[POSITIONS]
        tensors[POSITIONS] = torch.cat([places[:1], places[:1], places[:1], places[1:-2]])
    save_file(tensors, file, {"format": "pt"})


def _write_configs(folder: Path, new_ids: dict[str, int], languages: list[str]) -> None:
    config = read_json(folder / "config.json")
    _write(folder / "config.json", {**config, "vocab_size": len(new_ids)})
    generation = read_json(folder / "generation_config.json")
    layer, heads = config["decoder_layers"] - 1, range(config["decoder_attention_heads"])
    generation |= {
        "no_timestamps_token_id": new_ids[NO_TIMES],
        "prev_sot_token_id": new_ids["<|startofprev|>"],
        "max_initial_timestamp_index": 50,
        "alignment_heads": [[layer, head] for head in heads],
        "is_multilingual": bool(languages),
    }
    if languages:
        generation["lang_to_id"] = {name: new_ids[name] for name in languages}
        generation["task"] = "transcribe"
        generation["task_to_id"] = {task: new_ids[f"<|{task}|>"] for task in TASKS}
    _write(folder / "generation_config.json", generation)


def _write(file: Path, content: Any) -> None:
    """Write without indentation: the tokenizer has an entry for every fiftieth of a second."""
    write_json(file, content, indent=None, ensure_ascii=False)
