"""The caller's own models, tasks and probes, given a name each."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from torch import Tensor

from ctxemb.comparison.own import Own
from ctxemb.errors import InputError
from ctxemb.models import ContextualModel, Encoding, ModelInfo
from ctxemb.models.base import chosen
from ctxemb.probes import FitPredictProbe, Probe
from ctxemb.probes.probe import SINGLE, Estimator
from ctxemb.tasks import Task
from ctxemb.tasks.base import PAIR_KINDS
from ctxemb.text.sentence import Sentence


class Embeds(Protocol):
    """The least that a model of the caller's own has."""

    def encode(self, sentences: Sequence[Sentence]) -> Encoding:
        """Turn words into packed pieces."""
        ...

    def each(self, batch: Encoding) -> Iterator[Tensor]:
        """Yield the vectors of one layer after the other, (n_pieces, width)."""
        ...


ModelLike = str | Path | ContextualModel | Embeds
TaskLike = str | Path | Task
ProbeLike = str | Probe | Estimator


class OwnModel(ContextualModel):
    """Anything with `encode` and `each`, as a model.

    Parameters
    ----------
    inner
        The caller's object. Its `name` and `fingerprint` are used where it has them.
    """

    def __init__(self, inner: Embeds) -> None:
        self.inner = inner
        layers = [tuple(layer.shape) for layer in inner.each(inner.encode([Sentence(("a",))]))]
        fingerprint = str(getattr(inner, "fingerprint", "") or f"own-{uuid.uuid4().hex}")
        super().__init__(
            ModelInfo(
                name=str(getattr(inner, "name", type(inner).__name__)),
                family=str(getattr(inner, "family", "own")),
                n_layers=len(layers),
                width=layers[0][1],
                identify=lambda: fingerprint,
            )
        )

    def encode(self, sentences: Sequence[Sentence]) -> Encoding:
        """Turn words into packed pieces."""
        return self.inner.encode(sentences)

    def each(self, batch: Encoding, layers: Sequence[int] | None = None) -> Iterator[Tensor]:
        """Yield the vectors of one layer after the other."""
        yield from chosen(self.inner.each(batch), layers)


def as_model(given: ModelLike) -> str | ContextualModel:
    """Return a name as it is, and an object as a model."""
    if isinstance(given, str | Path):
        return str(given)
    return given if isinstance(given, ContextualModel) else OwnModel(given)


def as_probe(given: ProbeLike) -> str | Probe:
    """Return a name or a probe as it is, and an estimator of scikit-learn as a probe.

    Raises
    ------
    InputError
        If it is none of these.
    """
    if isinstance(given, str):
        return given
    if all(hasattr(given, name) for name in ("kinds", "settings", "predict", "name")):
        return given  # type: ignore[return-value]
    if not (hasattr(given, "fit") and hasattr(given, "predict")):
        raise InputError(f"a probe is a name, or has fit and predict; found {type(given).__name__}")
    return FitPredictProbe(type(given).__name__, lambda *_: _copied(given), kinds=(*SINGLE, *PAIR_KINDS))


def _copied(estimator: Any) -> Any:
    from sklearn.base import clone

    return clone(estimator)


def named(
    models: Sequence[ModelLike], tasks: Sequence[TaskLike], probes: Sequence[ProbeLike]
) -> tuple[dict[str, tuple[str, ...]], Own]:
    """Return the names of all, as a spec has them, and the objects among them."""
    used_models = [as_model(model) for model in models]
    used_tasks = [str(task) if isinstance(task, Path) else task for task in tasks]
    used_probes = [as_probe(probe) for probe in probes]
    names = {
        key: tuple(item if isinstance(item, str) else item.name for item in items)
        for key, items in (("models", used_models), ("tasks", used_tasks), ("probes", used_probes))
    }
    own = Own(
        {model.name: model for model in used_models if not isinstance(model, str)},
        {task.name: task for task in used_tasks if not isinstance(task, str)},
        {probe.name: probe for probe in used_probes if not isinstance(probe, str)},
    )
    return names, own
