"""Heads of pretraining and of tasks, which no layer needs, and which are kept when a model is saved."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from ctxemb.errors import FormatError
from ctxemb.models.formats.config_values import read_config_values
from ctxemb.models.formats.weights import read_tensors

OWN_HEAD = "head.safetensors"
"""Where `ctxemb pretrain` keeps a head."""

_OF_BERT = {
    "transform": "cls.predictions.transform.dense",
    "norm": "cls.predictions.transform.LayerNorm",
    "next_sentence": "cls.seq_relationship",
}
_SETTINGS = (
    "architectures", "id2label", "label2id", "num_labels", "problem_type", "classifier_dropout",
    "seq_classif_dropout", "qa_dropout", "tie_word_embeddings", "summary_type", "summary_use_proj",
    "summary_activation", "summary_proj_to_labels", "summary_first_dropout", "pad_token_id",
    "bos_token_id", "eos_token_id",
)  # fmt: skip
"""Values of ``config.json`` that decide heads."""


@dataclass(frozen=True, slots=True)
class Heads:
    """The heads of a checkpoint.

    Parameters
    ----------
    tensors
        By their names in folders of `transformers`.
    settings
        What ``config.json`` says of them.
    """

    tensors: dict[str, Tensor] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)


def read_heads(folder: Path, beginnings: Iterable[str]) -> Heads:
    """Return the heads of a model's folder; none if it has none.

    Parameters
    ----------
    folder
        A folder of `ctxemb pretrain` or of `transformers`.
    beginnings
        Of names of tensors that belong to heads.

    Raises
    ------
    FormatError
        If a file is damaged.
    """
    if (folder / OWN_HEAD).is_file():
        return _own(folder / OWN_HEAD)
    tensors = read_tensors(folder)
    names = [name for name in tensors.names if name.startswith(tuple(beginnings))]
    values = read_config_values(folder).values
    settings = {key: values[key] for key in _SETTINGS if key in values}
    return Heads({name: tensors.kept(name) for name in names}, settings) if names else Heads()


def _own(path: Path) -> Heads:
    try:
        own = load_file(path)
    except (SafetensorError, OSError) as error:
        raise FormatError(f"{path}: not a safetensors file: {error}") from error
    if "bias" not in own or "transform.weight" not in own:
        return Heads()
    tensors = {"cls.predictions.bias": own["bias"]}
    for ours, theirs in _OF_BERT.items():
        tensors |= {f"{theirs}.{part}": own[f"{ours}.{part}"] for part in ("weight", "bias")}
    return Heads(tensors, {"architectures": ["BertForPreTraining"]})
