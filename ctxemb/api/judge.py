"""Probing and comparing: models and tasks in, findings out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from ctxemb.api.arrays import Arrays
from ctxemb.api.own import ModelLike, ProbeLike, TaskLike, named
from ctxemb.api.progress import StepProgress, shown_steps
from ctxemb.comparison import ComparisonSpec, evaluate, find_spec, make_spec, read_spec
from ctxemb.comparison.cache import default_cache
from ctxemb.comparison.own import Own
from ctxemb.comparison.spec import KNOWN_BASELINES, check_space
from ctxemb.extraction.layers import Layers
from ctxemb.models.computation import Dtype
from ctxemb.results import Findings
from ctxemb.tasks import SkippedRows

T = TypeVar("T")


def probe(
    tasks: TaskLike | Sequence[TaskLike] | Arrays,
    models: ModelLike | Sequence[ModelLike] = ("elmo", "gpt", "bert"),
    *,
    layers: Layers = "all",
    probes: ProbeLike | Sequence[ProbeLike] = "logistic",
    combinations: Sequence[str] | None = None,
    pools: Sequence[str] = (),
    contexts: Sequence[str] = (),
    analyses: Sequence[str] = (),
    baselines: bool = True,
    space: str = "raw",
    seed: int = 0,
    random_seed: int = 1,
    twins: int = 1,
    device: str = "cpu",
    dtype: Dtype = "float32",
    data: str | Path | None = None,
    cache: bool = True,
    skipped: SkippedRows | None = None,
    progress: StepProgress | None = None,
) -> Findings:
    """Train probes on the layers of models, with baselines beside them.

    Parameters
    ----------
    tasks
        Names of tasks, files of the caller's own, `Task` objects; or `Arrays`, which bring their vectors.
    models
        Names or folders of models, or objects with `encode` and `each`. `Arrays` need none.
    layers
        ``"all"``, or numbers (-1 is the last).
    probes
        Names of probes, or estimators of scikit-learn. The first one that is for a task chooses its layers.
    combinations
        Logistic regression on several layers: ``"mix"``, ``"concat"``, ``"last4"``. None: mix and concat,
        where all layers are probed by it.
    pools
        How pieces become the vector of a sentence, besides the mean: ``"max"``, ``"cls"``, ``"last"``.
    contexts
        What stands beside the vectors of words, besides nothing: ``"sentence"``, ``"window-K"``.
    analyses
        What else to measure; see `ctxemb.analysis`.
    baselines
        Whether to run baselines and twins.
    space
        Space of the vectors, fitted on training examples; see `ctxemb.analysis.spaces`.
    seed, random_seed
        Seeds of probes and intervals, and of the twins' weights.
    twins
        Random twins of each model.
    device, dtype
        Where and in what numbers models compute.
    data
        Folder of the data sets that do not ship with ctxemb.
    cache
        Whether vectors and scores are kept and found again (in ``CTXEMB_CACHE``, or the user's cache folder).
    skipped
        Takes the rows of the caller's own files that are wrong, which then are errors no more.
    progress
        Called with the steps done, all steps, and what comes next; None for a bar in a terminal or notebook.

    Returns
    -------
    Findings
        Scores with their intervals, differences with their tests, and more.

    Examples
    --------
    >>> findings = probe("senses", "bert", layers=[0, -1], baselines=False, cache=False)
    >>> findings.chosen("senses", "bert").layer
    6
    """
    wanted = KNOWN_BASELINES if baselines else ()
    if isinstance(tasks, Arrays):  # there are no words for other baselines
        models, tasks, wanted = tasks.model(), tasks.task(), wanted[:1]
    names, own = named(_several(models), _several(tasks), _several(probes))
    if combinations is None:
        combinations = ("mix", "concat") if "logistic" in names["probes"] and layers == "all" else ()
    values: dict[str, object] = {
        "layers": layers,
        "combinations": tuple(combinations),
        "pools": tuple(dict.fromkeys(("mean", *pools))),
        "contexts": tuple(dict.fromkeys(("word", *contexts))),
        "analyses": tuple(analyses),
        **({} if wanted == KNOWN_BASELINES else {"baselines": wanted}),
        "space": space,
        "seed": seed,
        "random_seed": random_seed,
        "twins": twins,
        "device": device,
        "dtype": dtype,
    }
    spec = _checked({**values, **names}, own)
    return _evaluated(spec, own, data=data, cache=cache, skipped=skipped, progress=progress)


def compare(
    spec: str | Path | Mapping[str, Any] | ComparisonSpec,
    *,
    device: str | None = None,
    dtype: Dtype | None = None,
    space: str | None = None,
    data: str | Path | None = None,
    cache: bool = True,
    command: str = "",
    skipped: SkippedRows | None = None,
    progress: StepProgress | None = None,
) -> Findings:
    """Run every model × task × probe × layer of a comparison, and judge the differences.

    Parameters
    ----------
    spec
        The name of a comparison that ships (``"quick"``), a TOML file, or its keys and values; among these,
        models, tasks and probes may be objects, as for `probe`.
    device, dtype
        Where and in what numbers models compute, whatever the spec says.
    space
        Space of the vectors, whatever the spec says; fitted on training examples.
    data, cache, skipped, progress
        As for `probe`.
    command
        The command line, for the record.

    Returns
    -------
    Findings
        What was found; ``compare(...).save(folder)`` writes what `ctxemb compare` does.
    """
    own = Own()
    if isinstance(spec, ComparisonSpec):
        comparison = spec
    elif isinstance(spec, Mapping):
        probes = spec.get("probes", ComparisonSpec.model_fields["probes"].default)
        names, own = named(_several(spec["models"]), _several(spec["tasks"]), _several(probes))
        comparison = _checked({**spec, **names}, own)
    else:
        comparison = read_spec(find_spec(str(spec)))
    asked = {"device": device, "dtype": dtype, "space": space}
    comparison = comparison.model_copy(update={key: value for key, value in asked.items() if value})
    check_space(comparison.space, comparison.analyses)
    return _evaluated(
        comparison, own, data=data, cache=cache, command=command, skipped=skipped, progress=progress
    )


def _several(given: Any) -> list[Any]:
    """Return a list of what may be one thing."""
    return list(given) if isinstance(given, list | tuple) else [given]


def _checked(values: Mapping[str, object], own: Own) -> ComparisonSpec:
    """Return the comparison of `values`; names of the caller's own objects are not looked up."""
    kept = {"tasks": ("senses",), "probes": ("logistic",)}
    known: dict[str, object] = {}
    for key, names in (("tasks", own.tasks), ("probes", own.probes)):
        asked: Any = values[key]
        known[key] = tuple(name for name in asked if name not in names) or kept[key]
    spec = make_spec({**values, **known}, "the call")
    return spec.model_copy(update={key: values[key] for key in known})


def _evaluated(
    spec: ComparisonSpec,
    own: Own,
    *,
    data: str | Path | None,
    cache: bool,
    skipped: SkippedRows | None,
    progress: StepProgress | None,
    command: str = "",
) -> Findings:
    is_known = all(not model.fingerprint.startswith("own-") for model in own.models.values())
    with shown_steps(progress) as show:
        return evaluate(
            spec,
            data=None if data is None else Path(data),
            cache=default_cache() if cache and is_known else None,
            command=command,
            skipped=skipped,
            own=own,
            progress=show,
        )
