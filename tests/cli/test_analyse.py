from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Ctxemb


def test_measurements_are_printed_and_written(
    ctxemb: Ctxemb, toy_folders: dict[str, Path], toy_text: Path, tmp_path: Path
) -> None:
    ran = ctxemb(
        "analyse", "--model", str(toy_folders["bert"]), "--text", str(toy_text), "--measure", "isotropy",
        "--measure", "cka", "--no-twins", "--no-cache", "-o", str(tmp_path / "rows.jsonl"),
        "--report", str(tmp_path / "page.html"),
    )  # fmt: skip
    assert ran.code == 0, ran.err
    assert "isotropy: toy.txt" in ran.out
    assert "other layer" in ran.out
    rows = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    assert len(rows) == 3 * 3 + 3 * 2
    assert f"wrote {len(rows)} measurements" in ran.err
    assert "<svg" in (tmp_path / "page.html").read_text("utf-8")


def test_measures_are_listed(ctxemb: Ctxemb) -> None:
    ran = ctxemb("analyse", "--list")
    assert ran.code == 0
    assert "self-similarity" in ran.out


def test_errors_are_one_line(ctxemb: Ctxemb, toy_folders: dict[str, Path]) -> None:
    ran = ctxemb("analyse", "--model", str(toy_folders["bert"]))
    assert ran.code == 1
    assert ran.err.strip() == "ctxemb: self-similarity needs words to measure: name a text or a task"


def test_several_analyses_in_a_file(
    ctxemb: Ctxemb, toy_folders: dict[str, Path], toy_text: Path, tmp_path: Path
) -> None:
    spec = tmp_path / "toy.toml"
    model, text = toy_folders["bert"].as_posix(), toy_text.as_posix()
    spec.write_text(
        f"""models = ["{model}"]
[[analysis]]
text = "{text}"
measures = ["isotropy"]
spaces = ["raw", "centered"]
layers = [-1]
[[analysis]]
text = "{text}"
measures = ["attention"]
twins = false
""",
        encoding="utf-8",
    )
    ran = ctxemb("analyse", str(spec), "--no-cache", "--format", "csv")
    assert ran.code == 0, ran.err
    lines = ran.out.splitlines()
    assert sum(",isotropy," in line for line in lines) == 2 * 2 * 3
    assert sum(",centered," in line for line in lines) == 2 * 3
    spec.write_text('models = ["bert"]\n[[analysis]]\nmeasures = ["isotopy"]\n', encoding="utf-8")
    ran = ctxemb("analyse", str(spec))
    assert "toy.toml:3: analysis.0.measures: unknown measure 'isotopy'; did you mean 'isotropy'" in ran.err
    assert ctxemb("analyse", str(spec), "--model", "bert").code == 2


def test_neighbors_in_a_space(ctxemb: Ctxemb, toy_folders: dict[str, Path]) -> None:
    query = (
        "neighbors",
        "The old *bank* opened .",
        "--tokenized",
        "--model",
        str(toy_folders["bert"]),
        "--no-cache",
    )
    rows = [
        json.loads(ctxemb(*query, "--format", "json", "--space", space).out) for space in ("raw", "centered")
    ]
    assert [len(found) for found in rows] == [5, 5]
    assert rows[0][0]["cosine"] != rows[1][0]["cosine"]
    assert "unknown space 'centred'; did you mean 'centered'" in ctxemb(*query, "--space", "centred").err


def test_neighbors_are_scored(ctxemb: Ctxemb, toy_folders: dict[str, Path]) -> None:
    done = ctxemb("neighbors", "--score", "--model", toy_folders["bert"], "--no-cache", "--format", "json")
    assert done.code == 0, done.err
    rows = json.loads(done.out)
    assert len(rows) == 6  # three layers, and those of the twin
    assert {"model", "layer", "same sense", "low", "high", "chance", "n"} == set(rows[0])
    assert all(row["low"] <= row["same sense"] <= row["high"] for row in rows)
    assert "give no query" in ctxemb("neighbors", "a *b*", "--score").err
    assert "or --score" in ctxemb("neighbors").err
