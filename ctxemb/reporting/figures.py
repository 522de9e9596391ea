"""Results to figures: altair charts, rendered to SVG when the report is written."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from ctxemb.results import Findings, MapPoint
from ctxemb.results.names import BASELINES, RANDOM

INK, LINE, PAPER = "#0b0b0d", "#c9c9cd", "#fdfdfe"
"""Colours that the page replaces by its own, which follow light and dark."""

PALETTE = ("#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f")
"""Colours that people with any colour vision tell apart (Okabe and Ito 2008)."""

SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "stroke")
WIDTH, HEIGHT = 430, 280
FONT = "system-ui, sans-serif"
_ROOM = 16
"""Pixels between two lines that both have a name above them."""

_SHORT = 12
"""Characters of names of which two fit side by side under a panel."""
LEGEND = alt.Legend(orient="bottom", title=None, symbolOpacity=1, symbolStrokeWidth=0)


def score_curves(findings: Findings, task: str) -> alt.TopLevelMixin:
    """Return the curves of a task: score by layer for each model and, dashed, for its random twin.

    Layers are placed by their share of the model's depth, so that models of different depth can be compared.
    """
    models = findings.models(task)
    rows = []
    for result in findings.scores(task, probe=findings.probe(task)):
        model = result.model.removesuffix(RANDOM)
        if model in models and isinstance(result.layer, int):
            twin = result.model.endswith(RANDOM)
            rows.append(
                {
                    "model": model,
                    "weights": "random" if twin else "trained",
                    "layer": result.layer,
                    "score": 100 * result.value,
                    "low": 100 * result.low,
                    "high": 100 * result.high,
                }
            )
    frame = pd.DataFrame(rows)
    frame["depth"] = frame["layer"] / frame.groupby("model")["layer"].transform("max").clip(lower=1)
    color = colors("model", models)
    shapes = alt.Scale(domain=models, range=cycled(SHAPES, models))
    shape = alt.Shape("model:N", scale=shapes, title=None, legend=LEGEND)
    x = alt.X("depth:Q", title="layer, from the input (0) to the last (1)", axis=alt.Axis(format=".1~f"))
    rules = [value for _, value in _rules(findings, task)]
    low, high = min([frame["low"].min(), *rules]), max([frame["high"].max(), *rules])
    scale = alt.Scale(domain=[max(0.0, low - 3), min(100.0, high + 3)], nice=False)
    y = alt.Y(
        "score:Q", title=f"{findings.metric_label(task)}{' (%)' if findings.unit(task) else ''}", scale=scale
    )
    trained = alt.Chart(frame[frame["weights"] == "trained"])
    band = trained.mark_area(opacity=0.14).encode(
        x=x, y=alt.Y("low:Q", scale=scale, title=""), y2="high:Q", color=color
    )
    line = trained.mark_line(strokeWidth=2.2).encode(x=x, y=y, color=color)
    point = trained.mark_point(size=70, filled=True, opacity=1).encode(x=x, y=y, color=color, shape=shape)
    layers = [band, line, point]
    random = frame[frame["weights"] == "random"]
    if len(random):
        dashed = alt.Chart(random).mark_line(strokeWidth=1.6, strokeDash=[4, 4])
        layers.append(dashed.encode(x=x, y=y, color=color))
    return alt.layer(*layers, *_rule_layers(findings, task, scale)).properties(width=WIDTH, height=HEIGHT)


def _rules(findings: Findings, task: str) -> list[tuple[str, float]]:
    """Return the names and scores of the baselines, the lowest first."""
    scores = [(name.replace("-", " "), findings.one(task, name)) for name in BASELINES]
    rules = [(said, 100 * result.value) for said, result in scores if result is not None]
    return sorted(rules, key=lambda rule: rule[1])


def _rule_layers(findings: Findings, task: str, scale: alt.Scale) -> list[alt.Chart]:
    rules = _rules(findings, task)
    if not rules:
        return []
    y = alt.Y("score:Q", scale=scale)
    lines = pd.DataFrame(rules, columns=["name", "score"])
    rule = alt.Chart(lines).mark_rule(color=INK, opacity=0.55, strokeDash=[1, 3], strokeWidth=1.4).encode(y=y)
    low, high = scale.domain
    named = pd.DataFrame(_named_once(rules, _ROOM * (high - low) / HEIGHT), columns=["name", "score"])
    text = (
        alt.Chart(named)
        .mark_text(align="right", baseline="bottom", dx=-2, dy=-2, fontSize=12, color=INK, opacity=0.75)
        .encode(y=y, x=alt.value(WIDTH), text="name:N")
    )
    return [rule, text]


def _named_once(rules: Sequence[tuple[str, float]], room: float) -> list[tuple[str, float]]:
    """Return the names above their lines; lines without room for a name between them share one text."""
    texts: list[tuple[str, float]] = []
    for name, score in rules:
        near = bool(texts) and score - texts[-1][1] < room
        texts.append((f"{texts.pop()[0]}, {name}" if near else name, score))
    return texts


def mix_bars(findings: Findings, task: str) -> alt.HConcatChart:
    """Return the learned layer weights of a task as bars, a panel per model; ticks are all restarts."""
    mixes = [mix for mix in findings.mixes if mix.task == task]
    models = findings.models(task)
    names = list(dict.fromkeys(mix.model for mix in mixes))
    panels: list[Any] = []
    for name in names:
        tried = [mix for mix in mixes if mix.model == name]
        best = min(tried, key=lambda mix: mix.loss or 0.0)
        frame = pd.DataFrame({"layer": range(len(best.weights)), "weight": best.weights})
        others = pd.DataFrame(
            [{"layer": i, "weight": weight} for mix in tried for i, weight in enumerate(mix.weights)]
        )
        color = PALETTE[models.index(name) % len(PALETTE)] if name in models else PALETTE[-1]
        y = alt.Y("weight:Q", scale=alt.Scale(domain=[0, 1]), title="weight" if not panels else None)
        x = alt.X("layer:O", title="layer", axis=alt.Axis(labelAngle=0, labelOverlap="greedy"))
        width = max(60, int(WIDTH / len(names)) - 30)
        title = alt.Title(name, fontWeight="normal", limit=width + 10)
        bars = alt.Chart(frame, title=title).mark_bar(color=color)
        ticks = alt.Chart(others).mark_tick(color=INK, thickness=1.5)
        size = {"width": width, "height": 130}
        panels.append(alt.layer(bars.encode(x=x, y=y), ticks.encode(x=x, y=y)).properties(**size))
    return alt.hconcat(*panels)


def training_curves(findings: Findings) -> alt.TopLevelMixin:
    """Return the curves of training: bits per character of held-out text by words seen."""
    frame = pd.DataFrame(map(dataclasses.asdict, findings.trainings))
    frame["millions"] = frame["words"] / 1e6
    models = list(dict.fromkeys(frame["model"]))
    shapes = alt.Scale(domain=models, range=cycled(SHAPES, models))
    base = alt.Chart(frame).encode(
        x=alt.X("millions:Q", title="words seen (millions)"),
        y=alt.Y("bits_per_character:Q", title="bits per character", scale=alt.Scale(zero=False)),
        color=colors("model", models),
    )
    point = base.mark_point(size=36, filled=True, opacity=1).encode(
        shape=alt.Shape("model:N", scale=shapes, title=None, legend=LEGEND)
    )
    return alt.layer(base.mark_line(strokeWidth=2.2), point).properties(width=WIDTH, height=HEIGHT)


def sense_panel(points: Sequence[MapPoint], senses: Sequence[str], title: str) -> alt.Chart:
    """Return the map of a word's occurrences in one model, coloured and shaped by sense."""
    frame = pd.DataFrame(map(dataclasses.asdict, points))
    axis = alt.Axis(labels=False, ticks=False, grid=False, title=None, domain=False)
    columns = 2 if max(map(len, senses)) <= _SHORT else 1
    legend = alt.Legend(orient="bottom", title=None, columns=columns)
    shapes = alt.Scale(domain=list(senses), range=cycled(SHAPES, senses))
    colors = alt.Scale(domain=list(senses), range=cycled(PALETTE, senses))
    panel: alt.Chart = (
        alt.Chart(frame, title=alt.Title(title, fontWeight="normal", limit=220))
        .mark_point(size=46, filled=True, opacity=0.85)
        .encode(
            x=alt.X("x:Q", axis=axis),
            y=alt.Y("y:Q", axis=axis),
            color=alt.Color("sense:N", scale=colors, legend=legend),
            shape=alt.Shape("sense:N", scale=shapes, legend=legend),
        )
        .properties(width=250, height=230)
    )
    return panel


def styled(chart: alt.TopLevelMixin) -> dict[str, Any]:
    """Return the Vega-Lite specification of a chart in the report's style."""
    specification: dict[str, Any] = chart.to_dict()
    specification["background"] = PAPER
    specification["config"] = {
        "font": FONT,
        "view": {"stroke": LINE},
        "axis": {
            "labelColor": INK, "titleColor": INK, "gridColor": LINE, "gridOpacity": 0.6, "tickColor": LINE,
            "domainColor": LINE, "labelFontSize": 13, "titleFontSize": 13, "titleFontWeight": "normal",
        },
        "legend": {
            "labelColor": INK, "titleColor": INK, "labelFontSize": 13, "orient": "bottom", "symbolSize": 90,
            "labelLimit": 220,
        },
        "title": {"color": INK, "fontSize": 13, "anchor": "start"},
        "point": {"filled": True},
    }  # fmt: skip
    return specification


def colors(field: str, names: Sequence[str]) -> alt.Color:
    """Return the encoding that gives each name of a field its colour."""
    return alt.Color(
        f"{field}:N",
        scale=alt.Scale(domain=list(names), range=cycled(PALETTE, names)),
        title=None,
        legend=LEGEND,
    )


def cycled(values: Sequence[str], names: Sequence[str]) -> list[str]:
    """Return a value for each name, again from the first when there are no more."""
    return [values[i % len(values)] for i in range(len(names))]
