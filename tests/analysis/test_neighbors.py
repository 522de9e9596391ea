from __future__ import annotations

import numpy as np
import pytest

from ctxemb.analysis.neighbors import nearest


def test_nearest_is_by_cosine() -> None:
    rows = np.array([[1, 0], [0, 5], [3, 3], [-1, 0], [2, 0]], dtype=np.float32)
    found, cosines = nearest(np.array([10, 0], dtype=np.float32), rows, 3)
    assert found.tolist() == [0, 4, 2]
    assert cosines == pytest.approx([1, 1, 0.5**0.5])


def test_there_may_be_fewer_rows_and_a_zero() -> None:
    rows = np.zeros((2, 3), dtype=np.float32)
    found, cosines = nearest(np.ones(3, dtype=np.float32), rows, 5)
    assert found.tolist() == [0, 1]
    assert cosines.tolist() == [0, 0]
