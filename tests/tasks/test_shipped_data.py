"""What the shipped data sets promise."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

import pytest

from ctxemb.shipped import shipped_path
from ctxemb.tasks import Task, load_task
from ctxemb.tasks.data_sets.senses import HEADER, glosses
from ctxemb.tasks.formats.files import read_rows


@pytest.fixture(scope="module")
def senses() -> Task:
    return load_task("senses")


@pytest.fixture(scope="module")
def events() -> Task:
    return load_task("events")


def test_senses_are_many_and_of_three_kinds(senses: Task) -> None:
    rows = read_rows(shipped_path("senses", "senses.tsv"), 6, HEADER)
    kinds = {word: pos for word, pos, *_ in rows}
    assert len(kinds) >= 24
    assert set(kinds.values()) == {"noun", "verb", "adjective"}
    per_word = defaultdict(Counter)  # type: ignore[var-annotated]
    for word, _, sense, *_ in rows:
        per_word[word][sense] += 1
    for word, counts in per_word.items():
        assert 2 <= len(counts) <= 3, word
        assert len(set(counts.values())) == 1, f"{word} is not balanced"
        assert min(counts.values()) >= 24, word
    assert set(glosses()) == {(word, sense) for word, counts in per_word.items() for sense in counts}
    assert all(len(gloss.split()) >= 4 for gloss in glosses().values())


def test_every_sense_is_in_both_splits(senses: Task) -> None:
    everything = {(example.group, example.label) for example in senses.examples}
    for split in ("train", "test"):
        counts = Counter((senses.examples[i].group, senses.examples[i].label) for i in senses.splits[split])
        assert set(counts) == everything
        assert min(counts.values()) == max(counts.values())


def test_positions_point_at_the_word(senses: Task) -> None:
    irregular = {"draw": "drew drawn", "strike": "struck striking", "run": "ran", "settle": "settling"}
    for example in senses.examples:
        (sentence, start, stop), stem = example.spans[0], example.group.rstrip("e")
        words = senses.sentences[sentence].words
        assert stop == start + 1
        form = words[start]
        assert form.startswith(stem) or form in irregular.get(example.group, "").split(), (form, example)
        assert start > 0
        assert words.count(form) == 1


def test_the_form_gives_no_sense_away(senses: Task) -> None:
    for split in ("train", "test"):
        forms = defaultdict(Counter)  # type: ignore[var-annotated]
        for i in senses.splits[split]:
            example = senses.examples[i]
            form = senses.sentences[example.spans[0].sentence].words[example.spans[0].start]
            forms[example.group, example.label][form] += 1
        for word in senses.groups:
            found = [counts for (group, _), counts in forms.items() if group == word]
            assert all(counts == found[0] for counts in found), word


def test_events_are_balanced(events: Task) -> None:
    counts = Counter(example.label for example in events.examples)
    assert len(counts) >= 6
    assert min(counts.values()) >= 120
    assert len(set(counts.values())) == 1
    for split in ("train", "test"):
        found = Counter(events.examples[i].label for i in events.splits[split])
        assert len(set(found.values())) == 1


def test_no_word_of_events_belongs_to_one_label(events: Task) -> None:
    where = defaultdict(Counter)  # type: ignore[var-annotated]
    for example in events.examples:
        for word in {word.lower() for word in events.sentences[example.spans[0].sentence].words}:
            where[word][example.label] += 1
    for word, counts in where.items():
        if counts.total() >= 30:
            assert max(counts.values()) <= 0.62 * counts.total(), (word, counts)


@pytest.mark.parametrize("name", ["senses", "events"])
def test_sentences_are_unlike_each_other(name: str) -> None:
    sentences = [[word.lower() for word in sentence.words] for sentence in load_task(name).sentences]
    assert len({" ".join(words) for words in sentences}) == len(sentences)
    grams = [four_grams(words) for words in sentences]
    where = defaultdict(list)
    for i, found in enumerate(grams):
        for gram in found:
            where[gram].append(i)
    shared: Counter[tuple[int, int]] = Counter()
    for places in where.values():
        for n, first in enumerate(places):
            for second in places[n + 1 :]:
                shared[first, second] += 1
    for (first, second), count in shared.items():
        assert 2 * count <= min(len(grams[first]), len(grams[second])), (sentences[first], sentences[second])


def four_grams(words: Sequence[str]) -> set[tuple[str, ...]]:
    plain = [word for word in words if re.search(r"\w", word)]
    return {tuple(plain[i : i + 4]) for i in range(len(plain) - 3)}
