"""A corpus as numbers on disk."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ctxemb.errors import InputError
from ctxemb.pretraining.corpus import Corpus
from ctxemb.pretraining.prepared import Prepared, prepare
from ctxemb.pretraining.running import RunningText
from tests.toys import DOCUMENTS


def lines(text: RunningText) -> list[list[str]]:
    """Return the documents as lists of sentences."""
    words = [text.types[number] for number in text.words]
    sentences = [" ".join(words[a:b]) for a, b in zip(text.sentences[:-1], text.sentences[1:], strict=True)]
    return [sentences[a:b] for a, b in zip(text.documents[:-1], text.documents[1:], strict=True)]


def plain(corpus: Corpus) -> list[list[str]]:
    return [[str(sentence) for sentence in document] for document in corpus.documents()]


def test_the_chunks_hold_the_text(toy_prepared: Prepared, toy_corpus: Corpus) -> None:
    chunks = [toy_prepared.chunk(n, np.random.default_rng(0)) for n in range(toy_prepared.n_chunks)]
    assert toy_prepared.n_chunks >= 3
    documents = [document for chunk in chunks for document in lines(chunk)]
    assert sorted(documents) == sorted(plain(toy_corpus))
    assert list(toy_prepared.sentences()) == [text for document in plain(toy_corpus) for text in document]
    assert sum(len(chunk.words) for chunk in chunks) == toy_prepared.n_words


def test_words_are_counted(toy_prepared: Prepared, toy_corpus: Corpus) -> None:
    expected = Counter(
        word for document in toy_corpus.documents() for text in document for word in text.words
    )
    assert toy_prepared.counts == expected
    assert toy_prepared.types == sorted(expected, key=lambda word: (-expected[word], word))


def test_passes_go_on_counting(toy_prepared: Prepared) -> None:
    n_chunks = toy_prepared.n_chunks
    assert toy_prepared.words_before(0) == 0
    assert toy_prepared.words_before(n_chunks) == toy_prepared.n_words
    assert toy_prepared.words_before(
        2 * n_chunks + 1
    ) == 2 * toy_prepared.n_words + toy_prepared.words_before(1)
    one, other = (toy_prepared.chunk(n, np.random.default_rng(n)) for n in (1, n_chunks + 1))
    assert sorted(lines(one)) == sorted(lines(other))


def test_files_are_mixed_in_proportion_to_their_size(tmp_path: Path) -> None:
    sizes = {"a": 300, "b": 100, "c": 20}
    for name, count in sizes.items():
        text = "\n\n".join(f"{name} x y z." for _ in range(count))
        (tmp_path / f"{name}.txt").write_text(text + "\n", encoding="utf-8")
    paths = [tmp_path / f"{name}.txt" for name in sizes]
    mixed = prepare(paths, tmp_path / "corpus")
    order = [text.split()[0] for text in mixed.sentences()]
    assert Counter(order) == sizes
    for share in (0.1, 0.25, 0.5, 0.9):
        start = Counter(order[: round(share * len(order))])
        for name, count in sizes.items():
            assert abs(start[name] - share * count) <= 1.5
    again = prepare(paths, tmp_path / "again", n_processes=3)
    assert list(again.sentences()) == list(mixed.sentences())
    assert again.counts == mixed.counts


def test_documents_keep_their_order(tmp_path: Path) -> None:
    for name in "ab":
        text = "\n\n".join(f"{name} {number}." for number in range(50))
        (tmp_path / f"{name}.txt").write_text(text + "\n", encoding="utf-8")
    mixed = prepare([tmp_path / "a.txt", tmp_path / "b.txt"], tmp_path / "corpus")
    for name in "ab":
        numbers = [int(text.split()[1]) for text in mixed.sentences() if text[0] == name]
        assert numbers == list(range(50))


def test_what_is_prepared_is_not_prepared_again(tmp_path: Path, toy_text: Path) -> None:
    folder = tmp_path / "corpus"
    first = prepare([toy_text], folder)
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert prepare([toy_text], folder).counts == first.counts
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    other = tmp_path / "toy.txt"
    other.write_text("Other text.\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"holds other text, prepared from toy\.txt"):
        prepare([other], folder)
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "thesis.doc").write_text("precious", encoding="utf-8")
    with pytest.raises(InputError, match="not empty and holds no prepared corpus"):
        prepare([toy_text], tmp_path / "thesis")


def test_an_interrupted_preparation_begins_anew(
    tmp_path: Path, toy_text: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as context:
        context.setattr("ctxemb.pretraining.prepared._renumber", stop)
        with pytest.raises(KeyboardInterrupt):
            prepare([toy_text], tmp_path / "corpus")
    assert prepare([toy_text], tmp_path / "corpus").n_words > 300


def test_no_text(tmp_path: Path) -> None:
    path = tmp_path / "empty.txt"
    path.write_text("\n \n", encoding="utf-8")
    with pytest.raises(InputError, match=r"no text in .*empty\.txt"):
        prepare([path], tmp_path / "corpus")
    with pytest.raises(InputError, match=r"cannot read .*absent\.txt: No such file"):
        prepare([tmp_path / "absent.txt"], tmp_path / "corpus")


def test_large_chunks(toy_prepared: Prepared) -> None:
    whole = replace(toy_prepared, chunk_words=10**6)
    assert whole.n_chunks == 1
    assert len(lines(whole.chunk(5, np.random.default_rng(0)))) == len(DOCUMENTS)
