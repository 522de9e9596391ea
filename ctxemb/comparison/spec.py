"""What a comparison compares, written down in TOML and checked before anything runs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    StrictInt,
    field_validator,
    model_validator,
)

from ctxemb.analysis import analysis_names
from ctxemb.analysis.spaces import Space
from ctxemb.checked_toml import check, line_of, read_checked
from ctxemb.comparison.contexts import check_context
from ctxemb.errors import CtxembError, InputError, UnknownNameError
from ctxemb.finetuning.catalogue import recipe_for
from ctxemb.models.computation import Computation, Dtype
from ctxemb.probes import probe_names
from ctxemb.results.names import BASELINES, CONTEXT_MEAN, RANDOM, STATIC, WORD
from ctxemb.shipped import shipped_path
from ctxemb.suggest import unknown_name
from ctxemb.tasks import is_task, unknown_task

WITH_A_MODEL = tuple(name.removeprefix("@") for name in (STATIC, CONTEXT_MEAN, RANDOM))
"""Baselines that stand beside each model."""

KNOWN_BASELINES = (*BASELINES, *WITH_A_MODEL)
Combination = Literal["mix", "concat", "last4", "sum-last4"]
SentencePool = Literal["mean", "max", "cls", "last"]


class MapSpec(BaseModel):
    """A word-sense map: the occurrences of one word in two dimensions, a panel per model.

    Parameters
    ----------
    task, word
        Whose occurrences.
    layer
        Layer of every model; -1 is the last.
    most
        Occurrences to draw at most.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    task: str
    word: str
    layer: StrictInt = -1
    most: Annotated[StrictInt, Field(ge=1)] = 400


class ComparisonSpec(BaseModel):
    """A comparison.

    Parameters
    ----------
    name, title
        For files and for the report's heading.
    models
        Names or folders of models.
    tasks
        Names of tasks, or files and folders of the user's own.
    layers
        ``"all"``, or numbers (-1 is the last).
    probes
        Probes on each of these layers. The first one that is for a task chooses its layers, and twins and
        context-free vectors have this one alone.
    combinations
        Logistic regression on a learned scalar mix of all layers, ``"mix"``, on all side by side,
        ``"concat"``, and on the last four, ``"last4"``; all probes on the sum of the last four,
        ``"sum-last4"``. Models of fewer layers than four above the input have none of the last four.
    pools
        How pieces become the vector of a sentence, in tasks of sentence labels; the first is ``"mean"``, with
        which all else is done.
    contexts
        What stands beside the vectors of words: the first is ``"word"``, nothing, with which all else is
        done; ``"window-K"`` the mean of each word and of K words on each side, ``"sentence"`` the mean of
        its sentence, each with the leading probe. A model that reads from left to right has not read what
        follows a word; this gives it to all alike.
    analyses
        What else to measure on every layer; see `ctxemb.analysis`.
    baselines
        Without a model, where they make sense: ``"majority"``, ``"bag-of-words"``, ``"bag-of-10-words"``
        (word senses), ``"word-majority"`` (token labels) and ``"first-sense"`` (senses of an inventory). With
        a model: ``"static"`` (layer 0 of each model, each word read alone), ``"context-mean"`` (word senses:
        the mean of these vectors of the *other* words of the sentence) and ``"random"`` (each model's twin
        with random weights).
    space
        Space of the vectors that probes of layers read, fitted on training examples; see
        `ctxemb.analysis.spaces`. A learned mix scales its layers itself, and reads them as they are.
    seed, random_seed
        Of probes and intervals, and of the twins' weights.
    twins
        Random twins of each model, with seeds from `random_seed` on. Twin number i, from 0, is told from the
        others by the seed of its results, which is i more than `seed`.
    restarts
        Of mixes and of probes that start at random.
    recipes
        Recipes by which each model is tuned on each task, such as ``"bert"`` or ``"ulmfit:lm_epochs=0"``.
    seeds
        Runs of each recipe, from `seed` on.
    device, dtype
        Where and in what numbers models compute.
    map
        A word-sense map to draw.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = "comparison"
    title: str = "Comparison of contextual embeddings"
    models: Annotated[tuple[str, ...], Field(min_length=1)]
    tasks: Annotated[tuple[str, ...], Field(min_length=1)]
    layers: Literal["all"] | Annotated[tuple[StrictInt, ...], Field(min_length=1)] = "all"
    probes: Annotated[tuple[str, ...], Field(min_length=1)] = ("logistic", "1-nn", "centroid")
    combinations: tuple[Combination, ...] = ("mix", "concat")
    pools: Annotated[tuple[SentencePool, ...], Field(min_length=1)] = ("mean",)
    contexts: Annotated[tuple[str, ...], Field(min_length=1)] = (WORD,)
    analyses: tuple[str, ...] = ()
    baselines: tuple[str, ...] = KNOWN_BASELINES
    space: str = "raw"
    seed: StrictInt = Field(default=0, ge=0)
    random_seed: StrictInt = Field(default=1, ge=0)
    twins: StrictInt = Field(default=1, ge=1, le=100)
    restarts: StrictInt = Field(default=3, ge=1, le=20)
    recipes: tuple[str, ...] = ()
    seeds: StrictInt = Field(default=1, ge=1, le=100)
    device: str = "cpu"
    dtype: Dtype = "float32"
    map: MapSpec | None = None
    _source: str = PrivateAttr("")
    _text: str = PrivateAttr("")

    def where(self, key: str) -> str:
        """Return ``FILE:LINE: KEY: `` of a key, for messages; of a comparison without a file, nothing."""
        return f"{self._source}{line_of(key, self._text)}: {key}: " if self._source else ""

    @field_validator("name")
    @classmethod
    def _name_of_a_folder(cls, name: str) -> str:
        if not re.fullmatch(r"[\w][\w. -]*", name):
            raise ValueError("it names the folder of results: letters, digits, '-', '_' and '.'")
        return name

    @model_validator(mode="after")
    def _known_space(self) -> ComparisonSpec:
        try:
            check_space(self.space, self.analyses)
        except CtxembError as error:
            raise ValueError(f"space: {error}") from error
        return self

    @property
    def computation(self) -> Computation:
        """Where and in what numbers models compute."""
        return Computation(self.device, self.dtype)

    @field_validator("tasks")
    @classmethod
    def _known_tasks(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if not is_task(name):
                raise ValueError(str(unknown_task(name)))
        return names

    @field_validator("probes")
    @classmethod
    def _known_probes(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return _all_known("probe", names, probe_names())

    @field_validator("analyses")
    @classmethod
    def _known_analyses(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return _all_known("analysis", names, analysis_names())

    @field_validator("baselines")
    @classmethod
    def _known_baselines(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return _all_known("baseline", names, KNOWN_BASELINES)

    @field_validator("recipes")
    @classmethod
    def _known_recipes(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            try:
                recipe_for(name)
            except CtxembError as error:
                raise ValueError(str(error)) from error
        return names

    @model_validator(mode="after")
    def _map_of_a_task(self) -> ComparisonSpec:
        if self.map is not None and self.map.task not in self.tasks:
            raise ValueError(f"map.task: {self.map.task} is not one of the tasks {list(self.tasks)}")
        return self

    @field_validator("pools")
    @classmethod
    def _mean_first(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if names[0] != "mean":
            raise ValueError('the first should be "mean", with which all else is done')
        return names

    @field_validator("contexts")
    @classmethod
    def _word_first(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if names[0] != WORD:
            raise ValueError(f'the first should be "{WORD}", with which all else is done')
        for name in names:
            try:
                check_context(name)
            except UnknownNameError as error:
                raise ValueError(str(error)) from error
        return names

    @field_validator(
        *("models", "tasks", "probes", "layers", "combinations"),
        *("baselines", "pools", "contexts", "analyses", "recipes"),
    )
    @classmethod
    def _no_repetition(cls, names: object) -> object:
        if isinstance(names, tuple) and len(set(names)) < len(names):
            raise ValueError(f"the same entry twice in {list(names)}")
        return names


def check_space(space: str, analyses: Sequence[str]) -> None:
    """Check the space of a comparison.

    Raises
    ------
    UnknownNameError
        If there is no such space.
    InputError
        If there are analyses, which do not read spaces.
    """
    Space(space)
    if space != "raw" and analyses:
        raise InputError(f"analyses measure vectors as they are, not in the space {space}: leave them out")


def read_spec(path: Path) -> ComparisonSpec:
    """Read a comparison from a TOML file.

    Raises
    ------
    MissingFileError
        If there is no such file.
    FormatError
        If it is not TOML, or a key is unknown, missing or wrong; the message names line and key.
    """
    spec, text = read_checked(path, ComparisonSpec, "comparison")
    spec._source, spec._text = str(path), text
    return spec


def make_spec(values: Mapping[str, object], source: str, text: str = "") -> ComparisonSpec:
    """Return the comparison of `values`, which come from `source`, a file with this `text`.

    Raises
    ------
    FormatError
        If a key is unknown, missing or wrong; the message names all such keys.
    """
    return check(values, ComparisonSpec, source, text)


def _all_known(kind: str, names: tuple[str, ...], known: Iterable[str]) -> tuple[str, ...]:
    for name in names:
        if name not in known:
            raise ValueError(str(unknown_name(kind, name, known)))
    return names


def find_spec(name: str) -> Path:
    """Return the path of a comparison: a file, or the name of one that ships with ctxemb."""
    path = Path(name)
    if path.is_file() or path.suffix == ".toml":
        return path
    shipped = {found.stem: found for found in _shipped_specs()}
    if name not in shipped:
        raise unknown_name("comparison", name, shipped, ", or a file SPEC.toml")
    return shipped[name]


def _shipped_specs() -> list[Path]:
    installed = shipped_path("specs")
    folder = installed if installed.is_dir() else shipped_path().parent / "benchmarks"
    others = {"published.toml", "published-layers.toml", "geometry.toml"}  # no comparisons
    return sorted(path for path in folder.glob("*.toml") if path.name not in others)
