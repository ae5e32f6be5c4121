"""Which data sets of the Hub course documents name, and small ones with the same columns, types, splits and configs.

`data_sets.csv` has a row for each config: `splits` are separated by spaces, `columns` are `name:kind`; see
`suite.course.stand_ins.hub.dataset_columns` for the kinds. Long lists of classes are cut to their first ten.
"""

from __future__ import annotations

import csv
import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from suite.core.files import fill_once
from suite.course.stand_ins.catalogue import Resolution
from suite.course.stand_ins.hub.dataset_columns import Row, feature, value
from suite.course.stand_ins.hub.repository import Repository, files_below
from suite.course.stand_ins.spelling import misspelling

FILE = Path(__file__).with_name("data_sets.csv")
ROWS, HELD_OUT = 160, 40
HEAVY_ROWS, HEAVY_HELD_OUT = 40, 20
"""Rows of a data set with pictures or sounds."""
COLUMN = re.compile(r"(\S+?):((?:=.+?|\S+?))(?= \S+?:(?:=|[a-z])|$)")
LAYOUT = "5"
"""Raise it when what is written changes."""


@dataclass(frozen=True)
class DataSet:
    """A data set: config -> splits and columns (name -> kind)."""

    name: str
    aliases: tuple[str, ...]
    configs: dict[str, tuple[tuple[str, ...], dict[str, str]]] = field(default_factory=dict)


@functools.cache
def data_sets() -> dict[str, DataSet]:
    """Every data set, by its id."""
    by_name: dict[str, DataSet] = {}
    with FILE.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            data_set = by_name.setdefault(row["name"], DataSet(row["name"], tuple(row["aliases"].split())))
            data_set.configs[row["config"]] = (tuple(row["splits"].split()), dict(COLUMN.findall(row["columns"])))
    return by_name


def resolve_data_set(name: str) -> Resolution[DataSet]:
    """What the id of a data set stands for. No unknown one is guessed."""
    known = data_sets()
    if name in known:
        return Resolution(name, "known", known[name])
    current = {alias.lower(): one.name for one in known.values() for alias in (one.name, *one.aliases)}.get(
        name.lower()
    )
    if current is not None:
        return Resolution(name, "renamed", known[current], current)
    bare = {alias: one.name for one in known.values() for alias in one.aliases if "/" not in alias}
    meant = misspelling(name, known, bare)
    return Resolution(name, "unknown" if meant is None else "misspelt", meant=meant)


def data_set_repository(name: str, data_set: DataSet, cache: Path) -> Repository:
    """The repository that answers for a data set: a parquet file per config and split, and a card that lists them."""
    place = folder_of(data_set, cache)
    if not place.is_dir():
        fill_once(place, lambda aside: _fill(aside, data_set))
    files = files_below(place)
    return Repository("datasets", name, files, {"tags": ["size_categories:n<1K"], "parquet": _parquet(name, data_set)})


def folder_of(data_set: DataSet, cache: Path) -> Path:
    """Where the files of a data set are, or would be."""
    return cache / "data-sets" / f"{data_set.name.replace('/', '--')}-{LAYOUT}"


def search_data_sets(parameters: dict[str, list[str]]) -> list[dict[str, Any]]:
    """The answer to a search among the data sets: `search`, `author`, `limit`."""
    words, authors = " ".join(parameters.get("search", [])).lower(), parameters.get("author")
    names = [name for name in data_sets() if words in name.lower()]
    names = [name for name in names if authors is None or name.rpartition("/")[0] in authors]
    results = [Repository("datasets", name, {}).info() for name in names]
    return results[: int(parameters.get("limit", ["1000"])[0])]


def _fill(aside: Path, data_set: DataSet) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq
    from datasets import Features

    for config, (splits, columns) in data_set.configs.items():
        features = Features({column: feature(kind) for column, kind in columns.items()})
        for split in splits:
            rows = [
                {column: value(kind, Row(number, split != "train")) for column, kind in columns.items()}
                for number in range(_count(split, columns.values()))
            ]
            file = aside / _path(config, split)
            file.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(pa.Table.from_pylist(rows, schema=features.arrow_schema), file)
    (aside / "README.md").write_text(_card(aside, data_set), encoding="utf-8")


def _count(split: str, kinds: Any) -> int:
    if "long" in kinds:
        return 1
    heavy = any(kind.startswith(("image", "gray", "audio", "floats")) for kind in kinds)
    return (HEAVY_ROWS if heavy else ROWS) if split.startswith("train") else (HEAVY_HELD_OUT if heavy else HELD_OUT)


def _path(config: str, split: str) -> str:
    return f"{config}/{split}-00000-of-00001.parquet"


def _card(aside: Path, data_set: DataSet) -> str:
    """A card whose header lists the configs, their files and their columns, as the Hub's own do."""
    from datasets import DatasetInfo, Features, SplitDict, SplitInfo
    from datasets.info import DatasetInfosDict
    from huggingface_hub import DatasetCardData

    infos = {}
    for config, (splits, columns) in data_set.configs.items():
        split_infos = SplitDict()
        for split in splits:
            size = (aside / _path(config, split)).stat().st_size
            split_infos.add(SplitInfo(split, num_bytes=size, num_examples=_count(split, columns.values())))
        features = Features({column: feature(kind) for column, kind in columns.items()})
        infos[config] = DatasetInfo(features=features, splits=split_infos, config_name=config)
    header = DatasetCardData(license="mit", configs=_configs(data_set))
    DatasetInfosDict(infos).to_dataset_card_data(header)
    return (
        f"---\n{header.to_yaml()}\n---\n\n# {data_set.name}\n\nA stand-in with the same columns; its rows are made.\n"
    )


def _configs(data_set: DataSet) -> list[dict[str, Any]]:
    """The first config is the default where it is the only one."""
    configs: list[dict[str, Any]] = []
    for config, (splits, _) in data_set.configs.items():
        files = [{"split": split, "path": _path(config, split)} for split in splits]
        configs.append({"config_name": config, "data_files": files})
    if len(configs) == 1:
        configs[0]["default"] = True
    return configs


def _parquet(name: str, data_set: DataSet) -> Mapping[str, Mapping[str, Sequence[str]]]:
    return {
        config: {split: [f"/datasets/{name}/resolve/main/{_path(config, split)}"] for split in splits}
        for config, (splits, _) in data_set.configs.items()
    }
