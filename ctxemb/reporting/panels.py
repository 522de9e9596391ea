"""Scores of the parts of a test, such as its words, as dots with their intervals."""

from __future__ import annotations

import altair as alt
import pandas as pd

from ctxemb.reporting.figures import INK, LEGEND, SHAPES, WIDTH, colors, cycled
from ctxemb.results import Findings
from ctxemb.results.names import FIRST_SENSE, MAJORITY, part_split

_LINE, _GAP = 10, 8
"""Height of a model's dot, and of what stands between two parts."""

_BASELINES = (MAJORITY, FIRST_SENSE)


def part_dots(findings: Findings, task: str) -> alt.TopLevelMixin:
    """Return the scores by part of the test: a dot for each model, a tick for majority or first sense."""
    models, parts = findings.models(task), findings.parts(task)
    rows = [
        {
            "part": part, "model": result.model, "score": 100 * result.value, "low": 100 * result.low,
            "high": 100 * result.high,
        }
        for part in parts
        for result in findings.scores(task, split=part_split(part))
        if result.model in (*models, *_BASELINES)
    ]  # fmt: skip
    frame = pd.DataFrame(rows)
    of_models, of_baselines = frame[frame["model"].isin(models)], frame[~frame["model"].isin(models)]
    shown = [part for part in parts if part in set(of_models["part"])]
    axis = alt.Axis(tickBand="extent", grid=True, ticks=False, domain=False, labelLimit=160)
    y = alt.Y("part:N", sort=shown, title=None, axis=axis)
    offset = alt.YOffset("model:N", sort=models, scale=alt.Scale(domain=models))
    title = f"{findings.metric_label(task)}{' (%)' if findings.unit(task) else ''}"
    scale = alt.Scale(zero=False, nice=True)
    x = alt.X("score:Q", title=title, scale=scale)
    shape = alt.Shape(
        "model:N", scale=alt.Scale(domain=models, range=cycled(SHAPES, models)), title=None, legend=LEGEND
    )
    base = alt.Chart(of_models).encode(y=y, yOffset=offset, color=colors("model", models))
    interval = base.mark_rule(strokeWidth=1.6, opacity=0.6).encode(
        x=alt.X("low:Q", scale=scale, title=title), x2="high:Q"
    )
    layers: list[alt.Chart] = [
        interval,
        base.mark_point(size=44, filled=True, opacity=1).encode(x=x, shape=shape),
    ]
    if len(of_baselines):
        tick = alt.Chart(of_baselines[of_baselines["part"].isin(shown)]).mark_tick(color=INK, thickness=1.5)
        layers.append(tick.encode(y=y, x=x))
    height = len(shown) * (len(models) * _LINE + _GAP)
    return alt.layer(*layers).properties(width=WIDTH, height=height)
