"""Tuned models in a comparison, and in its report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ctxemb.cli.main import run
from ctxemb.comparison.plan import plan_comparison
from ctxemb.comparison.run import run_comparison
from ctxemb.comparison.spec import make_spec
from ctxemb.errors import FormatError
from ctxemb.report.beside import published_table
from ctxemb.report.findings import read_findings
from ctxemb.report.more_tables import more_tables
from ctxemb.report.plain import render_markdown
from ctxemb.results import Result, write_results
from tests.finetuning.test_use import own_file


def test_recipes_in_a_comparison(toy_folders: dict[str, Path], tmp_path: Path) -> None:
    recipes = ["bert:epochs=2,learning_rate=0.01", "features:epochs=1"]
    task = str(own_file(tmp_path))
    values = {"models": [str(toy_folders["bert"])], "tasks": [task], "probes": ["logistic"],
              "combinations": [], "baselines": ["majority"], "recipes": recipes, "seeds": 2}  # fmt: skip
    spec, cache = make_spec(values, "test"), tmp_path / "cache"
    planned = plan_comparison(spec, cache=cache)
    tuning = [step for step in planned if "tuned by" in step.what]
    assert [step.known for step in tuning] == [False, False]
    assert all(step.seconds > 0 for step in tuning)
    run_comparison(spec, tmp_path / "out", cache=cache)
    text = (tmp_path / "out" / "tunings.jsonl").read_text()
    rows = [json.loads(line) for line in text.splitlines()]
    assert [row["recipe"] for row in rows] == recipes
    for row in rows:
        assert [seed["seed"] for seed in row["seeds"]] == [0, 1]
        assert row["low"] <= row["value"] <= row["high"]
        assert row["p"] <= row["p_holm"] <= 1
        assert row["difference"] == pytest.approx(row["value"] - row["frozen"], abs=1e-5)
    assert len(rows[0]["seeds"][0]["curve"]) == 2
    assert not list((cache / "tuned").iterdir())  # what was found is kept, not the weights
    assert all(step.known for step in plan_comparison(spec, cache=cache))
    run_comparison(spec, tmp_path / "again", cache=cache)
    assert (tmp_path / "again" / "tunings.jsonl").read_text() == text
    findings = read_findings([tmp_path / "out"])
    captions = [table.caption for table in more_tables(findings, findings.tasks[0])]
    assert any("frozen against tuned" in caption for caption in captions)
    assert "every tuned run" in render_markdown(findings)
    assert run(["report", str(tmp_path / "out"), "-o", str(tmp_path / "r.html")]) == 0
    assert "Frozen against tuned on colours" in (tmp_path / "r.html").read_text()


def test_an_unknown_recipe_is_told_before_anything_runs() -> None:
    with pytest.raises(FormatError, match="did you mean 'ulmfit'"):
        make_spec({"models": ["bert"], "tasks": ["events"], "recipes": ["ulmfi"]}, "test")


SEED = {"seed": 0, "rate": "0.001", "epoch": 1, "dev": 0.9, "test": 0.9, "curve": [0.9]}


def test_published_tuned_models_stand_beside_ours(tmp_path: Path) -> None:
    row = {"task": "trec", "model": "bert", "recipe": "ulmfit:epochs=1", "metric": "accuracy", "value": 0.9,
           "low": 0.88, "high": 0.92, "n": 500, "frozen": 0.8, "frozen_layer": 3, "difference": 0.1,
           "difference_low": 0.05, "difference_high": 0.15, "p": 0.01, "p_holm": 0.01, "failed": [],
           "seeds": [SEED]}  # fmt: skip
    frozen = Result("bert", 3, "trec", "test", "logistic", "accuracy", 0.8, 0.75, 0.85, 500, 0)
    write_results([frozen], tmp_path / "results.jsonl")
    (tmp_path / "tunings.jsonl").write_text(json.dumps(row) + "\n")
    findings = read_findings([tmp_path])
    (line,) = [r for r in published_table(findings, "trec").rows if r.cells[0].text.startswith("ULMFiT")]
    assert [cell.text for cell in line.cells if cell.text in ("96.4", "90.0")] == ["96.4", "90.0"]
    assert not line.muted
    (tmp_path / "tunings.jsonl").write_text('{"task": "trec"}\n')
    with pytest.raises(FormatError, match=r"tunings.jsonl:1: expected the keys"):
        read_findings([tmp_path])
