"""Models × tasks × layers × probes: the one place where vectors are made and judged."""

from ctxemb.comparison.compare import evaluate
from ctxemb.comparison.neighbors import find_neighbors
from ctxemb.comparison.spec import ComparisonSpec, find_spec, make_spec, read_spec

__all__ = [
    "ComparisonSpec",
    "evaluate",
    "find_neighbors",
    "find_spec",
    "make_spec",
    "read_spec",
]
