"""The three families behind one interface."""

from ctxemb.models.base import ContextualModel, ModelInfo
from ctxemb.models.catalogue import KnownModel, known_models, load
from ctxemb.models.encoding import Encoding
from ctxemb.models.saving import save

__all__ = ["ContextualModel", "Encoding", "KnownModel", "ModelInfo", "known_models", "load", "save"]
