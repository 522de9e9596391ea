"""An analysis: how long vectors are."""

from __future__ import annotations

import numpy as np

from ctxemb.analysis import Analysis, Layer, Value
from ctxemb.scoring.metric import Metric

LENGTH = Metric("example_length", "mean length", scale=1.0, digits=2, unit="")


def measure(layer: Layer) -> list[Value]:
    """Return the mean length of the test examples' vectors."""
    rows = layer.task.splits["test"]
    return [Value(LENGTH, float(np.linalg.norm(layer.features(rows), axis=1).mean()), len(rows))]


ANALYSIS = Analysis(
    name="example-length",
    summary="the mean length of vectors",
    kinds=("word-sense", "sentence-label", "token-label"),
    metrics=(LENGTH,),
    measure=measure,
    probe="none",
)
