from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from ctxemb.errors import InputError
from ctxemb.scoring.chunks import are_chunk_tags, chunk_labels
from ctxemb.scoring.metrics import score
from ctxemb.scoring.statistics import compare_paired, score_with_interval


def chunks_of(tags: list[str]) -> set[tuple[int, int, str]]:
    """Return begin, end and type of the chunks of a sentence, by the rules that CoNLL-2000 scores by."""
    found, begin, kind = set(), None, ""
    for place, tag in enumerate([*tags, "O"]):
        prefix, _, of_tag = tag.partition("-")
        if begin is not None and (prefix in {"O", "B"} or of_tag != kind):
            found.add((begin, place, kind))
            begin = None
        if prefix != "O" and begin is None:
            begin, kind = place, of_tag
    return found


def f1_of(gold: list[list[str]], predicted: list[list[str]]) -> float:
    pairs = [(chunks_of(a), chunks_of(b)) for a, b in zip(gold, predicted, strict=True)]
    right = sum(len(a & b) for a, b in pairs)
    return 2 * right / max(sum(len(a) + len(b) for a, b in pairs), 1)


def positions_of(sentences: list[list[str]]) -> list[int]:
    """Return where words stand, with a gap between sentences."""
    return [100 * number + place for number, one in enumerate(sentences) for place in range(len(one))]


TAGS = ("O", "B-NP", "I-NP", "B-VP", "I-VP")


def drawn(generator: np.random.Generator, n: int) -> list[list[str]]:
    """Return the tags of `n` sentences."""
    return [generator.choice(TAGS, generator.integers(1, 12)).tolist() for _ in range(n)]


def guessed(generator: np.random.Generator, gold: list[list[str]]) -> list[list[str]]:
    """Return tags of which seven in ten are surely right."""
    return [[t if generator.random() < 0.7 else str(generator.choice(TAGS)) for t in one] for one in gold]


def flat(sentences: list[list[str]]) -> list[str]:
    return [tag for one in sentences for tag in one]


def test_f1_is_that_of_the_shared_task() -> None:
    generator = np.random.default_rng(0)
    for _ in range(50):
        gold = drawn(generator, 8)
        predicted = guessed(generator, gold)
        found = score(
            "chunk_f1", flat(gold), flat(predicted), [""] * len(flat(gold)), positions=positions_of(gold)
        )
        assert found == pytest.approx(f1_of(gold, predicted))


def test_every_short_sequence_is_read_as_the_shared_task_does() -> None:
    for tags in product(["O", "B-X", "I-X", "I-Y"], repeat=4):
        labels = chunk_labels(tags, range(4))
        found = {
            (place, place + int(label.split()[1]), label.split()[0])
            for place, label in enumerate(labels)
            if label
        }
        assert found == chunks_of(list(tags)), tags


def test_prefixes_may_say_where_a_chunk_ends() -> None:
    iob2 = ["B-NP", "I-NP", "B-NP", "B-NP", "I-NP", "I-NP", "O"]
    for ends in (
        ["B-NP", "E-NP", "S-NP", "B-NP", "I-NP", "E-NP", "O"],
        ["B-NP", "L-NP", "U-NP", "B-NP", "I-NP", "L-NP", "O"],
        ["B-NP", "E-NP", "W-NP", "B-NP", "M-NP", "E-NP", "O"],
        ["I-NP", "I-NP", "B-NP", "B-NP", "I-NP", "I-NP", "O"],
    ):
        assert chunk_labels(ends, range(7)).tolist() == chunk_labels(iob2, range(7)).tolist()


def test_chunks_end_with_their_sentence_whatever_the_order_of_rows() -> None:
    tags, positions = np.array(["B-NP", "I-NP", "I-NP", "I-NP"]), np.array([0, 1, 3, 4])
    assert chunk_labels(tags, positions).tolist() == ["NP 2", "", "NP 2", ""]
    order = [2, 0, 3, 1]
    assert chunk_labels(tags[order], positions[order]).tolist() == ["NP 2", "NP 2", "", ""]
    assert chunk_labels(["B-A 1"], [0]).tolist() == ["A 1 1"]


def test_tags_of_chunks_are_known() -> None:
    assert are_chunk_tags(["O", "B-NP", "I-NP"])
    assert not are_chunk_tags(["O"])
    assert not are_chunk_tags([])
    assert not are_chunk_tags(["NOUN", "B-NP"])
    assert not are_chunk_tags(["-LRB-", "B-"])


def test_intervals_and_tests_are_of_chunks() -> None:
    generator = np.random.default_rng(0)
    gold = drawn(generator, 60)
    a, b = guessed(generator, gold), guessed(generator, gold)
    names = [f"s{number}" for number, one in enumerate(gold) for _ in one]
    groups, positions = [""] * len(names), positions_of(gold)
    interval = score_with_interval(
        "chunk_f1", flat(gold), flat(a), groups, clusters=names, positions=positions
    )
    draws = []
    for _ in range(500):
        rows = generator.integers(0, 60, 60)
        draws.append(f1_of([gold[row] for row in rows], [a[row] for row in rows]))
    assert interval.value == pytest.approx(f1_of(gold, a))
    assert interval.high - interval.low == pytest.approx(3.92 * np.std(draws), rel=0.15)
    found = compare_paired(
        "chunk_f1", flat(gold), flat(a), flat(b), groups, clusters=names, positions=positions
    )
    assert found.value == pytest.approx(f1_of(gold, a) - f1_of(gold, b))
    exchanged = []
    for _ in range(1000):
        swap = generator.random(60) < 0.5
        one = [y if s else x for x, y, s in zip(a, b, swap, strict=True)]
        two = [x if s else y for x, y, s in zip(a, b, swap, strict=True)]
        exchanged.append(f1_of(gold, one) - f1_of(gold, two))
    assert found.p == pytest.approx(np.mean(np.abs(exchanged) >= abs(found.value)), abs=0.06)


def test_where_there_is_no_chunk_the_score_is_0() -> None:
    assert score("chunk_f1", ["O", "O"], ["O", "O"], ["", ""], positions=[0, 1]) == 0
    assert score_with_interval("chunk_f1", ["O", "O"], ["O", "O"], ["", ""], positions=[0, 1]).high == 0


def test_chunks_need_positions() -> None:
    with pytest.raises(InputError, match="where each word stands"):
        score("chunk_f1", ["B-NP"], ["B-NP"], [""])
