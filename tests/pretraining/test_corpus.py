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
