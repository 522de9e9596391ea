"""Rules that tie our tensors to those of a published format, in both directions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from ctxemb.errors import FormatError


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


def fill(
    network: nn.Module, tensors: Mapping[str, Tensor], rules: Iterable[Rule], path: Path, dtype: torch.dtype
) -> None:
    """Put the tensors of a file into `network`, whose own weights may have no storage yet ("meta").

    Tensors that need no change are taken as they are, memory-mapped, without a copy.

    Raises
    ------
    FormatError
        If a tensor is missing, has another shape, or holds values that are not finite; the message names
        file and tensor.
    """
    expected = network.state_dict()
    state: dict[str, Tensor] = {}
    for rule in rules:
        parts = [_checked(tensors, name, path) for name in rule.theirs]
        state[rule.ours] = _as_ours(parts, rule, expected[rule.ours], path, dtype)
    if lacking := sorted(expected.keys() - state.keys()):
        raise ValueError(f"no rule for {', '.join(lacking)}")
    network.load_state_dict(state, assign=True)


def stored(network: nn.Module, rules: Iterable[Rule]) -> dict[str, Tensor]:
    """Return the tensors of `network` under the names of a format: the inverse of `fill`."""
    state = network.state_dict()
    found: dict[str, Tensor] = {}
    for rule in rules:
        tensor = state[rule.ours].detach()
        parts = torch.chunk(tensor, len(rule.theirs)) if len(rule.theirs) > 1 else (tensor,)
        for name, part in zip(rule.theirs, parts, strict=True):
            found[name] = (part.T if rule.transposed else part).contiguous()
    return found


def _checked(tensors: Mapping[str, Tensor], name: str, path: Path) -> Tensor:
    if name not in tensors:
        raise FormatError(f"{path}: tensor {name} is missing")
    tensor = tensors[name]
    if not tensor.is_floating_point():
        raise FormatError(f"{path}: tensor {name} holds {tensor.dtype}, which are no weights")
    if not torch.isfinite(tensor.sum()) and not torch.isfinite(tensor).all():  # a finite sum says enough
        raise FormatError(f"{path}: tensor {name} holds values that are not finite")
    return tensor


def _as_ours(parts: Sequence[Tensor], rule: Rule, wanted: Tensor, path: Path, dtype: torch.dtype) -> Tensor:
    turned = [part.T if rule.transposed and part.ndim == 2 else part for part in parts]
    shape = tuple(wanted.shape)
    each = (shape[0] // len(parts), *shape[1:])
    for name, part in zip(rule.theirs, turned, strict=True):
        if tuple(part.shape) != each:
            found = tuple(parts[rule.theirs.index(name)].shape)
            due = each[::-1] if rule.transposed else each
            raise FormatError(f"{path}: tensor {name} has shape {found}, expected {due}")
    if len(turned) == 1:
        return turned[0].to(dtype).contiguous()
    joined = torch.empty(shape, dtype=dtype)
    for part, place in zip(turned, joined.split(each[0]), strict=True):
        place.copy_(part)
    return joined
