"""Word vectors on disk: a folder of shards that describes itself.

``store.json``
    A `StoreMeta`; written last, so a folder without it is not finished.
``shard-00000.safetensors``, ...
    Tensors ``layer.NAME`` (n_rows, width) for each layer, ``offsets`` (n_sentences + 1) of rows,
    ``words`` (bytes of all words, UTF-8, lone surrogates kept), ``word_ends`` (n_words) in bytes, and
    ``sentence_ends`` (n_sentences) in words.

Every file is written under another name first and then renamed: it is there whole or not at all.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from ctxemb.errors import FormatError, InputError, MissingFileError
from ctxemb.files import write_text, write_whole
from ctxemb.vectors.word_vectors import WordVectors

META = "store.json"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class StoreMeta:
    """What a store holds and how it was made.

    Parameters
    ----------
    model, family, fingerprint
        Of the model that made the vectors.
    source, random_init
        What to load it by.
    layers
        Names: numbers from 0, or ``"mix"``.
    pool, unit, dtype, width
        How pieces became rows, what has a row, and what a row is.
    n_sentences, n_words, n_pieces, n_shards
        Sizes.
    text_hash
        SHA-256 (hex) of the words.
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
    n_sentences: int = 0
    n_words: int = 0
    n_pieces: int = 0
    n_shards: int = 0
    text_hash: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    format: int = FORMAT


class StoreWriter:
    """Writes a store, a shard at a time; it is one when `finish` has been called.

    Parameters
    ----------
    folder
        A new or empty folder.
    meta
        What the store holds; sizes are filled in by `finish`.

    Raises
    ------
    InputError
        If the folder holds something.
    """

    def __init__(self, folder: Path, meta: StoreMeta) -> None:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise InputError(f"{folder} is there already and not empty; name another folder, or remove it")
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.meta = meta
        self._n_shards = 0

    def write(self, sentences: Sequence[Sequence[str]], vectors: WordVectors) -> int:
        """Write the next shard.

        Parameters
        ----------
        sentences
            Words of each sentence.
        vectors
            Their vectors; for ``unit="sentence"`` a row a sentence.

        Returns
        -------
        int
            Size of the shard in bytes.

        Raises
        ------
        InputError
            If a value is too large for float16.
        ValueError
            If vectors and sentences, or their shape and the description of the store, do not fit.
        """
        self._check(sentences, vectors)
        dtype = np.dtype(self.meta.dtype)
        with np.errstate(over="ignore"):
            values = vectors.values.astype(dtype, order="C")  # save_file writes memory as it lies
        if not np.isfinite(values).all():
            raise InputError(f"a value is too large for {dtype}, or not finite; use --dtype float32")
        encoded = [[word.encode("utf-8", "surrogatepass") for word in words] for words in sentences]
        flat = [word for words in encoded for word in words]
        tensors = {f"layer.{name}": values[i] for i, name in enumerate(self.meta.layers)}
        tensors["offsets"] = np.ascontiguousarray(vectors.offsets, dtype=np.int64)
        tensors["words"] = np.frombuffer(b"".join(flat), dtype=np.uint8)
        tensors["word_ends"] = np.cumsum([len(word) for word in flat], dtype=np.int64)
        tensors["sentence_ends"] = np.cumsum([len(words) for words in encoded], dtype=np.int64)
        path = self.folder / f"shard-{self._n_shards:05d}.safetensors"
        write_whole(path, lambda temporary: temporary.write_bytes(save(tensors)))
        self._n_shards += 1
        return path.stat().st_size

    def _check(self, sentences: Sequence[Sequence[str]], vectors: WordVectors) -> None:
        n_layers, _, width = vectors.values.shape
        expected = (len(self.meta.layers), self.meta.width)
        if (n_layers, width) != expected:
            raise ValueError(f"the store holds {expected} (layers, width), found {(n_layers, width)}")
        rows = [len(words) if self.meta.unit == "word" else 1 for words in sentences]
        if np.diff(vectors.offsets).tolist() != rows:
            raise ValueError(f"the vectors are not those of the {len(rows)} sentences")

    def finish(self, meta: StoreMeta) -> None:
        """Write ``store.json``."""
        done = dataclasses.replace(meta, n_shards=self._n_shards)
        text = json.dumps(dataclasses.asdict(done), indent=2, ensure_ascii=False) + "\n"
        write_text(self.folder / META, text)


class VectorStore:
    """Reads a store; a layer is read without touching the others.

    Parameters
    ----------
    folder, meta
        See `open`.
    """

    def __init__(self, folder: Path, meta: StoreMeta) -> None:
        self.folder = folder
        self.meta = meta
        self.layers = meta.layers

    @classmethod
    def open(cls, folder: Path | str) -> VectorStore:
        """Open the store in `folder`.

        Raises
        ------
        MissingFileError
            If there is no finished store.
        FormatError
            If its description or a shard is damaged.
        """
        path = Path(folder) / META
        if not path.is_file():
            raise MissingFileError(f"no finished vector store at {folder}: {META} is missing")
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            if (found := values.get("format")) not in (None, FORMAT):
                raise FormatError(f"{path}: format {found}; this version of ctxemb reads format {FORMAT}")
            meta = StoreMeta(**{**values, "layers": tuple(values["layers"])})
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise FormatError(f"{path}: not the description of a vector store: {error}") from error
        return cls(Path(folder), meta)

    def layer(self, layer: int | str) -> NDArray[Any]:
        """Return the rows of a layer, (n_rows, width).

        Raises
        ------
        KeyError
            If the store does not hold this layer.
        """
        if layer not in self.layers:
            raise KeyError(f"{self.folder} holds the layers {list(self.layers)}, not {layer!r}")
        return np.concatenate(self._tensors(f"layer.{layer}"))

    @property
    def offsets(self) -> NDArray[np.int64]:
        """(n_sentences + 1,) where sentences start and end in the rows."""
        sizes = np.concatenate([np.diff(part) for part in self._tensors("offsets")])
        return np.concatenate([[0], sizes.cumsum()])

    def vectors(self) -> WordVectors:
        """Return all layers and rows."""
        return WordVectors(np.stack([self.layer(layer) for layer in self.layers]), self.offsets)

    def words(self) -> list[str]:
        """Return the words of all sentences."""
        return [word for words in self.sentences() for word in words]

    def sentences(self) -> list[tuple[str, ...]]:
        """Return the words of each sentence."""
        sentences = []
        for text, word_ends, sentence_ends in zip(
            self._tensors("words"), self._tensors("word_ends"), self._tensors("sentence_ends"), strict=True
        ):
            ends = word_ends.tolist()
            raw = text.tobytes()
            words = [
                raw[start:stop].decode("utf-8", "surrogatepass")
                for start, stop in zip([0, *ends], ends, strict=False)
            ]
            borders = sentence_ends.tolist()
            sentences += [tuple(words[a:b]) for a, b in zip([0, *borders], borders, strict=False)]
        return sentences

    def _tensors(self, name: str) -> list[NDArray[Any]]:
        parts = []
        for number in range(self.meta.n_shards):
            path = self.folder / f"shard-{number:05d}.safetensors"
            if not path.is_file():
                raise MissingFileError(f"{path} is missing")
            try:
                with safe_open(path, framework="numpy") as shard:
                    parts.append(shard.get_tensor(name))
            except SafetensorError as error:
                raise FormatError(f"{path}: damaged, or without {name}: {error}") from error
        return parts
