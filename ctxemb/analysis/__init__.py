"""What layers show besides how well a probe reads them: analyses, measures, and functions on arrays.

>>> import numpy as np
>>> from ctxemb.analysis import cka
>>> X = np.random.default_rng(0).normal(size=(50, 4))
>>> round(cka(X, -2 * X), 6)
1.0
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ctxemb.analysis.analysis import Analysis, Layer, Value
    from ctxemb.analysis.canonical_correlation import canonical_correlations, mean_squared_cca, pwcca, svcca
    from ctxemb.analysis.catalogue import (
        all_analyses,
        all_measures,
        analyses_for,
        analysis_metrics,
        analysis_names,
    )
    from ctxemb.analysis.depth import centre_of_gravity, expected_layer
    from ctxemb.analysis.flat import coordinates
    from ctxemb.analysis.intrinsic import intrinsic_dimension
    from ctxemb.analysis.isotropy import iso_score, iso_score_star, mean_cosine, partition_isotropy
    from ctxemb.analysis.kernel_alignment import cka, cka_matrix, minibatch_cka
    from ctxemb.analysis.measure import (
        LayerMeasure,
        Measure,
        MeasuredLayer,
        MeasuredValue,
        Occurrences,
        PairMeasure,
    )
    from ctxemb.analysis.measurements import Measurement, Measurements
    from ctxemb.analysis.neighbors import nearest
    from ctxemb.analysis.orthogonal import procrustes
    from ctxemb.analysis.power import (
        rank_shares,
        rank_stability,
        smallest_difference,
        smallest_found,
        superiority,
    )
    from ctxemb.analysis.principal_axes import participation_ratio, spectrum
    from ctxemb.analysis.representational import rsa
    from ctxemb.analysis.rogue_dimensions import dimension_contributions, informativity
    from ctxemb.analysis.same_sense import same_label_by_group, same_label_share
    from ctxemb.analysis.same_sentence import intra_sentence_similarity
    from ctxemb.analysis.same_word import self_similarity
    from ctxemb.analysis.senses_apart import sense_separation
    from ctxemb.analysis.shared_neighbors import mutual_neighbors
    from ctxemb.analysis.spaces import Space
    from ctxemb.analysis.static_share import maximum_explainable_variance

__all__ = [
    "Analysis",
    "Layer",
    "LayerMeasure",
    "Measure",
    "MeasuredLayer",
    "MeasuredValue",
    "Measurement",
    "Measurements",
    "Occurrences",
    "PairMeasure",
    "Space",
    "Value",
    "all_analyses",
    "all_measures",
    "analyses_for",
    "analysis_metrics",
    "analysis_names",
    "canonical_correlations",
    "centre_of_gravity",
    "cka",
    "cka_matrix",
    "coordinates",
    "dimension_contributions",
    "expected_layer",
    "informativity",
    "intra_sentence_similarity",
    "intrinsic_dimension",
    "iso_score",
    "iso_score_star",
    "maximum_explainable_variance",
    "mean_cosine",
    "mean_squared_cca",
    "minibatch_cka",
    "mutual_neighbors",
    "nearest",
    "participation_ratio",
    "partition_isotropy",
    "procrustes",
    "pwcca",
    "rank_shares",
    "rank_stability",
    "rsa",
    "same_label_by_group",
    "same_label_share",
    "self_similarity",
    "sense_separation",
    "smallest_difference",
    "smallest_found",
    "spectrum",
    "superiority",
    "svcca",
]

_WHERE = {
    "Analysis": "analysis",
    "Layer": "analysis",
    "LayerMeasure": "measure",
    "Measure": "measure",
    "MeasuredLayer": "measure",
    "MeasuredValue": "measure",
    "Measurement": "measurements",
    "Measurements": "measurements",
    "Occurrences": "measure",
    "PairMeasure": "measure",
    "Space": "spaces",
    "Value": "analysis",
    "all_analyses": "catalogue",
    "all_measures": "catalogue",
    "analyses_for": "catalogue",
    "analysis_metrics": "catalogue",
    "analysis_names": "catalogue",
    "canonical_correlations": "canonical_correlation",
    "centre_of_gravity": "depth",
    "cka": "kernel_alignment",
    "cka_matrix": "kernel_alignment",
    "coordinates": "flat",
    "dimension_contributions": "rogue_dimensions",
    "expected_layer": "depth",
    "informativity": "rogue_dimensions",
    "intra_sentence_similarity": "same_sentence",
    "intrinsic_dimension": "intrinsic",
    "iso_score": "isotropy",
    "iso_score_star": "isotropy",
    "maximum_explainable_variance": "static_share",
    "mean_cosine": "isotropy",
    "mean_squared_cca": "canonical_correlation",
    "minibatch_cka": "kernel_alignment",
    "mutual_neighbors": "shared_neighbors",
    "nearest": "neighbors",
    "participation_ratio": "principal_axes",
    "partition_isotropy": "isotropy",
    "procrustes": "orthogonal",
    "pwcca": "canonical_correlation",
    "rank_shares": "power",
    "rank_stability": "power",
    "rsa": "representational",
    "same_label_by_group": "same_sense",
    "same_label_share": "same_sense",
    "self_similarity": "same_word",
    "sense_separation": "senses_apart",
    "smallest_difference": "power",
    "smallest_found": "power",
    "spectrum": "principal_axes",
    "superiority": "power",
    "svcca": "canonical_correlation",
}
"""The file of each name; it is imported when the name is asked for."""


def __getattr__(name: str) -> object:
    if name not in _WHERE:
        raise AttributeError(f"module 'ctxemb.analysis' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"ctxemb.analysis.{_WHERE[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
