"""A corpus made ready for training: split into words once, on disk as numbers, read in any place.

Each file of text becomes three files of numbers: its words, where its sentences end, and where its documents
end. They are mapped into memory, so that memory does not grow with the text. The documents of several files
are read in turn, in proportion to the files' sizes: the mixture is even from the first step to the last, and
the same for every family.
"""

from __future__ import annotations

import hashlib
import json
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ctxemb.atomic import write_text
from ctxemb.errors import InputError
from ctxemb.pretraining.corpus import Corpus
from ctxemb.pretraining.running import Integers, RunningText, borders

CONTENTS, TYPES = "corpus.json", "words.txt"
_PARTS = {"words": np.uint32, "sentences": np.uint64, "documents": np.uint64}
_WRITE_WORDS = 1_000_000


def prepare(paths: Sequence[Path], folder: Path, *, n_processes: int = 1) -> Prepared:
    """Split the text files into words and write them to `folder` as numbers, unless that is done already.

    Parameters
    ----------
    paths
        Text files: one paragraph a line, an empty line after each document; .gz, .xz or .zst as well.
    folder
        Where the numbers go.
    n_processes
        Files to read at once.

    Raises
    ------
    InputError
        If there is no text, or the folder holds other text.
    """
    wanted = [{"name": path.name, "sha256": _hash(path)} for path in paths]
    contents = folder / CONTENTS
    if contents.is_file():
        if (there := json.loads(contents.read_text(encoding="utf-8"))["files"]) != wanted:
            names = ", ".join(file["name"] for file in there)
            raise InputError(f"{folder} holds other text, prepared from {names}; name another folder")
        return Prepared(folder)
    if folder.exists() and not all(_is_ours(path) for path in folder.iterdir()):
        raise InputError(f"{folder} is not empty and holds no prepared corpus; name another folder")
    folder.mkdir(parents=True, exist_ok=True)
    jobs = [(path, folder, number) for number, path in enumerate(paths)]
    if n_processes > 1 and len(jobs) > 1:
        with ProcessPoolExecutor(min(n_processes, len(jobs)), get_context("spawn")) as pool:
            counts = list(pool.map(_split_file, *zip(*jobs, strict=True)))
    else:
        counts = [_split_file(*job) for job in jobs]
    if not any(counts):
        raise InputError(f"no text in {', '.join(map(str, paths))}")
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    ordered = sorted(total, key=lambda word: (-total[word], word))
    numbers = {word: number for number, word in enumerate(ordered)}
    for number, one in enumerate(counts):
        _renumber(folder, number, np.array([numbers[word] for word in one], dtype=np.uint32))
    write_text(folder / TYPES, "".join(f"{word}\t{total[word]}\n" for word in ordered))
    write_text(contents, json.dumps({"files": wanted}, indent=2) + "\n")
    return Prepared(folder)


@dataclass(frozen=True)
class Prepared:
    """A prepared corpus; see `prepare`.

    Parameters
    ----------
    folder
        Where it lies.
    chunk_words
        Words of a chunk, at least; text is shuffled within a chunk.
    """

    folder: Path
    chunk_words: int = 400_000

    @cached_property
    def counts(self) -> dict[str, int]:
        """How often each distinct word occurs, the most frequent first."""
        lines = (self.folder / TYPES).read_text(encoding="utf-8").split("\n")[:-1]
        pairs = (line.rpartition("\t") for line in lines)
        return {word: int(count) for word, _, count in pairs}

    @cached_property
    def types(self) -> list[str]:
        """The distinct words, the most frequent first."""
        return list(self.counts)

    @cached_property
    def names(self) -> list[str]:
        """The names of the text files."""
        files = json.loads((self.folder / CONTENTS).read_text(encoding="utf-8"))["files"]
        return [file["name"] for file in files]

    @cached_property
    def _files(self) -> list[tuple[NDArray[Any], NDArray[Any], NDArray[Any]]]:
        """Words, and the ends of sentences and documents, of each file; mapped."""
        return [
            (_mapped(self.folder, n, "words"), _mapped(self.folder, n, "sentences"),
             _mapped(self.folder, n, "documents"))
            for n in range(len(self.names))
        ]  # fmt: skip

    @cached_property
    def _order(self) -> tuple[Integers, Integers, Integers]:
        """(n_documents,) file, number in the file, and words of each document, in the order of reading.

        A document's turn comes at the share of its file that lies before its middle.
        """
        files, numbers, sizes, turns = [], [], [], []
        for file, (_, sentences, documents) in enumerate(self._files):
            ends = np.concatenate([[0], sentences[documents.astype(np.int64) - 1].astype(np.int64)])
            size = np.diff(ends)
            files.append(np.full(len(size), file))
            numbers.append(np.arange(len(size)))
            sizes.append(size)
            turns.append((ends[:-1] + size / 2) / max(1, ends[-1]))
        order = np.argsort(np.concatenate(turns), kind="stable")
        return np.concatenate(files)[order], np.concatenate(numbers)[order], np.concatenate(sizes)[order]

    @cached_property
    def _chunks(self) -> Integers:
        """(n_chunks + 1,) where chunks start and end in the order of documents."""
        sizes = self._order[2]
        before = np.cumsum(sizes) - sizes
        starts = np.unique(np.searchsorted(before, np.arange(0, self.n_words, self.chunk_words)))
        return np.concatenate([starts[starts < len(sizes)], [len(sizes)]])

    @property
    def n_words(self) -> int:
        """Words in all files."""
        return int(self._order[2].sum())

    @property
    def n_chunks(self) -> int:
        """Chunks of a pass through the corpus."""
        return len(self._chunks) - 1

    def words_before(self, chunk: int) -> int:
        """Return the words before chunk number `chunk`, counted on from pass to pass."""
        passes, number = divmod(chunk, self.n_chunks)
        return passes * self.n_words + int(self._order[2][: self._chunks[number]].sum())

    def chunk(self, number: int, generator: np.random.Generator) -> RunningText:
        """Return chunk `number`, counted on from pass to pass, its documents shuffled by `generator`."""
        number %= self.n_chunks
        chosen = np.arange(self._chunks[number], self._chunks[number + 1])
        generator.shuffle(chosen)
        return self._text(chosen)

    def sentences(self) -> Iterator[str]:
        """Yield all sentences in the order of reading, their words separated by spaces."""
        for first, stop in pairwise(self._chunks):
            text = self._text(np.arange(first, stop))
            words = list(map(self.types.__getitem__, text.words.tolist()))
            for start, end in pairwise(text.sentences.tolist()):
                yield " ".join(words[start:end])

    def _text(self, chosen: Integers) -> RunningText:
        words, sentences, documents = [], [], []
        for file, number in zip(self._order[0][chosen], self._order[1][chosen], strict=True):
            all_words, ends, document_ends = self._files[file]
            first = int(document_ends[number - 1]) if number else 0
            last = int(document_ends[number])
            start = int(ends[first - 1]) if first else 0
            stops = ends[first:last].astype(np.int64)
            words.append(all_words[start : int(stops[-1])])
            sentences.append(np.diff(stops, prepend=start))
            documents.append(last - first)
        return RunningText(
            self.types,
            np.concatenate(words).astype(np.int64),
            borders(np.concatenate(sentences)),
            borders(np.array(documents, dtype=np.int64)),
        )


def _is_ours(path: Path) -> bool:
    """Return whether a preparation that was interrupted may have left a file."""
    number, _, part = path.name.partition(".")
    return path.name.startswith((TYPES, CONTENTS)) or (number.isdecimal() and part in _PARTS)


def _hash(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    return digest.hexdigest()


def _path(folder: Path, number: int, part: str) -> Path:
    return folder / f"{number}.{part}"


def _mapped(folder: Path, number: int, part: str) -> NDArray[Any]:
    path = _path(folder, number, part)
    if not path.stat().st_size:
        return np.zeros(0, dtype=_PARTS[part])
    return np.memmap(path, dtype=_PARTS[part], mode="r")


def _split_file(path: Path, folder: Path, number: int) -> dict[str, int]:
    """Write one text as numbers of its own; return its words, in the order of these, with their counts."""
    numbers: dict[str, int] = {}
    counts: list[int] = []
    words, sentences, documents = array("I"), array("Q"), array("Q")
    n_words = n_sentences = 0
    parts = {"words": words, "sentences": sentences, "documents": documents}
    files = {part: _path(folder, number, part).open("wb") for part in _PARTS}
    for document in Corpus((path,)).documents():
        for sentence in document:
            for word in sentence.words:
                at = numbers.setdefault(word, len(counts))
                if at == len(counts):
                    counts.append(0)
                counts[at] += 1
                words.append(at)
            n_words += len(sentence)
            n_sentences += 1
            sentences.append(n_words)
        documents.append(n_sentences)
        if len(words) >= _WRITE_WORDS:
            _flush(parts, files)
    _flush(parts, files)
    for file in files.values():
        file.close()
    return dict(zip(numbers, counts, strict=True))


def _flush(parts: dict[str, array[int]], files: Mapping[str, BinaryIO]) -> None:
    for part, values in parts.items():
        files[part].write(values.tobytes())
        del values[:]


def _renumber(folder: Path, number: int, table: NDArray[np.uint32]) -> None:
    """Replace a file's own numbers of words by those of the whole corpus, in place."""
    path = _path(folder, number, "words")
    if not path.stat().st_size:
        return
    words = np.memmap(path, dtype=np.uint32, mode="r+")
    for start in range(0, len(words), _WRITE_WORDS):
        words[start : start + _WRITE_WORDS] = table[words[start : start + _WRITE_WORDS]]
    words.flush()
