from __future__ import annotations

import numpy as np
import pytest

from ctxemb.analysis import MeasuredLayer, Occurrences, same_label_by_group, same_label_share
from ctxemb.analysis.same_sense import MEASURE
from ctxemb.errors import InputError


def test_by_hand() -> None:
    rows = np.array([[1, 0], [1, 0.1], [0, 1], [0.9, 0.3], [5, 5], [5, 4]], dtype=np.float32)
    groups, labels = ["a", "a", "a", "a", "b", "c"], ["x", "x", "y", "y", "x", "x"]
    by_group = same_label_by_group(rows, groups, labels)
    assert list(by_group) == ["a"]  # b and c are alone
    assert by_group["a"].share == 3 / 4  # the neighbours of the four are 1, 0, 3 and 1
    assert by_group["a"].chance == pytest.approx(4 / 12)
    assert same_label_share(rows, groups, labels) == (by_group["a"].share, by_group["a"].chance)
    assert same_label_share(rows, list("abcdef"), labels) == (0, 0)


def test_equal_vectors_are_at_chance() -> None:
    rows = np.tile([0.3, -1.7, 2.1], (9, 1)) * np.arange(1, 10)[:, None]
    found = same_label_by_group(rows, ["w"] * 9, ["x"] * 6 + ["y"] * 3)["w"]
    assert found.share == pytest.approx(found.chance)


def test_length_and_rotation_do_not_matter() -> None:
    generator = np.random.default_rng(4)
    rows = generator.normal(size=(1200, 6))  # more than one block
    groups, labels = ["w"] * 1200, generator.choice(["x", "y"], 1200)
    turned = rows @ np.linalg.qr(generator.normal(size=(6, 6)))[0] * generator.uniform(1, 3, (1200, 1))
    assert same_label_share(rows, groups, labels) == pytest.approx(same_label_share(turned, groups, labels))


def test_a_layer_counts_words_in_two_senses() -> None:
    generator = np.random.default_rng(5)
    sentences = [["bank", "bat", "sun"]] * 40
    groups = np.array(["bank", "bat", "sun"] * 40)
    senses = np.array([["x", "x", "one"], ["y", "y", "one"]] * 20).ravel()
    rows = generator.normal(size=(120, 8)) + 6 * (senses == "x")[:, None]
    values = MEASURE.run(MeasuredLayer("toy", 1, rows, Occurrences(sentences, senses, groups)))
    share, chance, above = values
    assert [v.statistic for v in values] == ["same_sense", "same_sense_chance", "same_sense_above_chance"]
    assert share.n == 80
    assert share.value > 0.95
    assert chance.value == pytest.approx(19 / 39)
    assert above.value == pytest.approx(share.value - chance.value)
    assert above.low <= above.value <= above.high
    with pytest.raises(InputError, match="same-sense needs labelled occurrences"):
        MEASURE.run(MeasuredLayer("toy", 1, rows, Occurrences(sentences)))
    with pytest.raises(InputError, match="each word has one label here"):
        MEASURE.run(MeasuredLayer("toy", 1, rows, Occurrences(sentences, groups, groups)))
