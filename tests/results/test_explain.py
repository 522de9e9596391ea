"""How one number was made."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctxemb.cli.main import run
from ctxemb.comparison import evaluate, make_spec
from ctxemb.results import read_findings


@pytest.fixture(scope="module")
def folder(elmo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the results of a small comparison."""
    values = {"models": [str(elmo_folder)], "tasks": ["events"], "combinations": ["concat"]}
    findings = evaluate(make_spec(values, "test"), command="ctxemb compare test")
    return findings.save(tmp_path_factory.mktemp("results") / "small")


def test_rows_carry_their_setting_and_the_choice_of_layers(folder: Path) -> None:
    findings = read_findings([folder])
    for row in findings.results:
        if row.probe in ("logistic", "bag-of-words"):
            assert row.setting in (1e3, 1e2, 1e1, 1.0, 0.1)
        if row.probe in ("centroid", "majority"):
            assert row.setting is None
        assert (row.chosen is not None) == isinstance(row.layer, int)
    best = findings.chosen("events", "tiny")
    assert best is not None and best.chosen
    layers = {(row.layer, row.chosen) for row in findings.scores("events", model="tiny", probe="logistic")}
    assert layers == {("concat", None), *((layer, layer == best.layer) for layer in range(3))}


def test_a_row_is_explained(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    findings = read_findings([folder])
    best = findings.chosen("events", "tiny")
    assert best is not None
    number = findings.results.index(best) + 1
    assert run(["explain", str(folder), str(number)]) == 0
    said = capfd.readouterr().out
    for part in (
        f"tiny, layer {best.layer}, on events: accuracy {best.value:.4f}", "chosen on dev", "seed 0",
        "dev chose this layer by accuracy (L0 0.", "fingerprint", "command: ctxemb compare test", "torch",
    ):  # fmt: skip
        assert part in said
    assert run(["explain", str(folder), "1"]) == 0
    assert "vectors: none" in capfd.readouterr().out
    assert run(["explain", str(folder / "results.jsonl"), "0"]) == 1
    assert f"no row 0: results.jsonl has rows 1 to {len(findings.results)}" in capfd.readouterr().err
