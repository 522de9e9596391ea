"""Feature extraction whose network is tuned at the end (Peters et al. 2019)."""

from __future__ import annotations

import dataclasses

from ctxemb.finetuning.plan import Plan
from ctxemb.finetuning.recipe import Recipe
from ctxemb.finetuning.recipes.features import build, features_plan
from ctxemb.models.checkpoints import Network


def mix_tuned_plan(network: Network) -> Plan:
    """Return the numbers of feature extraction whose network is released for the last quarter of the epochs.

    The network then learns with a fiftieth of the task model's rate: 2e-5, the size of BERT's (Peters et al.
    2019 tune with rates of this size and also train the task model before the network is released).
    """
    return dataclasses.replace(features_plan(network), thaw="end", network_scale=0.02)


RECIPE = Recipe(
    "mix-tuned",
    "As features, with the network tuned at the end (Peters et al. 2019).",
    mix_tuned_plan,
    build,
)
