"""Words to pieces."""

from __future__ import annotations

from pathlib import Path

import pytest

import ctxemb.models.pieces as module
from ctxemb.errors import FormatError, MissingFileError
from ctxemb.models.pieces import PieceTokenizer
from ctxemb.pretraining.corpus import Corpus
from ctxemb.pretraining.vocabulary import SPECIAL, START
from ctxemb.text.sentence import Sentence
from tests.toys import STRANGE_WORDS, byte_bpe, sentence, wordpiece


@pytest.fixture(params=["byte BPE", "WordPiece"])
def tokenizer(request: pytest.FixtureRequest, toy_corpus: Corpus) -> PieceTokenizer:
    """Return a new tokenizer, with nothing in its cache."""
    known, unknown = (
        (byte_bpe(toy_corpus), START) if request.param == "byte BPE" else (wordpiece(toy_corpus), "[UNK]")
    )
    return PieceTokenizer(known.tokenizer, unknown)


def test_pieces_of_words_in_order(toy_corpus: Corpus) -> None:
    tokenizer = wordpiece(toy_corpus)
    (found,) = tokenizer.pieces([sentence("The bank qqq children .")])
    names = [[tokenizer.tokenizer.id_to_token(piece) for piece in word] for word in found]
    assert names == [["The"], ["bank"], ["[UNK]"], ["children"], ["."]]
    (found,) = tokenizer.pieces([sentence("herring")])
    assert (
        "".join(tokenizer.tokenizer.id_to_token(piece).removeprefix("##") for piece in found[0]) == "herring"
    )


def test_every_word_starts_with_a_space_in_byte_bpe(toy_corpus: Corpus) -> None:
    tokenizer = byte_bpe(toy_corpus)
    (found,) = tokenizer.pieces([sentence("bank bank")])
    assert found[0] == found[1]
    assert tokenizer.tokenizer.decode(found[0]) == " bank"


def test_each_distinct_word_is_split_once(tokenizer: PieceTokenizer, monkeypatch: pytest.MonkeyPatch) -> None:
    text = sentence("the bank the spring the bank")
    first = tokenizer.pieces([text])
    asked: list[str] = []
    monkeypatch.setattr(module, "_valid", lambda word: asked.append(word) or word)
    assert tokenizer.pieces([text, text]) == [first[0], first[0]]
    assert asked == []
    tokenizer.pieces([sentence("the new bank new")])
    assert asked == ["new"]


def test_a_full_cache_starts_again(tokenizer: PieceTokenizer, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [sentence("the bank of the river"), sentence("a new spring"), sentence("the new bank")]
    expected = tokenizer.pieces(texts)
    monkeypatch.setattr(module, "_CACHE_SIZE", 2)
    assert [tokenizer.pieces([text])[0] for text in texts] == expected
    assert len(tokenizer._rows) <= 2 + 4


def test_pieces_do_not_depend_on_neighbours(tokenizer: PieceTokenizer) -> None:
    words = (*STRANGE_WORDS, "bank", "the")
    (together,) = tokenizer.pieces([Sentence(words)])
    fresh = PieceTokenizer(tokenizer.tokenizer, tokenizer.tokenizer.id_to_token(tokenizer.unknown))
    assert together == [fresh.pieces([Sentence((word,))])[0][0] for word in words]
    assert all(together)


def test_special_pieces_in_a_text_are_ordinary_characters(tokenizer: PieceTokenizer) -> None:
    special = {tokenizer.tokenizer.token_to_id(piece) for piece in (*SPECIAL, START)} - {tokenizer.unknown}
    words = ("[CLS]", "[SEP]", "[MASK]", "[PAD]", "a[SEP]b", START, f"a{START}", f"[MASK] {START}")
    for word in words:
        ((found,),) = tokenizer.pieces([Sentence((word,))])
        assert not special & set(found), word


def test_byte_bpe_keeps_every_character(toy_corpus: Corpus) -> None:
    tokenizer = byte_bpe(toy_corpus)
    for word in STRANGE_WORDS:
        ((found,),) = tokenizer.pieces([Sentence((word,))])
        shown = word.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        assert tokenizer.tokenizer.decode(found, skip_special_tokens=False) == f" {shown}"


def test_two_halves_of_a_character_are_that_character(tokenizer: PieceTokenizer) -> None:
    halves, whole = tokenizer.pieces([Sentence(("\ud83d\ude00", "\U0001f600"))])[0]
    assert halves == whole


def test_the_number_of_pieces(tokenizer: PieceTokenizer) -> None:
    assert len(tokenizer) == tokenizer.tokenizer.get_vocab_size()


def test_an_unknown_piece(tokenizer: PieceTokenizer) -> None:
    with pytest.raises(FormatError, match="lacks the piece 'nothing'"):
        tokenizer.id("nothing")


def test_reading(tokenizer: PieceTokenizer, tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    with pytest.raises(MissingFileError, match="no tokenizer at"):
        PieceTokenizer.read(path, "[UNK]")
    path.write_text(tokenizer.tokenizer.to_str(), encoding="utf-8")
    unknown = tokenizer.tokenizer.id_to_token(tokenizer.unknown)
    words = sentence("the bank of Süd")
    assert PieceTokenizer.read(path, unknown).pieces([words]) == tokenizer.pieces([words])
    with pytest.raises(FormatError, match=r"tokenizer\.json: the vocabulary lacks <s>, </s>"):
        PieceTokenizer.read(path, unknown, ["<s>", unknown, "</s>"])
