"""The recipe that made BERT's fine-tuning stable (Mosbach et al. 2021)."""

from __future__ import annotations

import dataclasses

from ctxemb.finetuning.plan import Plan
from ctxemb.finetuning.recipe import Recipe
from ctxemb.finetuning.recipes.bert import bert_plan, is_small
from ctxemb.finetuning.summary import summary_classifier
from ctxemb.models.checkpoints import Network


def stable_plan(network: Network) -> Plan:
    """Return the numbers of stable fine-tuning.

    Bias correction, 20 epochs, batch 16, the usual linear schedule, and the best epoch by dev: Mosbach et al.
    2021, section 6, and the configurations of uds-lsv/bert-stable-fine-tuning (rates 1e-5 to 3e-5). Narrower
    networks choose from the rates of the miniatures, as in `bert_plan`. ``reinit`` adds the re-initialised
    top blocks and pooler of Zhang et al. (2021).
    """
    base = bert_plan(network)
    return dataclasses.replace(
        base,
        learning_rates=base.learning_rates if is_small(network) else (3e-5, 2e-5, 1e-5),
        epochs=20,
        batch_size=16,
        schedule="linear",
        bias_correction=True,
    )


RECIPE = Recipe(
    "bert-stable",
    "As bert, with bias correction and 20 epochs (Mosbach et al. 2021).",
    stable_plan,
    summary_classifier,
)
