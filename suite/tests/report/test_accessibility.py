"""The page as a reader has it: on a wide and a narrow screen, light and dark, by keyboard; axe finds nothing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from suite.core.cell import Status
from suite.core.runnable import ON_MEMORY, ON_SPEED
from suite.records.run_folder import LOG, RunFolder
from suite.report import write_report
from suite.task.sample_answer import SampleAnswer
from suite.tests.support.synthetic_run import cell, write_run

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [pytest.mark.slow, pytest.mark.network]


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with all that a run may have: a log to lead to, answers, and what backends say of their numbers."""
    run = RunFolder(write_run(tmp_path_factory.mktemp("results"), cycles=6))
    (run.path / LOG).write_text("a line\n", encoding="utf-8")
    for backend in ("eager", "int8"):
        run.append_sample_answers(cell(backend=backend), [SampleAnswer("0", "a film", "good", "bad", None, None)])
    notes = {"notes": {ON_SPEED: "Its layers are small.", ON_MEMORY: "It keeps what it had."}}
    run.append(cell(backend="int8"), "conformance", Status.PASSED, "", notes)
    return write_report([run.path], run.path)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed")
    reason = "playwright is not installed: pip install -e '.[browser]'"
    api = pytest.importorskip("playwright.sync_api", reason=reason)
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.mark.parametrize("width", [1300, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Any, page_file: Path, width: int, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    with browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme) as context:
        page = context.new_page()
        page.goto(page_file.as_uri())
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        found = axe.Axe().run(page).response["violations"]
        assert [(one["id"], [node["html"] for node in one["nodes"]][:3]) for one in found] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width, "only boxes scroll sideways"


def test_a_table_is_sorted_and_filtered_by_keyboard(browser: Any, page_file: Path) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        messages: list[str] = []
        page.on("console", lambda message: messages.append(message.text))
        page.on("pageerror", lambda error: messages.append(str(error)))
        page.goto(page_file.as_uri())
        table = page.locator("table.measured").first
        heading = table.locator("thead th").filter(has_text="p50")
        backends = table.locator("tbody th a")
        before = backends.all_inner_texts()
        heading.locator("button").focus()
        page.keyboard.press("Enter")
        assert heading.get_attribute("aria-sort") == "ascending"
        column = [*table.locator("thead th").all_inner_texts()].index(heading.inner_text())
        shown = table.locator(f"tbody tr > :nth-child({column + 1})").all_inner_texts()
        values = [float(text.replace(",", "")) for text in shown if text != "\u2013"]
        assert values == sorted(values)
        assert len(values) > 4
        page.keyboard.press("Enter")
        assert heading.get_attribute("aria-sort") == "descending"
        page.keyboard.press("Enter")
        assert heading.get_attribute("aria-sort") == "none"
        assert backends.all_inner_texts() == before
        field = page.get_by_label("Filter rows of the table: Measurements of sentiment-analysis")
        field.fill("ONNX-int8")
        assert table.locator("tbody tr:visible").count() == 1
        assert page.get_by_role("status").filter(has_text="1 of 8 rows").count() == 1
        field.fill("")
        assert table.locator("tbody tr:visible").count() == 8
        assert messages == []


def test_a_link_of_a_row_opens_its_command(browser: Any, page_file: Path) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(page_file.as_uri())
        row = page.locator("table.measured tbody th a").filter(has_text="onnx-int8").first
        target = row.get_attribute("href")
        command = page.locator(f"{target} code.command")
        assert not command.is_visible()
        row.click()
        command.wait_for(state="visible")
        assert command.inner_text().startswith("pytest --capability=")
        assert page.locator(f"{target} button.copy").is_visible()


def test_everything_reads_without_the_script(browser: Any, page_file: Path) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(page_file.as_uri())
        assert page.locator("table.measured").first.is_visible()
        assert page.locator("thead button, input, button").count() == 0, "no control that does nothing"
        page.locator("summary").filter(has_text="command of each cell").first.click()
        assert page.locator("code.command").first.is_visible()


def test_a_printed_page_repeats_the_headings_of_its_tables(browser: Any, tmp_path: Path) -> None:
    """Chromium repeats them where no box around the table scrolls, and they hold no box of a button."""
    run = write_run(tmp_path, cycles=2)
    page_file = write_report([run], run)
    with browser.new_context(color_scheme="dark") as context:
        page = context.new_page()
        page.goto(page_file.as_uri())
        page.emulate_media(media="print")
        seen = page.evaluate(
            "[...document.querySelectorAll('table.sorted')].map((table) => ["
            "getComputedStyle(table.parentElement).overflowX, getComputedStyle(table.tHead).display,"
            "getComputedStyle(table.tBodies[0].rows[0]).breakInside,"
            "getComputedStyle(table.tBodies[0].rows[0].cells[0]).position])"
        )
        assert {tuple(one) for one in seen} == {("visible", "table-header-group", "avoid", "static")}
        buttons = page.evaluate(
            "[...document.querySelectorAll('thead button')].map((one) => getComputedStyle(one).display)"
        )
        assert set(buttons) == {"contents"}
        colour = page.evaluate("getComputedStyle(document.body).color")
        assert colour == "rgb(27, 31, 36)", "dark ink, whatever the screen"
