"""Which layers dev chose, written into the results."""

from __future__ import annotations

import dataclasses
import operator

from ctxemb.results import Findings, Result


def with_choices(findings: Findings) -> Findings:
    """Return the findings with results that say whether dev chose their layer."""
    line = operator.attrgetter("task", "model", "probe", "pool", "context")
    lines = dict.fromkeys(line(result) for result in findings.results if isinstance(result.layer, int))
    layers = {key: findings.chosen(*key) for key in lines}

    def marked(result: Result) -> Result:
        best = layers.get(line(result))
        if best is None or not isinstance(result.layer, int):
            return result
        return dataclasses.replace(result, chosen=result.layer == best.layer)

    return dataclasses.replace(findings, results=tuple(map(marked, findings.results)))
