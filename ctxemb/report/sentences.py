"""What the results say, in plain sentences."""

from __future__ import annotations

from itertools import combinations
from typing import Any

from ctxemb.report.findings import RANDOM, STATIC, Findings
from ctxemb.results import Result

LEVEL = 0.05
"""Of p, corrected for the number of comparisons on a task, below which a difference is said to hold."""


def summary(findings: Findings, task: str) -> str:
    """Return what a reader should know first of a task.

    Each model is shown with the layer that dev chose; that models differ is said only where a paired
    permutation test on the same examples says so after Holm's correction.
    """
    best = [result for model in findings.models(task) if (result := findings.best(task, model))]
    best.sort(key=lambda result: -result.value)
    if not best:
        return f"On {task} there are only baselines."
    first, *others = best
    parts = [f"On {task}, {first.model} reaches {_percent(first)} with its layer {first.layer}"]
    if others:
        parts.append(
            ", " + ", ".join(f"{result.model} {_percent(result)} (layer {result.layer})" for result in others)
        )
    beside = _beside(findings, task, [result.model for result in best])
    text = "".join(parts) + (f"; {beside}" if beside else "") + "."
    return " ".join([text, *verdicts(findings, task, [result.model for result in best])])


def verdicts(findings: Findings, task: str, models: list[str]) -> list[str]:
    """Return a sentence for the differences among models, and one for those to their baselines.

    Parameters
    ----------
    findings, task
        What was found.
    models
        The best first.
    """
    pairs = [row for a, b in combinations(models, 2) if (row := findings.compared(task, a, b))]
    clear = [row for row in pairs if row["p_holm"] < LEVEL]
    said = [f"{row['a']} beats {row['b']} by {_points(row)}" for row in clear]
    unclear = [row for row in pairs if row not in clear]
    if unclear and not clear:
        said.append(f"{_list(models)} do not differ on this test")
    else:
        said += [f"{row['a']} and {row['b']} do not differ on this test" for row in unclear]
    sentences = ["; ".join(said) + "."] if said else []
    for suffix, name in ((RANDOM, "its random twin"), (STATIC, "its context-free vectors")):
        behind = [
            model
            for model in models
            if (row := findings.compared(task, model, model + suffix))
            and (row["p_holm"] >= LEVEL or row["difference"] <= 0)
        ]
        if behind:
            sentences.append(f"Not shown to beat {name}: {_list(behind)}.")
    above = [
        model
        for model in models
        if (row := findings.compared(task, "bag-of-words", model))
        and row["p_holm"] < LEVEL
        and row["difference"] > 0
    ]
    if above:
        sentences.append(f"A bag of words beats {_list(above)}.")
    return sentences


def p_text(p: float) -> str:
    """Return a p-value as papers print it.

    Examples
    --------
    >>> p_text(0.0002), p_text(0.0312)
    ('p < .001', 'p = .031')
    """
    return "p < .001" if p < 0.001 else f"p = {p:.3f}".replace("0.", ".", 1)


def _points(row: dict[str, Any]) -> str:
    interval = f"[{100 * row['low']:.1f}, {100 * row['high']:.1f}]"
    return f"{100 * row['difference']:.1f} points {interval} ({p_text(row['p_holm'])})"


def _list(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _beside(findings: Findings, task: str, models: list[str]) -> str:
    shown = []
    twins = [result for model in models if (result := findings.best(task, model + RANDOM))]
    if twins:
        shown.append(f"with random weights at most {max(100 * result.value for result in twins):.1f} %")
    static = [result for model in models if (result := findings.best(task, model + STATIC))]
    if static:
        shown.append(f"without context at most {max(100 * result.value for result in static):.1f} %")
    named = (
        ("bag-of-words", "a bag of words"),
        ("word-majority", "the most frequent label of each word"),
        ("first-sense", "the first sense of the inventory"),
        ("majority", "the majority class"),
    )
    for name, said in named:
        if (result := findings.one(task, name, "-")) is not None:
            shown.append(f"{said} {100 * result.value:.1f} %")
    return ", ".join(shown)


def _percent(result: Result) -> str:
    return f"{100 * result.value:.1f} % [{100 * result.low:.1f}, {100 * result.high:.1f}]"
