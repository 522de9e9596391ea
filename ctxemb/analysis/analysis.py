"""The contract of an analysis: numbers about one layer of a model on one task."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ctxemb.probes import Features, ProbeRun
from ctxemb.results import Result
from ctxemb.scoring.metric import Metric
from ctxemb.tasks import Task
from ctxemb.tasks.base import Kind


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """What an analysis is given: one layer of one model, on the examples of one task.

    Parameters
    ----------
    task
        Labels, groups and splits.
    features
        The vectors of examples by their numbers, (n, width).
    known
        What the logistic probe predicted from this layer, if it was run.
    seed
        Seed of all that is random.
    """

    task: Task
    features: Features
    known: ProbeRun | None
    seed: int


@dataclass(frozen=True, slots=True)
class Value:
    """A number that an analysis found.

    Parameters
    ----------
    metric
        One of the analysis' metrics.
    value
        The number.
    n
        Number of examples that it was measured on.
    low, high
        Bounds of its 95 % interval; None without one.
    """

    metric: Metric
    value: float
    n: int
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """An analysis, as its file declares it.

    Parameters
    ----------
    name
        What specs and the command line call it.
    summary
        What it measures, in a few words.
    kinds
        The kinds of task it serves.
    metrics
        The numbers it finds, in the order of tables.
    measure
        Finds them.
    probe
        What results name as their probe: how vectors were read.
    """

    name: str
    summary: str
    kinds: tuple[Kind, ...]
    metrics: tuple[Metric, ...]
    measure: Callable[[Layer], Sequence[Value]]
    probe: str

    def results(self, layer: Layer) -> list[Result]:
        """Return the numbers as results; who knows model and layer fills them in."""
        return [self._result(layer, value) for value in self.measure(layer)]

    def _result(self, layer: Layer, measured: Value) -> Result:
        value, low, high = (
            round(float(measured.value if bound is None else bound), 6)
            for bound in (measured.value, measured.low, measured.high)
        )
        return Result(
            model="",
            layer=0,
            task=layer.task.name,
            split=measured.metric.split,
            probe=self.probe,
            metric=measured.metric.name,
            value=value,
            low=low,
            high=high,
            n=measured.n,
            seed=layer.seed,
        )
