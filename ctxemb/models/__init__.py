"""The three families behind one interface."""

from ctxemb.models.base import ContextualModel
from ctxemb.models.catalogue import ModelInfo, known_models, load
from ctxemb.models.encoding import Encoding
from ctxemb.models.saving import save

__all__ = ["ContextualModel", "Encoding", "ModelInfo", "known_models", "load", "save"]
