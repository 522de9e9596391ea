"""Probing and comparing by name, and with the caller's own arrays, tasks, models and probes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn.tree import DecisionTreeClassifier
from torch import Tensor

import ctxemb
from ctxemb.errors import FormatError, InputError, UnknownNameError
from ctxemb.models import Encoding
from ctxemb.models.encoding import pack
from ctxemb.results import read_findings
from ctxemb.text.sentence import Sentence
from tests.probes.test_probes import toy_task


def apart(n: int = 90) -> tuple[NDArray[np.float32], list[str]]:
    """Return two layers, of which the second tells the labels, and the labels."""
    generator = np.random.default_rng(0)
    labels = np.array(["one", "two", "three"] * (n // 3))
    X = generator.normal(size=(2, n, 6)).astype(np.float32)
    X[1, :, 0] += 9 * (labels == "one")
    X[1, :, 1] += 9 * (labels == "two")
    return X, labels.tolist()


class Lengths:
    """A model of somebody's own: layer 0 is the length of a word, layer 1 its square."""

    name = "lengths"

    def encode(self, sentences: Sequence[Sentence]) -> Encoding:
        lengths = [len(word) for sentence in sentences for word in sentence.words]
        ones = np.ones(len(lengths), dtype=np.int64)
        return pack(np.array(lengths), ones, np.array([len(sentence) for sentence in sentences]))

    def each(self, batch: Encoding) -> Iterator[Tensor]:
        sizes = batch.pieces.float()[:, None]
        yield torch.cat([sizes, torch.ones_like(sizes)], dim=1)
        yield torch.cat([sizes**2, torch.ones_like(sizes)], dim=1)


def test_own_arrays() -> None:
    X, y = apart()
    findings = ctxemb.probe(ctxemb.Arrays(X, y, name="mine"), cache=False)
    best = findings.chosen("mine", "mine")
    assert best is not None
    assert (best.layer, best.value) == (1, 1.0)
    (difference,) = findings.differences
    assert (difference.a, difference.b) == ("mine", "majority")
    assert difference.is_significant
    frame = findings.to_frame()
    assert set(frame["layer"]) == {"-", 0, 1, "mix", "concat"}
    assert len(frame) == len(findings.results)


def test_own_splits_and_groups() -> None:
    X, y = apart()
    splits = ["train"] * 60 + ["test"] * 30
    findings = ctxemb.probe(ctxemb.Arrays(X[1], y, groups=["a", "b"] * 45, splits=splits), cache=False)
    assert {result.n for result in findings.results if result.split == "test"} == {30}
    with pytest.raises(InputError, match="groups should be as many as labels, 90, found 1"):
        ctxemb.probe(ctxemb.Arrays(X, y, groups=["a"]))
    with pytest.raises(InputError, match=r"X should be \(n, width\) .* found \(2, 90\)"):
        ctxemb.probe(ctxemb.Arrays(X[:, :, 0], y))


def test_own_tasks_models_and_estimators() -> None:
    task, _ = toy_task()
    findings = ctxemb.probe(task, Lengths(), probes=[DecisionTreeClassifier()], cache=False)
    names = {(result.model, result.probe) for result in findings.results if result.layer != "-"}
    assert names == {
        ("lengths", "DecisionTreeClassifier"), ("lengths@static", "DecisionTreeClassifier"),
        ("lengths@context-mean", "DecisionTreeClassifier"),
    }  # fmt: skip
    compared = ctxemb.compare(
        {"models": [Lengths()], "tasks": [task], "probes": ["1-nn"], "combinations": []}, cache=False
    )
    assert compared.models(task.name) == ["lengths"]
    assert compared.probe(task.name) == "1-nn"
    with pytest.raises(InputError, match="a probe is a name, or has fit and predict; found int"):
        ctxemb.probe(task, Lengths(), probes=[3])  # type: ignore[list-item]


def test_findings_are_saved_drawn_and_reported(tmp_path: Path) -> None:
    X, y = apart()
    findings = ctxemb.probe(ctxemb.Arrays(X, y), cache=False)
    assert read_findings([findings.save(tmp_path / "results")]) == findings
    assert "layer" in json.dumps(findings.chart().to_dict())
    for name, begin in (("r.html", "<!doctype html>"), ("r.md", "# "), ("r.csv", "model,layer")):
        file = findings.report(tmp_path / name)
        assert file.read_text(encoding="utf-8").lower().startswith(begin)
        again = ctxemb.report(tmp_path / "results", tmp_path / f"again-{name}")
        assert again.read_text(encoding="utf-8") == file.read_text(encoding="utf-8")
    with pytest.raises(UnknownNameError, match=r"unknown ending of a report '\.doc'"):
        findings.report(tmp_path / "r.doc")
    page = findings._repr_html_()
    assert page.count("<table>") == 1 and "arrays" in page
    assert ctxemb.Findings()._repr_html_() == "<p>no results</p>"


def test_names_that_are_wrong() -> None:
    with pytest.raises(FormatError, match="the call: tasks: unknown task 'sense'; did you mean 'senses'"):
        ctxemb.probe("sense", "bert")
    with pytest.raises(FormatError, match="unknown probe 'logistik'"):
        ctxemb.probe("senses", "bert", probes="logistik")
    with pytest.raises(FormatError, match="unknown analysis 'contrl'"):
        ctxemb.probe("senses", "bert", analyses=["contrl"])
