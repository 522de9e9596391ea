"""Lines of text to sentences, with errors that say which file and which line."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from ctxemb.errors import InputError, MissingFileError
from ctxemb.text.marks import split_marked
from ctxemb.text.sentence import Sentence
from ctxemb.text.words import split_words

STDIN = "-"


@dataclass(slots=True)
class EmptyLines:
    """Counts the empty lines that were skipped, and keeps the number of the first."""

    count: int = 0
    first: int = 0


LONGEST_LINE = 1 << 20
"""Bytes of a line that is read as a whole by those who ask for a limit."""

_PIECE = 1 << 16


def read_lines(path: str) -> Iterator[str]:
    """Yield the lines of a file; see `numbered_lines`."""
    return (line for _, line in numbered_lines(path))


def numbered_lines(
    path: str, *, longest: int | None = None, split_long: bool = False, faults: list[str] | None = None
) -> Iterator[tuple[int, str]]:
    r"""Yield the lines of a UTF-8 file without their ends, with their numbers from 1; "-" is standard input.

    A line ends at ``\n`` or ``\r\n`` alone; a byte order mark is left out; ``.gz``, ``.bz2``, ``.xz`` and
    ``.zst`` are decompressed on the way.

    Parameters
    ----------
    path
        The file.
    longest
        Bytes of the longest line; None for any. With it, no more than that is in memory at once.
    split_long
        Yield a longer line in pieces of up to 64 KiB, cut at spaces (where there are none, between
        characters), instead of refusing it.

    faults
        Takes what is wrong with lines that are not UTF-8, which then are left out.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If a line is not UTF-8 or too long, or a compressed file is damaged; the message names file and line.
    """
    if path != STDIN and (not Path(path).exists() or Path(path).is_dir()):
        raise MissingFileError(f"no file '{path}'")
    shown = shown_name(path)
    number = 0
    with _open(path) as file:
        try:
            lines = (
                enumerate(file, start=1) if longest is None else _bounded(file, longest, split_long, shown)
            )
            is_first = True
            for number, line in lines:
                if is_first and _is_utf16(line):
                    raise InputError(f"{shown}:1: looks like UTF-16 or UTF-32, {_CONVERT} UTF-16 {_TO}")
                content = line.removeprefix(b"\xef\xbb\xbf") if is_first else line
                is_first = False
                try:
                    text = content.decode("utf-8")
                except UnicodeDecodeError as error:
                    fault = f"{shown}:{number}: not UTF-8 (byte {error.start + 1} of the line), perhaps "
                    fault += f"Windows-1252 or ISO-8859-1, {_CONVERT} WINDOWS-1252 {_TO}"
                    if faults is None:
                        raise InputError(fault) from error
                    faults.append(fault)
                    continue
                yield number, text.removesuffix("\n").removesuffix("\r")
        except (EOFError, lzma.LZMAError, zlib.error, OSError) as error:
            raise InputError(f"{shown}: damaged after line {number}: {error}") from error


_CONVERT, _TO = "expected UTF-8; convert the file first, as with: iconv -f", "-t UTF-8"


def _is_utf16(line: bytes) -> bool:
    """Return whether a first line has the mark of UTF-16 or UTF-32, or every other byte of it is zero."""
    even, odd = line[:64:2], line[1:64:2]
    zeros = (not any(even) and all(odd)) or (all(even) and not any(odd))
    return line.startswith((b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff")) or (len(odd) > 1 and zeros)


def _bounded(file: BinaryIO, longest: int, split_long: bool, shown: str) -> Iterator[tuple[int, bytes]]:
    """Yield lines, or pieces of a long one, with the number of their line."""
    number = 1
    while line := file.readline(longest + 1):
        if len(line) <= longest or line.endswith(b"\n"):
            yield number, line
        elif split_long:
            yield from ((number, piece) for piece in _pieces(file, line) if piece.strip())
        else:
            raise InputError(
                f"{shown}:{number}: a line of more than {longest:,} bytes; a line should be a sentence, or "
                "use --split-long to read such lines in pieces"
            )
        number += 1


def _pieces(file: BinaryIO, start: bytes) -> Iterator[bytes]:
    more = start
    rest = b""
    while more:
        rest += more
        while len(rest) > _PIECE:
            cut = rest.rfind(b" ", 1, _PIECE)
            if cut < 0:
                cut = _PIECE
                while rest[cut] & 0xC0 == 0x80:  # inside a character
                    cut -= 1
            yield rest[:cut]
            rest = rest[cut:]
        more = b"" if rest.endswith(b"\n") else file.readline(_PIECE)
    yield rest


def shown_name(path: str) -> str:
    """Return what messages call the file at `path`."""
    return "standard input" if path == STDIN else path


def _open(path: str) -> AbstractContextManager[BinaryIO]:
    if path == STDIN:
        return nullcontext(sys.stdin.buffer)
    if path.endswith(".zst"):
        return _open_zstandard(path)
    openers: dict[str, Any] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
    return cast(BinaryIO, openers.get(Path(path).suffix, open)(path, "rb"))


def _open_zstandard(path: str) -> BinaryIO:
    # Unlike the stream readers of zstandard, Arrow's reads all frames, and tells that the last is cut off.
    import pyarrow

    return io.BufferedReader(pyarrow.input_stream(path, compression="zstd"))


def read_sentences(
    lines: Iterable[str], *, tokenized: bool, skip_empty: bool, source: str, empty: EmptyLines | None = None
) -> Iterator[Sentence]:
    """Yield a sentence for each line; see `numbered_sentences`."""
    return numbered_sentences(
        enumerate(lines, start=1), tokenized=tokenized, skip_empty=skip_empty, source=source, empty=empty
    )


def numbered_sentences(
    lines: Iterable[tuple[int, str | Sequence[str]]],
    *,
    tokenized: bool,
    skip_empty: bool,
    source: str,
    empty: EmptyLines | None = None,
) -> Iterator[Sentence]:
    """Yield a sentence for each line.

    Parameters
    ----------
    lines
        Numbers of lines, and raw text or, if `tokenized`, words separated by spaces; a list is one of words.
    tokenized
        Whether the words are separated already.
    skip_empty
        Whether to leave out lines without a word, instead of failing.
    source
        Where the lines come from, for messages.
    empty
        Counts the lines left out.

    Raises
    ------
    InputError
        If a line has no word; the message names source and line.
    """
    for number, line in lines:
        words = _words(line, tokenized)
        if words:
            yield Sentence(tuple(words))
        elif not skip_empty:
            raise InputError(f"{source}:{number}: an empty line; use --skip-empty to leave such lines out")
        elif empty is not None:
            empty.count += 1
            empty.first = empty.first or number


def _words(line: str | Sequence[str], tokenized: bool) -> Sequence[str]:
    if not isinstance(line, str):
        return line
    return _spaced(line) if tokenized else split_words(line)


def mark_target(text: str, *, tokenized: bool = False) -> tuple[Sentence, int]:
    """Read a sentence with one *marked* word.

    Returns
    -------
    Sentence, int
        The words without the mark, and the position of the marked one, from 0.

    Raises
    ------
    InputError
        If there is no mark, more than one, or it does not hold exactly one word.

    Examples
    --------
    >>> mark_target("I sat by the *bank* of the river.")[1]
    4
    """
    parts = split_marked(text, _spaced if tokenized else split_words)
    if parts is None:
        raise InputError(f'mark one word with two asterisks, as in "the *bank* of the river"; found: {text}')
    left, target, right = parts
    if len(target) != 1:
        raise InputError(f"the mark should hold one word, found {len(target)} in '{' '.join(target)}'")
    return Sentence((*left, *target, *right)), len(left)


def _spaced(text: str) -> list[str]:
    """Return the words between spaces; other white space, such as a no-break space, is part of a word."""
    return [word for word in text.split(" ") if word]
