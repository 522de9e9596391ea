"""The page in a real browser: no request, no error, and nothing wider than the screen."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ctxemb.report import write_report

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
    names = page.eval_on_selector_all(
        "figure svg[role=img]", "all => all.map(one => one.firstChild.textContent)"
    )
    assert names and all(names)
    context.close()
