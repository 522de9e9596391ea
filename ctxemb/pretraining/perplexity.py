"""Three losses on one scale: bits per character of the same text."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch

from ctxemb.errors import InputError
from ctxemb.models.computation import FLOAT32_ON_CPU, Computation
from ctxemb.pretraining.corpus import Corpus
from ctxemb.pretraining.objective import Objective, n_characters


@dataclass(frozen=True, slots=True)
class Perplexity:
    """How well a language model predicts a text in one direction.

    Parameters
    ----------
    direction
        ``"forward"``, ``"backward"``, ``"left to right"`` or ``"pseudo-likelihood"``.
    bits_per_character
        Of all that was to be predicted, over all characters; the space after a word counts as one.
    word_perplexity
        ``2 ** (bits / words)``.
    loss
        The mean over predictions, in nats: the loss of training.
    n_words, n_characters, n_predictions
        Sizes of the text.
    """

    direction: str
    bits_per_character: float
    word_perplexity: float
    loss: float
    n_words: int
    n_characters: int
    n_predictions: int


_DIRECTIONS = {
    "forward": "forward",
    "backward": "backward",
    "next_piece": "left to right",
    "masked": "pseudo-likelihood",
}


@torch.no_grad()
def perplexity(
    objective: Objective,
    corpus: Corpus,
    *,
    max_words: int | None = None,
    computation: Computation = FLOAT32_ON_CPU,
    progress: Callable[[int], None] = lambda n_predictions: None,
) -> list[Perplexity]:
    """Return how well a model predicts a text, in each of its directions.

    ELMo predicts the words of a sentence and its boundary, forward and backward; a word outside its softmax
    costs its spelling, too (`spelling.ByteBigrams`). GPT predicts every piece from those before it in
    windows of running text. BERT, which predicts only what is masked, has its pseudo-likelihood: every
    piece is masked once, alone, and predicted from all others (Salazar et al. 2020); this is no probability
    of the text, and usually lower, since both sides are known.

    Parameters
    ----------
    objective
        A trained model with its head.
    corpus
        The text.
    max_words
        Only so many words from its start, to the end of a sentence.
    computation
        Where to compute, and in what numbers the products of matrices are.
    progress
        Called with the number of predictions made since the last call.

    Raises
    ------
    InputError
        If there is no text, or this machine cannot compute so.
    """
    computation.check()
    if computation.dtype == "int8":
        raise InputError("int8 is for vectors; perplexity is computed in float32, bfloat16 or float16")
    documents = corpus.start(math.inf if max_words is None else max_words)
    n_words = sum(len(sentence) for document in documents for sentence in document)
    if not n_words:
        raise InputError(f"no text in {', '.join(map(str, corpus.paths))}")
    device = torch.device(computation.device)
    objective.module.eval().to(device)
    number = getattr(torch, computation.dtype)
    narrow = torch.autocast(device.type, number, enabled=number != torch.float32)
    sums: dict[str, float] = {}
    counts: dict[str, int] = {}
    for batch in objective.whole(documents):
        with narrow:
            losses = objective.losses(batch.to(device))
        for name, total in losses.items():
            sums[name] = sums.get(name, 0.0) + total.item()
            counts[name] = counts.get(name, 0) + batch.counts()[name]
        progress(sum(batch.counts().values()))
    characters = n_characters(documents)
    found = []
    for name, density in objective.densities(documents).items():
        loss = sums[name] / counts[name]
        bits = density.bits(loss)
        per_word = 2.0 ** (bits * characters / n_words)
        found.append(Perplexity(_DIRECTIONS[name], bits, per_word, loss, n_words, characters, counts[name]))
    return found
