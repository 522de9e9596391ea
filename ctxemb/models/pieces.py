"""Words to pieces: a `tokenizers` model applied to one word at a time, each distinct word once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from ctxemb.errors import FormatError, MissingFileError
from ctxemb.text.sentence import Sentence

_CACHE_SIZE = 200_000


class PieceTokenizer:
    """Splits words into the pieces of a trained vocabulary; no word is without a piece.

    A word's pieces never depend on its neighbours. Special pieces written out in a text, such as ``[SEP]``,
    are read as ordinary characters.

    Parameters
    ----------
    tokenizer
        A tokenizer without post-processing needs: special pieces around a window are the model's business.
    unknown
        The piece of a word that would have none, such as a control character alone.
    """

    def __init__(self, tokenizer: Tokenizer, unknown: str) -> None:
        tokenizer.no_padding()
        tokenizer.no_truncation()
        tokenizer.encode_special_tokens = True
        self.tokenizer = tokenizer
        self.unknown = self.id(unknown)
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
        self._learn(word for sentence in sentences for word in sentence.words)
        rows, split = self._rows, self._split
        return [[split[rows[word]] for word in sentence.words] for sentence in sentences]

    def flat(
        self, sentences: Sequence[Sentence]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Return the pieces of all words, how many pieces each word has, and how many words each sentence."""
        words = [word for sentence in sentences for word in sentence.words]
        self._learn(words)
        rows = np.fromiter(map(self._rows.__getitem__, words), dtype=np.int64, count=len(words))
        starts, counts = self._starts[rows], self._counts[rows]
        ends = counts.cumsum()
        places = np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - ends + counts, counts)
        sizes = np.fromiter(map(len, sentences), dtype=np.int64, count=len(sentences))
        return self._ids[places], counts, sizes

    def split(self, words: Sequence[str]) -> list[tuple[int, ...]]:
        """Return the piece numbers of each word (at least one); nothing is remembered."""
        encoded = self.tokenizer.encode_batch(
            [[_valid(word)] for word in words], is_pretokenized=True, add_special_tokens=False
        )
        return [tuple(encoding.ids) or (self.unknown,) for encoding in encoded]

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
