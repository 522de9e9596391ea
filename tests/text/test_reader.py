from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ctxemb.errors import InputError, MissingFileError
from ctxemb.text.reader import EmptyLines, mark_target, read_lines, read_sentences


def test_lines_end_at_line_feeds_alone(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes("\ufeffone\r\ntwo\u2028still two\x0b\n\nlast".encode())
    assert list(read_lines(str(path))) == ["one", "two\u2028still two\x0b", "", "last"]


@pytest.mark.parametrize(
    ("ending", "compress"), [("gz", gzip.compress), ("bz2", bz2.compress), ("xz", lzma.compress)]
)
def test_compressed_files(tmp_path: Path, ending: str, compress: Callable[[bytes], bytes]) -> None:
    path = tmp_path / f"text.txt.{ending}"
    path.write_bytes(compress("ä\nb\n".encode()))
    assert list(read_lines(str(path))) == ["ä", "b"]


@pytest.mark.parametrize(("ending", "compress"), [("gz", gzip.compress), ("xz", lzma.compress)])
def test_a_damaged_file_is_told(tmp_path: Path, ending: str, compress: Callable[[bytes], bytes]) -> None:
    path = tmp_path / f"text.txt.{ending}"
    path.write_bytes(compress(bytes(range(256)).replace(b"\n", b"") * 50)[:-20])
    with pytest.raises(InputError, match=r"text\.txt"):
        list(read_lines(str(path)))


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a\nb")))
    assert list(read_lines("-")) == ["a", "b"]


def test_other_encodings_are_told_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes(b"fine\ncaf\xe9\n")
    with pytest.raises(InputError, match=r"text\.txt:2: not UTF-8 \(byte 4"):
        list(read_lines(str(path)))


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="nowhere"):
        list(read_lines(str(tmp_path / "nowhere")))


def test_sentences_and_empty_lines() -> None:
    lines = ["It's late.", " ", "Go"]
    with pytest.raises(InputError, match="book:2: an empty line"):
        list(read_sentences(lines, tokenized=False, skip_empty=False, source="book"))
    empty = EmptyLines()
    found = list(read_sentences(lines, tokenized=False, skip_empty=True, source="book", empty=empty))
    assert [sentence.words for sentence in found] == [("It's", "late", "."), ("Go",)]
    assert empty.count == 1
    found = list(read_sentences(["do n't  stop."], tokenized=True, skip_empty=False, source="book"))
    assert found[0].words == ("do", "n't", "stop.")


def test_the_marked_word() -> None:
    sentence, position = mark_target('The "*bank*" of the river.')
    assert sentence.words[position] == "bank"
    assert mark_target("a *b* c", tokenized=True)[1] == 1


@pytest.mark.parametrize("text", ["no mark", "*two* *marks*", "*one", "an * * empty mark", "*two words*"])
def test_a_wrong_mark_is_told(text: str) -> None:
    with pytest.raises(InputError, match="mark"):
        mark_target(text)
