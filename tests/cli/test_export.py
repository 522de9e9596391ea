from __future__ import annotations

from pathlib import Path

import pandas as pd

from tests.cli.conftest import Ctxemb


def test_occurrences_of_a_model_and_of_its_store(
    ctxemb: Ctxemb, toy_folders: dict[str, Path], toy_text: Path, tmp_path: Path
) -> None:
    model, text = str(toy_folders["bert"]), str(toy_text)
    ran = ctxemb(
        "export",
        "--model",
        model,
        "--text",
        text,
        "--word",
        "bank",
        "--no-cache",
        "-o",
        str(tmp_path / "a.parquet"),
    )
    assert ran.code == 0, ran.err
    table = pd.read_parquet(tmp_path / "a.parquet")
    assert set(table.word.str.lower()) == {"bank"}
    store = str(tmp_path / "store")
    assert (
        ctxemb("embed", text, "--model", model, "--store-dtype", "float32", "--skip-empty", "-o", store).code
        == 0
    )
    ran = ctxemb("export", "--store", store, "--word", "bank", "-o", str(tmp_path / "b.parquet"))
    assert ran.code == 0, ran.err
    again = pd.read_parquet(tmp_path / "b.parquet")
    assert (again.x - table.x).abs().max() < 1e-5
    ran = ctxemb("export", "--store", store, "--to", "tensorboard", "-o", str(tmp_path / "board"))
    assert ran.code == 0, ran.err
    assert (tmp_path / "board" / "vectors.tsv").is_file()
    ran = ctxemb("export", "--model", model, "-o", str(tmp_path / "c"))
    assert ran.err.strip() == "ctxemb: a model needs words to embed: name either a text or a task"
