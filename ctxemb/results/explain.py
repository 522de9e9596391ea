"""How one number was made: everything that the results folder knows of a row."""

from __future__ import annotations

import json
from typing import Any

from ctxemb.errors import InputError
from ctxemb.results.findings import RESULTS, Findings
from ctxemb.results.names import BASELINES, DEV, WORD, is_twin
from ctxemb.results.records import Result


def explain(findings: Findings, number: int) -> list[str]:
    """Return, line by line, how the score in a row was made.

    Parameters
    ----------
    findings
        One results folder, or results alone, which know less.
    number
        Line of ``results.jsonl``, from 1.

    Raises
    ------
    InputError
        If there is no such row.
    """
    if not 1 <= number <= len(findings.results):
        raise InputError(f"no row {number}: {RESULTS} has rows 1 to {len(findings.results)}")
    row = findings.results[number - 1]
    bounds = f"[{row.low:.4f}, {row.high:.4f}]"
    return [
        f"{row.model}, layer {row.layer}, on {row.task}: {row.metric} {row.value:.4f} {bounds}",
        f"split: {row.split}, {row.n:,} examples",
        _probe(row),
        *_vectors(row),
        *_choice(findings, row),
        *_model(findings, row),
        *_task(findings, row),
        *_made(findings),
    ]


def _probe(row: Result) -> str:
    setting = "" if row.setting is None else f", setting {row.setting:g}, chosen on dev for the whole task"
    return f"probe: {row.probe}{setting}; seed {row.seed}, also of the bootstrap"


def _vectors(row: Result) -> list[str]:
    if row.model in BASELINES:
        return ["vectors: none"]
    beside = "" if row.context == WORD else f", beside the mean of its {row.context}"
    return [f"vectors: pool {row.pool}, context {row.context}{beside}"]


def _choice(findings: Findings, row: Result) -> list[str]:
    if not isinstance(row.layer, int):
        return []
    on_dev = [
        f"L{other.layer} {other.value:.4f}"
        for other in findings.scores(
            row.task, model=row.model, probe=row.probe, split=DEV, pool=row.pool, context=row.context
        )
        if isinstance(other.layer, int)
    ]
    chosen = findings.chosen(row.task, row.model, row.probe, row.pool, row.context)
    if chosen is None:
        return []
    which = "this layer" if chosen.layer == row.layer else f"layer {chosen.layer}"
    metric = findings.metric(row.task)
    return [f"layer: dev chose {which} by {metric} ({', '.join(on_dev) or 'no dev: the last'})"]


def _model(findings: Findings, row: Result) -> list[str]:
    name = row.model.partition("@")[0] if is_twin(row.model) else row.model
    return [f"model: {_listed(known)}" for known in _known(findings, "models", name)]


def _task(findings: Findings, row: Result) -> list[str]:
    return [f"task: {_listed(known)}" for known in _known(findings, "tasks", row.task)]


def _made(findings: Findings) -> list[str]:
    return [
        f"{key}: {value if isinstance(value, str) else _listed(value)}"
        for manifest in findings.manifests
        for key in ("command", "created", "versions", "spec")
        if (value := manifest.get(key))
    ]


def _known(findings: Findings, kind: str, name: str) -> list[dict[str, Any]]:
    return [manifest[kind][name] for manifest in findings.manifests if name in manifest.get(kind, {})]


def _listed(values: dict[str, Any]) -> str:
    shown = (
        (key, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
        for key, value in values.items()
    )
    return "; ".join(f"{key} {value}" for key, value in shown)
