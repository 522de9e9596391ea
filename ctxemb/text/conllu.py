"""Lines of CoNLL-U: ten columns for each word."""

from __future__ import annotations

import re

N_COLUMNS = 10
_DOCUMENT = "# newdoc id = "
_NO_WORD = re.compile(r"\d+[-.]\d+")
"""Numbers of multi-word tokens, such as 1-2, and of empty nodes, such as 1.1."""


def read_word(line: str) -> list[str] | None:
    """Return the columns of a word's line; None for comments, multi-word tokens and empty nodes.

    Raises
    ------
    ValueError
        If there are not ten columns; the message says how many.
    """
    if line.startswith("#"):
        return None
    cells = line.split("\t")
    if len(cells) != N_COLUMNS:
        raise ValueError(f"expected {N_COLUMNS} columns separated by TAB, found {len(cells)}")
    return None if _NO_WORD.fullmatch(cells[0]) else cells


def read_document(line: str) -> str | None:
    """Return the document that begins with a comment, or None."""
    return line.removeprefix(_DOCUMENT) if line.startswith(_DOCUMENT) else None
