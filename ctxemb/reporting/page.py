"""The report as one HTML page that needs nothing else."""

from __future__ import annotations

import base64
import hashlib
import importlib.resources
import json
import re
from dataclasses import dataclass
from functools import partial
from typing import Any

import jinja2
from markupsafe import Markup, escape

from ctxemb.reporting.detail_tables import confusion_matrices, detail_tables, part_table
from ctxemb.reporting.figures import mix_bars, score_curves, sense_panel, styled, training_curves
from ctxemb.reporting.overall import over_all_tasks
from ctxemb.reporting.panels import part_dots
from ctxemb.reporting.sentences import Sentence, sentences
from ctxemb.reporting.svg import inline_svg
from ctxemb.reporting.tables import (
    Cell,
    Table,
    full_table,
    headline,
    layer_table,
    map_table,
    mix_table,
    training_table,
)
from ctxemb.reporting.tuned_figure import curve_recipes, dev_curves, tuned_dots
from ctxemb.reporting.tuned_tables import tuned_table, tuning_run_table
from ctxemb.results import Findings, MapPoint
from ctxemb.version import __version__

_WIDE = 30
"""Characters of a text that may take several lines, but not of a word each."""


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
    said: tuple[Sentence, ...]
    headline: Table
    figures: tuple[Figure, ...]
    more: tuple[Table, ...]
    confusions: tuple[Table, ...]


def render_page(findings: Findings) -> str:
    """Return the page."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("ctxemb.reporting"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    css, script = _style_and_script()
    environment.globals |= {"attributes": _attributes, "heading": _heading, "breakable": _breakable}
    template = environment.get_template("report.html.jinja")
    return template.render(
        css=Markup(css),
        script=Markup(script),
        hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        title=findings.title,
        version=__version__,
        sections=[_section(findings, task, number) for number, task in enumerate(findings.tasks)],
        overall=over_all_tasks(findings),
        training=_training(findings) if findings.trainings else None,
        manifests=[_manifest(manifest) for manifest in findings.manifests],
        everything=full_table(findings),
    )


def _style_and_script() -> tuple[str, str]:
    """Return the page's style, and its script, which knows the style's colours on paper."""
    folder = importlib.resources.files("ctxemb.reporting") / "templates"
    css, script = (
        (folder / name).read_text(encoding="utf-8").strip() for name in ("report.css", "report.js")
    )
    light = dict(re.findall(r"(--\w+): (#[0-9a-f]+);", css.split("@media")[0]))
    return css, script.replace("{{ light }}", json.dumps(light))


def _attributes(cell: Cell) -> Markup:
    """Return the attributes of a cell, as few as there can be: long tables have many cells."""
    names = " ".join(
        name
        for name, wanted in (
            ("n", cell.number),
            ("best", cell.best),
            ("wide", not cell.number and max(len(cell.text), len(cell.note)) > _WIDE),
        )
        if wanted
    )  # fmt: skip
    quotes = '"' if " " in names else ""
    marks = f" class={quotes}{names}{quotes}" if names else ""
    if cell.shade is not None:
        marks += f' style="--share:{cell.shade:.2f}"'
    return Markup(marks)  # nothing in it is of the user's


def _breakable(name: str) -> Markup:
    """Return a name that may go on in another line after the signs that divide long names."""
    return Markup("<wbr>").join(map(escape, re.split(r"(?<=[_/:@])(?=\w)", name)))


def _heading(table: Table) -> str:
    """Return what a table's caption says first, after its task."""
    said = re.split("[,;]", table.caption.partition(": ")[2], maxsplit=1)[0]
    return said[:1].upper() + said[1:]


def _section(findings: Findings, task: str, number: int) -> Section:
    figures = []
    if findings.scores(task, probe=findings.probe(task)):
        figures.append(_curves(findings, task, f"curves{number}"))
    tuned = tuned_table(findings, task)
    if tuned.rows:
        figures.append(_tuned(findings, task, f"tuned{number}", tuned))
    runs = tuning_run_table(findings, task)
    if recipes := curve_recipes(findings, task):
        figures.append(_tuning_curves(findings, task, recipes, f"tuning{number}", runs))
    parts = part_table(findings, task)
    if parts.rows and findings.models(task):
        figures.append(_parts(findings, task, f"parts{number}", parts))
    if any(mix.task == task for mix in findings.mixes):
        figures.append(_mixes(findings, task, f"mix{number}"))
    words = dict.fromkeys(point.word for point in findings.maps if point.task == task)
    figures += [_map(findings, task, word, f"map{number}-{i}") for i, word in enumerate(words)]
    drawn = (parts, tuned, runs) if recipes else (parts, tuned)
    return Section(
        name=task,
        description=_description(findings, task),
        said=tuple(sentences(findings, task)),
        headline=headline(findings, task),
        figures=tuple(figures),
        more=tuple(table for table in detail_tables(findings, task) if table not in drawn),
        confusions=tuple(confusion_matrices(findings, task)),
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


def _tuned(findings: Findings, task: str, name: str, table: Table) -> Figure:
    caption = (
        "Each model tuned by each recipe. Circles: seeds. Diamond and line: their mean, with an interval "
        "that resamples seeds and examples. Tick: the frozen probe of the same model."
    )
    title = f"Frozen against tuned on {task}"
    return Figure((inline_svg(styled(tuned_dots(findings, task)), name, title, caption),), caption, table)


def _tuning_curves(findings: Findings, task: str, recipes: list[str], name: str, table: Table) -> Figure:
    caption = "Score on dev by epoch, a line for each seed. Dot: the epoch that dev chose, which is tested."
    pictures = tuple(
        inline_svg(
            styled(dev_curves(findings, task, recipe)),
            f"{name}-{i}",
            f"Dev by epoch on {task}, {recipe}",
            caption,
        )
        for i, recipe in enumerate(recipes)
    )
    return Figure(pictures, caption, table)


def _parts(findings: Findings, task: str, name: str, table: Table) -> Figure:
    caption = (
        f"Scores ({findings.metric_label(task)}) by part of the test, such as its words, at the layer chosen "
        "on dev, with 95 % intervals. Ticks: the majority class or the first sense. Parts were not tested."
    )
    picture = inline_svg(styled(part_dots(findings, task)), name, f"Score by part on {task}", caption)
    return Figure((picture,), caption, table)


def _mixes(findings: Findings, task: str, name: str) -> Figure:
    caption = (
        "What a probe on a learned mix of all layers takes from each; the weights of a model add up to 1. "
        "Ticks: the mixes of all restarts; bars: the one with the lowest loss."
    )
    picture = inline_svg(styled(mix_bars(findings, task)), name, f"Learned layer weights on {task}", caption)
    return Figure((picture,), caption, mix_table(findings, task))


def _map(findings: Findings, task: str, word: str, name: str) -> Figure:
    points = [point for point in findings.maps if (point.task, point.word) == (task, word)]
    senses = sorted({point.sense for point in points})
    models = list(dict.fromkeys(point.model for point in points))
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


def _panel(model: str, points: list[MapPoint], senses: list[str], word: str, name: str) -> Markup:
    own = [point for point in points if point.model == model]
    title = f"{model}, layer {own[0].layer}"
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
