"""What models expect at a place, and how many bits each word of a text costs them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from ctxemb.errors import InputError
from ctxemb.prediction.families import BertPredictor
from ctxemb.prediction.minimal_pairs import Judgement, judge_pairs
from ctxemb.prediction.predictor import MASK, Expectation, Predictor, Surprisal, load_predictor
from ctxemb.tasks.minimal_pairs import FOLDER, read_minimal_pairs
from ctxemb.tasks.storage import data_folder
from ctxemb.text.sentence import Sentence
from ctxemb.text.words import split_words


def fill(
    text: str | Sequence[str], model: str = "bert", *, top: int = 5, device: str = "cpu"
) -> list[Expectation]:
    """Return the words that a model expects at ``[MASK]``, with their probabilities.

    Parameters
    ----------
    text
        A sentence, raw or as words, with one word ``[MASK]``.
    model
        Name or folder of a model with the head of its pretraining.
    top
        How many words of each direction.
    device
        Where to compute.

    Raises
    ------
    InputError
        If not exactly one word is ``[MASK]``.
    MissingFileError
        If the model has no head.

    Examples
    --------
    >>> [found.direction for found in fill("The [MASK] sat by the river .", "gpt", top=1)]
    ['left to right']
    """
    return load_predictor(model, device).fill(words_of(text), top)


def words_of(text: str | Sequence[str]) -> list[str]:
    """Return the words of a text; ``[MASK]`` is one word."""
    if not isinstance(text, str):
        return list(text)
    parts = text.split(MASK)
    words = split_words(parts[0])
    for part in parts[1:]:
        words += [MASK, *split_words(part)]
    return words


def follows(first: str | Sequence[str], second: str | Sequence[str], model: str = "bert") -> float:
    """Return the probability that one sentence follows another one, by BERT's next-sentence prediction.

    Raises
    ------
    InputError
        If the model is no BERT.
    """
    predictor = load_predictor(model)
    if not isinstance(predictor, BertPredictor):
        raise InputError(f"'{model}' is no BERT: only BERT was trained to predict the next sentence")
    a, b = (Sentence(tuple(words_of(text))) for text in (first, second))
    return predictor.next_sentence(a, b)


def surprisal(
    texts: Iterable[str | Sequence[str] | Sentence],
    model: str = "gpt",
    *,
    batch_sentences: int = 256,
    device: str = "cpu",
) -> Iterator[tuple[Sentence, list[Surprisal]]]:
    """Return an iterator over sentences with the bits of their words, in each direction of a model.

    Parameters
    ----------
    texts
        Sentences, each raw, as words, or as a `Sentence`; any iterable, read as needed.
    model
        Name or folder of a model with the head of its pretraining.
    batch_sentences
        Sentences that are read at once.
    device
        Where to compute.
    """
    return _scored(load_predictor(model, device), iter(texts), batch_sentences)


def _scored(
    predictor: Predictor, texts: Iterator[str | Sequence[str] | Sentence], batch_sentences: int
) -> Iterator[tuple[Sentence, list[Surprisal]]]:
    while batch := [_sentence(text) for text in islice(texts, batch_sentences)]:
        yield from zip(batch, predictor.surprisals(batch), strict=True)


def _sentence(text: str | Sequence[str] | Sentence) -> Sentence:
    return text if isinstance(text, Sentence) else Sentence(tuple(words_of(text)))


def minimal_pairs(
    model: str = "gpt",
    pairs: str | Path | None = None,
    *,
    data: str | Path | None = None,
    max_pairs: int | None = None,
    device: str = "cpu",
    seed: int = 0,
    progress: Callable[[int], None] = lambda n_pairs: None,
) -> list[Judgement]:
    """Return how often a model finds the acceptable sentence of a minimal pair likelier (BLiMP).

    Parameters
    ----------
    model
        Name or folder of a model with the head of its pretraining.
    pairs
        A file or folder of BLiMP's form; None for BLiMP in the data folder.
    data
        The folder of data sets; see ``CTXEMB_DATA``.
    max_pairs
        Read only the first so many pairs of each paradigm.
    device, seed, progress
        As for `ctxemb.prediction.judge_pairs`.
    """
    place = Path(pairs) if pairs is not None else data_folder(Path(data) if data else None) / FOLDER
    found = read_minimal_pairs(place)
    if max_pairs is not None:
        counts: dict[str, int] = {}
        kept = []
        for pair in found:
            counts[pair.paradigm] = counts.get(pair.paradigm, 0) + 1
            if counts[pair.paradigm] <= max_pairs:
                kept.append(pair)
        found = kept
    return judge_pairs(load_predictor(model, device), found, seed=seed, progress=progress)
