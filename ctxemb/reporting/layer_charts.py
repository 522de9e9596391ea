"""Charts of what was measured on layers: curves by layer, and heat maps of layers against layers.

They take a table with a row for each measurement, as `ctxemb.analyse(...).to_frame()` gives it.
"""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from ctxemb.reporting.figures import HEIGHT, LEGEND, SHAPES, WIDTH, colors, cycled

RANDOM = "@random"
_CELL = 24
"""Pixels of a cell of a heat map."""


def whole_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that are of the whole text, of all heads of a block, and have a numbered layer."""
    whole = frame[(frame["group"] == "") & (frame["head"] == "")]
    return whole[whole["layer"].map(lambda layer: isinstance(layer, int))]


def layer_curves(frame: pd.DataFrame, statistic: str) -> alt.TopLevelMixin:
    """Return the curves of a statistic: value by layer for each model and, dashed, its random twin.

    Layers are placed by their share of the model's depth. Bands are 95 % intervals.
    """
    rows = whole_text(frame[(frame["statistic"] == statistic) & (frame["other_model"] == "")]).copy()
    rows["twin"] = rows["model"].str.endswith(RANDOM)
    rows["model"] = rows["model"].str.removesuffix(RANDOM)
    rows["layer"] = rows["layer"].astype(int)
    rows["depth"] = rows["layer"] / rows.groupby("model")["layer"].transform("max").clip(lower=1)
    models = list(dict.fromkeys(rows["model"]))
    x = alt.X("depth:Q", title="layer, from the input (0) to the last (1)", axis=alt.Axis(format=".1~f"))
    scale = alt.Scale(zero=False)
    y = alt.Y("value:Q", title=statistic.replace("_", " "), scale=scale)
    shape = alt.Shape(
        "model:N", scale=alt.Scale(domain=models, range=cycled(SHAPES, models)), title=None, legend=LEGEND
    )
    color = colors("model", models)
    trained = alt.Chart(rows[~rows["twin"]])
    layers = [
        trained.mark_line(strokeWidth=2.2).encode(x=x, y=y, color=color),
        trained.mark_point(size=70, filled=True, opacity=1).encode(x=x, y=y, color=color, shape=shape),
    ]
    if rows["low"].notna().any():
        band = trained.mark_area(opacity=0.14)
        layers.insert(0, band.encode(x=x, y=alt.Y("low:Q", scale=scale, title=""), y2="high:Q", color=color))
    if rows["twin"].any():
        dashed = alt.Chart(rows[rows["twin"]]).mark_line(strokeWidth=1.6, strokeDash=[4, 4])
        layers.append(dashed.encode(x=x, y=y, color=color))
    return alt.layer(*layers).properties(width=WIDTH, height=HEIGHT)


def layer_heatmap(frame: pd.DataFrame, statistic: str, models: Sequence[str]) -> alt.Chart:
    """Return the heat map of a statistic of two layers, for all layers of some models."""
    rows = frame[(frame["statistic"] == statistic) & (frame["other_model"] != "")]
    rows = rows[rows["model"].isin(models) & rows["other_model"].isin(models)]
    a = rows["model"] + " " + rows["layer"].astype(str)
    b = rows["other_model"] + " " + rows["other_layer"].astype(str)
    both = pd.DataFrame(
        {"a": [*a, *b], "b": [*b, *a], "value": [*rows["value"], *rows["value"]]}
    ).drop_duplicates(["a", "b"])
    names = sorted(dict.fromkeys(both["a"]), key=lambda name: _place(name, models))
    chart: alt.Chart = (
        alt.Chart(both)
        .mark_rect()
        .encode(
            x=alt.X("a:N", sort=names, title=None, axis=alt.Axis(labelAngle=-60)),
            y=alt.Y("b:N", sort=names, title=None),
            color=alt.Color(
                "value:Q", title=statistic.replace("_", " "), scale=alt.Scale(scheme="cividis", zero=False)
            ),
        )
        .properties(width=_CELL * len(names), height=_CELL * len(names))
    )
    return chart


def _place(name: str, models: Sequence[str]) -> tuple[int, int, str]:
    model, _, layer = name.rpartition(" ")
    return list(models).index(model), int(layer) if layer.isdecimal() else -1, layer
