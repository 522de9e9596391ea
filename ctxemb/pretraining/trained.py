"""A trained objective on disk: a model's folder, with the head of its pretraining beside the model."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from ctxemb.atomic import write_text, write_whole
from ctxemb.errors import FormatError, MissingFileError
from ctxemb.models.checkpoints import load_network, save_network
from ctxemb.models.elmo import Elmo
from ctxemb.models.gpt import Gpt
from ctxemb.pretraining.bilm import BOUNDARY, UNKNOWN, BiLMObjective
from ctxemb.pretraining.causal import CausalObjective
from ctxemb.pretraining.masked import MaskedObjective
from ctxemb.pretraining.objective import Objective

HEAD, WORDS = "head.safetensors", "words.txt"
_NETWORK = "network."


def save_objective(objective: Objective, folder: Path) -> None:
    """Write the network, and its head if it has one of its own, to `folder`, weights as float16."""
    save_network(objective.network, folder)
    head = {
        name: weight.detach().to("cpu", torch.float16)
        for name, weight in objective.module.state_dict().items()
        if objective.module is not objective.network and not name.startswith(_NETWORK)
    }
    if head:
        write_whole(folder / HEAD, lambda path: path.write_bytes(save(head)))


def load_objective(folder: Path) -> Objective:
    """Read a trained network with the head of its pretraining, in float32.

    Raises
    ------
    MissingFileError
        If a file is not there.
    FormatError
        If a file is not what it should be.
    """
    network = load_network(folder)
    if isinstance(network, Gpt):
        return CausalObjective(network)
    weights = _read_head(folder / HEAD)
    made: BiLMObjective | MaskedObjective
    if isinstance(network, Elmo):
        n_words = len(weights.get("words.weight", ())) - len((BOUNDARY, UNKNOWN))
        made = BiLMObjective(network, read_counts(folder / WORDS), size=max(0, n_words), min_count=1)
    else:
        made = MaskedObjective(network)
    try:
        odd = made.module.load_state_dict(weights, strict=False)
    except RuntimeError as error:
        raise FormatError(f"{folder / HEAD}: not the head of this model: {error}") from error
    missing = [name for name in odd.missing_keys if not name.startswith(_NETWORK)]
    if names := [*missing, *odd.unexpected_keys]:
        raise FormatError(f"{folder / HEAD}: missing or unknown tensors: {', '.join(names)}")
    made.module.eval().requires_grad_(False)
    return made


def _read_head(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise MissingFileError(
            f"no head at {path}: without it a model predicts nothing. Folders that `ctxemb pretrain` writes "
            "have one; ELMo's, a softmax over words, does not ship with ctxemb"
        )
    try:
        return {name: weight.float() for name, weight in load_file(path).items()}
    except (SafetensorError, OSError) as error:
        raise FormatError(f"{path}: not a safetensors file: {error}") from error


def write_counts(counts: dict[str, int], path: Path) -> None:
    """Write words and how often they occur, a word a line."""
    write_text(path, "".join(f"{word}\t{count}\n" for word, count in counts.items()))


def read_counts(path: Path) -> dict[str, int]:
    """Read what `write_counts` wrote.

    Raises
    ------
    FormatError
        If a line is something else; the message names file and line.
    """
    if not path.is_file():
        raise MissingFileError(f"no words at {path}")
    counts: dict[str, int] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n")[:-1], start=1):
        word, _, count = line.rpartition("\t")
        if not word or not count.isdecimal():
            raise FormatError(f"{path}:{number}: expected a word, a tab and a count, found {line!r}")
        counts[word] = int(count)
    return counts
