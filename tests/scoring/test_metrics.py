from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score, matthews_corrcoef

from ctxemb.errors import InputError, UnknownNameError
from ctxemb.scoring.metrics import accuracy, macro_f1, score
from ctxemb.scoring.statistics import score_with_interval


def labels(seed: int, n: int = 200, right: float = 0.7) -> tuple[list[str], list[str]]:
    generator = np.random.default_rng(seed)
    gold = generator.choice(list("abc"), n, p=[0.6, 0.3, 0.1])
    guess = generator.choice(list("abc"), n)
    return gold.tolist(), np.where(generator.random(n) < right, gold, guess).tolist()


def test_scores_equal_scikit_learn() -> None:
    gold, predicted = labels(0)
    assert accuracy(gold, predicted) == np.mean(np.array(gold) == np.array(predicted))
    assert macro_f1(gold, predicted) == pytest.approx(f1_score(gold, predicted, average="macro"))


@pytest.mark.parametrize("n_labels", [2, 3])
def test_matthews_equals_scikit_learn(n_labels: int) -> None:
    generator = np.random.default_rng(0)
    gold, guess = generator.integers(n_labels, size=(2, 300))
    predicted = np.where(generator.random(300) < 0.4, gold, guess)
    found = score("matthews", gold.astype(str), predicted.astype(str), [""] * 300)
    assert found == pytest.approx(matthews_corrcoef(gold, predicted))
    assert score("matthews", ["a", "b"], ["a", "a"], ["", ""]) == 0  # predictions that do not vary


def test_wrong_input_is_told() -> None:
    with pytest.raises(InputError, match="no examples"):
        score("accuracy", [], [], [])
    with pytest.raises(InputError, match="as many as examples, 2: 2, 1"):
        score("accuracy", ["a", "b"], ["a"], ["", ""])


def test_f1_of_a_label_that_is_never_seen_is_zero() -> None:
    assert macro_f1(["a", "b"], ["a", "b"], ["a", "b", "c", "d"]) == pytest.approx(0.5)


def test_macro_f1_is_averaged_over_groups() -> None:
    gold, predicted = labels(0)
    other_gold, other_predicted = labels(1, n=50)
    groups = ["one"] * 200 + ["two"] * 50
    found = score_with_interval("macro_f1", gold + other_gold, predicted + other_predicted, groups)
    expected = (macro_f1(gold, predicted) + macro_f1(other_gold, other_predicted)) / 2
    assert found.value == pytest.approx(expected)


def test_interval_is_that_of_resampled_examples() -> None:
    gold, predicted = map(np.array, labels(0))
    generator = np.random.default_rng(9)
    scores = []
    for _ in range(1000):
        rows = generator.integers(len(gold), size=len(gold))
        scores.append(f1_score(gold[rows], predicted[rows], average="macro"))
    low, high = np.percentile(scores, [2.5, 97.5])
    found = score_with_interval("macro_f1", gold.tolist(), predicted.tolist(), [""] * len(gold))
    assert found.low == pytest.approx(low, abs=0.015)
    assert found.high == pytest.approx(high, abs=0.015)


def test_interval_of_accuracy_covers_the_truth() -> None:
    covered = 0
    for seed in range(200):
        gold, predicted = labels(seed, n=100)
        interval = score_with_interval("accuracy", gold, predicted, [""] * 100, seed=seed)
        covered += interval.low <= 0.8 <= interval.high  # 0.7 right, and a third of the guesses
    assert covered / 200 > 0.9


def test_the_same_seed_gives_the_same_interval() -> None:
    gold, predicted = labels(0)
    first = score_with_interval("macro_f1", gold, predicted, [""] * 200, seed=1)
    assert first == score_with_interval("macro_f1", gold, predicted, [""] * 200, seed=1)
    assert first != score_with_interval("macro_f1", gold, predicted, [""] * 200, seed=2)


def test_an_unknown_metric_is_an_error() -> None:
    with pytest.raises(UnknownNameError, match="unknown metric 'f2'"):
        score_with_interval("f2", ["a"], ["a"], [""])
