"""Vocabularies of pieces."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import ctxemb
from ctxemb.pretraining.corpus import Corpus
from ctxemb.pretraining.vocabulary import SPECIAL, START, train_byte_bpe, train_wordpiece
from tests.toys import byte_bpe, counts_of, texts, wordpiece

PROGRAM = """
import hashlib, sys
from pathlib import Path
from ctxemb.pretraining.corpus import Corpus
from tests.toys import byte_bpe, wordpiece
corpus = Corpus((Path(sys.argv[1]),))
for tokenizer in (byte_bpe(corpus), wordpiece(corpus)):
    print(hashlib.sha256(tokenizer.tokenizer.to_str().encode()).hexdigest())
"""


def test_the_same_text_gives_the_same_bytes_in_every_process(toy_text: Path, toy_corpus: Corpus) -> None:
    root = Path(ctxemb.__file__).parents[1]
    command = [sys.executable, "-c", PROGRAM, str(toy_text)]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    there = subprocess.run(
        command, capture_output=True, text=True, check=True, env=environment
    ).stdout.split()
    here = [tokenizer(toy_corpus).tokenizer.to_str() for tokenizer in (byte_bpe, wordpiece)]
    assert there == [hashlib.sha256(text.encode()).hexdigest() for text in here]


def test_byte_bpe(toy_corpus: Corpus) -> None:
    tokenizer = train_byte_bpe(texts(toy_corpus), 300)
    vocabulary = tokenizer.tokenizer.get_vocab()
    assert len(tokenizer) == 300
    assert sorted(vocabulary.values()) == list(range(300))
    assert vocabulary[START] == 0
    assert sum(len(piece) == 1 for piece in vocabulary) == 256  # all bytes
    assert {token.content for token in tokenizer.tokenizer.get_added_tokens_decoder().values()} == {START}


def test_wordpiece(toy_corpus: Corpus) -> None:
    tokenizer = train_wordpiece(texts(toy_corpus), counts_of(toy_corpus), 130)
    vocabulary = tokenizer.tokenizer.get_vocab()
    assert len(tokenizer) == 130
    assert sorted(vocabulary.values()) == list(range(130))
    assert [vocabulary[piece] for piece in SPECIAL] == [0, 1, 2, 3, 4]
    assert {token.content for token in tokenizer.tokenizer.get_added_tokens_decoder().values()} == set(
        SPECIAL
    )
    letters = {
        letter for document in toy_corpus.documents() for sentence in document for letter in str(sentence)
    }
    assert letters - {" "} <= {piece.removeprefix("##") for piece in vocabulary}
    assert {"bank", "spring", "the", "The"} <= vocabulary.keys()  # cased


def test_wordpiece_splits_into_the_longest_pieces(toy_corpus: Corpus) -> None:
    encoded = wordpiece(toy_corpus).tokenizer.encode("The springs [MASK]", add_special_tokens=False)
    assert encoded.tokens == ["The", "spring", "##s", "[UNK]", "[UNK]", "[UNK]"]
