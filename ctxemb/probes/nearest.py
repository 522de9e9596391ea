"""The nearest neighbour by cosine."""

from __future__ import annotations

from ctxemb.probes.k_nearest import KNearestProbe
from ctxemb.probes.probe import FitPredictProbe

PROBE = FitPredictProbe("1-nn", lambda *_: KNearestProbe(1))
