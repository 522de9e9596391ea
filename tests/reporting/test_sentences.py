"""What is said of differences, checked against the rows it comes from."""

from __future__ import annotations

import dataclasses
from itertools import combinations

import pytest

from ctxemb.reporting.overall import over_all_tasks
from ctxemb.reporting.sentences import among_models, beside_baselines, sentences
from ctxemb.results import Difference, Findings, Result
from tests.reporting.conftest import difference


def findings(rows: list[Difference], models: str, metric: str = "accuracy") -> Findings:
    results = [
        Result(model, 1, "task", "test", "logistic", metric, 0.9 - i / 10, 0.1, 0.95, 50, 0)
        for i, model in enumerate(models)
    ]
    return Findings(tuple(results), differences=tuple(rows))


def rows_of(models: str, clear: set[str]) -> list[Difference]:
    return [
        difference("task", a, b, 0.05, 0.01 if a + b in clear else 0.5) for a, b in combinations(models, 2)
    ]


@pytest.mark.parametrize(
    ("models", "clear", "held", "open_"),
    [
        ("abc", {"ab", "ac", "bc"}, ["a beats b by", "c by", "b beats c by"], []),
        ("abc", set(), [], ["a, b and c are not shown to differ."]),
        (
            "abc",
            {"ac"},
            ["a beats c by"],
            ["a and b are not shown to differ; b and c are not shown to differ."],
        ),
        (
            "abcde",
            {"ab", "ac", "ad", "ae"},
            ["a beats b by", "e by"],
            ["b, c, d and e are not shown to differ."],
        ),
        ("a", set(), [], []),
    ],
)
def test_models_that_differ(models: str, clear: set[str], held: list[str], open_: list[str]) -> None:
    found = among_models(findings(rows_of(models, clear), models), "task", list(models))
    text = " ".join(sentence.text for sentence in found if sentence.holds)
    assert all(part in text for part in held) and bool(text) == bool(held)
    assert [sentence.text for sentence in found if not sentence.holds] == open_


def test_a_difference_is_said_whichever_way_it_was_written() -> None:
    found = among_models(findings([difference("task", "b", "a", -0.05, 0.01)], "ab"), "task", ["a", "b"])
    assert [sentence.text for sentence in found] == ["a beats b by 5.0 points [2.0, 8.0] (p = .010)."]
    # the test may say the contrary of the scores, if they are of other seeds
    found = among_models(findings([difference("task", "b", "a", 0.05, 0.01)], "ab"), "task", ["a", "b"])
    assert [sentence.text for sentence in found] == ["b beats a by 5.0 points [2.0, 8.0] (p = .010)."]


def test_no_difference_at_all_is_none_however_small_its_p() -> None:
    (found,) = among_models(findings([difference("task", "a", "b", 0.0, 0.0)], "ab"), "task", ["a", "b"])
    assert not found.holds and found.text == "a and b are not shown to differ."


def test_pairs_that_were_not_tested_are_told() -> None:
    found = among_models(findings(rows_of("ab", {"ab"}), "abc"), "task", list("abc"))
    assert found[-1].text == "Some differences between models were not tested here."
    (alone,) = among_models(findings([], "ab"), "task", list("ab"))
    assert alone.text == "Differences between models were not tested here."


def test_baselines_above_below_and_beside() -> None:
    rows = [
        difference("task", "a", "a@random", 0.1, 0.001), difference("task", "b", "b@random", 0.1, 0.001),
        difference("task", "c", "c@random", -0.1, 0.001), difference("task", "a", "majority", 0.1, 0.001),
        difference("task", "b", "majority", 0.1, 0.2), difference("task", "c", "bag-of-words", -0.1, 0.001),
    ]  # fmt: skip
    found = beside_baselines(findings(rows, "abc"), "task", list("abc"))
    assert [(sentence.text, sentence.holds) for sentence in found] == [
        ("a and b beat their random twins.", True),
        ("a beats the majority class.", True),
        ("Its random twin beats c.", True),
        ("A bag of words beats c.", True),
        ("b is not shown to beat the majority class.", False),
    ]


def test_a_correlation_is_no_percentage() -> None:
    text = sentences(findings([], "a", "matthews"), "task")[0].text
    assert text.startswith("On task, a reaches 90.0 [10.0, 95.0] with its layer 1")
    assert "reaches 90.0 % [" in sentences(findings([], "a"), "task")[0].text


def test_what_holds_over_all_tasks() -> None:
    rows = [
        dataclasses.replace(difference(task, "a", "b", 0.05, p), p=p)
        for task, p in (("one", 0.0001), ("two", 0.03), ("three", 0.9))
    ]
    first, second = over_all_tasks(findings(rows, "ab"))
    assert first.text == (
        "Over all 3 tasks, 3 differences were tested; 2 are significant within their task, and 1 after "
        "Holm's correction over all of them, too."
    )
    assert (second.text, second.holds) == ("Within their task alone: a and b on two.", False)
    assert over_all_tasks(findings(rows[:1], "ab")) == []
    (nothing,) = over_all_tasks(findings([dataclasses.replace(row, p_holm=0.9) for row in rows], "ab"))
    assert nothing.text.endswith("none is significant within its task.")


def test_what_was_not_shown_says_what_would_have_been_found() -> None:
    rows = [
        dataclasses.replace(difference("task", "a", "b", 0.01, 0.5), smallest=0.063),
        dataclasses.replace(difference("task", "b", "majority", 0.1, 0.2), smallest=0.12),
    ]
    (found,) = among_models(findings(rows, "ab"), "task", ["a", "b"])
    missed = "would have been missed, with 80 % power)."
    assert found.text == f"a and b are not shown to differ (no difference over 6.3 points {missed}"
    (found,) = beside_baselines(findings(rows, "ab"), "task", ["a", "b"])
    assert found.text == f"b is not shown to beat the majority class (no difference over 12.0 points {missed}"
