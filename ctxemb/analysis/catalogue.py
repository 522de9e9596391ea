"""The analyses and the measures by name: those of this room, each declared in its file, and other packages'.

An *analysis* (`ANALYSIS`) says something of a labelled task, beside the probes of a comparison. A *measure*
(`MEASURE`) says something of the vectors of words, with or without labels, for `ctxemb analyse`.
"""

from __future__ import annotations

from ctxemb.analysis.analysis import Analysis
from ctxemb.analysis.measure import Measure
from ctxemb.plugins import collect
from ctxemb.scoring.metric import Metric
from ctxemb.suggest import Registry
from ctxemb.tasks.base import Kind


def all_analyses() -> Registry[Analysis]:
    """Return all analyses by name."""
    return collect("analysis", "ctxemb.analysis", "ANALYSIS", "ctxemb.analyses")


def all_measures() -> Registry[Measure]:
    """Return all measures of layers and of pairs of layers by name."""
    return collect("measure", "ctxemb.analysis", "MEASURE", "ctxemb.measures")


def analysis_names() -> list[str]:
    """Return the names of all analyses."""
    return list(all_analyses())


def analyses_for(kind: Kind) -> dict[str, Analysis]:
    """Return the analyses for tasks of a kind, by name."""
    return {name: analysis for name, analysis in all_analyses().items() if kind in analysis.kinds}


def analysis_metrics() -> dict[str, Metric]:
    """Return the metrics of all analyses by name, in the order of tables."""
    return {metric.name: metric for analysis in all_analyses().values() for metric in analysis.metrics}
