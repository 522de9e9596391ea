"""Lines of text to sentences, with errors that say which file and which line."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from ctxemb.errors import InputError, MissingFileError
from ctxemb.text.sentence import Sentence
from ctxemb.text.words import split_words

STDIN = "-"


@dataclass(slots=True)
class EmptyLines:
    """Counts the empty lines that were skipped."""

    count: int = 0


def read_lines(path: str) -> Iterator[str]:
    r"""Yield the lines of a UTF-8 file without their ends; "-" is standard input.

    A line ends at ``\n`` or ``\r\n`` alone; a byte order mark is left out; ``.gz``, ``.bz2``, ``.xz`` and
    ``.zst`` are decompressed on the way.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If a line is not UTF-8, or a compressed file is damaged; the message names file and line.
    """
    if path != STDIN and (not Path(path).exists() or Path(path).is_dir()):
        raise MissingFileError(f"no file '{path}'")
    shown = shown_name(path)
    number = 0
    with _open(path) as file:
        try:
            for number, line in enumerate(file, start=1):
                text = (line[3:] if number == 1 and line.startswith(b"\xef\xbb\xbf") else line).decode(
                    "utf-8"
                )
                yield text.removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError as error:
            raise InputError(
                f"{shown}:{number}: not UTF-8 (byte {error.start + 1} of the line); convert the file first"
            ) from error
        except (EOFError, lzma.LZMAError, zlib.error, OSError) as error:
            raise InputError(f"{shown}: damaged after line {number}: {error}") from error


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
    """Yield a sentence for each line.

    Parameters
    ----------
    lines
        Raw text, or, if `tokenized`, words separated by spaces.
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
    for number, line in enumerate(lines, start=1):
        words = _spaced(line) if tokenized else split_words(line)
        if words:
            yield Sentence(tuple(words))
        elif not skip_empty:
            raise InputError(f"{source}:{number}: an empty line; use --skip-empty to leave such lines out")
        elif empty is not None:
            empty.count += 1


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
    before, *rest = text.split("*")
    if len(rest) != 2:
        raise InputError(f'mark one word with two asterisks, as in "the *bank* of the river"; found: {text}')
    split = _spaced if tokenized else split_words
    left, target, right = split(before), split(rest[0]), split(rest[1])
    if len(target) != 1:
        raise InputError(f"the mark should hold one word, found {len(target)} in '{rest[0]}'")
    return Sentence((*left, *target, *right)), len(left)


def _spaced(text: str) -> list[str]:
    """Return the words between spaces; other white space, such as a no-break space, is part of a word."""
    return [word for word in text.split(" ") if word]
