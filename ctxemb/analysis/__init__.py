"""Analyses: what layers show besides how well a probe reads them; a file per analysis."""

from ctxemb.analysis.analysis import Analysis, Layer, Value
from ctxemb.analysis.catalogue import all_analyses, analyses_for, analysis_metrics, analysis_names

__all__ = [
    "Analysis",
    "Layer",
    "Value",
    "all_analyses",
    "analyses_for",
    "analysis_metrics",
    "analysis_names",
]
