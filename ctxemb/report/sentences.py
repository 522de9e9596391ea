"""What the results say, in a plain sentence per task."""

from __future__ import annotations

from ctxemb.report.findings import RANDOM, STATIC, Findings
from ctxemb.results import Result


def summary(findings: Findings, task: str) -> str:
    """Return what a reader should know first of a task.

    A model is said to lead only if its interval lies above those of all others; the models are scored on the
    same examples, so this is a cautious criterion.
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
    return f"{text} {_verdict(first, others)}".rstrip()


def _beside(findings: Findings, task: str, models: list[str]) -> str:
    shown = []
    twins = [result for model in models if (result := findings.best(task, model + RANDOM))]
    if twins:
        shown.append(f"with random weights at most {max(100 * result.value for result in twins):.1f} %")
    static = [result for model in models if (result := findings.best(task, model + STATIC))]
    if static:
        shown.append(f"without context at most {max(100 * result.value for result in static):.1f} %")
    for name, said in (("bag-of-words", "a bag of words"), ("majority", "the majority class")):
        if (result := findings.one(task, name, "-")) is not None:
            shown.append(f"{said} {100 * result.value:.1f} %")
    return ", ".join(shown)


def _verdict(first: Result, others: list[Result]) -> str:
    if not others:
        return ""
    overlapping = [result.model for result in others if result.high >= first.low]
    if not overlapping:
        return f"The interval of {first.model} lies above those of the others."
    names = " and ".join(overlapping)
    return f"The intervals of {first.model} and {names} overlap: this test does not tell them apart."


def _percent(result: Result) -> str:
    return f"{100 * result.value:.1f} % [{100 * result.low:.1f}, {100 * result.high:.1f}]"
