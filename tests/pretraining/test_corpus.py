"""Running text: documents, chunks, batches."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from ctxemb.errors import InputError
from ctxemb.pretraining.corpus import Corpus, Document, batches_of
from tests.toys import DOCUMENTS


def text(documents: list[Document]) -> list[str]:
    return [str(sentence) for document in documents for sentence in document]


def test_documents(toy_corpus: Corpus) -> None:
    documents = list(toy_corpus.documents())
    assert len(documents) == len(DOCUMENTS)
    assert sum(map(len, documents)) > 40
    assert str(documents[0][0]) == "The old man sat by the bank of the river ."
    for document, written in zip(documents, DOCUMENTS, strict=True):
        assert "".join(text([document])).replace(" ", "") == "".join(written.split())


def test_an_empty_line_ends_a_document(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes(b"\n\nOne. Two.\nThree.\r\n\r\n \t\nFour.\n\n\n")
    assert [text([document]) for document in Corpus((path,)).documents()] == [
        ["One .", "Two .", "Three ."],
        ["Four ."],
    ]


def test_files_one_after_the_other(tmp_path: Path, toy_text: Path) -> None:
    path = tmp_path / "more.txt.gz"
    path.write_bytes(gzip.compress("Füße.\n".encode()))
    documents = list(Corpus((toy_text, path)).documents())
    assert len(documents) == len(DOCUMENTS) + 1  # a file's end ends a document, too
    assert text(documents[-1:]) == ["Füße ."]


def test_chunks_hold_all_the_text_in_a_seeded_order(toy_text: Path) -> None:
    corpus = Corpus((toy_text,), chunk_words=100)
    whole = text(list(corpus.documents()))
    orders = {}
    for seed, epoch in ((0, 0), (0, 1), (1, 0)):
        chunks = [chunk.documents for chunk in corpus.chunks(seed, epoch)]
        assert len(chunks) == 3
        orders[seed, epoch] = [text([document]) for chunk in chunks for document in chunk]
        assert sorted(line for lines in orders[seed, epoch] for line in lines) == sorted(whole)
        assert orders[seed, epoch] == [
            text([document]) for chunk in corpus.chunks(seed, epoch) for document in chunk.documents
        ]
    large = Corpus((toy_text,))
    firsts = {str(chunk.documents[0][0]) for seed in range(10) for chunk in large.chunks(seed, 0)}
    assert len(firsts) > 2


def test_chunks_have_random_generators_of_their_own(toy_text: Path) -> None:
    corpus = Corpus((toy_text,), chunk_words=100)
    draws = [chunk.generator.random() for epoch in range(2) for chunk in corpus.chunks(0, epoch)]
    again = [chunk.generator.random() for epoch in range(2) for chunk in corpus.chunks(0, epoch)]
    assert draws == again
    assert len(set(draws)) == len(draws)


def test_chunks_from_any_of_them_on(toy_text: Path) -> None:
    corpus = Corpus((toy_text,), chunk_words=100)
    whole = list(corpus.chunks(3, 1))
    assert [chunk.number for chunk in whole] == [0, 1, 2]
    assert [chunk.first for chunk in whole] == [0, 2, 4]
    for chunk in whole:
        rest = list(corpus.chunks(3, 1, number=chunk.number, first=chunk.first))
        assert [text(c.documents) for c in rest] == [text(c.documents) for c in whole[chunk.number :]]
        assert [c.first for c in rest] == [c.first for c in whole[chunk.number :]]
        assert (
            rest[0].generator.random()
            == next(c for c in corpus.chunks(3, 1) if c.number == chunk.number).generator.random()
        )


def test_a_long_document_is_cut_between_paragraphs(tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    path.write_text("One two three.\n" * 10 + "\nEnd.\n", encoding="utf-8")
    corpus = Corpus((path,), document_characters=40)
    assert [len(document) for document in corpus.documents()] == [3, 3, 3, 1, 1]
    assert text(list(corpus.documents(3))) == ["One two three .", "End ."]


def test_no_text(tmp_path: Path, toy_corpus: Corpus) -> None:
    path = tmp_path / "empty.txt"
    path.write_text("\n \n", encoding="utf-8")
    with pytest.raises(InputError, match=r"no text in .*empty\.txt"):
        Corpus((path,)).check()
    toy_corpus.check()


def test_batches_hold_every_item_once() -> None:
    sizes = np.random.default_rng(0).integers(1, 20, 100).tolist()
    parts = list(batches_of(sizes, 50))
    assert [i for part in parts for i in range(part.start, part.stop)] == list(range(100))
    assert all(50 <= sum(sizes[part]) < 50 + 20 for part in parts[:-1])
    assert list(batches_of([], 10)) == []
    assert list(batches_of([100, 1], 10)) == [slice(0, 1), slice(1, 2)]
