"""The frozen probe of a model that was tuned, and the difference to it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ctxemb.comparison.compare import make_runner
from ctxemb.comparison.judging import chosen_lines
from ctxemb.comparison.line import gathered
from ctxemb.comparison.own import NOTHING, Own
from ctxemb.comparison.scheduler import run_steps
from ctxemb.comparison.seed_scores import less_frozen, mean_score, sorted_labels
from ctxemb.comparison.spec import ComparisonSpec
from ctxemb.comparison.tuner import TuningOutcome


def beside_frozen(
    outcomes: Sequence[TuningOutcome],
    spec: ComparisonSpec,
    *,
    data: Path | None = None,
    cache: Path | None = None,
    own: Own = NOTHING,
) -> list[TuningOutcome]:
    """Return what was tuned with the frozen probe of the same model, at the layer that dev chose.

    Both have learned from the same examples: never from dev.

    Parameters
    ----------
    outcomes
        A model tuned on a task, by one recipe or several.
    spec
        The comparison of this model on this task, frozen.
    data, cache, own
        As for `ctxemb.comparison.evaluate`.
    """
    runner = make_runner(spec, data=data, cache=cache, own=own)
    lines, findings = gathered(run_steps(runner.steps(), lambda done, total, what: None))
    line = chosen_lines(lines, findings)[runner.models[0].name]
    frozen = runner.on_equal_terms(line).run.test
    rows, labels = np.sort(frozen.rows), sorted_labels(frozen)
    score = mean_score(runner.tasks[0], rows, [labels])
    return [
        dataclasses.replace(
            outcome,
            frozen=(frozen, score),
            difference=less_frozen(
                outcome.task, rows, [sorted_labels(run.test) for run in outcome.runs], labels
            ),
        )
        for outcome in outcomes
    ]
