"""`ctxemb pretrain`: from text files to a model folder."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ctxemb.atomic import write_text
from ctxemb.errors import InputError
from ctxemb.models.computation import Computation, check_device
from ctxemb.models.formats.tokenizer_settings import TOKENIZER
from ctxemb.models.training_log import LOG
from ctxemb.pretraining.card import Terms, write_card
from ctxemb.pretraining.catalogue import objective_of
from ctxemb.pretraining.corpus import Corpus
from ctxemb.pretraining.heads import WORDS
from ctxemb.pretraining.loop import STATE, train, words_seen
from ctxemb.pretraining.objective import Objective
from ctxemb.pretraining.perplexity import perplexity
from ctxemb.pretraining.plan import TrainingPlan
from ctxemb.pretraining.prepared import Prepared, prepare
from ctxemb.pretraining.sizes import Sizes
from ctxemb.pretraining.team import join_team
from ctxemb.pretraining.trained import load_objective

Family = str
"""A family of networks that there is an objective for."""

PLAN = "training.json"


def pretrain(
    family: Family,
    corpus: Sequence[Path],
    folder: Path,
    plan: TrainingPlan,
    *,
    sizes: Sizes | None = None,
    valid: Sequence[Path] = (),
    prepared: Path | None = None,
    finish: Path | None = None,
    max_minutes: float | None = None,
    device: str = "cpu",
    workers: int = 0,
    measure: Callable[[Objective], dict[str, float]] = lambda objective: {},
    card_words: int = 10_000,
    terms: Terms | None = None,
    progress: Callable[[int, dict[str, float]], None] = lambda words, losses: None,
) -> bool:
    """Train a model of `family` on text, with a vocabulary from the same text, into `folder`.

    The same call again continues where the last one stopped. Several processes that are started together, by
    `accelerate launch` or `torchrun`, share every step's batch and train one model.

    Parameters
    ----------
    family
        Which objective and architecture.
    corpus
        Text files: one paragraph a line, an empty line after each document; .gz, .xz or .zst as well. Several
        are read in turn, document by document, in proportion to their size.
    folder
        Where the model goes. While training, it also holds the checkpoint.
    plan, sizes
        How to train, and what.
    valid
        Held-out texts in the same format.
    prepared
        Where the text is kept split into words; trainings can share it. ``folder/corpus`` unless given.
    finish
        Leave the training in `folder` as it is, and finish a copy of it in this folder: from its checkpoint
        on, the learning rate falls to zero.
    max_minutes
        Pause after so much time.
    device
        ``"cpu"``, ``"cuda"``, ``"cuda:N"`` or ``"mps"``.
    workers
        Processes that make batches ahead, for devices that would wait for one thread.
    measure
        What else to log with the held-out losses.
    card_words
        Words of held-out text that a finished model's card has bits per character for.
    terms
        What the card says of the text and of the rights.
    progress
        Called after each step with the words seen so far and the losses.

    Returns
    -------
    bool
        Whether the training is complete; if not, the same call continues it.

    Raises
    ------
    InputError
        If the folder holds a training with other settings, the corpus has no text, there is no such device,
        or the training cannot be finished yet.
    """
    check_device(device)
    sizes = sizes or Sizes()
    held_out = [Corpus((path,)) for path in valid]
    for given in (Corpus(tuple(corpus)), *held_out):
        given.check()
    team = join_team(device)
    kept = prepared or folder / "corpus"
    if team.first:  # the others find what it writes
        text = _begin(folder, family, plan, sizes, corpus, kept)
        if finish is not None:
            plan = _copy(folder, finish, plan, family, sizes)
        objective = objective_of(family).begin(text, finish or folder, sizes, plan.seed)
    team.wait()
    if not team.first:
        text = Prepared(kept)
        if finish is not None:
            plan = _plan_of(finish)
        objective = objective_of(family).begin(text, finish or folder, sizes, plan.seed)
    folder = finish or folder
    done = train(
        objective,
        text,
        folder,
        plan,
        valid=held_out,
        max_minutes=max_minutes,
        team=team,
        workers=workers,
        measure=measure,
        progress=progress,
    )
    if done and team.first:
        measured = {
            path.name.split(".")[0]: perplexity(
                load_objective(folder), held, max_words=card_words, computation=Computation(device)
            )
            for path, held in zip(valid, held_out, strict=True)
            if card_words
        }
        write_card(objective.network, text.names, plan, folder, measured, terms)
    team.leave()
    return done


def _begin(
    folder: Path, family: Family, plan: TrainingPlan, sizes: Sizes, corpus: Sequence[Path], kept: Path
) -> Prepared:
    """Note the settings of a new training, or compare them with those of an old one; prepare its text."""
    settings = {
        "family": family,
        "corpus": [path.name for path in corpus],
        "plan": dataclasses.asdict(plan),
        "sizes": dataclasses.asdict(sizes),
    }
    wanted = json.loads(json.dumps(settings))
    if (folder / PLAN).is_file():
        there = _settings_of(folder)
        if there != wanted:
            odd = [
                f"{key}: {there.get(key)} there, {wanted[key]} now"
                for key in wanted
                if there.get(key) != wanted[key]
            ]
            raise InputError(
                f"{folder} holds a training with other settings ({'; '.join(odd)}); name another folder"
            )
    elif folder.exists() and any(folder.iterdir()):
        raise InputError(f"{folder} is not empty and holds no training; name another folder")
    else:
        folder.mkdir(parents=True, exist_ok=True)
        write_text(folder / PLAN, json.dumps(wanted, indent=2) + "\n")
    return prepare(corpus, kept)


def _settings_of(folder: Path) -> dict[str, Any]:
    settings: dict[str, Any] = json.loads((folder / PLAN).read_text(encoding="utf-8"))
    return settings


def _plan_of(folder: Path) -> TrainingPlan:
    """Return the plan of the training in `folder`."""
    plan = _settings_of(folder)["plan"]
    return TrainingPlan(**{**plan, "betas": tuple(plan["betas"])})


def _copy(folder: Path, target: Path, plan: TrainingPlan, family: Family, sizes: Sizes) -> TrainingPlan:
    """Copy a training to `target` to be finished there, unless that has begun; return its plan."""
    if (target / PLAN).is_file():
        there = _settings_of(target)
        if there["family"] != family or there["sizes"] != json.loads(json.dumps(dataclasses.asdict(sizes))):
            raise InputError(f"{target} finishes another training; name another folder")
        return _plan_of(target)
    if target.exists() and any(target.iterdir()):
        raise InputError(f"{target} is not empty and holds no training; name another folder")
    finishing = plan.finished_from(words_seen(folder))
    target.mkdir(parents=True, exist_ok=True)
    for name in (TOKENIZER, WORDS, STATE, LOG):
        if (folder / name).is_file():
            shutil.copyfile(folder / name, target / name)
    settings = {**_settings_of(folder), "plan": dataclasses.asdict(finishing)}
    write_text(target / PLAN, json.dumps(settings, indent=2) + "\n")
    return finishing
