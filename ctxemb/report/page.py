"""The report as one HTML page that needs nothing else."""

from __future__ import annotations

import json
import urllib.parse
from dataclasses import dataclass
from functools import partial
from typing import Any

import jinja2
from markupsafe import Markup

import ctxemb
from ctxemb.report.figures import mix_bars, score_curves, sense_panel, styled, training_curves
from ctxemb.report.findings import Findings
from ctxemb.report.more_tables import more_tables
from ctxemb.report.plain import render_table_csv
from ctxemb.report.sentences import summary
from ctxemb.report.svg import inline_svg
from ctxemb.report.tables import (
    Table,
    full_table,
    headline,
    layer_table,
    map_table,
    mix_table,
    training_table,
)


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of the page: its pictures, what to see in it, and its numbers."""

    pictures: tuple[Markup, ...]
    caption: str
    table: Table


@dataclass(frozen=True, slots=True)
class Section:
    """What the page says of a task."""

    name: str
    description: str
    summary: str
    headline: Table
    figures: tuple[Figure, ...]
    more: tuple[Table, ...]


def render_page(findings: Findings) -> str:
    """Return the page."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("ctxemb.report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.globals["csv"] = csv_link
    template = environment.get_template("report.html.jinja")
    return template.render(
        title=findings.title,
        version=ctxemb.__version__,
        sections=[_section(findings, task, number) for number, task in enumerate(findings.tasks)],
        training=_training(findings) if findings.trainings else None,
        manifests=[_manifest(manifest) for manifest in findings.manifests],
        everything=full_table(findings),
    )


def csv_link(table: Table) -> str:
    """Return a link to the table as CSV that holds the CSV itself."""
    return "data:text/csv;charset=utf-8," + urllib.parse.quote(render_table_csv(table), safe="")


def _section(findings: Findings, task: str, number: int) -> Section:
    figures = []
    if findings.scores(task, probe=findings.probe(task)):
        figures.append(_curves(findings, task, f"curves{number}"))
    if any(mix["task"] == task for mix in findings.mixes):
        figures.append(_mixes(findings, task, f"mix{number}"))
    words = dict.fromkeys(str(point["word"]) for point in findings.maps if point["task"] == task)
    figures += [_map(findings, task, word, f"map{number}-{i}") for i, word in enumerate(words)]
    return Section(
        name=task,
        description=_description(findings, task),
        summary=summary(findings, task),
        headline=headline(findings, task),
        figures=tuple(figures),
        more=tuple(more_tables(findings, task)),
    )


def _curves(findings: Findings, task: str, name: str) -> Figure:
    caption = (
        f"Score of a {findings.probe(task)} probe on every layer, with its 95 % interval as a band. "
        "Dashed: the same model "
        "with random weights. Dotted: baselines without a model."
    )
    title = f"Score by layer on {task}"
    picture = inline_svg(styled(score_curves(findings, task)), name, title, caption)
    return Figure((picture,), caption, layer_table(findings, task))


def _mixes(findings: Findings, task: str, name: str) -> Figure:
    caption = (
        "What a probe on a learned mix of all layers takes from each; the weights of a model add up to 1. "
        "Ticks: the mixes of all restarts; bars: the one with the lowest loss."
    )
    picture = inline_svg(styled(mix_bars(findings, task)), name, f"Learned layer weights on {task}", caption)
    return Figure((picture,), caption, mix_table(findings, task))


def _map(findings: Findings, task: str, word: str, name: str) -> Figure:
    points = [point for point in findings.maps if (point["task"], point["word"]) == (task, word)]
    senses = sorted({str(point["sense"]) for point in points})
    models = list(dict.fromkeys(str(point["model"]) for point in points))
    panel = partial(_panel, points=points, senses=senses, word=word)
    caption = (
        f"{len(points) // len(models):,} occurrences of “{word}”, a panel per model, by their first two "
        "principal components (which know nothing of senses). Colour and shape show the sense."
    )
    pictures = tuple(panel(model, name=f"{name}-{i}") for i, model in enumerate(models))
    return Figure(pictures, caption, map_table(findings, task, word))


def _training(findings: Findings) -> Figure:
    caption = (
        "Held-out text in bits per character while the models were trained, by words seen. ELMo: the mean of "
        "both directions, unknown words paid by their spelling. GPT: from left to right. BERT: its masked "
        "pieces, 15 in 100 masked at once; it knows both sides, so compare its curve with itself."
    )
    picture = inline_svg(styled(training_curves(findings)), "training", "Held-out loss in training", caption)
    return Figure((picture,), caption, training_table(findings))


def _panel(model: str, points: list[dict[str, Any]], senses: list[str], word: str, name: str) -> Markup:
    own = [point for point in points if point["model"] == model]
    title = f"{model}, layer {own[0]['layer']}"
    chart = styled(sense_panel(own, senses, title))
    return inline_svg(
        chart, name, f"Senses of {word} in {title}", f"{len(own)} occurrences, {len(senses)} senses"
    )


def _description(findings: Findings, task: str) -> str:
    for manifest in findings.manifests:
        known = manifest.get("tasks", {}).get(task)
        if known:
            return str(known["description"])
    return ""


def _manifest(manifest: dict[str, Any]) -> dict[str, Any]:
    return {**manifest, "spec_text": json.dumps(manifest.get("spec", {}), indent=2, ensure_ascii=False)}
