"""The page in a real browser: no request, no error, nothing wider than the screen; filters and downloads."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from ctxemb.reporting import write_report
from ctxemb.reporting.plain import render_csv, render_table_csv
from ctxemb.reporting.tables import headline
from ctxemb.results import Result, read_findings
from ctxemb.results.json_lines import read_records
from tests.reporting.conftest import NASTY

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("needs Debian's chromium on the PATH")
    with playwright.sync_playwright() as running:
        found = running.chromium.launch(executable_path=chromium, args=FLAGS)
        yield found
        found.close()


@pytest.fixture(scope="module")
def address(results_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_report([results_folder], tmp_path_factory.mktemp("page") / "report.html").as_uri()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("width", "scheme"), [(1280, "light"), (390, "light"), (360, "dark"), (1280, "dark")]
)
def test_page_in_chromium(browser: Any, address: str, width: int, scheme: str) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    requests: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(address)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert requests == [address]
    assert complaints == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    ink = page.evaluate("getComputedStyle(document.querySelector('figure svg text')).fill")
    bright = {
        name: sum(map(int, color[4:-1].split(",")))
        for name, color in {"paper": background, "ink": ink}.items()
    }
    assert (bright["paper"] < 150 < 500 < bright["ink"]) == (scheme == "dark")
    assert (bright["ink"] < 150 < 500 < bright["paper"]) == (scheme == "light")
    cut = page.evaluate(
        "[...document.querySelectorAll('caption span')].filter(one => one.offsetWidth > innerWidth).length"
    )
    assert cut == 0
    names = page.eval_on_selector_all(
        "figure svg[role=img]", "all => all.map(one => one.firstChild.textContent)"
    )
    assert names and all(names)
    context.close()


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, accept_downloads=True)
    opened = context.new_page()
    opened.goto(address)
    opened.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    yield opened
    context.close()


def downloaded(page: Any, button: Any) -> tuple[str, str]:
    """Press a button; return the name and the text of the file that it gives."""
    with page.expect_download() as waiting:
        button.click()
    return waiting.value.suggested_filename, Path(waiting.value.path()).read_text(encoding="utf-8")


@pytest.mark.slow
def test_filters_and_the_csv_of_what_they_leave(page: Any, results_folder: Path) -> None:
    everything = page.locator("#all")
    rows, button = everything.locator("tbody tr"), everything.get_by_role("button")
    results = read_records(results_folder / "results.jsonl", Result)
    assert rows.count() == len(results)
    name, text = downloaded(page, button)
    assert name == "All-results.csv"
    assert text == render_csv(read_findings([results_folder]))

    everything.get_by_label("probe").select_option(label="1-nn")
    everything.get_by_label("model").select_option(label=NASTY)
    kept = [found for found in results if (found.probe, found.model) == ("1-nn", NASTY)]
    assert everything.locator("tbody tr:visible").count() == len(kept) == 14
    assert f"14 of {len(results)} rows" in everything.inner_text()
    everything.get_by_placeholder("text").fill("events 1-NN")
    assert everything.locator("tbody tr:visible").count() == 7
    assert button.inner_text() == "CSV of these 7 rows"
    found = list(csv.DictReader(io.StringIO(downloaded(page, button)[1])))
    assert len(found) == 7
    assert {(row["model"], row["task"]) for row in found} == {(NASTY, "events")}

    everything.get_by_placeholder("text").fill("")
    everything.get_by_label("probe").select_option(label="all")
    everything.get_by_label("model").select_option(label="all")
    assert everything.locator("tbody tr:visible").count() == len(results)
    assert button.inner_text() == "CSV"


@pytest.mark.slow
def test_every_table_gives_its_csv_and_every_figure_its_svg(page: Any, results_folder: Path) -> None:
    buttons = page.get_by_role("button", name="CSV")
    assert buttons.count() == page.locator("table").count() > 10
    findings = read_findings([results_folder])
    assert downloaded(page, buttons.first)[1] == render_table_csv(headline(findings, "senses"))
    figures = page.locator("figure")
    for number in range(figures.count()):
        figure = figures.nth(number)
        name, text = downloaded(page, figure.get_by_role("button", name="SVG"))
        root = ElementTree.fromstring(text)
        assert root.tag == "{http://www.w3.org/2000/svg}svg" and name.endswith(".svg")
        assert "var(--" not in text and "currentColor" not in text
        panels = [part for part in root if part.tag.endswith("}svg")]
        assert len(panels) == figure.locator(".pictures svg[role=img]").count()
        assert float(root.attrib["width"]) == sum(float(panel.attrib["width"]) for panel in panels) > 100


@pytest.mark.slow
def test_the_page_can_be_read_without_script(browser: Any, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    assert page.get_by_role("button").count() == 0
    assert "Without JavaScript there are no filters" in page.inner_text("body")
    assert page.locator("table").count() > 10 and page.locator("figure svg").count() > 5
    context.close()
