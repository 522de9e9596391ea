"""A trained objective on disk: a model's folder, with the head of its pretraining beside the model."""

from __future__ import annotations

from pathlib import Path

from ctxemb.models.checkpoints import load_network, save_network
from ctxemb.pretraining.catalogue import objective_of
from ctxemb.pretraining.heads import write_head
from ctxemb.pretraining.objective import Objective


def save_objective(objective: Objective, folder: Path) -> None:
    """Write the network, and its head if it has one of its own, to `folder`, weights as float16."""
    save_network(objective.network, folder)
    if objective.module is not objective.network:
        write_head(objective.module, folder)


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
    made: Objective = objective_of(network.family).load(network, folder)
    made.module.eval().requires_grad_(False)
    return made
