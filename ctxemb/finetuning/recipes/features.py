"""ELMo's own recipe (Peters et al. 2018): a frozen network under a task model."""

from __future__ import annotations

from ctxemb.finetuning.classifier import Classifier
from ctxemb.finetuning.heads import LinearHead
from ctxemb.finetuning.layouts import Apart
from ctxemb.finetuning.mixing import MixView
from ctxemb.finetuning.plan import Plan
from ctxemb.finetuning.recipe import Recipe, Shape
from ctxemb.models.checkpoints import Network

HIDDEN = 256
"""Size of each direction of the biLSTM."""

MIX_PENALTY = 0.001
"""Strength of the L2 penalty on the mix (Peters et al. 2018, appendix: the small one of two)."""


def features_plan(network: Network) -> Plan:
    """Return the numbers of feature extraction.

    - The network stays frozen; the mix, a biLSTM and a linear layer are learned by Adam with rate 1e-3 (the
      training configurations of AllenNLP's ELMo models), clipping at 5, and no weight decay.
    - Dropout 0.5 on the mixed vectors, and an L2 penalty of 0.001 on the mix: Peters et al. 2018, section 3.3
      and appendix.
    - 20 epochs of batches of 32 at a constant rate; dev chooses the epoch.
    """
    del network
    return Plan(
        learning_rates=(1e-3,),
        epochs=20,
        batch_size=32,
        schedule="constant",
        warmup=0.0,
        weight_decay=0.0,
        clip=5.0,
        dropout=0.5,
        thaw="never",
    )


def build(network: Network, shape: Shape, plan: Plan) -> Classifier:
    """Return a linear layer on a biLSTM over a learned mix of all layers."""
    view = MixView(network, shape.n_spans, hidden=HIDDEN, dropout=plan.dropout)
    head = LinearHead(view.width, len(shape.labels), plan.dropout)
    return Classifier(network, Apart(network), view, [head], shape.labels, mix_penalty=MIX_PENALTY)


RECIPE = Recipe(
    "features",
    "The frozen network's layers, mixed, under a biLSTM (Peters et al. 2018).",
    features_plan,
    build,
)
