"""Pretraining, and how well models predict text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from ctxemb.models.catalogue import find_model
from ctxemb.models.computation import Computation, Dtype
from ctxemb.pretraining.corpus import Corpus
from ctxemb.pretraining.perplexity import Perplexity
from ctxemb.pretraining.perplexity import perplexity as measure
from ctxemb.pretraining.plan import TrainingPlan
from ctxemb.pretraining.pretrain import Family
from ctxemb.pretraining.pretrain import pretrain as train
from ctxemb.pretraining.sizes import Sizes
from ctxemb.pretraining.trained import load_objective


def pretrain(
    family: Family,
    corpus: str | Path | Sequence[str | Path],
    folder: str | Path,
    plan: TrainingPlan,
    *,
    sizes: Sizes | None = None,
    valid: str | Path | Sequence[str | Path] = (),
    prepared: str | Path | None = None,
    finish: str | Path | None = None,
    max_minutes: float | None = None,
    device: str = "cpu",
    workers: int = 0,
    progress: Callable[[int, dict[str, float]], None] = lambda words, losses: None,
) -> bool:
    """Train a small model on plain text; the same call again continues where the last one stopped.

    Parameters
    ----------
    family
        ``"elmo"``, ``"gpt"`` or ``"bert"``.
    corpus
        Text files: a paragraph per line, an empty line after each document; .gz, .xz or .zst as well. Several
        are mixed evenly.
    folder
        Where the model goes.
    plan, sizes
        How to train, such as ``TrainingPlan(max_words=2_000_000)``, and what.
    valid, prepared, finish, max_minutes, device, workers, progress
        As for `ctxemb.pretraining.pretrain.pretrain`.

    Returns
    -------
    bool
        Whether the training is complete.
    """
    return train(
        family,
        _paths(corpus),
        Path(folder),
        plan,
        sizes=sizes,
        valid=_paths(valid),
        prepared=None if prepared is None else Path(prepared),
        finish=None if finish is None else Path(finish),
        max_minutes=max_minutes,
        device=device,
        workers=workers,
        progress=progress,
    )


def _paths(files: str | Path | Sequence[str | Path]) -> list[Path]:
    return [Path(file) for file in ([files] if isinstance(files, str | Path) else files)]


def perplexity(
    text: str | Path,
    model: str = "gpt",
    *,
    max_words: int | None = 10_000,
    device: str = "cpu",
    dtype: Dtype = "float32",
    progress: Callable[[int], None] = lambda n_predictions: None,
) -> list[Perplexity]:
    """Tell how well a model predicts a text, in bits per character, in each of its directions.

    Parameters
    ----------
    text
        A file with a paragraph per line and an empty line after each document.
    model
        Name or folder of a model with the head of its pretraining.
    max_words
        Read so many words from the start of the text; None for all.
    device, dtype
        Where and in what numbers to compute.
    progress
        Called with numbers of predictions.
    """
    objective = load_objective(find_model(model).path)
    return measure(
        objective,
        Corpus((Path(text),)),
        max_words=max_words,
        computation=Computation(device, dtype),
        progress=progress,
    )
