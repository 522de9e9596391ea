"""Frozen against tuned, drawn: every seed a dot, the mean with its interval, the frozen probe a tick."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from ctxemb.reporting.figures import INK, WIDTH, colors
from ctxemb.results import Findings, Tuning

_ROW = 26
"""Pixels of height for each recipe."""

_PANEL = 250
"""Pixels of width of the curves of a recipe."""


def line_names(tunings: Sequence[Tuning]) -> list[str]:
    """Return model and recipe of each; settings of recipes are shown where they tell some apart."""
    short = {tuning.recipe: tuning.recipe.partition(":")[0] for tuning in tunings}
    alone = len(set(short.values())) == len(short)
    return [f"{tuning.model}, {short[tuning.recipe] if alone else tuning.recipe}" for tuning in tunings]


def tuned_dots(findings: Findings, task: str) -> alt.TopLevelMixin:
    """Return the dots of a task: a row for each model and recipe, its score to the right."""
    tunings = [tuning for tuning in findings.tunings if tuning.task == task]
    models = list(dict.fromkeys(tuning.model for tuning in tunings))
    names = line_names(tunings)
    lines = list(dict.fromkeys(names))
    seeds = pd.DataFrame(
        [
            {"line": name, "model": tuning.model, "score": 100 * run.test}
            for name, tuning in zip(names, tunings, strict=True)
            for run in findings.runs(tuning)
        ]
    )
    means = pd.DataFrame(
        [
            {
                "line": name,
                "model": tuning.model,
                "value": 100 * tuning.value,
                "low": 100 * tuning.low,
                "high": 100 * tuning.high,
                "frozen": 100 * tuning.frozen,
            }
            for name, tuning in zip(names, tunings, strict=True)
        ]
    )
    label = f"{findings.metric_label(task)}{' (%)' if findings.unit(task) else ''}"
    scale = alt.Scale(zero=False)
    y = alt.Y("line:N", sort=lines, title=None, axis=alt.Axis(labelLimit=320))
    color = colors("model", models)
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


def curve_recipes(findings: Findings, task: str) -> list[str]:
    """Return the recipes of a task that have curves: at least two epochs."""
    runs = [run for run in findings.tuning_runs if run.task == task and len(run.curve) > 1]
    return list(dict.fromkeys(run.recipe for run in runs))


def dev_curves(findings: Findings, task: str, recipe: str) -> alt.TopLevelMixin:
    """Return the score on dev by epoch, a line for each run of a recipe; a dot is the epoch that counts."""
    runs = [run for run in findings.tuning_runs if (run.task, run.recipe) == (task, recipe)]
    models = list(dict.fromkeys(run.model for run in findings.tuning_runs if run.task == task))
    frame = pd.DataFrame(
        [
            {
                "model": run.model,
                "run": f"{run.model} {run.seed}",
                "epoch": epoch,
                "score": 100 * score,
                "chosen": epoch == run.epoch,
            }
            for run in runs
            for epoch, score in enumerate(run.curve, start=1)
        ]
    )
    scores = findings.metric_label(task)
    base = alt.Chart(frame, title=alt.Title(recipe, fontWeight="normal", limit=_PANEL)).encode(
        x=alt.X("epoch:Q", title="epoch", axis=alt.Axis(tickMinStep=1, format="d")),
        y=alt.Y("score:Q", title=f"{scores} on dev", scale=alt.Scale(zero=False)),
        color=colors("model", models),
    )
    lines = base.mark_line(strokeWidth=1.6, opacity=0.8).encode(detail="run:N")
    dots = base.transform_filter("datum.chosen").mark_point(size=50, filled=True, opacity=1)
    return alt.layer(lines, dots).properties(width=_PANEL, height=_PANEL * 3 // 4)
