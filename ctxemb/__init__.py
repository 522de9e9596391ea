"""ctxemb compares the contextual embeddings of ELMo, GPT and BERT, layer by layer.

>>> import ctxemb
>>> model = ctxemb.load("bert")
>>> model.embed(["I sat by the bank ."]).values.shape
(7, 6, 256)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from ctxemb.errors import (
    CtxembError,
    FormatError,
    InputError,
    MissingFileError,
    StorageError,
    UnknownNameError,
)
from ctxemb.version import __version__

if TYPE_CHECKING:
    from ctxemb.analysis.measurements import Measurements
    from ctxemb.analysis.spaces import Space
    from ctxemb.api.analysing import analyse, analyse_spec, export
    from ctxemb.api.arrays import Arrays
    from ctxemb.api.embedding import embed, embed_into
    from ctxemb.api.exploring import explore
    from ctxemb.api.judge import compare, probe
    from ctxemb.api.prediction import fill, follows, minimal_pairs, surprisal
    from ctxemb.api.reporting import report
    from ctxemb.api.training import perplexity, pretrain
    from ctxemb.api.tuning import finetune
    from ctxemb.extraction.embedder import load_embedder as load
    from ctxemb.extraction.vectorizer import ContextualVectorizer
    from ctxemb.finetuning.estimator import FineTunedClassifier
    from ctxemb.models import ContextualModel
    from ctxemb.pretraining.plan import TrainingPlan
    from ctxemb.pretraining.sizes import Sizes
    from ctxemb.results import Findings
    from ctxemb.tasks import Task, load_task
    from ctxemb.vectors import VectorStore

__all__ = [
    "Arrays",
    "ContextualModel",
    "ContextualVectorizer",
    "CtxembError",
    "Findings",
    "FineTunedClassifier",
    "FormatError",
    "InputError",
    "Measurements",
    "MissingFileError",
    "Sizes",
    "Space",
    "StorageError",
    "Task",
    "TrainingPlan",
    "UnknownNameError",
    "VectorStore",
    "__version__",
    "analyse",
    "analyse_spec",
    "compare",
    "embed",
    "embed_into",
    "explore",
    "export",
    "fill",
    "finetune",
    "follows",
    "load",
    "load_task",
    "minimal_pairs",
    "perplexity",
    "pretrain",
    "probe",
    "report",
    "surprisal",
]

_WHERE = {
    "Arrays": "ctxemb.api.arrays",
    "ContextualModel": "ctxemb.models",
    "ContextualVectorizer": "ctxemb.extraction.vectorizer",
    "Findings": "ctxemb.results",
    "FineTunedClassifier": "ctxemb.finetuning.estimator",
    "Measurements": "ctxemb.analysis.measurements",
    "Sizes": "ctxemb.pretraining.sizes",
    "Space": "ctxemb.analysis.spaces",
    "Task": "ctxemb.tasks",
    "TrainingPlan": "ctxemb.pretraining.plan",
    "VectorStore": "ctxemb.vectors",
    "analyse": "ctxemb.api.analysing",
    "analyse_spec": "ctxemb.api.analysing",
    "compare": "ctxemb.api.judge",
    "embed": "ctxemb.api.embedding",
    "embed_into": "ctxemb.api.embedding",
    "explore": "ctxemb.api.exploring",
    "export": "ctxemb.api.analysing",
    "fill": "ctxemb.api.prediction",
    "finetune": "ctxemb.api.tuning",
    "follows": "ctxemb.api.prediction",
    "load": "ctxemb.extraction.embedder",
    "load_task": "ctxemb.tasks",
    "minimal_pairs": "ctxemb.api.prediction",
    "perplexity": "ctxemb.api.training",
    "pretrain": "ctxemb.api.training",
    "probe": "ctxemb.api.judge",
    "report": "ctxemb.api.reporting",
    "surprisal": "ctxemb.api.prediction",
}
"""Where each name lies; it is imported when it is asked for."""

_CALLED = {"load": "load_embedder"}
"""Names that differ from those at home."""


def __getattr__(name: str) -> object:
    if name not in _WHERE:
        raise AttributeError(f"module 'ctxemb' has no attribute {name!r}")
    value = getattr(importlib.import_module(_WHERE[name]), _CALLED.get(name, name))
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
