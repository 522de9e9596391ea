"""Results to tables, with nothing yet of how they look."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import mean, stdev

from ctxemb.results import Findings, Result
from ctxemb.results.names import BASELINES, CONTEXT_MEAN, RANDOM, STATIC

MISSING = "–"
_SIGNS = {
    "≈": "not shown to differ from the highest of the first column",
    "†": "not shown to beat its random twin",
    "‡": "not shown to beat its context-free vectors",
}
_TWINS = {STATIC: "context-free", CONTEXT_MEAN: "other words", RANDOM: "random twin"}
"""What stands beside each model, and the heads of its columns."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table.

    Parameters
    ----------
    text
        What it says.
    note
        What it adds in small print: an interval, a layer.
    best
        Whether it is the highest of those it stands among, or a significant difference.
    number
        Whether it is set as a number.
    marks
        Signs that the caption explains.
    shade
        From 0 to 1: how dark the page draws it; None for not at all.
    """

    text: str
    note: str = ""
    best: bool = False
    number: bool = True
    marks: str = ""
    shade: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A row; a muted one is a baseline."""

    cells: tuple[Cell, ...]
    muted: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a caption."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def headline(findings: Findings, task: str) -> Table:
    """Return the main table of a task: a row per model, then the baselines."""
    models = findings.models(task)
    others = findings.probes(task)[1:]
    contexts = findings.contexts(task)[1:]
    columns: list[list[Result | None]] = [
        [findings.chosen(task, model) for model in models],
        [findings.one(task, model, "mix") for model in models],
        [findings.one(task, model, "concat") for model in models],
        [findings.one(task, model, "sum-last4") for model in models],
        *([findings.chosen(task, model, probe) for model in models] for probe in others),
        *([findings.chosen(task, model, context=context) for model in models] for context in contexts),
        *([findings.chosen(task, model + twin) for model in models] for twin in _TWINS),
    ]
    names = [
        *("layer chosen on dev", "mix", "all layers", "sum of last 4", *others),
        *(f"word and {context}" for context in contexts),
        *_TWINS.values(),
    ]
    n_ranked = len(columns) - len(_TWINS)  # twins do not compete
    kept = [i for i, column in enumerate(columns) if any(column)] or [0]
    signs = _signs(findings, task, columns[0])
    rows = []
    for n, model in enumerate(models):
        cells = [score_cell(columns[i][n], _best(columns[i]) if i < n_ranked else None) for i in kept]
        if len(twins := findings.twins(task, model)) > 1:
            cells[-1] = _twins_cell(twins)
        rows.append(Row((_name(model), replace(cells[0], marks=signs.get(model, "")), *cells[1:])))
    for name in BASELINES:
        if (result := findings.one(task, name)) is not None:
            empty = [Cell("")] * max(0, len(kept) - 1)
            rows.append(Row((_name(name.replace("-", " ")), score_cell(result, None), *empty), muted=True))
    n = next(result.n for result in findings.scores(task))
    metric = findings.metric_label(task)
    caption = f"{task}: {metric} on {n:,} test examples, with 95 % intervals; L: the layer, chosen on dev"
    if contexts:
        caption += "; word and sentence (or window): the mean of these words beside the word's own vector"
    if any(columns[-2]):
        caption += "; other words: the mean of their context-free vectors, without order"
    if len(models) > 1:
        caption += "; bold: the highest of a column"
    used = "".join(signs.values())
    caption += "".join(f"; {sign} {said}" for sign, said in _SIGNS.items() if sign in used)
    return Table(caption, ("model", *(names[i] for i in kept)), tuple(rows))


def _twins_cell(twins: Sequence[Result]) -> Cell:
    """Return the mean of several random twins, with their standard deviation."""
    values = [100 * twin.value for twin in twins]
    return Cell(f"{mean(values):.1f}", f"± {stdev(values):.1f} of {len(values)}")


def _signs(findings: Findings, task: str, best: Sequence[Result | None]) -> dict[str, str]:
    """Return the signs of each model's score, one for each tested difference that is not significant."""
    present = [result for result in best if result is not None]
    if not present:
        return {}
    highest = max(present, key=lambda result: result.value).model
    return {
        result.model: "".join(
            sign
            for sign, other in (
                ("≈", highest), ("†", result.model + RANDOM), ("‡", result.model + STATIC)
            )
            if (row := findings.compared(task, result.model, other))
            and not (row.is_significant and (sign == "≈" or row.difference > 0))
        )
        for result in present
    }  # fmt: skip


def layer_table(findings: Findings, task: str) -> Table:
    """Return the scores behind the curves: a row per layer, a column per model and twin."""
    models = [f"{model}{twin}" for model in findings.models(task) for twin in ("", RANDOM)]
    by_layer = {
        (result.model, result.layer): result
        for result in findings.scores(task, probe=findings.probe(task))
        if isinstance(result.layer, int)
    }
    models = [model for model in models if any(name == model for name, _ in by_layer)]
    layers = sorted({layer for _, layer in by_layer if isinstance(layer, int)})
    rows = tuple(
        Row(
            (
                Cell(str(layer)),
                *(score_cell(by_layer.get((model, layer)), None, layer=False) for model in models),
            )
        )
        for layer in layers
    )
    return Table(f"{task}: {findings.probe(task)} probe, layer by layer", ("layer", *models), rows)


def mix_table(findings: Findings, task: str) -> Table:
    """Return the learned layer weights of a task by restart; all but those of the lowest loss are muted."""
    mixes = [mix for mix in findings.mixes if mix.task == task]
    n_layers = max((len(mix.weights) for mix in mixes), default=0)
    lowest: dict[str, float] = {}
    for mix in mixes:
        lowest[mix.model] = min(lowest.get(mix.model, math.inf), mix.loss or 0.0)
    rows = []
    for mix in mixes:
        weights = [f"{weight:.3f}" for weight in mix.weights] + [MISSING] * n_layers
        cells = [
            _optional(mix.seed, 0),
            *map(Cell, weights[:n_layers]),
            _optional(mix.gamma, 3),
            _optional(mix.loss, 1),
        ]
        muted = (mix.loss or 0.0) > lowest[mix.model]
        rows.append(Row((_name(mix.model), *cells), muted))
    layers = (f"layer {number}" for number in range(n_layers))
    caption = f"{task}: learned layer weights by restart; grey: a higher loss than another restart's"
    return Table(caption, ("model", "seed", *layers, "γ", "loss"), tuple(rows))


def map_table(findings: Findings, task: str, word: str) -> Table:
    """Return the points of a word-sense map."""
    points = [point for point in findings.maps if (point.task, point.word) == (task, word)]
    rows = tuple(
        Row(
            (
                _name(point.model),
                Cell(point.sense, number=False),
                Cell(f"{point.x:.3f}"),
                Cell(f"{point.y:.3f}"),
                Cell(point.text, number=False),
            )
        )
        for point in points
    )
    return Table(f"{word}: where each occurrence lies", ("model", "sense", "x", "y", "sentence"), rows)


def training_table(findings: Findings) -> Table:
    """Return how well each model predicted held-out text, by words seen."""
    rows = tuple(
        Row((_name(row.model), Cell(f"{row.words:,}"), Cell(f"{row.bits_per_character:.3f}")))
        for row in findings.trainings
    )
    return Table("Held-out text during training", ("model", "words seen", "bits per character"), rows)


def full_table(findings: Findings) -> Table:
    """Return all results."""
    rows = tuple(
        Row(
            (
                Cell(result.model, number=False),
                Cell(str(result.layer)),
                Cell(result.task, number=False),
                Cell(result.split, number=False),
                Cell(result.probe, number=False),
                Cell(result.metric, number=False),
                Cell(f"{result.value:.4f}"),
                Cell(f"{result.low:.4f}"),
                Cell(f"{result.high:.4f}"),
                Cell(str(result.n)),
                Cell(str(result.seed)),
                Cell(result.pool, number=False),
                Cell(result.context, number=False),
                Cell("" if result.setting is None else f"{result.setting:g}"),
                Cell({None: "", True: "yes", False: "no"}[result.chosen], number=False),
            )
        )
        for result in findings.results
    )
    columns = (
        "model",
        "layer",
        "task",
        "split",
        "probe",
        "metric",
        "value",
        "low",
        "high",
        "n",
        "seed",
        "pool",
        "context",
        "setting",
        "chosen",
    )
    return Table("All results", columns, rows)


def _name(name: str) -> Cell:
    return Cell(name, number=False)


def _optional(value: float | None, digits: int) -> Cell:
    return Cell(MISSING if value is None else f"{value:.{digits}f}")


def _best(column: Sequence[Result | None]) -> float | None:
    values = [result.value for result in column if result is not None]
    return max(values) if len(values) > 1 else None


def score_cell(result: Result | None, best: float | None, *, layer: bool = True) -> Cell:
    """Return a score in %, with its interval and layer in small print; bold if it is `best`."""
    if result is None:
        return Cell(MISSING)
    note = f"[{100 * result.low:.1f}, {100 * result.high:.1f}]"
    if layer and isinstance(result.layer, int) and not result.model.endswith((STATIC, CONTEXT_MEAN)):
        note += f" L{result.layer}"
    return Cell(f"{100 * result.value:.1f}", note, best is not None and result.value == best)
