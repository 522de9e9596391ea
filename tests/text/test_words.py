from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctxemb.errors import InputError
from ctxemb.text.sentence import Sentence, count_words
from ctxemb.text.sentences import split_sentences
from ctxemb.text.words import split_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("I sat.", ["I", "sat", "."]),
        ("Don't stop", ["Don't", "stop"]),
        ("the dog’s tail", ["the", "dog’s", "tail"]),
        ("twenty-one--no", ["twenty-one", "--", "no"]),
        ("3.14, 1,000 and 5.", ["3.14", ",", "1,000", "and", "5", "."]),
        ("the U.S. army", ["the", "U.S.", "army"]),
        ('"Well...?"', ['"', "Well", "...", "?", '"']),
        ("日本 x", ["日", "本", "x"]),
        ("नमस्ते", ["नमस्ते"]),
        ("cafe\u0301 au lait", ["cafe\u0301", "au", "lait"]),
        ("👩‍👩‍👧 👍🏽🇫🇷🇩🇪", ["👩‍👩‍👧", "👍🏽", "🇫🇷", "🇩🇪"]),
        ("a\x00b", ["a", "\x00", "b"]),
        ("\ud800", ["\ud800"]),
        (" \t\u00a0\u3000", []),
        ("", []),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert split_words(text) == words


@given(st.text())
def test_no_character_is_lost(text: str) -> None:
    words = split_words(text)
    assert "".join(words) == "".join(text.split())
    assert all(words)


@given(st.lists(st.text(alphabet=st.characters(categories=["L"]), min_size=1), min_size=1))
def test_words_of_letters_are_not_merged(words: list[str]) -> None:
    assert "".join(split_words(" ".join(words))) == "".join(words)
    assert len(split_words(" ".join(words))) >= len(words)


@pytest.mark.parametrize(
    ("paragraph", "sentences"),
    [
        ("It rained. We left.", ["It rained.", "We left."]),
        ("Mr. Hall came at 5 p.m. sharp.", ["Mr. Hall came at 5 p.m. sharp."]),
        ('"Go!" he said. "Now."', ['"Go!" he said.', '"Now."']),
        ("Really?! Yes.", ["Really?!", "Yes."]),
        ("J. S. Bach wrote it.", ["J. S. Bach wrote it."]),
        ("So did I. He slept.", ["So did I.", "He slept."]),
        ("no end", ["no end"]),
        ("  ", []),
    ],
)
def test_sentences(paragraph: str, sentences: list[str]) -> None:
    assert split_sentences(paragraph) == sentences


def test_a_sentence_needs_words() -> None:
    with pytest.raises(InputError, match="at least one word"):
        Sentence(())
    with pytest.raises(InputError, match="empty string, at position 1"):
        Sentence(("a", "", "b"))
    assert count_words([Sentence(("a", "b")), Sentence(("c",))]) == 3
