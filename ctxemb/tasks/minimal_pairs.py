"""Minimal pairs of sentences: BLiMP (Warstadt et al. 2020), and files of the same form."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from ctxemb.errors import FormatError, MissingFileError
from ctxemb.text.reader import read_lines

FOLDER = "blimp"
_FIELDS = ("sentence_good", "sentence_bad", "UID", "field", "linguistics_term")


@dataclass(frozen=True, slots=True)
class MinimalPair:
    """Two sentences that differ in little, of which one is acceptable.

    Parameters
    ----------
    good, bad
        The acceptable sentence, and the other one.
    paradigm, field, term
        What the pair tests: its paradigm, and the field and term of linguistics that this belongs to.
    """

    good: str
    bad: str
    paradigm: str
    field: str
    term: str


def read_minimal_pairs(path: Path) -> list[MinimalPair]:
    """Read a JSON Lines file of BLiMP's form, or all such files of a folder (``.jsonl``, compressed or not).

    Raises
    ------
    MissingFileError
        If there is no such file.
    FormatError
        If a line is not a pair; the message names file and line.
    """
    files = sorted(p for p in path.glob("*.jsonl*") if p.is_file()) if path.is_dir() else [path]
    if not files or not all(file.is_file() for file in files):
        raise MissingFileError(
            f"no minimal pairs at {path}: expected .jsonl files as in GitHub alexwarstadt/blimp"
        )
    return [pair for file in files for pair in _read(file)]


def _read(path: Path) -> list[MinimalPair]:
    pairs = []
    for number, line in enumerate(read_lines(str(path)), start=1):
        try:
            row = json.loads(line)
            values = [row[name] for name in _FIELDS]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise FormatError(f"{path}:{number}: expected a JSON object with {', '.join(_FIELDS)}") from error
        if not all(isinstance(value, str) and value.strip() for value in values):
            raise FormatError(f"{path}:{number}: expected text in {', '.join(_FIELDS)}")
        good, bad, paradigm, field, term = values
        pairs.append(MinimalPair(good, bad, paradigm, field.replace("/", "_"), term))
    return pairs
