"""A measure: how far numbers lie apart."""

from __future__ import annotations

from ctxemb.analysis import LayerMeasure, MeasuredLayer, MeasuredValue


def run(layer: MeasuredLayer) -> list[MeasuredValue]:
    """Return the range of the numbers of all vectors."""
    rows = layer.rows[:]
    return [MeasuredValue.bare("spread", float(rows.max() - rows.min()), len(rows))]


MEASURE = LayerMeasure("example-spread", "the range of the numbers", run)
