"""What the vectors of layers are like, without training a probe: functions on arrays, and named measures.

>>> import numpy as np
>>> from ctxemb.analysis import cka
>>> X = np.random.default_rng(0).normal(size=(50, 4))
>>> round(cka(X, -2 * X), 6)
1.0
"""

from ctxemb.analysis.canonical_correlation import canonical_correlations, mean_squared_cca, pwcca, svcca
from ctxemb.analysis.coordinates import coordinates
from ctxemb.analysis.expected_layer import centre_of_gravity, expected_layer
from ctxemb.analysis.intrinsic import intrinsic_dimension
from ctxemb.analysis.isotropy import iso_score, iso_score_star, mean_cosine, partition_isotropy
from ctxemb.analysis.kernel_alignment import cka, cka_matrix, minibatch_cka
from ctxemb.analysis.neighbors import nearest
from ctxemb.analysis.orthogonal import procrustes
from ctxemb.analysis.power import rank_stability, smallest_difference, superiority
from ctxemb.analysis.principal_axes import participation_ratio, spectrum
from ctxemb.analysis.representational import mutual_neighbors, rsa
from ctxemb.analysis.rogue_dimensions import dimension_contributions, informativity
from ctxemb.analysis.same_sentence import intra_sentence_similarity
from ctxemb.analysis.same_word import self_similarity
from ctxemb.analysis.senses_apart import sense_separation
from ctxemb.analysis.spaces import Space
from ctxemb.analysis.static_share import maximum_explainable_variance

__all__ = [
    "Space",
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
    "rank_stability",
    "rsa",
    "self_similarity",
    "sense_separation",
    "smallest_difference",
    "spectrum",
    "superiority",
    "svcca",
]
