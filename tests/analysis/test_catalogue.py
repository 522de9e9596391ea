"""Every measure, ours or another package's, keeps one contract."""

from __future__ import annotations

import numpy as np
import pytest

from ctxemb.analysis import catalogue
from ctxemb.analysis.measure import LayerMeasure, Measure, MeasuredLayer, MeasuredValue, Occurrences
from ctxemb.errors import InputError

GENERATOR = np.random.default_rng(1)
TEXT = Occurrences(
    [[f"w{(i + j) % 7}" for j in range(6)] for i in range(40)], np.array(["a", "b"] * 120), np.full(240, "g")
)
MEASURES = list(catalogue.all_measures().values())


def run(measure: Measure, rows: np.ndarray, other: np.ndarray) -> list[MeasuredValue]:
    a, b = (MeasuredLayer("toy", number, one, TEXT) for number, one in enumerate((rows, other)))
    if isinstance(measure, LayerMeasure):
        return measure.run(a)
    return measure.compare(measure.prepare(a), measure.prepare(b))


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.name)
def test_values_are_finite_and_lie_in_their_intervals(measure: Measure) -> None:
    rows = GENERATOR.normal(size=(240, 9)).astype(np.float16)
    other = rows + GENERATOR.normal(size=rows.shape)
    values = run(measure, rows, other)
    assert repr(values) == repr(run(measure, rows, other))
    assert values
    for value in values:
        assert np.isfinite(value.value), value
        assert value.n > 0
        if np.isfinite(value.low):
            assert value.low <= value.value <= value.high


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.name)
def test_a_value_that_is_not_finite_is_named(measure: Measure) -> None:
    rows = GENERATOR.normal(size=(240, 9))
    rows[11, 3] = np.nan
    with pytest.raises(InputError, match=r"row 11 \(counted from 0\) holds a value that is not finite"):
        run(measure, rows, rows)


def test_analyses_and_measures_are_two_lists() -> None:
    analyses, measures = catalogue.all_analyses(), catalogue.all_measures()
    assert {"clusters", "control"} <= set(analyses)
    assert {"self-similarity", "cka", "rsa", "mutual-neighbors"} <= set(measures)
    assert not set(analyses) & set(measures)
