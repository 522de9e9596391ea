"""ctxemb compares the contextual embeddings of ELMo, GPT and BERT, layer by layer.

>>> import ctxemb
>>> model = ctxemb.load("bert")
>>> model.embed(["I sat by the bank ."]).values.shape
(7, 6, 256)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from ctxemb.comparison.tuning import finetune
    from ctxemb.extraction.embedder import load_embedder as load
    from ctxemb.extraction.vectorizer import ContextualVectorizer
    from ctxemb.finetuning.estimator import FineTunedClassifier

__all__ = ["ContextualVectorizer", "FineTunedClassifier", "__version__", "finetune", "load"]

_WHERE = {
    "load": ("ctxemb.extraction.embedder", "load_embedder"),
    "finetune": ("ctxemb.comparison.tuning", "finetune"),
    "FineTunedClassifier": ("ctxemb.finetuning.estimator", "FineTunedClassifier"),
    "ContextualVectorizer": ("ctxemb.extraction.vectorizer", "ContextualVectorizer"),
}


def __getattr__(name: str) -> object:
    if name not in _WHERE:
        raise AttributeError(f"module 'ctxemb' has no attribute {name!r}")
    module, attribute = _WHERE[name]
    return getattr(importlib.import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted(__all__)
