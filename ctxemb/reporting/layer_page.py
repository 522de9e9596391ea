"""What was measured on layers as one HTML page that needs nothing else, or as Markdown."""

from __future__ import annotations

import importlib.resources
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jinja2
import pandas as pd
from markupsafe import Markup

from ctxemb.reporting.figures import styled
from ctxemb.reporting.layer_charts import RANDOM, layer_curves, layer_heatmap, whole_text
from ctxemb.reporting.published_layers import shipped_curves
from ctxemb.reporting.svg import inline_svg

_FEWEST_LAYERS = 2


@dataclass(frozen=True, slots=True)
class LayerSection:
    """What a page says of one statistic on one text in one space.

    Parameters
    ----------
    title
        Measure, statistic, text and space.
    picture
        The chart as SVG; empty where there is nothing to draw.
    columns, rows
        The numbers: a row a model and a column a layer; of pairs, a row a pair of models.
    published
        Rows of published numbers, a column a layer.
    """

    title: str
    picture: Markup
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    published: tuple[tuple[str, ...], ...] = ()


def render_layer_page(frame: pd.DataFrame, title: str) -> str:
    """Return measurements as a page: a chart and a table for each statistic.

    Parameters
    ----------
    frame
        As of `ctxemb.analyse(...).to_frame()`.
    title
        The page's heading.
    """
    templates = importlib.resources.files("ctxemb.reporting") / "templates"
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    template = environment.from_string((templates / "layers.html.jinja").read_text("utf-8"))
    css = Markup((templates / "report.css").read_text("utf-8"))
    return template.render(title=title, css=css, sections=list(layer_sections(frame, pictures=True)))


def render_layer_markdown(frame: pd.DataFrame, title: str) -> str:
    """Return measurements as Markdown: a table for each statistic."""
    parts = [f"# {title}\n"]
    for section in layer_sections(frame, pictures=False):
        parts.append(f"## {section.title}\n\n{_markdown(section.columns, section.rows)}\n")
        if section.published:
            numbers = range(max(map(len, section.published)) - 1)
            parts.append(f"{_markdown(('published', *map(str, numbers)), section.published)}\n")
    return "\n".join(parts)


def _markdown(columns: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> str:
    blank = [(*row, *[""] * (len(columns) - len(row))) for row in rows]
    lines = [columns, ("---", *("---:" for _ in columns[1:])), *blank]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def layer_sections(frame: pd.DataFrame, *, pictures: bool) -> Iterator[LayerSection]:
    """Yield a section for each measure, text, space and statistic, in the order of the table."""
    published = shipped_curves()
    keys = ["measure", "text", "space", "statistic"]
    for number, (key, part) in enumerate(frame.groupby(keys, sort=False)):
        measure, text, space, statistic = (str(value) for value in key)
        title = f"{measure}: {statistic.replace('_', ' ')}, {text}" + (f", {space}" if space != "raw" else "")
        pairs = bool((part["other_model"] != "").any())
        if not pairs:
            part = part[part["head"] == ""]  # noqa: PLW2901
        columns, rows = _pair_table(part) if pairs else _table(part)
        picture = _picture(part, statistic, f"m{number}", title, pairs=pairs) if pictures else Markup()
        yield LayerSection(title, picture, columns, rows, tuple(published.of(measure, statistic)))


def _picture(part: pd.DataFrame, statistic: str, name: str, title: str, *, pairs: bool) -> Markup:
    if not pairs:
        drawn = whole_text(part)["layer"].nunique() >= _FEWEST_LAYERS
        return inline_svg(styled(layer_curves(part, statistic)), name, title, title) if drawn else Markup()
    models = dict.fromkeys([*part["model"], *part["other_model"]])
    trained = [model for model in models if not model.endswith(RANDOM)]
    if not part["model"].isin(trained).any():
        return Markup()
    return inline_svg(styled(layer_heatmap(part, statistic, trained)), name, title, title)


def _table(part: pd.DataFrame) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    layers = sorted(dict.fromkeys(part["layer"]), key=lambda layer: (isinstance(layer, str), layer))
    cells: dict[str, dict[int | str, str]] = {}
    for row in part.to_dict("records"):
        name = f"{row['model']} ({row['group']})" if row["group"] else str(row["model"])
        cells.setdefault(name, {})[row["layer"]] = _cell(row)
    rows = ((name, *(of_layer.get(layer, "") for layer in layers)) for name, of_layer in cells.items())
    return ("model", *map(str, layers)), tuple(rows)


def _pair_table(part: pd.DataFrame) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    pairs: dict[tuple[str, str], list[dict[Hashable, Any]]] = {}
    for row in part.to_dict("records"):
        pairs.setdefault((row["model"], row["other_model"]), []).append(row)
    rows = []
    for (a, b), found in pairs.items():
        values = [row["value"] for row in found]
        best = max(found, key=lambda row: float(row["value"]))
        largest = f"{_cell(best)} (layers {best['layer']} and {best['other_layer']})"
        rows.append((f"{a}, {b}", f"{sum(values) / len(values):.3f}", f"{min(values):.3f}", largest))
    return ("models", "mean", "smallest", "largest"), tuple(rows)


def _cell(row: Mapping[Hashable, Any]) -> str:
    value, low, high = row["value"], row["low"], row["high"]
    return f"{value:.3f}" if pd.isna(low) else f"{value:.3f} [{low:.3f}, {high:.3f}]"
