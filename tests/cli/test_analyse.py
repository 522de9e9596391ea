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
    )  # fmt: skip
    assert ran.code == 0, ran.err
    assert "isotropy: toy.txt" in ran.out
    assert "other layer" in ran.out
    rows = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    assert len(rows) == 3 * 3 + 3 * 2
    assert f"wrote {len(rows)} measurements" in ran.err


def test_measures_are_listed(ctxemb: Ctxemb) -> None:
    ran = ctxemb("analyse", "--list")
    assert ran.code == 0
    assert "self-similarity" in ran.out


def test_errors_are_one_line(ctxemb: Ctxemb, toy_folders: dict[str, Path]) -> None:
    ran = ctxemb("analyse", "--model", str(toy_folders["bert"]))
    assert ran.code == 1
    assert ran.err.strip() == "ctxemb: self-similarity needs words to measure: name a text or a task"
