"""A recipe: BERT's own, with small steps for twice as long."""

from __future__ import annotations

import dataclasses

from ctxemb.finetuning.plan import Plan
from ctxemb.finetuning.recipe import Recipe
from ctxemb.finetuning.recipes.bert import bert_plan
from ctxemb.finetuning.summary import summary_classifier
from ctxemb.models.checkpoints import Network


def plan(network: Network) -> Plan:
    """Return BERT's numbers with another rate and twice as many epochs."""
    usual = bert_plan(network)
    return dataclasses.replace(usual, learning_rates=(1e-5,), epochs=2 * usual.epochs)


RECIPE = Recipe("example-patient", "As bert, with small steps for twice as long.", plan, summary_classifier)
