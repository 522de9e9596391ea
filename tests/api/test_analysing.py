from __future__ import annotations

from pathlib import Path

import pytest

import ctxemb
from ctxemb.errors import FormatError, InputError
from tests.toys import sentence

TEXTS = [
    sentence("I sat by the bank"),
    sentence("The bank is by the bank"),
    sentence("I sat by the bank too"),
]


def test_measures_of_sentences(toy_folders: dict[str, Path]) -> None:
    calls: list[tuple[int, int, str]] = []
    rows = ctxemb.analyse(
        str(toy_folders["gpt"]),
        "intra-sentence",
        text=TEXTS,
        twins=False,
        cache=False,
        progress=lambda *told: calls.append(told),
    )
    assert isinstance(rows, ctxemb.Measurements)
    assert {row.layer for row in rows} == {0, 1, 2}
    assert list(rows.to_frame()["measure"].unique()) == ["intra-sentence"]
    assert calls[-1] == (1, 1, "done")


def test_a_file_of_analyses(toy_folders: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("I sat by the bank .\nThe bank is by the bank .\n", encoding="utf-8")
    spec = tmp_path / "spec.toml"
    lines = [
        f"models = ['{toy_folders['bert']}']",
        "[[analysis]]",
        "measures = ['intra-sentence']",
        f"text = '{tmp_path / 'text.txt'}'",
        "spaces = ['raw', 'centered']",
        "twins = false",
    ]
    spec.write_text("\n".join(lines), encoding="utf-8")
    rows = ctxemb.analyse_spec(spec, cache=False)
    assert {row.space for row in rows} == {"raw", "centered"}
    spec.write_text("\n".join(lines).replace("intra-sentence", "intra"), encoding="utf-8")
    with pytest.raises(FormatError, match="unknown measure 'intra'"):
        ctxemb.analyse_spec(spec, cache=False)


def test_vectors_for_other_tools(toy_folders: dict[str, Path], tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("I sat by the bank .\nThe bank is by the bank .\n", encoding="utf-8")
    place, model = tmp_path / "atlas.parquet", str(toy_folders["bert"])
    assert ctxemb.export(place, model=model, text=text, k=2, cache=False) == 13
    assert place.is_file()
    with pytest.raises(InputError, match="either a model or a store"):
        ctxemb.export(place)


def test_a_probe_in_a_space(toy_folders: dict[str, Path]) -> None:
    asked = {"layers": [-1], "probes": "1-nn", "baselines": False, "cache": False}
    raw = ctxemb.probe("senses", str(toy_folders["bert"]), **asked)  # type: ignore[arg-type]
    moved = ctxemb.probe("senses", str(toy_folders["bert"]), space="whitened", **asked)  # type: ignore[arg-type]
    assert [row.value for row in raw.results] != [row.value for row in moved.results]
