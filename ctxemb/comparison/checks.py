"""Whether all of a comparison can be run, before anything is: what fits no task or no model is an error."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ctxemb.analysis import analyses_for
from ctxemb.comparison.own import NOTHING, Own
from ctxemb.comparison.spec import WITH_A_MODEL, ComparisonSpec
from ctxemb.errors import CtxembError, InputError
from ctxemb.extraction.layers import resolve_layers
from ctxemb.models import ContextualModel
from ctxemb.probes import baselines_for
from ctxemb.results.names import BASELINES, CONTEXT_MEAN
from ctxemb.suggest import unknown_name
from ctxemb.tasks import Task
from ctxemb.tasks.base import PAIR_KINDS, WORD_KINDS, Kind


@contextmanager
def located(spec: ComparisonSpec, key: str) -> Iterator[None]:
    """Say, of an error of the block, which line and key of the comparison it is about."""
    try:
        yield
    except CtxembError as error:
        raise type(error)(f"{spec.where(key)}{error}") from error


def check_comparison(
    spec: ComparisonSpec, tasks: Sequence[Task], models: Sequence[ContextualModel], own: Own = NOTHING
) -> None:
    """Check that layers, probes, baselines and the map of `spec` fit its tasks and models.

    Raises
    ------
    CtxembError
        If they do not; the message names file, line and key where the comparison comes from a file.
    """
    for key, asked, names in (
        ("models", spec.models, [model.name for model in models]),
        ("tasks", spec.tasks, [task.name for task in tasks]),
    ):
        with located(spec, key):
            _check_names(key, asked, names)
    for model in models:
        with located(spec, "layers"):
            resolve_layers(spec.layers, model.n_layers)
    with located(spec, "probes"):
        _check_probes(spec, tasks, own)
    if spec.recipes and (objects := [name for name in spec.models if name in own.models]):
        raise InputError(f"{spec.where('recipes')}only named models are tuned, not the object {objects[0]}")
    kinds = {task.kind for task in tasks}
    asked_for = spec.model_fields_set
    _check_ways(spec, kinds)
    useful = {name for kind in kinds for name in analyses_for(kind)}
    for name in spec.analyses if "analyses" in asked_for else ():
        if name not in useful:
            raise _useless(spec, "analyses", f"{name} is for none of the tasks")
    if kinds <= set(PAIR_KINDS) and "combinations" in asked_for and spec.combinations:
        raise _useless(
            spec, "combinations", "combinations of layers are not for pairs; there is nothing else in"
        )
    if "baselines" in asked_for:
        fitting = {*WITH_A_MODEL, *(name for task in tasks for name in baselines_for(task))}
        if "word-sense" not in kinds:
            fitting.discard(CONTEXT_MEAN.removeprefix("@"))
        for name in spec.baselines:
            if name not in fitting:
                raise _useless(spec, "baselines", f"{name} is for none of the tasks")
    if spec.map is not None:
        _check_map(spec, tasks, models)


def _check_ways(spec: ComparisonSpec, kinds: set[Kind]) -> None:
    """Check that pools and contexts are for some task."""
    if len(spec.pools) > 1 and "sentence-label" not in kinds:
        raise _useless(spec, "pools", "other pools than mean are for sentence labels; there are none in")
    if len(spec.contexts) > 1 and not kinds & set(WORD_KINDS):
        raise _useless(spec, "contexts", "contexts are for the vectors of words; there are no word tasks in")


def _useless(spec: ComparisonSpec, key: str, message: str) -> InputError:
    return InputError(f"{spec.where(key)}{message} {', '.join(spec.tasks)}")


def _check_names(kind: str, asked: Sequence[str], names: Sequence[str]) -> None:
    for number, name in enumerate(names):
        if kind == "models" and name in BASELINES:
            raise InputError(f"'{name}' is what results call a baseline; give the model another name")
        if name in names[:number]:
            first, second = asked[names.index(name)], asked[number]
            how = f"; call one of them otherwise: OTHER={second}" if kind == "models" else ""
            raise InputError(f"the {kind} {first} and {second} are both called {name} in results{how}")


def _check_probes(spec: ComparisonSpec, tasks: Sequence[Task], own: Own) -> None:
    kinds = {task.kind for task in tasks}
    for probe in spec.probes:
        if not any(probe in own.probes_for(kind) for kind in kinds):
            raise InputError(f"the probe {probe} is for none of the tasks {', '.join(spec.tasks)}")
    for task in tasks:
        if not set(spec.probes) & set(own.probes_for(task.kind)):
            known = ", ".join(own.probes_for(task.kind))
            raise InputError(f"none of the probes asked for is for the task {task.name}; there are {known}")


def _check_map(spec: ComparisonSpec, tasks: Sequence[Task], models: Sequence[ContextualModel]) -> None:
    wanted = spec.map
    assert wanted is not None
    task = tasks[spec.tasks.index(wanted.task)]
    with located(spec, "map.word"):
        if task.kind != "word-sense":
            raise InputError(f"a map is of the senses of a word, and {task.name} has none")
        if wanted.word not in task.groups:
            raise unknown_name(f"word of {task.name}", wanted.word, task.groups)
    with located(spec, "map.layer"):
        for model in models:
            resolve_layers([wanted.layer], model.n_layers)
