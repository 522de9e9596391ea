"""Words to pieces: those that a word has in running text, after a space."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from ctxemb.errors import FormatError, InputError, MissingFileError
from ctxemb.text.sentence import Sentence

_CACHE_SIZE = 200_000

_BEFORE = "x"
"""A word that stands before every text, so that its first word, too, has a space before it."""


class PieceTokenizer:
    """Splits words into the pieces of a trained vocabulary; no word is without a piece.

    The words of a sentence are read with a space before each, the first one too, whatever the tokenizer says
    of the beginning of a text; a piece belongs to the word in which it begins, the space before it included.
    Where the tokenizer splits texts at spaces, so that a word's pieces never depend on its neighbours, each
    distinct word is read once; otherwise sentences are read as wholes. Special pieces written out in a text,
    such as ``[SEP]``, are read as ordinary characters.

    Parameters
    ----------
    tokenizer
        A tokenizer without post-processing needs: special pieces around a window are the model's business.
    unknown
        The piece of a word that would have none, such as a control character alone.

    Raises
    ------
    FormatError
        If it draws pieces at random, or lacks the piece `unknown`.
    """

    def __init__(self, tokenizer: Tokenizer, unknown: str) -> None:
        if getattr(tokenizer.model, "dropout", None):
            raise FormatError("the tokenizer draws pieces at random: its model has a 'dropout'")
        tokenizer.no_padding()
        tokenizer.no_truncation()
        tokenizer.encode_special_tokens = True
        self.tokenizer = tokenizer
        self.unknown = self.id(unknown)
        self.splits_at_spaces = _splits_at_spaces(tokenizer)
        self._forget()

    @classmethod
    def read(cls, path: Path, unknown: str, special: Sequence[str] = ()) -> PieceTokenizer:
        """Read a ``tokenizer.json``.

        Parameters
        ----------
        path
            The file.
        unknown
            The piece of a word that would have none.
        special
            Other pieces that the vocabulary must have.

        Raises
        ------
        MissingFileError, FormatError
            If the file is not there, is no tokenizer, or lacks a piece.
        """
        if not path.is_file():
            raise MissingFileError(f"no tokenizer at {path}")
        try:
            tokenizer = Tokenizer.from_str(path.read_text(encoding="utf-8"))
        except Exception as error:  # tokenizers raises bare Exception
            raise FormatError(f"{path}: not a tokenizer: {error}") from error
        if lacking := [piece for piece in (unknown, *special) if tokenizer.token_to_id(piece) is None]:
            raise FormatError(f"{path}: the vocabulary lacks {', '.join(lacking)}")
        return cls(tokenizer, unknown)

    def __len__(self) -> int:
        return int(self.tokenizer.get_vocab_size())

    def id(self, piece: str) -> int:
        """Return the number of `piece`, which must be in the vocabulary."""
        number = self.tokenizer.token_to_id(piece)
        if number is None:
            raise FormatError(f"the tokenizer's vocabulary lacks the piece {piece!r}")
        return int(number)

    def pieces(self, sentences: Sequence[Sentence]) -> list[list[tuple[int, ...]]]:
        """Return, for each sentence, for each word, its piece numbers (at least one)."""
        if not self.splits_at_spaces:
            return self._in_text([sentence.words for sentence in sentences])
        self._learn(word for sentence in sentences for word in sentence.words)
        rows, split = self._rows, self._split
        return [[split[rows[word]] for word in sentence.words] for sentence in sentences]

    def flat(
        self, sentences: Sequence[Sentence]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Return the pieces of all words, how many pieces each word has, and how many words each sentence."""
        sizes = np.fromiter(map(len, sentences), dtype=np.int64, count=len(sentences))
        if not self.splits_at_spaces:
            split = [word for sentence in self.pieces(sentences) for word in sentence]
            counts = np.fromiter(map(len, split), dtype=np.int64, count=len(split))
            return np.array([piece for word in split for piece in word], dtype=np.int64), counts, sizes
        words = [word for sentence in sentences for word in sentence.words]
        self._learn(words)
        rows = np.fromiter(map(self._rows.__getitem__, words), dtype=np.int64, count=len(words))
        starts, counts = self._starts[rows], self._counts[rows]
        ends = counts.cumsum()
        places = np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - ends + counts, counts)
        return self._ids[places], counts, sizes

    def split(self, words: Sequence[str]) -> list[tuple[int, ...]]:
        """Return the piece numbers of each word (at least one); nothing is remembered."""
        return [pieces for (pieces,) in self._in_text([(word,) for word in words])]

    def _in_text(self, texts: Sequence[Sequence[str]]) -> list[list[tuple[int, ...]]]:
        """Return, for each text, for each of its words, the pieces that begin in it or in the space before.

        Raises
        ------
        InputError
            If a piece holds several words, so that one of them has none of its own.
        """
        valid = [[_valid(word) for word in words] for words in texts]
        encoded = self.tokenizer.encode_batch(
            [" ".join((_BEFORE, *words)) for words in valid], add_special_tokens=False
        )
        found = []
        for words, encoding in zip(valid, encoded, strict=True):
            # where the space before each word stands
            borders = list(accumulate((1 + len(word) for word in words[:-1]), initial=len(_BEFORE)))
            offsets: NDArray[np.int64] = np.array(encoding.offsets, dtype=np.int64).reshape(-1, 2)
            owners = np.searchsorted(borders, offsets[:, 0], side="right") - 1
            split: list[list[int]] = [[] for _ in words]
            for piece, owner in zip(encoding.ids, owners.tolist(), strict=True):
                if owner >= 0:
                    split[owner].append(piece)
            for place, word in enumerate(words):
                start = borders[place] + 1
                if not split[place] and word.strip() and bool(np.any(offsets[owners < place, 1] > start)):
                    raise InputError(
                        f"the tokenizer has pieces of several words: {word!r} in {' '.join(words)!r:.200} "
                        "has none of its own"
                    )
            found.append([tuple(word) or (self.unknown,) for word in split])
        return found

    def _forget(self) -> None:
        """Begin the table of words anew: a word's row, and the pieces of each row behind one another."""
        self._rows: dict[str, int] = {}
        self._split: list[tuple[int, ...]] = []
        self._ids, self._starts, self._counts = (np.zeros(0, dtype=np.int64) for _ in range(3))

    def _learn(self, words: Iterable[str]) -> None:
        wanted = set(words)
        if len(self._rows) > _CACHE_SIZE:
            self._forget()
        new = sorted(wanted - self._rows.keys())
        if not new:
            return
        split = self.split(new)
        self._rows.update(zip(new, range(len(self._split), len(self._split) + len(new)), strict=True))
        self._split += split
        counts = np.fromiter(map(len, split), dtype=np.int64, count=len(split))
        self._starts = np.concatenate([self._starts, len(self._ids) + counts.cumsum() - counts])
        self._counts = np.concatenate([self._counts, counts])
        self._ids = np.concatenate([self._ids, np.array([i for word in split for i in word], dtype=np.int64)])


def _valid(word: str) -> str:
    """Replace lone surrogates, which UTF-8 cannot hold, with U+FFFD."""
    return word if word.isascii() else word.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


_AT_SPACES = {"BertPreTokenizer", "Whitespace", "WhitespaceSplit"}
_INSIDE = {"Digits", "Punctuation"}


def _splits_at_spaces(tokenizer: Tokenizer) -> bool:
    """Return whether a tokenizer is known to read the words between spaces one by one."""
    for added in tokenizer.get_added_tokens_decoder().values():
        if not added.special and (added.lstrip or added.rstrip or " " in added.content):
            return False
    try:
        values: Any = json.loads(tokenizer.pre_tokenizer.__getstate__())
    except (AttributeError, TypeError, ValueError):
        return False
    parts = values.get("pretokenizers", []) if values.get("type") == "Sequence" else [values]
    kinds = [_kind(part) for part in parts]
    return None not in kinds and True in kinds


def _kind(part: dict[str, Any]) -> bool | None:
    """Return whether a pre-tokenizer splits at spaces or only elsewhere; None where that is not known."""
    name = part.get("type")
    if name in _AT_SPACES:
        return True
    if name in _INSIDE:
        return False
    if name == "ByteLevel":
        return bool(part.get("use_regex", True))
    if name == "Metaspace":
        return True if part.get("split", True) else None
    return True if name == "CharDelimiterSplit" and part.get("delimiter") == " " else None
