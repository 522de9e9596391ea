"""The head of a pretraining on disk, beside the network: its weights, and ELMo's words."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from ctxemb.atomic import write_text, write_whole
from ctxemb.errors import FormatError, MissingFileError

HEAD, WORDS = "head.safetensors", "words.txt"
_NETWORK = "network."


def write_head(module: nn.Module, folder: Path) -> None:
    """Write the weights of `module` that are not its network's, as float16."""
    head = {
        name: weight.detach().to("cpu", torch.float16)
        for name, weight in module.state_dict().items()
        if not name.startswith(_NETWORK)
    }
    write_whole(folder / HEAD, lambda path: path.write_bytes(save(head)))


def read_head(folder: Path) -> dict[str, Tensor]:
    """Read what `write_head` wrote, in float32.

    Raises
    ------
    MissingFileError, FormatError
        If there is no such file, or it is none of tensors.
    """
    path = folder / HEAD
    if not path.is_file():
        raise MissingFileError(
            f"no head at {path}: without it a model predicts nothing. Folders that `ctxemb pretrain` writes "
            "have one; ELMo's, a softmax over words, does not ship with ctxemb"
        )
    try:
        return {name: weight.float() for name, weight in load_file(path).items()}
    except (SafetensorError, OSError) as error:
        raise FormatError(f"{path}: not a safetensors file: {error}") from error


def fill_head(module: nn.Module, weights: dict[str, Tensor], folder: Path) -> None:
    """Put the weights of a head into `module`; `folder` is for messages.

    Raises
    ------
    FormatError
        If they are not those of this head.
    """
    try:
        odd = module.load_state_dict(weights, strict=False)
    except RuntimeError as error:
        raise FormatError(f"{folder / HEAD}: not the head of this model: {error}") from error
    missing = [name for name in odd.missing_keys if not name.startswith(_NETWORK)]
    if names := [*missing, *odd.unexpected_keys]:
        raise FormatError(f"{folder / HEAD}: missing or unknown tensors: {', '.join(names)}")


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
