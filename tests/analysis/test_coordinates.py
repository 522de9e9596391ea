from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ctxemb.analysis.flat import coordinates
from ctxemb.analysis.measure import Occurrences
from ctxemb.analysis.occurrence_files import place_occurrences, write_atlas, write_projector
from ctxemb.errors import InputError, MissingFileError, UnknownNameError

GENERATOR = np.random.default_rng(9)
X = (GENERATOR.normal(size=(60, 5)) * [5, 3, 1, 1, 1]).astype(np.float32)
TEXT = Occurrences([["The", "bank", "\ud800"]] * 20, np.array(["D", "N", "X"] * 20), np.full(60, ""))


def test_principal_components() -> None:
    centred = X - X.mean(axis=0)
    axes = np.linalg.svd(centred, full_matrices=False)[2][:2]
    points = coordinates(X)
    assert np.abs(points) == pytest.approx(np.abs(centred @ axes.T), abs=1e-4)
    with pytest.raises(UnknownNameError, match="unknown map 'umpa'; did you mean 'umap'"):
        coordinates(X, "umpa")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="at least 3 rows, found 2"):
        coordinates(X[:2])


@pytest.mark.parametrize(("method", "package"), [("umap", "umap"), ("tsne", "openTSNE")])
def test_other_maps_need_their_packages(method: str, package: str) -> None:
    if importlib.util.find_spec(package) is None:
        with pytest.raises(MissingFileError, match=r"pip install 'ctxemb\[maps\]'"):
            coordinates(X, method)  # type: ignore[arg-type]
        return
    points = coordinates(X, method, seed=1)  # type: ignore[arg-type]
    assert points.shape == (60, 2)
    assert (points == coordinates(X, method, seed=1)).all()  # type: ignore[arg-type]


def test_a_file_for_embedding_atlas(tmp_path: Path) -> None:
    placed = place_occurrences(X, TEXT)
    write_atlas(placed, tmp_path / "words.parquet", k=3)
    table = pd.read_parquet(tmp_path / "words.parquet")
    assert list(table) == ["id", "x", "y", "word", "sentence", "position", "text", "label", "neighbors"]
    assert table.word.tolist()[:3] == ["The", "bank", "?"]
    assert table.text[1] == "The *bank* ?"
    units = X / np.linalg.norm(X, axis=1, keepdims=True)
    cosines = units @ units.T
    np.fill_diagonal(cosines, -2)
    near = table.neighbors[7]
    assert near["ids"].tolist() == np.argsort(-cosines[7])[:3].tolist()
    assert near["distances"] == pytest.approx(np.sort(1 - cosines[7])[:3], abs=1e-5)


def test_a_folder_for_the_projector(tmp_path: Path) -> None:
    placed = place_occurrences(X, TEXT, words=["BANK"], most=5)
    assert len(placed) == 5
    write_projector(placed, tmp_path / "board")
    vectors = np.loadtxt(tmp_path / "board" / "vectors.tsv", delimiter="\t")
    assert vectors == pytest.approx(np.asarray(placed.rows[:]), rel=1e-4)
    lines = (tmp_path / "board" / "metadata.tsv").read_text("utf-8").splitlines()
    assert lines[0] == "word\tsentence\tposition\ttext\tlabel"
    assert len(lines) == 6
    assert 'tensor_path: "vectors.tsv"' in (tmp_path / "board" / "projector_config.pbtxt").read_text()
    with pytest.raises(InputError, match="the text has no occurrence of shore"):
        place_occurrences(X, TEXT, words=["shore"])
