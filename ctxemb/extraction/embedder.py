"""The model as a user holds it: texts in, word vectors out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from torch import Tensor

from ctxemb.errors import InputError
from ctxemb.extraction.embed import embed
from ctxemb.extraction.layers import Layers
from ctxemb.extraction.pooling import Pool, Unit
from ctxemb.models import ContextualModel, Encoding, load, save
from ctxemb.models.computation import Computation, Dtype
from ctxemb.text.sentence import Sentence
from ctxemb.text.words import split_words
from ctxemb.vectors import WordVectors


class Embedder(ContextualModel):
    """A model that takes texts as they are; itself a `ContextualModel`.

    Parameters
    ----------
    model
        The model.
    """

    def __init__(self, model: ContextualModel) -> None:
        super().__init__(model.info)
        self.model = model

    def encode(self, sentences: Sequence[Sentence]) -> Encoding:
        """Turn words into packed pieces."""
        return self.model.encode(sentences)

    def prepare(self, batch: Encoding) -> Encoding:
        """Return `batch` with what its parts have in common computed once."""
        return self.model.prepare(batch)

    def each(self, batch: Encoding, layers: Sequence[int] | None = None) -> Iterator[Tensor]:
        """Yield the vectors of one layer after the other, (n_pieces, width)."""
        return self.model.each(batch, layers)

    def __call__(self, batch: Encoding) -> Tensor:
        """Return the vectors of all layers, (n_layers, n_pieces, width), packed as `batch` is."""
        return self.model(batch)

    def reset(self) -> None:
        """Forget what was read before, if the model is stateful."""
        self.model.reset()

    def embed(
        self,
        texts: Sequence[str | Sequence[str] | Sentence],
        *,
        layers: Layers = "all",
        pool: Pool = "mean",
        unit: Unit = "word",
    ) -> WordVectors:
        """Embed sentences.

        Parameters
        ----------
        texts
            Sentences, each as raw text, as a list of words, or as a `Sentence`.
        layers, pool, unit
            As for `ctxemb.extraction.embed`.

        Returns
        -------
        WordVectors
            float32, (n_layers, n_words, width) over all sentences.

        Raises
        ------
        InputError
            If there is no sentence, or one of them is empty.
        """
        return embed(self, as_sentences(texts), layers=layers, pool=pool, unit=unit)

    def save(self, folder: str | Path, *, half: bool = False) -> None:
        """Write the model to a folder that other tools read; see `ctxemb.models.save`."""
        save(self.model, Path(folder), half=half)


def load_embedder(
    name: str,
    random_init: int | None = None,
    *,
    device: str = "cpu",
    dtype: Dtype = "float32",
    compiled: bool = False,
) -> Embedder:
    """Load a model.

    Parameters
    ----------
    name, random_init
        As for `ctxemb.models.load`: name or folder, and a seed of random weights.
    device, dtype, compiled
        Where and in what numbers it computes; see `ctxemb.models.computation.Computation`.

    Raises
    ------
    CtxembError
        If there is no such model, or this machine cannot compute so.
    """
    return Embedder(load(name, random_init, Computation(device, dtype, compiled)))


def as_sentences(texts: Sequence[str | Sequence[str] | Sentence]) -> list[Sentence]:
    """Return `texts` as sentences; raw text is split into words.

    Raises
    ------
    InputError
        If one of them has no words; the message says which.
    TypeError
        If `texts` is a single string instead of a list.
    """
    if isinstance(texts, str):
        raise TypeError("texts should be a list of sentences, found a single string; write [text]")
    return [_as_sentence(text, number) for number, text in enumerate(texts)]


def _as_sentence(text: str | Sequence[str] | Sentence, number: int) -> Sentence:
    if isinstance(text, Sentence):
        return text
    words = tuple(split_words(text) if isinstance(text, str) else text)
    if not words:
        raise InputError(f"sentence {number} (counted from 0) has no words")
    return Sentence(words)
