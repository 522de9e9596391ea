"""Frozen against tuned, drawn: every seed a dot, the mean with its interval, the frozen probe a tick."""

from __future__ import annotations

import altair as alt
import pandas as pd

from ctxemb.report.figures import INK, WIDTH, colors
from ctxemb.report.findings import Findings

_ROW = 26
"""Pixels of height for each recipe."""


def tuned_dots(findings: Findings, task: str) -> alt.TopLevelMixin:
    """Return the dots of a task: a row for each model and recipe, its score to the right."""
    rows = [row for row in findings.tunings if row["task"] == task]
    models = list(dict.fromkeys(str(row["model"]) for row in rows))
    recipes = [str(row["recipe"]) for row in rows]
    short = {recipe: recipe.partition(":")[0] for recipe in recipes}
    alone = len(set(short.values())) == len(short)  # settings are shown where they tell recipes apart
    named = [
        {**row, "line": f"{row['model']}, {short[recipe] if alone else recipe}"}
        for row, recipe in zip(rows, recipes, strict=True)
    ]
    lines = list(dict.fromkeys(str(row["line"]) for row in named))
    seeds = pd.DataFrame(
        [
            {"line": row["line"], "model": row["model"], "score": 100 * seed["test"]}
            for row in named
            for seed in row["seeds"]
        ]
    )
    means = pd.DataFrame(
        [
            {
                "line": row["line"],
                "model": row["model"],
                **{name: 100 * row[name] for name in ("value", "low", "high", "frozen")},
            }
            for row in named
        ]
    )
    label = f"{findings.metric_label(task)}{' (%)' if findings.unit(task) else ''}"
    scale = alt.Scale(zero=False)
    y = alt.Y("line:N", sort=lines, title=None, axis=alt.Axis(labelLimit=320))
    color = colors("model", [*models])
    base = alt.Chart(means)
    interval = base.mark_rule(strokeWidth=2.2).encode(
        x=alt.X("low:Q", scale=scale, title=label), x2="high:Q", y=y, color=color
    )
    mean = base.mark_point(size=90, filled=True, opacity=1, shape="diamond").encode(
        x=alt.X("value:Q", scale=scale, title=label), y=y, color=color
    )
    frozen = base.mark_tick(color=INK, thickness=2, size=18).encode(
        x=alt.X("frozen:Q", scale=scale, title=label), y=y
    )
    dots = (
        alt.Chart(seeds)
        .mark_point(size=36, filled=False, opacity=0.9)
        .encode(x=alt.X("score:Q", scale=scale, title=label), y=y, color=color)
    )
    height = max(3, len(lines)) * _ROW
    return alt.layer(interval, dots, mean, frozen).properties(width=WIDTH, height=height)
