"""A cache that cannot be used costs time, never a result."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ctxemb.comparison import evaluate, make_spec
from ctxemb.comparison.cache import Cache

KEY = {"what": "test"}


@pytest.mark.parametrize("kind", ["a file", "below a file", "a link to nothing"])
def test_a_folder_that_cannot_be_used(kind: str, tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    if kind == "a link to nothing":
        folder.symlink_to("/proc/nothing/at/all")
    else:
        folder.write_text("no folder", encoding="utf-8")
    asked = folder / "inner" if kind == "below a file" else folder
    with pytest.warns(UserWarning, match=r"cache folder .*cache.* cannot be written to .*CTXEMB_CACHE"):
        cache = Cache(asked)
    assert cache.rows(KEY, lambda: [{"a": 1}]) == [{"a": 1}]


@pytest.mark.skipif(
    os.name == "nt" or not Path("/proc").is_dir(), reason="needs a folder that nobody can write to"
)
def test_an_unwritable_folder() -> None:
    with pytest.warns(UserWarning, match="cannot be written to"):
        cache = Cache(Path("/proc/cache"))
    assert cache.rows(KEY, lambda: [{"a": 1}]) == [{"a": 1}]


def test_a_folder_that_goes_away(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")

    def lose() -> list[dict[str, int]]:
        for part in ("scores", "vectors"):
            (tmp_path / "cache" / part).rmdir()
        (tmp_path / "cache").rmdir()
        (tmp_path / "cache").write_text("a file now", encoding="utf-8")
        return [{"a": 1}]

    with pytest.warns(UserWarning, match="cannot be written to"):
        assert cache.rows(KEY, lose) == [{"a": 1}]
    (found,) = cache.arrays([KEY], [(2,)], lambda _, values: values[0].fill(3))
    assert found.tolist() == [3, 3]


@pytest.mark.parametrize("text", ["", "{", "[1]", "[" * 100_000, "{}"])
def test_damaged_scores_are_made_anew(text: str, tmp_path: Path) -> None:
    assert Cache(tmp_path).rows(KEY, lambda: [{"a": 1}]) == [{"a": 1}]
    (path,) = (tmp_path / "scores").iterdir()
    path.write_text(text, encoding="utf-8")
    assert Cache(tmp_path).rows(KEY, lambda: [{"a": 2}]) == [{"a": 2}]
    assert Cache(tmp_path).rows(KEY, lambda: [{"a": 3}]) == [{"a": 2}]


def test_damaged_vectors_are_made_anew(tmp_path: Path) -> None:
    for damage in (b"", b"\x93NUMPY", None):
        Cache(tmp_path).arrays([KEY], [(2,)], lambda _, values: values[0].fill(1))
        (path,) = (tmp_path / "vectors").iterdir()
        if damage is None:
            np.save(path, np.zeros(3, dtype=np.float32))
        else:
            path.write_bytes(damage)
        (found,) = Cache(tmp_path).arrays([KEY], [(2,)], lambda _, values: values[0].fill(2))
        assert found.tolist() == [2, 2]
        path.unlink()


def test_what_killed_runs_left_is_swept(tmp_path: Path) -> None:
    dead = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True
    )
    folder = tmp_path / "vectors"
    folder.mkdir()
    (folder / f"x.npy.{int(dead.stdout)}.part").write_bytes(b"half")
    (folder / f"y.npy.{os.getpid()}.part").write_bytes(b"being written")
    Cache(tmp_path)
    assert [path.name for path in folder.iterdir()] == [f"y.npy.{os.getpid()}.part"]


def test_cached_values_hold_no_names(elmo_folder: Path, tmp_path: Path) -> None:
    values = {
        "models": [f"odd-name={elmo_folder}"], "tasks": ["events"], "layers": [0], "probes": ["centroid"],
        "combinations": ["mix"], "analyses": ["clusters"], "baselines": ["majority"], "restarts": 1,
    }  # fmt: skip
    findings = evaluate(make_spec(values, "test"), cache=tmp_path)
    assert {result.model for result in findings.results} == {"odd-name", "majority"}
    texts = [path.read_text(encoding="utf-8") for path in (tmp_path / "scores").iterdir()]
    assert len(texts) > 3
    for text in texts:
        assert "odd-name" not in text
        assert '"task"' not in text
