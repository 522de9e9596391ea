"""One interface to what the three families predict."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ctxemb.errors import InputError
from ctxemb.models.catalogue import find_model
from ctxemb.models.checkpoints import load_network
from ctxemb.models.computation import check_device
from ctxemb.text.sentence import Sentence

MASK = "[MASK]"
"""The word that stands for a place to be filled."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """A word that a model expects at a place.

    Parameters
    ----------
    direction
        ``"left to right"`` (GPT), ``"masked"`` (BERT), or of ELMo ``"forward"``, ``"backward"``, and
        ``"product"`` of both.
    rank
        From 1.
    word
        A word; of GPT and BERT a piece that can begin a word.
    probability
        Of this word among all that the model can predict.
    """

    direction: str
    rank: int
    word: str
    probability: float


@dataclass(frozen=True, slots=True, eq=False)
class Surprisal:
    """The bits of a sentence's words in one direction.

    Parameters
    ----------
    direction
        As for `Expectation`.
    bits
        (n_words,) minus the binary logarithm of each word's probability.
    end
        The bits of the sentence's end (ELMo backward: of its start); 0 where the model predicts none.
    """

    direction: str
    bits: NDArray[np.float64]
    end: float = 0.0

    @property
    def total(self) -> float:
        """Bits of the sentence."""
        return float(self.bits.sum()) + self.end


class Predictor(ABC):
    """A language model with its head."""

    family: ClassVar[str]
    directions: ClassVar[tuple[str, ...]]

    @classmethod
    @abstractmethod
    def of(cls, network: Any, folder: Path, device: str) -> Predictor:
        """Return what predicts for a network of the family, with the head in its folder."""

    def __init__(self, module: nn.Module, device: str = "cpu") -> None:
        check_device(device)
        self.device = torch.device(device)
        self.module = module.eval().to(self.device)

    @torch.no_grad()
    def fill(self, words: Sequence[str], top: int = 5) -> list[Expectation]:
        """Return the `top` words that the model expects at the place of ``[MASK]``, in each direction.

        GPT reads what is left of the place alone, BERT all but the place, and ELMo each side apart; the
        product of its directions is normalised to sum to 1.

        Raises
        ------
        InputError
            If not exactly one of the words is ``[MASK]``.
        """
        if (number := list(words).count(MASK)) != 1:
            raise InputError(f"expected one word {MASK} in {' '.join(words)!r}, found {number}")
        return [
            Expectation(direction, rank, word, probability)
            for direction, found in self._expected(Sentence(tuple(words)), list(words).index(MASK)).items()
            for rank, (word, probability) in enumerate(self._top(found, top), start=1)
        ]

    @torch.no_grad()
    def surprisals(self, sentences: Iterable[Sentence]) -> list[list[Surprisal]]:
        """Return the bits of every word, for each sentence a `Surprisal` for each direction."""
        return self._bits(list(sentences))

    @abstractmethod
    def _expected(self, sentence: Sentence, place: int) -> dict[str, Tensor]:
        """Return for each direction (n_predictable,) probabilities at `place`."""

    @abstractmethod
    def _name(self, number: int) -> str | None:
        """Return what a predictable number stands for, or None if it is not shown."""

    @abstractmethod
    def _bits(self, sentences: list[Sentence]) -> list[list[Surprisal]]: ...

    def _top(self, probabilities: Tensor, top: int) -> Iterable[tuple[str, float]]:
        shown = 0
        for number in probabilities.argsort(descending=True, stable=True).tolist():
            if shown == top:
                return
            if (name := self._name(number)) is not None:
                shown += 1
                yield name, probabilities[number].item()


def load_predictor(model: str, device: str = "cpu") -> Predictor:
    """Return what predicts for a model: one that ships, or the folder of one with the head of its training.

    Raises
    ------
    MissingFileError
        If the model has no head.
    """
    from ctxemb.prediction.families import PREDICTORS

    folder = find_model(model).path
    network = load_network(folder)
    for kind in PREDICTORS:
        if kind.family == network.family:
            return kind.of(network, folder, device)
    raise InputError(f"'{model}' is of the family {network.family}: ctxemb does not know what it predicts")
