"""All numbers of a recipe, so that any of them can be changed for an ablation."""

from __future__ import annotations

import dataclasses
import operator
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from ctxemb.errors import InputError
from ctxemb.finetuning.schedules import SCHEDULES
from ctxemb.suggest import unknown_name

Thaw = Literal["all", "gradual", "never", "end"]
THAWS: tuple[Thaw, ...] = get_args(Thaw)


@dataclass(frozen=True, slots=True)
class Plan:
    """How a classifier is trained.

    Parameters
    ----------
    learning_rates
        Highest learning rates to try; dev chooses.
    epochs, batch_size
        Passes over the training items, and items a step.
    schedule, warmup
        Name of a schedule, and the share of the steps over which the rate rises.
    betas, epsilon, weight_decay, bias_correction
        Of Adam with decoupled decay; vectors, such as biases and normalisations, do not decay.
    clip
        Largest norm of the gradient.
    dropout, network_dropout
        Of the head, and of the network while it is trained.
    layer_decay
        The rate of a layer is that of the layer above divided by this (ULMFiT's discriminative rates).
    network_scale
        The network's rates are the head's times this.
    thaw
        Which layers are trained: all; the head alone and one more layer from the top each epoch
        (``"gradual"``); the head alone (``"never"``), or so until the last quarter of the epochs (``"end"``).
    freeze
        Lowest layers that are never trained; layer 0 is the input.
    reinit
        Highest blocks that start from new random weights.
    lm_weight
        Of the auxiliary language-model loss of a GPT while the classifier is trained.
    lm_epochs, lm_rate
        Passes over the task's text that tune the language model itself first, and their rate.
    scratch
        Whether the network starts from random weights.
    accumulate
        Parts in which a step is worked through, to save memory.
    dtype
        Of the matrix products in training.
    """

    learning_rates: tuple[float, ...] = (5e-5,)
    epochs: int = 3
    batch_size: int = 32
    schedule: str = "linear"
    warmup: float = 0.1
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-8
    weight_decay: float = 0.01
    bias_correction: bool = True
    clip: float = 1.0
    dropout: float = 0.1
    network_dropout: float = 0.1
    layer_decay: float = 1.0
    network_scale: float = 1.0
    thaw: Thaw = "all"
    freeze: int = 0
    reinit: int = 0
    lm_weight: float = 0.0
    lm_epochs: int = 0
    lm_rate: float = 1e-3
    scratch: bool = False
    accumulate: int = 1
    dtype: Literal["float32", "bfloat16"] = "float32"

    def __post_init__(self) -> None:
        if self.schedule not in SCHEDULES:
            raise unknown_name("schedule", self.schedule, SCHEDULES)
        if self.thaw not in THAWS:
            raise unknown_name("thaw", self.thaw, THAWS)
        if self.dtype not in ("float32", "bfloat16"):
            raise unknown_name("dtype", self.dtype, ("float32", "bfloat16"))
        if not self.learning_rates or min(self.learning_rates) <= 0:
            raise InputError(f"learning rates should be above 0, found {self.learning_rates}")
        for name, low in _LOWEST.items():
            if getattr(self, name) < low:
                raise InputError(f"{name} should be at least {low}, found {getattr(self, name)}")
        for name in ("dropout", "network_dropout", "warmup"):
            if not 0 <= getattr(self, name) < 1:
                raise InputError(f"{name} should be from 0 to below 1, found {getattr(self, name)}")

    def changed(self, changes: Mapping[str, Any]) -> Plan:
        """Return the plan with some numbers replaced; ``learning_rate`` stands for a single rate to try.

        Raises
        ------
        UnknownNameError, InputError
            If there is no such number, or it cannot be what is given.
        """
        values = dict(changes)
        if "learning_rate" in values:
            values["learning_rates"] = (float(values.pop("learning_rate")),)
        for name, value in values.items():
            if name not in _TYPES:
                raise unknown_name("setting of a recipe", name, (*_TYPES, "learning_rate"))
            values[name] = _as(name, value)
        return dataclasses.replace(self, **values)


_LOWEST = {
    "epochs": 1,
    "batch_size": 1,
    "accumulate": 1,
    "freeze": 0,
    "reinit": 0,
    "lm_epochs": 0,
    "layer_decay": 1.0,
    "clip": 1e-9,
    "lm_rate": 0.0,
    "lm_weight": 0.0,
    "weight_decay": 0.0,
}
_TYPES = typing.get_type_hints(Plan)


def _as(name: str, value: Any) -> Any:
    """Return a value, perhaps written as text, in the type of its field."""
    kind = _TYPES[name]
    try:
        if isinstance(kind, types.GenericAlias):
            parts = value.split("/") if isinstance(value, str) else value
            return tuple(float(part) for part in parts)
        if kind is bool:
            return {"true": True, "false": False, "True": True, "False": False}[str(value)]
        if kind is int:
            return operator.index(int(value) if isinstance(value, str) else value)
        return float(value) if kind is float else value
    except (TypeError, ValueError, KeyError) as error:
        wanted = "numbers with '/' between them" if isinstance(kind, types.GenericAlias) else kind.__name__
        raise InputError(f"{name} should be {wanted}, found {value!r}") from error


def parse_changes(text: str) -> dict[str, str]:
    """Return the changes written as ``name=value,name=value``.

    Examples
    --------
    >>> parse_changes("lm_epochs=0,thaw=all")
    {'lm_epochs': '0', 'thaw': 'all'}
    """
    changes = {}
    for part in filter(None, text.split(",")):
        name, sign, value = part.partition("=")
        if not sign or not value:
            raise InputError(f"settings of a recipe are written NAME=VALUE, found {part!r}")
        changes[name.strip()] = value.strip()
    return changes
