"""The explorer: its numbers, and its page in a real browser."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

import ctxemb
from ctxemb.cli.main import run
from ctxemb.errors import InputError
from ctxemb.explorer import Occurrence, render_page, view_of

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
NASTY = '</script><script>document.title="taken"</script>'


def occurrences(n: int, *, groups: int = 1) -> list[Occurrence]:
    return [
        Occurrence(("a", "bank", f"of{i}"), 1, 2, "river" if i % 2 else "money", f"w{i % groups}")
        for i in range(n)
    ]


def vectors(n: int, n_layers: int = 3, width: int = 8) -> np.ndarray[Any, Any]:
    return np.random.default_rng(0).normal(size=(n_layers, n, width)).astype(np.float32)


def test_coordinates_are_components_that_move_little() -> None:
    values = vectors(30)
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(8, 8)))[0]
    values[1] = values[0] @ turn.astype(np.float32) * 5 + 3  # the same layer, turned, larger and elsewhere
    view = view_of("m", "bert", values, occurrences(30))
    np.testing.assert_allclose(view.coordinates[1], view.coordinates[0], atol=1e-4)
    for layer in view.coordinates:
        assert (layer**2).sum(axis=1).mean() == pytest.approx(1, rel=1e-4)
        assert layer.mean(axis=0) == pytest.approx(0, abs=1e-5)
    centred = values[2] - values[2].mean(axis=0)
    sizes = np.linalg.svd(centred, compute_uv=False)
    spread = np.linalg.svd(view.coordinates[2], compute_uv=False)
    assert spread[0] / spread[1] == pytest.approx(sizes[0] / sizes[1], rel=1e-4)


def test_each_word_has_coordinates_of_its_own() -> None:
    found = occurrences(20, groups=2)
    values = vectors(20)
    values[:, ::2] += 100  # far apart: together, nothing else would be seen
    view = view_of("m", "bert", values, found)
    alone = view_of("m", "bert", values[:, ::2], found[::2])
    np.testing.assert_allclose(view.coordinates[:, ::2], alone.coordinates, atol=1e-4)


def test_neighbours_by_hand() -> None:
    values = np.array([[[1, 0], [1, 0.1], [0, 1], [0.1, 1]]], dtype=np.float32)
    view = view_of("m", "bert", values, occurrences(4), k=2)
    assert view.neighbors[0, :, 0].tolist() == [1, 0, 3, 2]
    assert view.cosines[0, 0, 0] == pytest.approx(1 / np.sqrt(1.01))
    assert view.pairs is not None
    assert view.pairs[0, 0, 2] == pytest.approx(0)
    assert view.shares == (0.0,)
    assert view.chance == pytest.approx(1 / 3)


def test_alike_vectors_are_drawn_at_one_place() -> None:
    values = np.ones((2, 5, 4), dtype=np.float32)
    assert not view_of("m", "bert", values, occurrences(5)).coordinates.any()


def test_bad_vectors_are_told() -> None:
    with pytest.raises(InputError, match="at least 3 occurrences to draw, found 2"):
        view_of("m", "bert", vectors(2), occurrences(2))
    values = vectors(4)
    values[0, 0, 0] = np.nan
    with pytest.raises(InputError, match="vectors of m are not all finite"):
        view_of("m", "bert", values, occurrences(4))


def test_sources(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    marked = tmp_path / "mine.tsv"
    rows = [f"money\tThe *bank* lent {i} coins ." for i in range(3)] + [
        f"river\tHe sat {i} hours on the *bank* ." for i in range(3)
    ]
    marked.write_text("\n".join(rows) + "\n", encoding="utf-8")
    plain = tmp_path / "text.txt"
    plain.write_text("The bank lent coins .\nA bank of the river .\nThe bank closed .\n", encoding="utf-8")
    assert data_of(ctxemb.explore(marked, "gpt").html)["models"][0]["shares"] is not None
    page = ctxemb.explore(plain, ["gpt"], words=["Bank"])
    assert len(data_of(page.html)["occurrences"]) == 3
    assert "srcdoc" in page._repr_html_()
    lists = ctxemb.explore(["The bank lent .", "A bank of mud .", "By the bank ."], "gpt", words=["bank"])
    assert len(data_of(lists.html)["occurrences"]) == 3
    for arguments, told in (
        ([str(plain)], "say which to show (--word)"),
        ([str(plain), "--word", "zebra"], "no occurrence of zebra in the text"),
        (["events"], "is a task of sentence-labels"),
        (["senses", *["--model", "gpt"] * 5], "expected one to 4 models, found 5"),
    ):
        assert run(["explore", *arguments, "-o", str(tmp_path / "no.html")]) == 1
        assert told in capsys.readouterr().err
    assert not (tmp_path / "no.html").exists()
    assert run(["explore", str(marked), "--model", "gpt", "-o", str(tmp_path / "page.html")]) == 0
    assert (tmp_path / "page.html").is_file()


def data_of(html: str) -> dict[str, Any]:
    text = re.search(r'<script id="data" type="application/json">(.*?)</script>', html, re.DOTALL)
    assert text is not None
    found: dict[str, Any] = json.loads(text[1])
    return found


def test_a_large_page_is_small_enough() -> None:
    found = [Occurrence(("word",) * 20, 3, 4, "a" if i % 2 else "b", "w") for i in range(2000)]
    views = [view_of(name, "bert", vectors(2000, 7, 16), found) for name in ("one", "two", "three")]
    assert len(render_page("large", found, views).html) < 10_000_000


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


@pytest.mark.slow
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_the_page_in_chromium(browser: Any, tmp_path: Path, width: int, scheme: str) -> None:
    found = [Occurrence((NASTY, "bank", f"of{i}"), 1, 2, f"=sense{i % 2}{NASTY}", "bank") for i in range(40)]
    views = [view_of(name, "bert", vectors(40, layers), found) for name, layers in (("a", 3), (NASTY, 7))]
    address = render_page(f"Page {NASTY}", found, views).save(tmp_path / "page.html").as_uri()
    page = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme).new_page()
    requests: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(address)
    assert page.title() == f"Page {NASTY}"
    assert page.locator("canvas").count() == 2
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert "Layer 2 of 2" in page.locator(".map p").first.inner_text()
    # The layer, by the slider and by keys.
    page.locator("#layer").evaluate("e => { e.value = 1; e.dispatchEvent(new Event('input')); }")
    page.locator(".map p", has_text="Layer 1 of 2").wait_for()
    page.locator("canvas").first.press("ArrowLeft")
    page.locator(".map p", has_text="Layer 0 of 2").wait_for()
    # Hover and pin: every dot of the first map lies somewhere on its canvas.
    box = page.locator("canvas").first.bounding_box()
    hits = 0
    for x in np.linspace(8, box["width"] - 8, 24):
        page.mouse.move(box["x"] + x, box["y"] + box["height"] / 2)
        if page.locator("#tip").is_visible():
            hits += 1
            if hits == 1:
                page.mouse.click(box["x"] + x, box["y"] + box["height"] / 2)
    assert hits
    assert NASTY in page.locator("#detail").inner_text()
    assert page.locator("#detail ol").count() == 2
    page.locator("#search").fill("of7")
    with page.expect_download() as download:
        page.locator("#csv").click()
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text(encoding="utf-8"))))
    assert len(rows) == 3 + 7
    assert all(row["label"].startswith("'=sense1") for row in rows)
    with page.expect_download() as download:
        page.locator("#svg").click()
    root = ElementTree.parse(download.value.path()).getroot()
    assert len(root.findall(".//{http://www.w3.org/2000/svg}path")) == 2  # one occurrence in two models
    assert requests == [address] or all(url.startswith(("file:", "blob:")) for url in requests)
    assert complaints == []
