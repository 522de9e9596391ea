"""Which of two sentences is likelier: minimal pairs (Warstadt et al. 2020)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctxemb.prediction.predictor import Predictor
from ctxemb.tasks.minimal_pairs import MinimalPair
from ctxemb.text.sentence import Sentence
from ctxemb.text.words import split_words

_PAIRS = 256
_DRAWS = 2000


@dataclass(frozen=True, slots=True)
class Judgement:
    """How often the acceptable sentence is the likelier one.

    Parameters
    ----------
    direction
        As for `ctxemb.prediction.Expectation`; of ELMo also ``"both"``, the sum of its directions' bits.
    level
        ``"all"``, ``"field"``, ``"term"`` or ``"paradigm"``.
    name
        Of the field, term or paradigm; empty for all.
    accuracy
        Mean over the paradigms of the share of pairs; pairs that are equally likely count half.
    low, high
        A 95 % bootstrap interval over whole paradigms; where there is one alone, over its pairs.
    n_pairs
        Pairs that were compared.
    n_equal
        Pairs left out because both sentences are the same.
    """

    direction: str
    level: str
    name: str
    accuracy: float
    low: float
    high: float
    n_pairs: int
    n_equal: int


def judge_pairs(
    predictor: Predictor,
    pairs: Sequence[MinimalPair],
    *,
    seed: int = 0,
    progress: Callable[[int], None] = lambda n_pairs: None,
) -> list[Judgement]:
    """Return the shares of pairs whose acceptable sentence has the higher (pseudo-)likelihood.

    Parameters
    ----------
    predictor
        The model.
    pairs
        The pairs.
    seed
        Of the bootstrap.
    progress
        Called with the number of pairs scored since the last call.
    """
    kept = [pair for pair in pairs if pair.good != pair.bad]
    scores: dict[str, list[float]] = {}
    for start in range(0, len(kept), _PAIRS):
        some = kept[start : start + _PAIRS]
        texts = [text for pair in some for text in (pair.good, pair.bad)]
        distinct = list(dict.fromkeys(texts))
        found = predictor.surprisals(Sentence(tuple(split_words(text))) for text in distinct)
        bits = {
            text: {s.direction: s.total for s in each} for text, each in zip(distinct, found, strict=True)
        }
        for pair in some:
            good, bad = dict(bits[pair.good]), dict(bits[pair.bad])
            if len(good) > 1:
                good["both"], bad["both"] = sum(good.values()), sum(bad.values())
            for direction, cost in good.items():
                won = float(cost < bad[direction]) + 0.5 * (cost == bad[direction])
                scores.setdefault(direction, []).append(won)
        progress(len(some))
    generator = np.random.default_rng(seed)
    equal = [pair for pair in pairs if pair.good == pair.bad]
    return [
        judgement
        for direction, won in scores.items()
        for judgement in _judgements(direction, np.array(won), kept, equal, generator)
    ]


def _judgements(
    direction: str,
    won: NDArray[np.float64],
    kept: Sequence[MinimalPair],
    equal: Sequence[MinimalPair],
    generator: np.random.Generator,
) -> list[Judgement]:
    paradigm = np.array([pair.paradigm for pair in kept])
    made = []
    levels: list[tuple[str, Callable[[MinimalPair], str]]] = [
        ("all", lambda _: ""),
        ("field", lambda pair: pair.field),
        ("term", lambda pair: pair.term),
        ("paradigm", lambda pair: pair.paradigm),
    ]
    for level, name_of in levels:
        names = np.array([name_of(pair) for pair in kept])
        for name in dict.fromkeys(names.tolist()):
            here = names == name
            paradigms = np.unique(paradigm[here])
            units = np.array([won[here & (paradigm == one)].mean() for one in paradigms])
            if len(paradigms) == 1:
                units = won[here]
            drawn = units[generator.integers(len(units), size=(_DRAWS, len(units)))].mean(axis=1)
            low, high = np.quantile(drawn, [0.025, 0.975])
            n_equal = sum(name_of(pair) == name for pair in equal)
            made.append(
                Judgement(
                    direction,
                    level,
                    name,
                    float(units.mean()),
                    float(low),
                    float(high),
                    int(here.sum()),
                    n_equal,
                )
            )
    return made
