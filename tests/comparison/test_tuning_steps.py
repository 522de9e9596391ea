"""Tuned models in a comparison, and in its report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import ctxemb
from ctxemb.cli.main import run
from ctxemb.comparison import evaluate
from ctxemb.comparison.cache import Cache
from ctxemb.comparison.dry_run import plan_comparison
from ctxemb.comparison.spec import make_spec
from ctxemb.comparison.vectors import task_vectors
from ctxemb.errors import FormatError, InputError
from ctxemb.models import load
from ctxemb.probes import run_probe, score_of
from ctxemb.reporting.detail_tables import detail_tables
from ctxemb.reporting.plain import render_markdown
from ctxemb.reporting.published_table import published_table
from ctxemb.reporting.tuned_tables import tuned_table
from ctxemb.results import Findings, Result, Tuning, TuningRun, read_findings
from ctxemb.tasks import load_task
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
    evaluate(spec, cache=cache).save(tmp_path / "out")
    text = (tmp_path / "out" / "tunings.jsonl").read_text()
    rows = [json.loads(line) for line in text.splitlines()]
    assert [row["recipe"] for row in rows] == recipes
    for row in rows:
        assert row["low"] <= row["value"] <= row["high"]
        assert row["p"] <= row["p_holm"] <= 1
        assert row["difference"] == pytest.approx(row["value"] - row["frozen"], abs=1e-5)
    runs = [json.loads(line) for line in (tmp_path / "out" / "tuning_runs.jsonl").read_text().splitlines()]
    assert [(row["recipe"], row["seed"]) for row in runs] == [(r, seed) for r in recipes for seed in (0, 1)]
    assert [len(row["curve"]) for row in runs] == [2, 2, 1, 1]
    colours = load_task(task)
    (vectors,) = task_vectors(load(str(toy_folders["bert"])), colours, Cache(cache))
    layer = rows[0]["frozen_layer"]
    frozen = run_probe(colours, "logistic", lambda some: vectors[layer, some].copy(), learn_dev=False).test
    assert rows[0]["frozen"] == pytest.approx(score_of(colours, frozen.rows, frozen.labels), abs=1e-6)
    assert not list((cache / "tuned").iterdir())  # what was found is kept, not the weights
    assert all(step.known for step in plan_comparison(spec, cache=cache))
    evaluate(spec, cache=cache).save(tmp_path / "again")
    assert (tmp_path / "again" / "tunings.jsonl").read_text() == text
    findings = read_findings([tmp_path / "out"])
    captions = [table.caption for table in detail_tables(findings, findings.tasks[0])]
    assert any("frozen against tuned" in caption for caption in captions)
    assert "every tuned run" in render_markdown(findings)
    assert run(["report", str(tmp_path / "out"), "-o", str(tmp_path / "r.html")]) == 0
    page = (tmp_path / "r.html").read_text()
    assert "Frozen against tuned on colours" in page
    assert f"Dev by epoch on colours, {recipes[0]}" in page
    assert f"Dev by epoch on colours, {recipes[1]}" not in page  # one epoch is no curve


def test_an_unknown_recipe_is_told_before_anything_runs() -> None:
    with pytest.raises(FormatError, match="did you mean 'ulmfit'"):
        make_spec({"models": ["bert"], "tasks": ["events"], "recipes": ["ulmfi"]}, "test")


def test_an_object_is_not_tuned(toy_folders: dict[str, Path]) -> None:
    model = ctxemb.load(str(toy_folders["bert"])).model
    with pytest.raises(InputError, match="only named models are tuned"):
        ctxemb.compare({"models": [model], "tasks": ["senses"], "recipes": ["bert"]}, cache=False)


def test_published_tuned_models_stand_beside_ours(tmp_path: Path) -> None:
    tuning = Tuning(
        task="trec",
        model="bert",
        recipe="ulmfit:epochs=1",
        metric="accuracy",
        value=0.9,
        low=0.88,
        high=0.92,
        frozen=0.8,
        frozen_layer=3,
        difference=0.1,
        difference_low=0.05,
        difference_high=0.15,
        p=0.01,
        p_holm=0.01,
        effect=0.2,
        majority=0.9,
        n=500,
        notes=("3 texts were cut",),
    )
    named = {"task": "trec", "model": "bert", "recipe": "ulmfit:epochs=1"}
    run = TuningRun(**named, seed=0, rate=0.001, epoch=1, dev=0.9, test=0.9, curve=(0.9,))
    frozen = Result("bert", 3, "trec", "test", "logistic", "accuracy", 0.8, 0.75, 0.85, 500, 0)
    Findings((frozen,), tunings=(tuning,), tuning_runs=(run,)).save(tmp_path)
    findings = read_findings([tmp_path])
    assert findings.tunings == (tuning,)
    assert findings.runs(tuning) == findings.failed(tuning) == [run]
    (line,) = [r for r in published_table(findings, "trec").rows if r.cells[0].text.startswith("ULMFiT")]
    assert [cell.text for cell in line.cells if cell.text in ("96.4", "90.0")] == ["96.4", "90.0"]
    assert not line.muted
    table = tuned_table(findings, "trec")
    assert table.caption.endswith("3 texts were cut.")
    assert table.rows[0].cells[3].note == "1 at majority"
    (tmp_path / "tunings.jsonl").write_text('{"task": "trec"}\n')
    with pytest.raises(FormatError, match=r"tunings.jsonl:1: not a tuning; missing or unknown"):
        read_findings([tmp_path])
