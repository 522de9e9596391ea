"""Charts: everything drawn lies inside them."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from ctxemb.reporting.figures import score_curves, sense_panel
from ctxemb.results import Findings, MapPoint, read_findings


def score_domain(findings: Findings) -> list[float]:
    layers: list[dict[str, Any]] = score_curves(findings, "senses").to_dict()["layer"]
    domains = [layer["encoding"]["y"]["scale"]["domain"] for layer in layers if "y" in layer["encoding"]]
    assert all(domain == domains[0] for domain in domains)
    found: list[float] = domains[0]
    return found


@pytest.mark.parametrize(("baseline", "value"), [("bag-of-words", 0.97), ("majority", 0.05)])
def test_baselines_far_from_the_curves_are_inside(results_folder: Path, baseline: str, value: float) -> None:
    findings = read_findings([results_folder])
    moved = tuple(
        dataclasses.replace(result, value=value) if result.model == baseline else result
        for result in findings.results
    )
    low, high = score_domain(dataclasses.replace(findings, results=moved))
    assert low < 100 * value < high


def test_every_baseline_has_a_line_and_names_do_not_overlap(results_folder: Path) -> None:
    findings = read_findings([results_folder])
    (majority,) = (result for result in findings.scores("senses") if result.model == "majority")
    found = [result for result in findings.results if result.layer != "-"]
    for name, value in (("majority", 0.3), ("first-sense", 0.305), ("word-majority", 0.6)):
        found.append(dataclasses.replace(majority, model=name, value=value))
    chart = score_curves(dataclasses.replace(findings, results=tuple(found)), "senses").to_dict()
    rows = list(chart["datasets"].values())
    names = [[row["name"] for row in some] for some in rows if "name" in some[0]]
    assert ["majority", "first sense", "word majority"] in names
    assert ["majority, first sense", "word majority"] in names


def test_curves_without_baselines(results_folder: Path) -> None:
    findings = read_findings([results_folder])
    models = tuple(result for result in findings.results if result.layer != "-")
    low, high = score_domain(dataclasses.replace(findings, results=models))
    assert low < high


def test_long_names_of_senses_stand_one_below_the_other() -> None:
    senses = ["seal_(mechanical)", "seal_pinniped"]
    points = [MapPoint("t", "seal", "gpt", 1, sense, i, i, "") for i, sense in enumerate(senses)]
    chart = sense_panel(points, senses, "gpt").to_dict()
    assert chart["encoding"]["color"]["legend"]["columns"] == 1
    assert sense_panel(points, ["a", "b"], "gpt").to_dict()["encoding"]["color"]["legend"]["columns"] == 2
