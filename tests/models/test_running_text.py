"""The pieces of a word are those that it has in running text, as transformers splits whole texts."""

from __future__ import annotations

import os

import numpy as np
import pytest
import transformers

from ctxemb.errors import FormatError, InputError
from ctxemb.models.pieces import PieceTokenizer
from ctxemb.text.sentence import Sentence
from tests.checkpoints.hugging_face import odd_sentences, trained
from tests.checkpoints.tokenizer_types import TYPES

COUNT = int(os.environ.get("CTXEMB_FUZZ", "300"))
"""Sentences for each type."""

DIGITS = [["in", "2024", ",", "3.5", "%"], ["It", "'s", "20", "20"], ["river", "bank"]]


@pytest.mark.parametrize("name", TYPES)
def test_pieces_are_those_of_whole_texts(name: str) -> None:
    tokenizer = TYPES[name]()
    theirs = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>")
    ours = PieceTokenizer(tokenizer.from_str(tokenizer.to_str()), "<unk>")
    before = theirs("x", add_special_tokens=False)["input_ids"]
    compared = 0
    for words in DIGITS + odd_sentences(COUNT):
        try:
            pieces, counts, _ = ours.flat([Sentence(tuple(words))])
        except InputError as error:
            assert "pieces of several words" in str(error)
            continue
        encoded = theirs(" ".join(["x", *words]), return_offsets_mapping=True, add_special_tokens=False)
        ids = encoded["input_ids"]
        if ids[: len(before)] != before:  # the text's first word and the next are one piece
            continue
        borders = np.cumsum([1, *(len(word) + 1 for word in words[:-1])])
        starts = [start for start, _ in encoded["offset_mapping"]][len(before) :]
        owners = np.searchsorted(borders, starts, side="right") - 1
        expected = [[] for _ in words]
        for piece, owner in zip(ids[len(before) :], owners, strict=True):
            expected[max(0, owner)].append(piece)
        assert [piece for word in expected for piece in word or [ours.unknown]] == pieces.tolist(), words
        assert [len(word) or 1 for word in expected] == counts.tolist(), words
        compared += 1
    assert compared > COUNT / 2


def test_words_read_alone_are_those_of_sentences() -> None:
    """Where distinct words are read once, the pieces are the same as of sentences as wholes."""
    found = 0
    for make in TYPES.values():
        ours = PieceTokenizer(make(), "<unk>")
        if ours.splits_at_spaces:
            sentences = [Sentence(tuple(words)) for words in odd_sentences(50)]
            alone = ours.pieces(sentences)
            ours.splits_at_spaces = False
            assert ours.pieces(sentences) == alone
            found += 1
    assert found > 5


def test_pieces_drawn_at_random_are_refused() -> None:
    tokenizer = trained("gpt2")
    tokenizer.model.dropout = 0.1
    with pytest.raises(FormatError, match="draws pieces at random"):
        PieceTokenizer(tokenizer, "<|endoftext|>")
