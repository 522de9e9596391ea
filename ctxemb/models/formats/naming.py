"""Rules that tie our tensors to those of a published format, in both directions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ctxemb.errors import FormatError
from ctxemb.models.formats.weights import Tensors

_WEIGHTS = (torch.float32, torch.float16, torch.bfloat16, torch.float64)


@dataclass(frozen=True, slots=True)
class Rule:
    """How one of our tensors is stored.

    Parameters
    ----------
    ours
        Its name in our network.
    theirs
        Names in the file; several are parts that follow each other along the first axis of ours.
    transposed
        Whether the file has rows and columns exchanged, as GPT's releases have.
    """

    ours: str
    theirs: tuple[str, ...]
    transposed: bool = False


def both(ours: str, theirs: str, *, transposed: bool = False) -> list[Rule]:
    """Return the rules of a weight and its bias."""
    return [
        Rule(f"{ours}.weight", (f"{theirs}.weight",), transposed),
        Rule(f"{ours}.bias", (f"{theirs}.bias",)),
    ]


def joined(ours: str, *theirs: str) -> list[Rule]:
    """Return the rules of a weight and its bias that hold several of a file, one after the other."""
    return [Rule(f"{ours}.{part}", tuple(f"{name}.{part}" for name in theirs)) for part in ("weight", "bias")]


def fill(network: nn.Module, tensors: Tensors, rules: Iterable[Rule], names: Mapping[str, str]) -> None:
    """Put the tensors of a file into `network`, whose own weights may have no storage yet ("meta").

    Tensors that need no change are taken as they are, memory-mapped, without a copy; the others become
    float32, one after the other.

    Parameters
    ----------
    network
        What to fill.
    tensors
        The file.
    rules
        Where each tensor belongs.
    names
        The name in the file of each that a rule names.

    Raises
    ------
    FormatError
        If a tensor is missing, has another shape, or holds values that are not finite; the message names
        file and tensor.
    """
    expected = network.state_dict()
    state = {rule.ours: _read(tensors, rule, names, tuple(expected[rule.ours].shape)) for rule in rules}
    if lacking := sorted(expected.keys() - state.keys()):
        raise ValueError(f"no rule for {', '.join(lacking)}")
    network.load_state_dict(state, assign=True)


def stored(network: nn.Module, rules: Iterable[Rule]) -> dict[str, Tensor]:
    """Return the tensors of `network` under the names of a format: the inverse of `fill`."""
    state = network.state_dict()
    tensors: dict[str, Tensor] = {}
    for rule in rules:
        tensor = state[rule.ours].detach()
        parts = torch.chunk(tensor, len(rule.theirs)) if len(rule.theirs) > 1 else (tensor,)
        for name, part in zip(rule.theirs, parts, strict=True):
            tensors[name] = (part.T if rule.transposed else part).contiguous()
    return tensors


def _read(tensors: Tensors, rule: Rule, names: Mapping[str, str], shape: tuple[int, ...]) -> Tensor:
    """Return one of our tensors, of this shape, in float32."""
    if lacking := [name for name in rule.theirs if name not in names]:
        raise FormatError(f"{tensors.path}: tensor {lacking[0]} is missing")
    turned = rule.transposed and len(shape) == 2
    each = (shape[0] // len(rule.theirs), *shape[1:])
    theirs = [names[name] for name in rule.theirs]
    parts = [tensors.kept(name) for name in theirs]
    for name, part in zip(theirs, parts, strict=True):
        _check(part, each[::-1] if turned else each, f"{tensors.file(name)}: tensor {name}")
    whole = parts[0]
    if len(parts) == 1 and not turned and whole.dtype == torch.float32 and whole.is_contiguous():
        _check_finite(whole, f"{tensors.file(theirs[0])}: tensor {theirs[0]}")
        return whole
    del parts, part, whole
    joined = torch.empty(shape)
    for name, place in zip(theirs, joined.split(each[0]), strict=True):
        passing = tensors.passing(name)
        place.copy_(passing.T if turned else passing)
        _check_finite(place, f"{tensors.file(name)}: tensor {name}")
    return joined


def _check(tensor: Tensor, shape: tuple[int, ...], what: str) -> None:
    if tensor.dtype not in _WEIGHTS:
        kinds = ", ".join(str(kind).removeprefix("torch.") for kind in _WEIGHTS)
        raise FormatError(f"{what} holds {tensor.dtype}, which are no weights; those are {kinds}")
    if tuple(tensor.shape) != shape:
        raise FormatError(f"{what} has shape {tuple(tensor.shape)}, expected {shape}")


def _check_finite(tensor: Tensor, what: str) -> None:
    if not torch.isfinite(tensor.sum()) and not torch.isfinite(tensor).all():  # a finite sum says enough
        raise FormatError(f"{what} holds values that are not finite")
