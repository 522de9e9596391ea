"""One run of a recipe: a model, labelled items and a seed to a tuned classifier."""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ctxemb.atomic import write_text, write_whole
from ctxemb.errors import InputError
from ctxemb.finetuning.catalogue import default_recipe, recipe_for
from ctxemb.finetuning.classifier import Classifier, set_dropout
from ctxemb.finetuning.folder import ABOUT, load_tuned, save_tuned
from ctxemb.finetuning.items import Item
from ctxemb.finetuning.language_model import tune_language_model
from ctxemb.finetuning.loop import DivergedError, Entry, Progress, Score, train
from ctxemb.finetuning.optimizer import network_layers
from ctxemb.finetuning.plan import Plan
from ctxemb.finetuning.recipe import Recipe, Shape
from ctxemb.finetuning.tuned import About, Tuned
from ctxemb.layers.transformer import initialise_normal
from ctxemb.models.catalogue import VARIANTS, find_model
from ctxemb.models.checkpoints import Network, fingerprint_of, is_ours, load_network
from ctxemb.models.elmo import Elmo
from ctxemb.models.static import FAMILY as STATIC
from ctxemb.pretraining.team import Team

SETTINGS = "tuning.json"
"""File, in the folder of a run, of what the run was asked to do."""


@dataclass(frozen=True)
class Source:
    """A model to tune, not loaded yet.

    Parameters
    ----------
    name
        What results call it.
    path
        Its folder.
    """

    name: str
    path: Path

    @classmethod
    def of(cls, model: str) -> Source:
        """Find a model by name or folder.

        Raises
        ------
        InputError
            If it is none of our architectures, or only a way to read a model out.
        CtxembError
            If there is no such model.
        """
        plain = model.partition("=")[2] or model
        variant = plain.partition(":")[0]
        if variant in (STATIC, *VARIANTS):
            raise InputError(f"{model} is a way to read a model out; tune the model itself")
        found = find_model(model)
        if not is_ours(found.path):
            raise InputError(
                f"{found.name} is none of the architectures that are tuned here: ELMo, GPT, BERT"
            )
        return cls(found.name, found.path)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of all that decides its vectors."""
        return fingerprint_of(self.path, None)

    def network(self, random_init: int | None = None) -> Network:
        """Return a network of one's own, in memory; with a seed, its weights are random."""
        return copy.deepcopy(load_network(self.path, random_init=random_init)).requires_grad_(True)


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """What there is to learn from.

    Parameters
    ----------
    name, fingerprint
        Of the data; the fingerprint tells whether a run that was stopped is the same.
    shape
        What is labelled, and with what.
    train, dev
        Items to learn from, and to choose by.
    score
        Scores labels predicted for dev.
    """

    name: str
    fingerprint: str
    shape: Shape
    train: Sequence[Item]
    dev: Sequence[Item]
    score: Score


def plan_of(source: Source, recipe: str | None, changes: Mapping[str, Any]) -> tuple[Recipe, Plan]:
    """Return a recipe, by default that of the model's family, and its numbers for a model with changes."""
    network = source.network()
    chosen, own = recipe_for(recipe or default_recipe(network.family))
    return chosen, chosen.plan(network).changed({**own, **changes})


def tune(
    source: Source,
    material: Material,
    recipe: Recipe,
    plan: Plan,
    seed: int,
    *,
    folder: Path | None = None,
    team: Team | None = None,
    report: Callable[[Entry], None] = lambda entry: None,
) -> Tuned:
    """Tune a model; dev chooses the learning rate and the epoch.

    The same call with a folder goes on where it was stopped, and reads what is complete.

    Parameters
    ----------
    source, material
        What to tune, and on what.
    recipe, plan, seed
        How.
    folder
        Where the tuned classifier goes, and while training its checkpoints.
    team
        The processes that share every step.
    report
        Called with an entry for each epoch.

    Raises
    ------
    InputError
        If the folder holds another run, or the loss of every learning rate is not a number.
    """
    team = team or Team(0, 1, torch.device("cpu"))
    if folder is not None:
        settings = _settings(source, material, recipe, plan, seed)
        complete = torch.zeros(1, device=team.device)
        if team.first:  # the others learn what it found
            complete += float(_is_complete(folder, settings))
        if team.add_up(complete):
            return load_tuned(folder)
    run = _Run(source, material, recipe, plan, seed, folder, team, report)
    with torch.random.fork_rng():
        tuned = run.best()
    if folder is not None and team.first:
        save_tuned(tuned, folder)
        for path in folder.glob("*.pt"):
            path.unlink()
    team.wait()
    return tuned


def _settings(source: Source, material: Material, recipe: Recipe, plan: Plan, seed: int) -> dict[str, Any]:
    settings = {"model": source.fingerprint, "data": material.fingerprint, "recipe": recipe.name,
                "plan": dataclasses.asdict(plan), "seed": seed}  # fmt: skip
    found: dict[str, Any] = json.loads(json.dumps(settings))
    return found


def _is_complete(folder: Path, settings: dict[str, Any]) -> bool:
    """Return whether the run of these settings is complete in a folder, which is made ready otherwise."""
    path = folder / SETTINGS
    if path.is_file():
        found = json.loads(path.read_text(encoding="utf-8"))
        if odd := [key for key in settings if found.get(key) != settings[key]]:
            raise InputError(
                f"{folder} holds a run with another {', '.join(odd)}; name another folder, or remove it"
            )
        return (folder / ABOUT).is_file()
    if folder.exists() and any(folder.iterdir()):
        raise InputError(f"{folder} is not empty and holds no run; name another folder")
    write_text(path, json.dumps(settings, indent=2) + "\n")
    return False


@dataclass(eq=False)
class _Run:
    source: Source
    material: Material
    recipe: Recipe
    plan: Plan
    seed: int
    folder: Path | None
    team: Team
    report: Callable[[Entry], None]

    def __post_init__(self) -> None:
        self.log: list[Entry] = []
        self.language_model: dict[str, Tensor] | None = None

    def best(self) -> Tuned:
        """Return the classifier of the learning rate that does best on dev; of equals, the first."""
        best: tuple[tuple[float, float], Classifier, Progress, float] | None = None
        diverged: list[float] = []
        for rate in self.plan.learning_rates:
            classifier = self._untrained()
            try:
                progress = self._train(classifier, rate)
            except DivergedError:
                diverged.append(rate)
                if len(diverged) == len(self.plan.learning_rates):
                    raise
                continue
            self.log += progress.log
            chosen = progress.log[progress.best_epoch - 1]
            rank = (chosen["dev_score"], -chosen["dev_loss"])
            if best is None or rank > best[0]:
                best = rank, classifier, progress, rate
        assert best is not None
        (score, _), classifier, progress, rate = best
        tuned = Tuned(classifier.cpu(), self.material.shape)
        about = About(self.source.name, self.source.fingerprint, self.material.name, self.recipe.name,
                      self.plan, rate, self.seed, progress.best_epoch, score,
                      tuple(diverged), len(tuned.cut))  # fmt: skip
        return dataclasses.replace(tuned, about=about, log=tuple(self.log))

    def _train(self, classifier: Classifier, rate: float) -> Progress:
        checkpoint = None if self.folder is None else self.folder / f"rate-{rate:g}.pt"
        material = self.material
        return train(classifier, material.train, material.dev, material.score, self.plan, rate, self.seed,
                     checkpoint=checkpoint, team=self.team, report=self.report)  # fmt: skip

    def _untrained(self) -> Classifier:
        """Return the classifier that every learning rate starts from."""
        torch.manual_seed(self.seed)
        network = self.source.network(self.seed if self.plan.scratch else None)
        if self.plan.thaw != "never":
            set_dropout(network, self.plan.network_dropout)
            if not isinstance(network, Elmo):
                network.config = dataclasses.replace(network.config, dropout=self.plan.network_dropout)
        reinitialise(network, self.plan.reinit)
        if self.plan.lm_epochs:
            self._tune_language_model(network)
        torch.manual_seed(self.seed)
        return self.recipe.build(network, self.material.shape, self.plan)

    def _tune_language_model(self, network: Network) -> None:
        """Tune the language model once, and let other learning rates begin from it, too."""
        path = None if self.folder is None else self.folder / "language-model.pt"
        if self.language_model is None and path is not None and path.is_file():
            self.language_model = torch.load(path, weights_only=True)
        if self.language_model is None:
            texts = list(dict.fromkeys(text for item in self.material.train for text in item.texts))
            pretrained = None if self.plan.scratch else self.source.path
            tune_language_model(
                network, texts, self.plan, self.seed, pretrained, self.team.device, self._report
            )
            self.language_model = {name: w.clone() for name, w in network.state_dict().items()}
            if path is not None:
                write_whole(path, partial(torch.save, self.language_model))
        network.load_state_dict(self.language_model)

    def _report(self, entry: Entry) -> None:
        self.log.append(entry)
        self.report(entry)


def reinitialise(network: Network, n_blocks: int) -> None:
    """Draw new weights for the highest blocks of a Transformer, and for BERT's pooler (Zhang et al. 2021).

    Raises
    ------
    InputError
        If the network has not so many blocks.
    """
    if not n_blocks:
        return
    layers = network_layers(network)
    if isinstance(network, Elmo) or n_blocks >= len(layers):
        what = "ELMo's layers" if isinstance(network, Elmo) else f"{n_blocks} of {len(layers) - 1} blocks"
        raise InputError(f"cannot re-initialise {what}; a Transformer has blocks, of which the lowest stays")
    for module in [module for layer in layers[-n_blocks:] for module in layer]:
        for part in module.modules():
            if isinstance(part, torch.nn.LayerNorm):
                part.reset_parameters()
        initialise_normal(module, 0.02)
