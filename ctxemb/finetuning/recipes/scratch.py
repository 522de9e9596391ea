"""The line "no pretraining" of the published tables: a family's own recipe from random weights."""

from __future__ import annotations

import dataclasses

from ctxemb.finetuning.plan import Plan
from ctxemb.finetuning.recipe import Recipe
from ctxemb.finetuning.recipes.bert import bert_plan
from ctxemb.finetuning.recipes.gpt import gpt_plan
from ctxemb.finetuning.summary import summary_classifier
from ctxemb.models.checkpoints import Network


def scratch_plan(network: Network) -> Plan:
    """Return the numbers of GPT's recipe for a GPT and of BERT's for others, from random weights.

    ELMo's own recipe keeps the network frozen, which says nothing of random weights; so it takes BERT's. Any
    other recipe starts from random weights by its setting ``scratch=true``.
    """
    plan = gpt_plan(network) if network.family == "gpt" else bert_plan(network)
    return dataclasses.replace(plan, scratch=True)


RECIPE = Recipe(
    "scratch",
    "As bert or gpt, from random weights: what the task's own examples teach.",
    scratch_plan,
    summary_classifier,
)
