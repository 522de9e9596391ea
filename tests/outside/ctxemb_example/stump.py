"""A probe: a decision tree of one split (scikit-learn)."""

from __future__ import annotations

from sklearn.tree import DecisionTreeClassifier

from ctxemb.probes import FitPredictProbe

PROBE = FitPredictProbe(
    "example-stump",
    lambda depth, seed: DecisionTreeClassifier(max_depth=int(depth), random_state=seed),
    settings=(1, 2),
)
