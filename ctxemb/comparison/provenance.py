"""How results were made: versions, models and data sets."""

from __future__ import annotations

import importlib.metadata
import platform
from typing import Any

from ctxemb.models import ContextualModel
from ctxemb.models.catalogue import find_model, is_static
from ctxemb.models.training_log import held_out, read_log
from ctxemb.pretraining.heldout import BITS
from ctxemb.results import Training
from ctxemb.tasks import Task

_PACKAGES = ("ctxemb", "torch", "numpy", "scikit-learn", "tokenizers", "safetensors", "allennlp-light")


def installed_versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that decide numbers."""
    versions = {package: importlib.metadata.version(package) for package in _PACKAGES}
    return {"python": platform.python_version(), **versions}


def describe_model(model: ContextualModel) -> dict[str, Any]:
    """Return what identifies a model."""
    return {
        "fingerprint": model.fingerprint,
        "origin": model.origin,
        "computation": str(model.computation),
        "family": model.family,
        "n_layers": model.n_layers,
        "width": model.width,
        "n_parameters": model.n_parameters,
    }


def trainings(name: str) -> list[Training]:
    """Return the looks at held-out text that a model's training log tells of."""
    if is_static(name):
        return []
    model = find_model(name)
    return [
        Training(model.name, int(entry["words"]), round(entry[f"valid_{BITS}"], 4))
        for entry in held_out(read_log(model.path))
        if f"valid_{BITS}" in entry
    ]


def describe_task(task: Task) -> dict[str, Any]:
    """Return what identifies a task, and its sizes."""
    return {
        "fingerprint": task.fingerprint,
        "description": task.description,
        "licence": task.licence,
        "source": task.source,
        "kind": task.kind,
        "n_train": len(task.splits.get("train", task.examples)),
        "n_test": len(task.splits.get("test", task.examples)),
        "n_labels": len(task.labels),
        "metrics": list(task.metrics),
    }
