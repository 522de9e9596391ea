"""Sentences come out of every format as they went in, and what is wrong is told with file and line."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from ctxemb.errors import CtxembError, InputError, MissingFileError, UnknownNameError
from ctxemb.text.corpus import read_corpus
from ctxemb.text.reader import EmptyLines, numbered_lines

TEXTS = ["The old man .", "שלום עולם", "مرحبا بالعالم", "a\x00b", "It's 3.14"]
WORDS = [
    ("The", "old", "man", "."), ("שלום", "עולם"), ("مرحبا", "بالعالم"), ("a", "\x00", "b"), ("It's", "3.14"),
]  # fmt: skip


def words(path: Path | str, **options: Any) -> list[tuple[str, ...]]:
    return [sentence.words for sentence in read_corpus(str(path), **options)]


def saved(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def told(kind: type[CtxembError], path: Path | str, **options: Any) -> str:
    with pytest.raises(kind) as error:
        words(path, **options)
    return str(error.value)


COMPRESSED: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": lambda text: pyarrow.compress(text, codec="zstd", asbytes=True),
}
REST = "\t_" * 8
FORMS: dict[str, tuple[str, dict[str, str]]] = {
    "x.txt": ("\ufeff" + "".join(f"{text}\r\n" for text in TEXTS), {}),
    "x.jsonl": ("".join(json.dumps({"n": 1, "text": text}) + "\n" for text in TEXTS), {}),
    "x.ndjson": (
        "".join(json.dumps({"s": list(found)}, ensure_ascii=False) + "\n" for found in WORDS), {"field": "s"}
    ),
    "x.tsv": ("id\ttext\n" + "".join(f"7\t{text}\n" for text in TEXTS), {"column": "text"}),
    "y.tsv": ("".join(f"7\t{text}\tx\n" for text in TEXTS), {"column": "2"}),
    "x.conllu": (
        "".join(
            "# a comment\n" + "".join(f"{i}\t{word}{REST}\n" for i, word in enumerate(found, 1)) + "\n"
            for found in WORDS
        ),
        {},
    ),
}  # fmt: skip


@pytest.mark.parametrize("ending", COMPRESSED)
@pytest.mark.parametrize("name", FORMS)
def test_formats(tmp_path: Path, name: str, ending: str) -> None:
    content, options = FORMS[name]
    path = saved(tmp_path, name + ending, COMPRESSED[ending](content.encode()))
    assert words(path, **options) == WORDS
    style = {"txt": "text", "ndjson": "jsonl"}.get(name.split(".")[1], name.split(".")[1])
    other = saved(tmp_path, f"other{ending}", path.read_bytes())
    assert words(other, read_as=style, **options) == WORDS


@pytest.mark.parametrize("name", FORMS)
def test_standard_input(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    content, options = FORMS[name]
    style = {"txt": "text", "ndjson": "jsonl"}.get(name.split(".")[1], name.split(".")[1])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content.encode())))
    assert words("-", read_as=style, **options) == WORDS


@pytest.mark.parametrize("kind", [pyarrow.string(), pyarrow.large_string()])
def test_parquet(tmp_path: Path, kind: pyarrow.DataType) -> None:
    table = pyarrow.table(
        {"text": pyarrow.array(TEXTS * 700, kind), "words": [list(found) for found in WORDS] * 700}
    )
    pyarrow.parquet.write_table(table, tmp_path / "x.parquet", row_group_size=900)
    assert words(tmp_path / "x.parquet") == WORDS * 700
    assert words(tmp_path / "x.parquet", column="words") == WORDS * 700
    assert "did you mean 'text'" in told(UnknownNameError, tmp_path / "x.parquet", column="texts")


def test_parquet_that_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"text": ["a", None], "n": [1, 2], "w": [["a"], [""]]}), path)
    assert "x.parquet:2: an empty line; use --skip-empty" in told(InputError, path)
    empty = EmptyLines()
    assert words(path, skip_empty=True, empty=empty) == [("a",)]
    assert empty.count == 1
    assert "row 1, column 'n': expected text or a list of words, found int" in told(
        InputError, path, column="n"
    )
    assert "row 2, column 'w': word 1 is empty" in told(InputError, path, column="w")
    assert "not Parquet" in told(InputError, saved(tmp_path, "y.parquet", "text"))
    assert "no file" in told(MissingFileError, tmp_path / "z.parquet")
    assert "standard input" in told(MissingFileError, "-", read_as="parquet")


def test_conllu_of_several_words_in_one(tmp_path: Path) -> None:
    rows = ["# sent_id = 1", "1-2\tzum", "1\tzu", "2\tdem", "2.1\tleer", "3\tNew York", "", "", "1\tEnde"]
    text = "\n".join(row + "\t_" * 8 if "\t" in row else row for row in rows)
    assert words(saved(tmp_path, "x.conllu", text)) == [("zu", "dem", "New York"), ("Ende",)]


@pytest.mark.parametrize(
    ("name", "content", "options", "message"),
    [
        ("x.conllu", "1\ta\n", {}, "x.conllu:1: expected 10 columns separated by TAB, found 2"),
        ("x.conllu", "1\ta" + "\t_" * 8 + "\n3\tb" + "\t_" * 8, {}, "x.conllu:2: word '3', expected 2"),
        ("x.conllu", "1\t" + "\t_" * 8, {}, "x.conllu:1: word 1 is empty"),
        ("x.tsv", "a\tb\n", {}, "say which column"),
        ("x.tsv", "a\tb\n", {"column": "0"}, "counted from 1"),
        ("x.tsv", "a\tb\nc\n", {"column": "2"}, "x.tsv:2: 1 columns, expected at least 2"),
        ("x.tsv", "id\ttext\n1\t\n", {"column": "text"}, "x.tsv:2: an empty line"),
        ("x.jsonl", '{"text": "a"}\n{', {}, "x.jsonl:2: not JSON"),
        ("x.jsonl", "[" * 100_000, {}, "x.jsonl:1: not JSON"),
        ("x.jsonl", "[1]", {}, "x.jsonl:1: expected a JSON object, found list"),
        ("x.jsonl", '{"a": 1, "b": 2}', {}, "x.jsonl:1: no field 'text'; there are 'a', 'b'"),
        ("x.jsonl", '{"text": 1}', {}, "field 'text': expected text or a list of words, found int"),
        ("x.jsonl", '{"text": ["a", ""]}', {}, "word 2 is empty"),
        ("x.jsonl", '{"text": "a"}\n\n', {}, "x.jsonl:2: an empty line"),
        ("x.txt", "a", {"column": "1"}, "--column is for TSV and Parquet"),
        ("x.txt", "a", {"field": "text"}, "--field is for JSON Lines"),
        ("x.jsonl", "{}", {"split_long": True}, "--split-long is for plain text"),
        ("x.txt", "ok\ncaf\u00e9 \n".encode("latin-1"), {}, "x.txt:2: not UTF-8 (byte 4"),
        ("x.txt", "abc\n".encode("utf-16"), {}, "x.txt:1: looks like UTF-16"),
        ("x.txt", "abc\n".encode("utf-16-le"), {}, "x.txt:1: looks like UTF-16"),
        ("x.txt", "abc\n".encode("utf-16-be"), {}, "x.txt:1: looks like UTF-16"),
        ("x.txt", "abc\n".encode("utf-32"), {}, "x.txt:1: looks like UTF-16"),
        ("x.txt", "日本".encode("shift-jis"), {}, "x.txt:1: not UTF-8"),
        ("x.txt", "a\n\x0b\n", {}, "x.txt:2: an empty line"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told(
    tmp_path: Path, name: str, content: str | bytes, options: dict[str, Any], message: str
) -> None:
    assert message in told(InputError, saved(tmp_path, name, content), **options)


def test_names_that_do_not_exist(tmp_path: Path) -> None:
    path = saved(tmp_path, "x.tsv", "id\ttext\n1\ta\n")
    assert "did you mean 'text'" in told(UnknownNameError, path, column="txt")
    assert "unknown format 'csv'" in told(UnknownNameError, path, read_as="csv")
    assert words(saved(tmp_path, "y.tsv", "id\ttext\n"), column="text") == []
    assert "no file" in told(MissingFileError, tmp_path / "none.txt")
    assert "no file" in told(MissingFileError, tmp_path)


def test_a_line_of_100_000_words(tmp_path: Path) -> None:
    path = saved(tmp_path, "x.txt", "word " * 100_000 + "\nnext\n")
    assert [len(found) for found in words(path)] == [100_000, 1]


def test_long_lines(tmp_path: Path) -> None:
    text = "".join(f"w{i} " for i in range(300_000))
    path = saved(tmp_path, "x.txt", f"one\n{text}\nlast\n\n")
    assert "x.txt:2: a line of more than 1,048,576 bytes" in told(InputError, path)
    assert "x.txt:4: an empty line" in told(InputError, path, split_long=True)
    first, *pieces, last = words(path, split_long=True, skip_empty=True)
    assert (first, last) == (("one",), ("last",))
    assert [word for piece in pieces for word in piece] == text.split()
    assert 30 < len(pieces) < 50


@pytest.mark.parametrize("unit", ["银", "é", "x", "👍🏽", "a "])
@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_nothing_is_lost_between_pieces(tmp_path: Path, unit: str, end: str) -> None:
    text = unit * 700_000
    path = saved(tmp_path, "x.txt", text + end + ("end" if end else ""))
    found = list(numbered_lines(str(path), longest=1 << 20, split_long=True))
    if end:
        assert found.pop() == (2, "end")
    assert {number for number, _ in found} == {1}
    assert "".join(piece for _, piece in found) == text


class Endless(io.RawIOBase):
    """A line, or lines, of so many bytes, made as they are read."""

    def __init__(self, unit: bytes, n_bytes: int) -> None:
        self.block = unit * (65536 // len(unit))
        self.left = n_bytes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        size = min(len(buffer), len(self.block), self.left)
        buffer[:size] = self.block[:size]
        self.left -= size
        return size


@pytest.mark.slow
@pytest.mark.parametrize(
    ("unit", "n_bytes", "options"),
    [
        (b"word wor ", 1 << 30, {}),
        (b"word wor ", 1 << 26, {"split_long": True}),
        (b"word w.\n", 8 * 10_000_000, {}),
    ],
    ids=["1 GB line refused", "64 MB line in pieces", "10 M lines"],
)
def test_memory_does_not_grow_with_the_text(
    monkeypatch: pytest.MonkeyPatch, unit: bytes, n_bytes: int, options: dict[str, Any]
) -> None:
    stdin = io.TextIOWrapper(io.BufferedReader(Endless(unit, n_bytes)))
    monkeypatch.setattr(sys, "stdin", stdin)
    lines = numbered_lines("-", longest=1 << 20, **options)
    tracemalloc.start()
    try:
        if n_bytes == 1 << 30:
            with pytest.raises(InputError, match="standard input:1: a line of more than"):
                next(lines)
        else:
            for _ in range(2000 if "split_long" not in options else 200):
                next(lines)
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()  # too slow for all of them
    rest = sum(len(line) for _, line in lines)
    assert (rest > 0.7 * n_bytes) == (n_bytes < 1 << 30)
