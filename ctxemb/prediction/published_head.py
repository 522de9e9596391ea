"""The masked-language-model head of a published BERT, from the tensors beside its network."""

from __future__ import annotations

from pathlib import Path

from ctxemb.errors import MissingFileError
from ctxemb.models.bert import Bert
from ctxemb.models.formats.weights import read_tensors
from ctxemb.pretraining.masked import MaskedObjective

_TENSORS = {
    "transform.weight": ("cls.predictions.transform.dense.weight",),
    "transform.bias": ("cls.predictions.transform.dense.bias",),
    "norm.weight": (
        "cls.predictions.transform.LayerNorm.weight",
        "cls.predictions.transform.LayerNorm.gamma",
    ),
    "norm.bias": ("cls.predictions.transform.LayerNorm.bias", "cls.predictions.transform.LayerNorm.beta"),
    "bias": ("cls.predictions.bias",),
    "next_sentence.weight": ("cls.seq_relationship.weight",),
    "next_sentence.bias": ("cls.seq_relationship.bias",),
}
_OPTIONAL = ("next_sentence.weight", "next_sentence.bias")


def published_head(network: Bert, folder: Path) -> MaskedObjective:
    """Return a published BERT with the head of its pretraining.

    Raises
    ------
    MissingFileError
        If the checkpoint has no such head, as those saved after fine-tuning; the message names a tensor.
    """
    made = MaskedObjective(network)
    tensors = read_tensors(folder)
    present = set(tensors.names)
    weights = {}
    for ours, theirs in _TENSORS.items():
        name = next((name for name in theirs if name in present), None)
        if name is not None:
            weights[ours] = tensors.kept(name).float()
            if ours in _OPTIONAL:  # published heads number "follows" 0, ours 1
                weights[ours] = weights[ours].flip(0)
        elif ours not in _OPTIONAL:
            raise MissingFileError(
                f"{tensors.path} has no tensor {theirs[0]}: without the head of its pretraining a model "
                "predicts nothing"
            )
    made.head.load_state_dict(weights, strict=False)
    made.module.eval().requires_grad_(False)
    return made
