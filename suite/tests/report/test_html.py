"""The page itself: what is on it, what must never be."""

from __future__ import annotations

import base64
import getpass
import hashlib
import re
import socket
import subprocess
import sys
import xml.etree.ElementTree as ET
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from suite.analysis.frames import read_csv
from suite.core.cell import Status
from suite.core.files import project_root
from suite.records.run_folder import RunFolder
from suite.report import write_report
from suite.tests.support.synthetic_run import CHECKPOINTS, CONDITIONS, UNUSUAL, cell, write_run

VOID = {"meta", "br", "img", "hr", "input", "link", "area", "base", "col", "embed", "source", "track", "wbr"}


class Outline(HTMLParser):
    """Which elements stand in a page, and whether they close in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.feed(page)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def values(self, name: str) -> list[str]:
        return [value for _, attribute, value in self.attributes if attribute == name]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = write_run(tmp_path_factory.mktemp("results"), cycles=6)
    write_report([run], run)
    return run


@pytest.fixture(scope="module")
def page(folder: Path) -> str:
    return (folder / "report.html").read_text(encoding="utf-8")


def test_everything_is_written(folder: Path) -> None:
    assert len(read_csv(folder / "cells.csv")) == len(pd.read_parquet(folder / "cells.parquet")) == 40
    assert len(pd.read_parquet(folder / "samples.parquet")) > 0
    assert not (folder / "plots").exists(), "only who asks for PNG files gets them"


def test_plots_are_written_for_who_asks(folder: Path, tmp_path: Path) -> None:
    named: list[str] = []
    write_report([folder], tmp_path, named.append, with_plots=True)
    names = {path.name for path in (tmp_path / "plots").iterdir()}
    expected = {f"{kind}-{name}.png" for kind in ("accuracy", "latency") for name in CHECKPOINTS}
    assert names == expected | {"speed-up.png", "memory.png", "size.png"}
    assert {f"plots/{name}" for name in names} <= set(named)
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in (tmp_path / "plots").iterdir())


def test_unsupported_cells_are_shown_with_their_reason(page: str) -> None:
    for status, reason in UNUSUAL.values():
        assert reason in unescape(page)
        assert f"s-{status}" in page


def test_the_verdict_counts(page: str, folder: Path) -> None:
    counts = read_csv(folder / "cells.csv")["status"].value_counts()
    for status, count in counts.items():
        assert re.search(rf"{count} {status}</span>", page)
    assert f"{counts['passed']} of {40 - counts['unsupported']} supported cells passed" in page


def test_the_page_needs_no_network_and_runs_our_script_alone(page: str) -> None:
    outline = Outline(page)
    assert not re.search(r"https?://|url\((?!#)|@import|<link|<iframe", page)
    (script,) = re.findall(r"<script>(.*?)</script>", page, flags=re.DOTALL)
    assert page.count("<script") == 1
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    (policy,) = (value for value in outline.values("content") if "default-src" in value)
    assert f"script-src 'sha256-{digest}';" in policy
    assert "default-src 'none'" in policy
    own = (project_root() / "suite" / "report" / "report.js").read_text(encoding="utf-8")
    assert script == f"\n{own}", "the file as it is"
    assert len(own.splitlines()) < 150
    assert not re.search(r"fetch|XMLHttp|import|eval|innerHTML|document\.write|Function", own)
    assert all(value.startswith("#") for value in outline.values("href"))
    assert not outline.values("src")
    assert not [name for _, name, _ in outline.attributes if name.startswith("on")]


def test_anchors_and_references_resolve_and_are_unique(page: str) -> None:
    outline = Outline(page)
    ids = outline.values("id")
    assert len(ids) == len(set(ids))
    referred = {value[1:] for value in outline.values("href")} | set(re.findall(r"url\(#([^)]+)\)", page))
    assert referred <= set(ids)


def test_figures_are_sound_and_described(page: str) -> None:
    figures = re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL)
    assert len(figures) == 2 * len(CHECKPOINTS) + 3
    for figure in figures:
        root = ET.fromstring(figure)
        assert root.get("role") == "img"
        assert len(root.get("aria-label", "")) > 40
        assert "#ffffff" not in figure
        assert "DejaVu" not in figure


def test_tables_have_captions_and_scoped_headings(page: str) -> None:
    assert page.count("<table") == page.count("<caption")
    assert not re.search(r"<th(?![^>]*scope=)[\s>]", page)


def test_conditions_are_listed_in_full(page: str) -> None:
    for text in (
        "torch 2.9.1",
        "transformers 5.23.0",
        "Example CPU 3000",
        "avx512f",
        "governor performance",
        "0.1 0.2 0.3",
    ):
        assert text in page[page.index('id="conditions"') :]


def test_notes_are_listed_once(page: str) -> None:
    assert page.count("2 of 38 linear layers stay in float32") == 1


def test_text_from_records_is_escaped(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path, "run")
    nasty = '<script>alert("x")</script> & $\\alpha$'
    run.write_conditions({"platform": nasty, "cpu": {"name": nasty}, "libraries": {nasty: nasty}})
    this = cell(nasty.replace("/", "|"), nasty.replace("/", "|"), checkpoint_id=nasty, architecture=nasty)
    reference = cell(this.capability)
    for one in (this, reference):
        run.append_rounds(one, [{"cycle": i, "order": 0, "latency_ms": [1.0, 2.0]} for i in range(3)])
        run.append(one, "accuracy", Status.PASSED, "", {"accuracy": 0.5, "accuracy_stderr": 0.1})
        run.append(
            one, "latency", Status.FAILED, nasty, {"latency_p50_ms": 1.5, "size_mb": 3.0, "notes": {nasty: nasty}}
        )
    text = write_report([run.path], run.path).read_text(encoding="utf-8")
    assert text.count("<script") == 1, "our own"
    assert "<script>alert" not in text
    Outline(text)


def test_neither_host_nor_user_nor_secret_is_named(tmp_path: Path) -> None:
    private = {"host": "secret-host", "hostname": "secret-host", "user": "jane-doe", "HF_TOKEN": "hf_secret"}
    power = {"governor": "performance", "host": "secret-host"}
    options = {"results": "/home/jane-doe/results", "token": "hf_secret"}
    run = write_run(
        tmp_path, capabilities=["translation"], cycles=2,
        conditions={**CONDITIONS, **private, "power": power, "options": options, "warnings": ["/home/jane-doe!"]},
    )  # fmt: skip
    RunFolder(run).append(
        cell("translation", "onnx", checkpoint_id="/home/jane-doe/model"), "fidelity", Status.ERROR,
        "cannot read /home/jane-doe/x", {"notes": {"cache": "/Users/jane-doe/cache"}},
    )  # fmt: skip
    write_report([run], tmp_path / "out")
    for name in ("report.html", "cells.csv", "cells.parquet", "samples.parquet"):
        content = (tmp_path / "out" / name).read_bytes().decode("utf-8", errors="ignore")
        for word in ("secret-host", "jane-doe", "hf_secret", socket.gethostname()):
            assert word not in content, f"{word} in {name}"
    if len(getpass.getuser()) > 4:
        assert getpass.getuser() not in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_an_empty_run(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path, "run")
    run.write_conditions(CONDITIONS)
    text = write_report([run.path], run.path).read_text(encoding="utf-8")
    assert "Nothing was measured." in text
    Outline(text)
    assert read_csv(run.path / "cells.csv").empty


def test_a_run_of_failures_alone(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path, "run")
    run.write_conditions({})
    run.append(cell(), "conformance", Status.ERROR, "the worker died", {"wall_s": 1.0})
    run.append(cell(backend="onnx"), "conformance", Status.UNSUPPORTED, "no export", {"wall_s": 0.0})
    text = write_report([run.path], run.path).read_text(encoding="utf-8")
    assert "0 of 1 supported cells passed, 1 could not be measured." in text
    assert "the worker died" in text
    assert "no export" in text
    assert "no recorded end" in text


def test_missing_samples_leave_the_rest(tmp_path: Path) -> None:
    run = write_run(tmp_path, capabilities=["translation"], cycles=2)
    (run / "samples.jsonl").unlink()
    text = write_report([run], run).read_text(encoding="utf-8")
    assert 'id="speed-up"' not in text
    assert "Accuracy against median latency" in text


def test_several_checkpoints_of_one_capability(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path, "run")
    run.write_conditions({})
    for index, name in enumerate(("small", "large")):
        for backend in ("eager", "backend-of-tomorrow"):
            this = cell(backend=backend, checkpoint=name, checkpoint_id=f"hub/{name}")
            run.append_rounds(this, [{"cycle": i, "order": 0, "latency_ms": [1.0 + index + i]} for i in range(3)])
            measured = {"accuracy": 0.8, "latency_p50_ms": 2.0 + index, "peak_rss_mb": 10.0}
            run.append(this, "latency", Status.PASSED, "", measured)
    text = write_report([run.path], run.path).read_text(encoding="utf-8")
    assert "backend-of-tomorrow · large" in text


def test_two_runs_say_that_nothing_was_tested(tmp_path: Path) -> None:
    other = {**CONDITIONS, "threads": 4}
    only: dict[str, Any] = {"capabilities": ["translation"], "cycles": 2}
    runs = [write_run(tmp_path, "before", **only), write_run(tmp_path, "after", slower=0.5, conditions=other, **only)]
    text = write_report(runs, tmp_path / "comparison").read_text(encoding="utf-8")
    assert "One run a side permits no test" in text
    assert "p, corrected" not in text
    assert '<tr class="differs"><th scope="row">Threads' in text
    Outline(text)


def test_three_repeats_show_their_spread(tmp_path: Path) -> None:
    runs = [write_run(tmp_path, f"r{i}", capabilities=["translation"], cycles=2, seed=i) for i in range(3)]
    text = write_report(runs, tmp_path / "spread").read_text(encoding="utf-8")
    assert "Spread between runs" in text
    Outline(text)


def test_cells_that_were_selected_and_have_no_row_are_missed(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path, "run")
    run.write_conditions({"cells": [cell().id, cell(backend="onnx").id]})
    run.append(cell(), "conformance", Status.PASSED, "", {})
    assert "no row for 1 of the cells" in write_report([run.path], run.path).read_text(encoding="utf-8")


def test_progress_names_each_file(tmp_path: Path) -> None:
    names: list[str] = []
    run = write_run(tmp_path, capabilities=["translation"], cycles=2)
    write_report([run], run, names.append)
    assert names[0] == "cells.csv"
    assert names[-1] == "report.html"


def test_the_report_imports_no_framework_and_the_package_nothing_heavy(tmp_path: Path) -> None:
    run = write_run(tmp_path, capabilities=["translation"], cycles=2)
    code = (
        "import sys, pathlib, suite.report\n"
        "assert not {'pandas', 'matplotlib', 'jinja2', 'numpy'} & set(sys.modules)\n"
        f"run = pathlib.Path({str(run)!r})\n"
        "suite.report.write_report([run], run)\n"
        "assert not {'torch', 'transformers', 'onnxruntime'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=project_root())
