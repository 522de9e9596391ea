"""Words of scripts and symbols beyond Latin letters."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctxemb.text.words import split_words


@pytest.mark.parametrize(
    "word",
    [
        "می\u200cخواهم",  # Persian, with a zero-width non-joiner
        "ශ්\u200dරී",  # Sinhala, with a zero-width joiner
        "co\u00adoperate",
        "e\u0301te\u0301",
        "1\ufe0f\u20e3",
        "❤\ufe0f",
        "👍🏽",
        "👨\u200d👩\u200d👧\u200d👦",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",  # the flag of England
        "🇩🇪",
    ],
    ids=ascii,
)
def test_stays_whole(word: str) -> None:
    assert split_words(word) == [word]
    assert split_words(f"({word} {word})") == ["(", word, word, ")"]


@given(st.text(alphabet="aZ9'-.,!? *_\t\n"))
def test_ascii_is_split_alike_beside_other_characters(text: str) -> None:
    assert split_words(text + " é") == [*split_words(text), "é"]


@pytest.mark.parametrize("text", ["x", "a-", "1,", "a.", "é.", ".", "\u0301", "👍🏽"], ids=ascii)
def test_time_grows_with_the_text_alone(text: str) -> None:
    split_words("é")
    start = time.process_time()
    assert "".join(split_words(text * 50_000)) == text * 50_000
    assert time.process_time() - start < 1  # seconds of CPU; about 0.02 expected
