from __future__ import annotations

import numpy as np
import pytest

from ctxemb.analysis import centre_of_gravity, expected_layer, intrinsic_dimension
from ctxemb.analysis.intervals import block_borders, bootstrap_mean, jackknife
from ctxemb.analysis.intrinsic import MEASURE
from ctxemb.analysis.measure import MeasuredLayer, Occurrences
from ctxemb.analysis.nearest_rows import nearest_rows
from ctxemb.errors import InputError

GENERATOR = np.random.default_rng(2)


def test_nearest_rows_by_brute_force() -> None:
    rows = GENERATOR.normal(size=(1100, 4)) + 100
    distances = np.linalg.norm(rows[:, None] - rows[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    numbers, found = nearest_rows(rows, 3)
    assert (numbers == np.argsort(distances, axis=1)[:, :3]).all()
    assert found == pytest.approx(np.sort(distances, axis=1)[:, :3])


@pytest.mark.parametrize("dimension", [1, 2, 5])
def test_the_dimension_of_a_cube_in_a_larger_space(dimension: int) -> None:
    rows = GENERATOR.uniform(size=(3000, dimension)) @ GENERATOR.normal(size=(dimension, 20)) + 7
    assert intrinsic_dimension(rows) == pytest.approx(dimension, rel=0.15)
    rotation = np.linalg.qr(GENERATOR.normal(size=(20, 20)))[0]
    assert intrinsic_dimension(5 * rows @ rotation) == pytest.approx(intrinsic_dimension(rows), rel=1e-6)


def test_the_fit_by_hand() -> None:
    rows = np.array([[0.0], [1], [3], [7]])  # r1, r2: 1 3, 1 2, 2 3, 4 6
    logs = np.sort(np.log([3, 2, 1.5, 1.5]))[:3]
    y = -np.log(1 - np.arange(1, 4) / 4)
    assert intrinsic_dimension(rows, discarded=0) == pytest.approx(logs @ y / (logs @ logs))


def test_the_value_of_scikit_dimension() -> None:
    generator = np.random.default_rng(0)
    rows = generator.normal(size=(1000, 5)) @ generator.normal(size=(5, 12))
    assert intrinsic_dimension(rows) == pytest.approx(5.054523742657129)  # of scikit-dimension 0.5.0


def test_copies_of_a_row_count_once() -> None:
    rows = GENERATOR.normal(size=(400, 3))
    assert intrinsic_dimension(np.concatenate([rows, rows])) == pytest.approx(intrinsic_dimension(rows))
    with pytest.raises(InputError, match="at least 3 distinct rows, found 1"):
        intrinsic_dimension(np.ones((9, 2)))


def test_a_layer() -> None:
    text = Occurrences([["w"] * 4 for _ in range(250)])
    rows = (GENERATOR.uniform(size=(1000, 2)) @ GENERATOR.normal(size=(2, 9))).astype(np.float32)
    (value,) = MEASURE.run(MeasuredLayer("toy", 0, rows, text))
    assert value.value == pytest.approx(intrinsic_dimension(rows))
    assert value.low < value.value < value.high


def test_where_it_is() -> None:
    assert centre_of_gravity([0, 0, 1]) == 2
    assert centre_of_gravity([1, 1, 2]) == 1.25
    assert expected_layer([0.2, 0.4, 0.5]) == pytest.approx((1 * 0.2 + 2 * 0.1) / 0.3)
    with pytest.raises(InputError, match="does not rise from layer 0"):
        expected_layer([0.5, 0.4])
    with pytest.raises(InputError, match="not negative"):
        centre_of_gravity([-1, 2])


def test_intervals() -> None:
    values = GENERATOR.normal(size=400)
    interval = bootstrap_mean(values)
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.15)
    blocks = values.reshape(20, 20)
    without = [np.delete(blocks, i, axis=0).mean() for i in range(20)]
    bounds = jackknife(float(values.mean()), without)
    error = blocks.mean(axis=1).std(ddof=1) / np.sqrt(20)  # of a mean, the jackknife is exact
    assert bounds.high - bounds.value == pytest.approx(2.093 * error, rel=1e-3)
    assert np.isnan(bootstrap_mean([1.0]).low)
    assert np.isnan(jackknife(1.0, []).low)
    assert block_borders(np.array([0, 5, 5, 9])).tolist() == [0, 5, 9]
