from __future__ import annotations

import numpy as np
import pytest

from ctxemb.analysis import (
    intra_sentence_similarity,
    maximum_explainable_variance,
    same_sentence,
    same_word,
    self_similarity,
    sense_separation,
    senses_apart,
    static_share,
)
from ctxemb.analysis.measure import MeasuredLayer, Occurrences
from ctxemb.errors import InputError

GENERATOR = np.random.default_rng(3)
X = GENERATOR.normal(size=(60, 7)).astype(np.float32)
WORDS = np.array([f"w{i % 6}" for i in range(60)])


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def test_self_similarity_is_the_mean_cosine_of_all_pairs() -> None:
    rows = X[WORDS == "w2"].astype(float)
    pairs = [cosine(a, b) for i, a in enumerate(rows) for j, b in enumerate(rows) if i != j]
    assert self_similarity(X, WORDS)["w2"] == pytest.approx(np.mean(pairs), abs=1e-7)


def test_rare_words_are_left_out() -> None:
    words = np.array(["a", "a", "b", "c", "c", "c"])
    assert list(self_similarity(X[:6], words)) == ["a", "c"]
    assert list(self_similarity(X[:6], words, fewest=3)) == ["c"]
    with pytest.raises(InputError, match="no word occurs 4 times: there are 6 occurrences of 3 words"):
        self_similarity(X[:6], words, fewest=4)


def test_intra_sentence_similarity_by_hand() -> None:
    rows = np.array([[1.0, 0], [0, 1], [2, 2]])
    values = intra_sentence_similarity(rows, [0, 2, 2, 3])
    assert values[[0, 2]] == pytest.approx([np.sqrt(0.5), 1.0])
    assert np.isnan(values[1])
    with pytest.raises(InputError, match="offsets should rise from 0 to the number of rows, 3"):
        intra_sentence_similarity(rows, [0, 2])


def test_mev_is_the_share_of_the_first_singular_value() -> None:
    rows = X[WORDS == "w1"]
    values = np.linalg.svd(rows.astype(float), compute_uv=False) ** 2
    shares = maximum_explainable_variance(X, WORDS)
    assert shares["w1"] == pytest.approx(values[0] / values.sum())
    wide = maximum_explainable_variance(X[:, :3], WORDS)  # more rows than dimensions
    values = np.linalg.svd(rows[:, :3].astype(float), compute_uv=False) ** 2
    assert wide["w1"] == pytest.approx(values[0] / values.sum())
    assert maximum_explainable_variance(np.tile(X[:1], (4, 1)), ["a"] * 4)["a"] == pytest.approx(1)


def test_measures_do_not_change_under_rotation_and_scale() -> None:
    rotation = np.linalg.qr(GENERATOR.normal(size=(7, 7)))[0]
    moved = 3 * X @ rotation
    for function in (self_similarity, maximum_explainable_variance):
        before, after = function(X, WORDS), function(moved, WORDS)
        assert list(after.values()) == pytest.approx(list(before.values()), abs=1e-6)


def test_senses_are_separated() -> None:
    rows = np.array([[1.0, 0], [1, 0], [0, 1], [5, 5]])
    senses = np.array(["x", "x", "y", "x"])
    separated = sense_separation(rows, np.array(["a", "a", "a", "b"]), senses)
    assert separated == {"a": (pytest.approx(1), pytest.approx(0))}
    with pytest.raises(InputError, match="no word has two occurrences in one sense and one in another"):
        sense_separation(rows, np.array(["a", "a", "b", "b"]), np.array(["x", "x", "y", "y"]))


def test_a_zero_vector_and_nan_are_named() -> None:
    rows = X.copy()
    rows[7] = 0
    with pytest.raises(InputError, match=r"row 7 \(counted from 0\) is zero"):
        self_similarity(rows, WORDS)
    rows[7, 2] = np.nan
    with pytest.raises(InputError, match=r"X: row 7 \(counted from 0\) holds a value that is not finite"):
        self_similarity(rows, WORDS)


def test_a_layer_is_measured_with_baselines_and_groups() -> None:
    sentences = [[f"w{i % 6}" for i in range(start, start + 6)] for start in range(0, 60, 6)]
    labels = np.array([f"P{i % 2}" for i in range(60)])
    text = Occurrences(sentences, labels, np.full(60, ""), n_senses={"w0": 1, "w1": 2})
    layer = MeasuredLayer("toy", 1, X, text)
    modules = (same_word, same_sentence, static_share, senses_apart)
    by_name = {module.MEASURE.name: module.MEASURE for module in modules}
    values = {(v.statistic, v.group): v for v in by_name["self-similarity"].run(layer)}
    whole = values["self_similarity", ""]
    assert whole.value == pytest.approx(np.mean(list(self_similarity(X, WORDS).values())))
    assert whole.low < whole.value < whole.high
    assert whole.n == 6
    adjusted = values["self_similarity_adjusted", ""].value
    assert adjusted == pytest.approx(whole.value - values["random_pairs", ""].value)
    assert values["self_similarity", "label P1"].n == 3
    assert values["self_similarity", "monosemous"].n == values["self_similarity", "polysemous"].n == 1
    mev = {v.statistic: v.value for v in by_name["mev"].run(layer) if not v.group}
    assert abs(mev["mev_adjusted"]) < 0.2 < mev["mev"]  # random vectors are like any others
    assert {v.statistic for v in by_name["intra-sentence"].run(layer)} == {
        "intra_sentence",
        "intra_sentence_adjusted",
    }
    with pytest.raises(InputError, match="sense-separation needs labelled occurrences"):
        by_name["sense-separation"].run(MeasuredLayer("toy", 1, X, Occurrences(sentences)))


def test_the_ratio_of_distances_within_and_between_senses() -> None:
    rows = np.array([[1.0, 0], [4, 3], [0, 1]] * 2)  # cosines 0.8 within x; 0 and 0.6 between
    groups, senses = np.array(["bank"] * 3 + ["bat"] * 3), np.array(["x", "x", "y"] * 2)
    text = Occurrences([["a", "b", "c"]] * 2, senses, groups)
    values = {v.statistic: v.value for v in senses_apart.MEASURE.run(MeasuredLayer("toy", 1, rows, text))}
    assert values["within_senses"] == pytest.approx(0.8)
    assert values["between_senses"] == pytest.approx(0.3)
    assert values["senses_ratio"] == pytest.approx(0.2 / 0.7)
