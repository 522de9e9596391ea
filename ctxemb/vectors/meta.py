"""What a vector store says of itself: how it was made, and what each shard holds."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ctxemb.errors import FormatError, InputError

META = "store.json"
FORMAT = 2
_OPTIONS = {"dtype": "store-dtype"}
"""What a field is called where a user chooses it, if otherwise."""

_HASH = re.compile("[0-9a-f]{64}")
_SHARD_NAME = re.compile(r"shard-(\d{5,})\.safetensors")


@dataclass(frozen=True, slots=True)
class StoreMeta:
    """How the vectors of a store were made; the same in all its shards.

    Parameters
    ----------
    model, family, fingerprint, origin
        Of the model that made the vectors; the fingerprint is the SHA-256 (hex) of all that decides them, the
        origin says where it was downloaded from, with the revision.
    source, random_init
        What to load it by.
    layers
        Names: numbers from 0, or ``"mix"``.
    pool, unit, dtype, width
        How pieces became rows, what has a row, and what a row is.
    computation
        In what numbers and where the vectors were computed: those of two computations differ by rounding.
    shard_words
        A shard ends with the sentence that brings it to so many words.
    versions
        Of the software.
    format
        Of the store.
    """

    model: str
    family: str
    fingerprint: str
    source: str
    random_init: int | None
    layers: tuple[int | str, ...]
    pool: str
    unit: str
    dtype: str
    width: int
    origin: str = ""
    computation: str = "float32 on cpu"
    shard_words: int = 0
    versions: dict[str, str] = field(default_factory=dict)
    format: int = FORMAT

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> StoreMeta:
        """Return the description that `values` hold.

        Raises
        ------
        FormatError
            If they are of another format.
        ValueError, TypeError, KeyError
            If they are no description.
        """
        if (found := values.get("format")) not in (None, FORMAT):
            raise FormatError(f"format {found}; this version of ctxemb reads format {FORMAT}")
        made = cls(**{**values, "layers": tuple(_typed("layers", values["layers"], list))})
        _check_fields(
            made,
            text=(
                "model",
                "family",
                "fingerprint",
                "source",
                "pool",
                "unit",
                "dtype",
                "origin",
                "computation",
            ),
            numbers=("width", "shard_words"),
        )
        if made.random_init is not None:
            _typed("random_init", made.random_init, int)
        if not made.layers or any(
            isinstance(layer, bool) or not isinstance(layer, int | str) for layer in made.layers
        ):
            raise ValueError(f"'layers' should be numbers or names, found {list(made.layers)!r:.80}")
        if not all(isinstance(version, str) for version in _typed("versions", made.versions, dict).values()):
            raise ValueError("'versions' should be texts")
        return made

    def check_same(self, other: StoreMeta, where: str) -> None:
        """Refuse to mix vectors that were made in another way.

        Raises
        ------
        InputError
            If `other`, found at `where`, differs; the message names each difference.
        """
        ours, theirs = dataclasses.asdict(self), dataclasses.asdict(other)
        differences = [
            f"{_OPTIONS.get(name, name)} is {_shown(theirs[name])} there and {_shown(ours[name])} here"
            for name in ours
            if ours[name] != theirs[name]
        ]
        if differences:
            raise InputError(
                f"{where} was made in another way: {'; '.join(differences)}; "
                "give the options it was made with, or name another folder"
            )


@dataclass(frozen=True, slots=True)
class ShardMeta:
    """What one shard holds.

    Parameters
    ----------
    number
        From 0, over the whole text.
    n_sentences, n_words, n_pieces, n_rows
        Sizes; a row is the vector of a word or of a sentence.
    text_hash
        SHA-256 (hex) of the words.
    sha256
        Of the shard (hex); see `ctxemb.vectors.store`.
    """

    number: int
    n_sentences: int
    n_words: int
    n_pieces: int
    n_rows: int
    text_hash: str
    sha256: str = ""

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> ShardMeta:
        """Return what `values` say of a shard.

        Raises
        ------
        ValueError, TypeError
            If they are no description of one.
        """
        made = cls(**values)
        _check_fields(
            made,
            text=("text_hash", "sha256"),
            numbers=("number", "n_sentences", "n_words", "n_pieces", "n_rows"),
        )
        for name, value in (("text_hash", made.text_hash), ("sha256", made.sha256)):
            if not _HASH.fullmatch(value):
                raise ValueError(f"'{name}' should be a SHA-256, found {value!r:.80}")
        return made


@dataclass(frozen=True, slots=True)
class Contents:
    """What a finished store holds.

    Parameters
    ----------
    part
        ``(i, n)``: the shards whose number leaves the remainder i - 1 when divided by n.
    text_hashes
        Of all shards of the text, those of other parts as well.
    shards
        Those that are here, in order.
    """

    part: tuple[int, int]
    text_hashes: tuple[str, ...]
    shards: tuple[ShardMeta, ...]

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Contents:
        """Return what `values`, made by `as_json`, say.

        Raises
        ------
        ValueError, TypeError, KeyError
            If they say something else.
        """
        i, n = (_typed("part", number, int) for number in _typed("part", values["part"], list))
        shards = tuple(ShardMeta.from_json(shard) for shard in _typed("shards", values["shards"], list))
        hashes = tuple(_typed("text_hashes", values["text_hashes"], list))
        made = cls((i, n), hashes, shards)
        if not 1 <= i <= n:
            raise ValueError(f"'part' should be [i, n] with 1 <= i <= n, found {[i, n]}")
        if wrong := [text for text in hashes if not isinstance(text, str) or not _HASH.fullmatch(text)]:
            raise ValueError(f"'text_hashes' should be SHA-256, found {wrong[0]!r:.80}")
        if [shard.number for shard in shards] != list(range(i - 1, len(hashes), n)):
            raise ValueError("'shards' are not all of this part, in order")
        if wrong_hashes := [shard for shard in shards if shard.text_hash != hashes[shard.number]]:
            raise ValueError(
                f"'text_hashes' has another hash for shard {wrong_hashes[0].number} than 'shards'"
            )
        for key, value in made.as_json().items():
            if key in values and key not in ("shards", "text_hashes", "part") and values[key] != value:
                raise ValueError(f"'{key}' is {values[key]!r:.80}, but the shards give {value!r}")
        return made

    def as_json(self) -> dict[str, Any]:
        """Return it as values of a JSON text."""
        return {
            "part": list(self.part),
            "n_sentences": self.n_sentences,
            "n_words": self.n_words,
            "n_pieces": self.n_pieces,
            "n_rows": self.n_rows,
            "n_shards": len(self.shards),
            "text_hash": self.text_hash,
            "text_hashes": list(self.text_hashes),
            "shards": [dataclasses.asdict(shard) for shard in self.shards],
        }

    @property
    def n_text_shards(self) -> int:
        """Number of shards of all parts."""
        return len(self.text_hashes)

    @property
    def text_hash(self) -> str:
        """SHA-256 (hex) of the hashes (32 bytes each) of all shards' words."""
        return hashlib.sha256(b"".join(map(bytes.fromhex, self.text_hashes))).hexdigest()

    @property
    def n_sentences(self) -> int:
        """Number of sentences."""
        return sum(shard.n_sentences for shard in self.shards)

    @property
    def n_words(self) -> int:
        """Number of words."""
        return sum(shard.n_words for shard in self.shards)

    @property
    def n_pieces(self) -> int:
        """Number of the model's pieces that were read for them."""
        return sum(shard.n_pieces for shard in self.shards)

    @property
    def n_rows(self) -> int:
        """Number of vectors in each layer."""
        return sum(shard.n_rows for shard in self.shards)


CHECKSUM = "sha256"
"""Key of the hash of all other values of ``store.json``."""


def checksum(values: Mapping[str, Any]) -> str:
    """Return the SHA-256 (hex) of values of ``store.json``."""
    return hashlib.sha256(to_json(values).encode()).hexdigest()


def _typed(name: str, value: Any, kind: type[Any]) -> Any:
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ValueError(f"'{name}' should be a {kind.__name__}, found {value!r:.80}")  # noqa: TRY004
    return value


def _check_fields(made: Any, *, text: tuple[str, ...], numbers: tuple[str, ...]) -> None:
    """Raise ValueError if a field has another type than it should, or is a number below 0."""
    for name in text:
        _typed(name, getattr(made, name), str)
    for name in numbers:
        if _typed(name, getattr(made, name), int) < 0:
            raise ValueError(f"'{name}' should be 0 or more, found {getattr(made, name)}")


def shard_name(number: int) -> str:
    """Return the file name of a shard."""
    return f"shard-{number:05d}.safetensors"


def shard_numbers(folder: Path) -> list[int]:
    """Return the numbers of the shards in `folder`, in order."""
    found = (_SHARD_NAME.fullmatch(path.name) for path in folder.iterdir())
    return sorted(int(match[1]) for match in found if match)


def to_json(values: Mapping[str, Any], indent: int | None = None) -> str:
    """Return the one JSON text that these values have."""
    separators = (",", ":") if indent is None else None
    return json.dumps(values, sort_keys=True, indent=indent, separators=separators, ensure_ascii=True)


def _shown(value: Any) -> str:
    text = str(list(value) if isinstance(value, tuple) else value)
    return f"{text[:12]}…" if re.fullmatch(r"(static-)?[0-9a-f]{64}", text) else text or "nothing"
