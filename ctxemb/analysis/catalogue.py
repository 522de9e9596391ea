"""The measures that ctxemb knows by name; other packages add theirs by entry points."""

from __future__ import annotations

from importlib.metadata import entry_points

from ctxemb.analysis import (
    canonical_correlation,
    intrinsic,
    isotropy,
    kernel_alignment,
    orthogonal,
    principal_axes,
    representational,
    rogue_dimensions,
    same_sentence,
    same_word,
    senses_apart,
    static_share,
)
from ctxemb.analysis.measure import Measure

ENTRY_POINTS = "ctxemb.analyses"
_MODULES = (
    same_word,
    same_sentence,
    static_share,
    senses_apart,
    isotropy,
    rogue_dimensions,
    principal_axes,
    intrinsic,
    kernel_alignment,
    canonical_correlation,
    orthogonal,
    representational,
)


def known_measures() -> dict[str, Measure]:
    """Return all measures of layers and of pairs of layers by name, those of other packages last."""
    measures: dict[str, Measure] = {}
    for module in _MODULES:
        measures |= {measure.name: measure for measure in module.MEASURES}
    for point in entry_points(group=ENTRY_POINTS):
        measure: Measure = point.load()
        measures.setdefault(measure.name, measure)
    return measures
