"""Saving a model for others: folders of `transformers`, and bilm's HDF5 for ELMo, with a card."""

from __future__ import annotations

from pathlib import Path

import torch

from ctxemb.atomic import write_text
from ctxemb.errors import InputError
from ctxemb.models.base import ContextualModel
from ctxemb.models.checkpoints import can_save, save_network
from ctxemb.models.model import LoadedModel

CARD = "README.md"


def save(model: ContextualModel, folder: Path, *, half: bool = False) -> None:
    """Write a model to a folder that other tools read, with a model card.

    Heads of its pretraining, or of a task, are written with it. GPT and BERT: ``config.json``,
    ``model.safetensors`` and ``tokenizer.json``, which `transformers` loads.
    ELMo: ``options.json`` and ``weights.hdf5``, which AllenNLP and bilm-tf load.

    Parameters
    ----------
    model
        What to save.
    folder
        Where to; it should be empty or not exist.
    half
        Whether GPT's and BERT's weights are written as float16 instead of float32.

    Raises
    ------
    InputError
        If the folder is not empty, or the model has no network of ours: a context-free baseline, or another
        architecture of transformers, or its weights have been rounded.
    MissingFileError
        If an ELMo is to be written and h5py is not installed.
    """
    if not isinstance(model, LoadedModel):
        raise InputError(f"{model.name} has no weights of its own to save; save the model it is made from")
    if model.computation.dtype != "float32":
        raise InputError(
            f"{model.name} holds weights in {model.computation.dtype}; load it in float32 to save it"
        )
    if folder.exists() and any(folder.iterdir()):
        raise InputError(f"{folder} is not empty; name another folder")
    if not can_save(model.network):
        raise InputError(f"{model.name} is a model of transformers, which saves it itself")
    dtype = torch.float16 if half else torch.float32
    save_network(model.network, folder, dtype=dtype, own=False, source=model.folder)
    write_text(folder / CARD, _card(model))


def _card(model: LoadedModel) -> str:
    origin = f"It was downloaded from {model.origin}. " if model.origin else ""
    return f"""---
library_name: ctxemb
tags: [{model.family}, contextual-embeddings]
---

# {model.name}

{model.family}, {model.n_layers} layers of width {model.width} (layer 0, the context-free input, included),
{model.n_parameters:,} weights. {origin}Written by ctxemb; the licence is that of the model it was made from.

SHA-256 of the files it was read from: `{model.fingerprint}`.
"""
