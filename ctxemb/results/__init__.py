"""The vocabulary of what was found, and its folder on disk."""

from ctxemb.results.findings import Findings, read_findings
from ctxemb.results.records import (
    Confusion,
    Difference,
    MapPoint,
    Mix,
    Ranks,
    Result,
    Training,
    Tuning,
    TuningRun,
)

__all__ = [
    "Confusion",
    "Difference",
    "Findings",
    "MapPoint",
    "Mix",
    "Ranks",
    "Result",
    "Training",
    "Tuning",
    "TuningRun",
    "read_findings",
]
