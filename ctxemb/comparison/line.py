"""What a step of a comparison returns: probes with their predictions, and what else was found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ctxemb.probes import Prediction, ProbeRun
from ctxemb.results import Findings, MapPoint, Mix, Result
from ctxemb.results.names import WORD
from ctxemb.tasks import Task


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A probe on one layer of one model: a line of a table, with what was predicted.

    Parameters
    ----------
    task, model, layer, probe, pool
        What was probed, and with what.
    run
        The predictions.
    results
        Their scores, on dev and on the test.
    context
        What stands beside the vectors of words.
    """

    task: Task
    model: str
    layer: int | str
    probe: str
    pool: str
    run: ProbeRun
    results: tuple[Result, ...]
    context: str = WORD

    def called(self, model: str) -> Line:
        """Return the line as that of a baseline of this name, which has no context but its own."""
        results = tuple(replace(result, model=model, context=WORD) for result in self.results)
        return replace(self, model=model, context=WORD, results=results)

    def holds(self, result: Result) -> bool:
        """Return whether a result is one of this line."""
        return result in self.results


@dataclass(frozen=True, slots=True, eq=False)
class StepOutput:
    """What one step found.

    Parameters
    ----------
    lines
        Probes with their predictions.
    measures
        Results of analyses.
    mixes, maps
        Learned layer weights, and points of word-sense maps.
    """

    lines: tuple[Line, ...] = ()
    measures: tuple[Result, ...] = ()
    mixes: tuple[Mix, ...] = ()
    maps: tuple[MapPoint, ...] = ()

    def __add__(self, other: StepOutput) -> StepOutput:
        """Return the outputs of both, in order."""
        return StepOutput(
            self.lines + other.lines,
            self.measures + other.measures,
            self.mixes + other.mixes,
            self.maps + other.maps,
        )


def gathered(outputs: Iterable[StepOutput]) -> tuple[list[Line], Findings]:
    """Return the lines of all steps, and what they found: scores of probes first, then those of analyses."""
    whole = sum(outputs, StepOutput())
    of_lines = tuple(result for line in whole.lines for result in line.results)
    return list(whole.lines), Findings(of_lines + whole.measures, whole.mixes, whole.maps)


def store_run(run: ProbeRun) -> dict[str, Any]:
    """Return predictions as the cache keeps them."""
    names, codes = np.unique(np.concatenate([run.dev.labels, run.test.labels]), return_inverse=True)
    return {
        "names": names.tolist(),
        "setting": run.setting,
        "dev": [run.dev.rows.tolist(), codes[: len(run.dev.rows)].tolist()],
        "test": [run.test.rows.tolist(), codes[len(run.dev.rows) :].tolist()],
    }


def restore_run(stored: dict[str, Any]) -> ProbeRun:
    """Return predictions from what `store_run` made of them."""
    names = np.array(stored["names"], dtype=np.str_)
    dev, test = (
        Prediction(split, np.array(rows, dtype=np.int64), names[np.array(codes, dtype=np.int64)])
        for split, (rows, codes) in ((split, stored[split]) for split in ("dev", "test"))
    )
    return ProbeRun(dev, test, stored["setting"])
