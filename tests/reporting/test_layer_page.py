from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from ctxemb.errors import FormatError
from ctxemb.reporting.layer_page import layer_sections, render_layer_markdown, render_layer_page
from ctxemb.reporting.published_layers import read_curves


def row(model: str, layer: int | str, value: float, **more: object) -> dict[str, object]:
    return {
        "model": model, "layer": layer, "text": "toy", "measure": "isotropy", "statistic": "mean_cosine",
        "value": value, "low": value - 0.1, "high": value + 0.1, "n": 9, "seed": 0, "group": "",
        "space": "raw", "other_model": "", "other_layer": "", "head": "", **more,
    }  # fmt: skip


@pytest.fixture
def frame() -> pd.DataFrame:
    pair = {"measure": "cka", "statistic": "cka", "other_model": "bert"}
    rows = [row(model, layer, 0.1 * layer) for model in ("bert", "bert@random") for layer in range(3)]
    rows += [row("bert", a, 0.5, **pair, other_layer=b) for a in range(3) for b in range(a + 1, 3)]
    rows += [
        row("linear", "-", 0.7, measure="structure", statistic="uuas", low=float("nan"), high=float("nan"))
    ]
    rows += [row("<b>&", 1, 0.25, measure="attention", statistic="entropy", head=2)]
    rows += [row("<b>&", 1, 0.75, measure="attention", statistic="entropy")]
    return pd.DataFrame(rows)


def test_sections(frame: pd.DataFrame) -> None:
    curves, heat, chain, attention = layer_sections(frame, pictures=True)
    assert curves.title == "isotropy: mean cosine, toy"
    assert curves.columns == ("model", "0", "1", "2")
    assert curves.rows[0] == ("bert", "0.000 [-0.100, 0.100]", "0.100 [0.000, 0.200]", "0.200 [0.100, 0.300]")
    assert "<svg" in curves.picture
    assert "<svg" in heat.picture
    assert heat.rows == (("bert, bert", "0.500", "0.500", "0.500 [0.400, 0.600] (layers 0 and 1)"),)
    assert not chain.picture
    assert chain.rows == (("linear", "0.700"),)
    assert attention.rows == (("<b>&", "0.750 [0.650, 0.850]"),)


def test_a_page_and_markdown(frame: pd.DataFrame) -> None:
    page = render_layer_page(frame, "A & B")
    assert "<h1>A &amp; B</h1>" in page
    assert "&lt;b&gt;&amp;" in page
    assert "http://www.w3.org" in page
    assert "src=" not in page
    text = render_layer_markdown(frame, "A")
    assert text.startswith("# A\n\n## isotropy: mean cosine, toy\n\n| model | 0 | 1 | 2 |\n|")


def test_published_numbers_stand_beside(frame: pd.DataFrame) -> None:
    own = frame[frame["measure"] == "isotropy"].assign(measure="self-similarity", statistic="self_similarity")
    text = render_layer_markdown(own, "A")
    assert "gpt2, Ethayarajh 2019, sentences of SemEval STS" in text
    assert "bert-base-uncased, monosemous, Soler and Apidianaki 2021" in text
    assert "Published numbers, by layer" in render_layer_page(own, "A")


def test_published_numbers_are_checked(tmp_path: Path) -> None:
    path = tmp_path / "layers.toml"
    path.write_text('[papers]\n[[layers]]\npaper = "x"\nmodle = "y"\n', encoding="utf-8")
    with pytest.raises(
        FormatError, match=r"layers.toml:4: layers.0.modle: unknown key; did you mean 'model'"
    ):
        read_curves(path)
