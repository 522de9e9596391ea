"""What the results say, in plain sentences, and which of them hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean

from ctxemb.reporting.reading import read_at_word
from ctxemb.results import Difference, Findings, Result
from ctxemb.results.names import BASELINES, CONTEXT_MEAN, MAJORITY, RANDOM, STATIC

_BESIDE = (
    (RANDOM, "its random twin", "their random twins"),
    (STATIC, "its context-free vectors", "their context-free vectors"),
    (CONTEXT_MEAN, "the mean of the other words", "the mean of the other words"),
)
_BASELINES = sorted(BASELINES.items(), key=lambda baseline: baseline[0] == MAJORITY)
"""Baselines without a model, the weakest last, and what sentences call them."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence, and whether it says something that holds; what is not shown is greyed out."""

    text: str
    holds: bool = True


def summary(findings: Findings, task: str) -> str:
    """Return all that `sentences` says, as one text."""
    return " ".join(sentence.text for sentence in sentences(findings, task))


def sentences(findings: Findings, task: str) -> list[Sentence]:
    """Return what a reader should know first of a task.

    Each model is shown with the layer that dev chose; that models differ is said only where a paired
    permutation test on the same examples says so after Holm's correction.
    """
    best = [result for model in findings.models(task) if (result := findings.chosen(task, model))]
    best.sort(key=lambda result: -result.value)
    if not best:
        return [Sentence(f"On {task} there are only baselines.")]
    first, *others = best
    unit = findings.unit(task)
    text = f"On {task}, {first.model} reaches {_score(first, unit)} with its layer {first.layer}"
    text += "".join(f", {result.model} {_score(result, unit)} (layer {result.layer})" for result in others)
    beside = _beside(findings, task, [result.model for result in best])
    models = [result.model for result in best]
    read = read_at_word(findings, task)
    return [
        Sentence(f"{text}{'; ' if beside else ''}{beside}."),
        *([Sentence(read)] if read else []),
        *among_models(findings, task, models),
        *beside_baselines(findings, task, models),
    ]


def among_models(findings: Findings, task: str, models: Sequence[str]) -> list[Sentence]:
    """Return a sentence on the models that differ, and one on those that are not shown to.

    Parameters
    ----------
    findings, task
        What was found.
    models
        The best first.
    """
    pairs = [row for a, b in combinations(models, 2) if (row := findings.compared(task, a, b))]
    turned = [row if row.difference >= 0 else findings.compared(task, row.b, row.a) for row in pairs]
    rows = [row for row in turned if row is not None]
    said = []
    for winner in dict.fromkeys(row.a for row in rows if row.is_significant):
        beaten = [f"{row.b} by {_points(row)}" for row in rows if row.is_significant and row.a == winner]
        said.append(f"{winner} beats {_list(beaten)}")
    sentences_said = [Sentence("; ".join(said) + ".")] if said else []
    unclear = {frozenset((row.a, row.b)) for row in rows if not row.is_significant}
    groups = [
        f"{_list(group)} are not shown to differ{_missed(rows, group)}" for group in _groups(models, unclear)
    ]
    if groups:
        sentences_said.append(Sentence("; ".join(groups) + ".", holds=False))
    if len(rows) < len(models) * (len(models) - 1) // 2:
        which = "Differences between models" if not rows else "Some differences between models"
        sentences_said.append(Sentence(f"{which} were not tested here.", holds=False))
    return sentences_said


def beside_baselines(findings: Findings, task: str, models: Sequence[str]) -> list[Sentence]:
    """Return sentences on which models beat their twins and the baselines, and which are not shown to."""
    better: dict[tuple[str, ...], list[str]] = {}
    unclear: dict[tuple[str, ...], list[str]] = {}
    not_shown: dict[tuple[str, ...], list[Difference]] = {}
    worse = []
    for suffix, name, plural in (*_BESIDE, *((other, said, said) for other, said in _BASELINES)):
        rows = {
            model: row
            for model in models
            if (row := findings.compared(task, model, model + suffix if suffix.startswith("@") else suffix))
        }
        above = tuple(model for model, row in rows.items() if row.is_significant and row.difference > 0)
        below = tuple(model for model, row in rows.items() if row.is_significant and row.difference < 0)
        open_ = tuple(model for model in rows if model not in above and model not in below)
        if above:
            better.setdefault(above, []).append(plural if len(above) > 1 else name)
        if open_:
            unclear.setdefault(open_, []).append(plural if len(open_) > 1 else name)
            not_shown.setdefault(open_, []).extend(rows[model] for model in open_)
        if below:
            said = plural if suffix.startswith("@") and len(below) > 1 else name
            verb = "beat" if said.startswith("their") or said.endswith("vectors") else "beats"
            worse.append(f"{said[0].upper()}{said[1:]} {verb} {_list(below)}.")
    sentences_said = [
        Sentence(f"{_list(who)} {_verb(who, 'beat')} {_list(what)}.") for who, what in better.items()
    ]
    sentences_said += [Sentence(text) for text in worse]
    sentences_said += [
        Sentence(
            f"{_list(who)} {'is' if len(who) == 1 else 'are'} not shown to beat {_list(what, 'or')}"
            f"{_missed(not_shown[who])}.",
            holds=False,
        )
        for who, what in unclear.items()
    ]
    return sentences_said


def p_text(p: float) -> str:
    """Return a p-value as papers print it.

    Examples
    --------
    >>> p_text(0.0002), p_text(0.0312), p_text(1.0)
    ('p < .001', 'p = .031', 'p = 1')
    """
    if p < 0.001:
        return "p < .001"
    return "p = 1" if p > 0.9995 else f"p = {p:.3f}".replace("0.", ".", 1)


def _groups(models: Sequence[str], unclear: set[frozenset[str]]) -> list[list[str]]:
    """Return the largest groups of models of which no two are shown to differ, each pair in one at least."""
    groups: list[list[str]] = []
    for size in range(len(models), 1, -1):
        for group in combinations(models, size):
            alike = all(frozenset(pair) in unclear for pair in combinations(group, 2))
            if alike and not any(set(group) <= set(other) for other in groups):
                groups.append(list(group))
    return groups


def _missed(rows: Iterable[Difference], among: Sequence[str] = ()) -> str:
    """Return what would have been found (between some models), had it been there; "" if unknown."""
    some = [row for row in rows if not among or {row.a, row.b} <= set(among)]
    smallest = [row.smallest for row in some if row.smallest is not None]
    if not smallest:
        return ""
    points = f"{100 * max(smallest):.1f} points"
    return f" (no difference over {points} would have been missed, with 80 % power)"


def _points(row: Difference) -> str:
    interval = f"[{100 * row.low:.1f}, {100 * row.high:.1f}]"
    return f"{100 * row.difference:.1f} points {interval} ({p_text(row.p_holm)})"


def _list(names: Iterable[str], word: str = "and") -> str:
    *before, last = names
    return f"{', '.join(before)} {word} {last}" if before else last


def _verb(names: Sequence[str], verb: str) -> str:
    return verb if len(names) > 1 else f"{verb}s"


def _beside(findings: Findings, task: str, models: list[str]) -> str:
    shown = []
    unit = findings.unit(task)
    twins = [
        fmean(result.value for result in found) for model in models if (found := findings.twins(task, model))
    ]
    if twins:
        shown.append(f"with random weights at most {100 * max(twins):.1f}{unit}")
    static = [result for model in models if (result := findings.chosen(task, model + STATIC))]
    if static:
        shown.append(f"without context at most {max(100 * result.value for result in static):.1f}{unit}")
    around = [result for model in models if (result := findings.chosen(task, model + CONTEXT_MEAN))]
    if around:
        best = max(100 * result.value for result in around)
        shown.append(f"the mean of the other words' context-free vectors at most {best:.1f}{unit}")
    for name, said in _BASELINES:
        if (result := findings.one(task, name)) is not None:
            shown.append(f"{said} {100 * result.value:.1f}{unit}")
    return ", ".join(shown)


def _score(result: Result, unit: str) -> str:
    return f"{100 * result.value:.1f}{unit} [{100 * result.low:.1f}, {100 * result.high:.1f}]"
