"""The processes that train one model together, as `accelerate launch` or `torchrun` start them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, distributed


@dataclass(frozen=True, slots=True)
class Team:
    """One process of a team; alone, it is the first of one.

    Parameters
    ----------
    rank, size
        Number of this process, and of all.
    device
        Where this process computes.
    """

    rank: int
    size: int
    device: torch.device

    @property
    def first(self) -> bool:
        """Whether this is the process that writes files."""
        return self.rank == 0

    def add_up(self, tensor: Tensor) -> Tensor:
        """Replace `tensor` by its sum over the team."""
        if self.size > 1:
            distributed.all_reduce(tensor)
        return tensor

    def add_up_gradients(self, parameters: Iterable[Tensor]) -> None:
        """Replace every gradient by its sum over the team."""
        if self.size == 1:
            return
        weights = list(parameters)
        for weight in weights:
            if weight.grad is None:
                weight.grad = torch.zeros_like(weight)
        gradients = [weight.grad for weight in weights if weight.grad is not None]
        flat = self.add_up(torch.cat([gradient.reshape(-1) for gradient in gradients]))
        parts = torch.split(flat, [gradient.numel() for gradient in gradients])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view_as(gradient))

    def wait(self) -> None:
        """Wait until every process is here."""
        if self.size > 1:
            distributed.barrier()

    def leave(self) -> None:
        """Be alone again."""
        if self.size > 1:
            distributed.destroy_process_group()


def is_first() -> bool:
    """Return whether this is the process of its team that writes files and speaks."""
    return os.environ.get("RANK", "0") == "0"


def join_team(device: str) -> Team:
    """Return this process's place in the team that the environment tells of (``RANK``, ``WORLD_SIZE``).

    Parameters
    ----------
    device
        ``"cpu"`` or ``"cuda"``; of several GPUs, a process takes that of its ``LOCAL_RANK``.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        return Team(0, 1, torch.device(device))
    place = torch.device(f"cuda:{os.environ.get('LOCAL_RANK', '0')}" if device == "cuda" else device)
    if place.type == "cuda":
        torch.cuda.set_device(place)
    if not distributed.is_initialized():
        distributed.init_process_group("nccl" if place.type == "cuda" else "gloo")
    return Team(distributed.get_rank(), distributed.get_world_size(), place)
