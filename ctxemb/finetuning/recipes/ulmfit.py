"""ULMFiT (Howard and Ruder 2018), for all three families."""

from __future__ import annotations

from ctxemb.finetuning.classifier import Classifier
from ctxemb.finetuning.heads import HiddenHead
from ctxemb.finetuning.layouts import Apart
from ctxemb.finetuning.plan import Plan
from ctxemb.finetuning.recipe import Recipe, Shape
from ctxemb.finetuning.recipes.bert import bert_plan
from ctxemb.finetuning.views import PooledView
from ctxemb.models.checkpoints import Network

HIDDEN = 50
"""Size of the classifier's hidden layer."""

_HIDDEN_DROPOUT = 0.1


def ulmfit_plan(network: Network) -> Plan:
    """Return the numbers of ULMFiT.

    - The language model is tuned on the task's text first, 15 epochs with rate 0.004; the classifier then has
      50 epochs of batches of 64 with rate 0.01 and Adam's betas 0.7 and 0.99 (Howard and Ruder 2018,
      "Hyperparameters", for TREC-6).
    - Discriminative rates: each layer has that of the layer above divided by 2.6 (section 3.2).
    - Slanted triangular schedule: rise over 10 % of the steps, ratio 32 (section 3.2).
    - Gradual unfreezing: one more layer an epoch, from the top (section 3.3). The best epoch counts.
    - Dropout 0.4 before the hidden layer of 50, and 0.1 after it as in fastai's code; no weight decay.

    The rates are those of an LSTM. A Transformer, for which none are published, chooses from those of BERT by
    dev, with Adam's usual betas and dropout 0.1 inside; its language model is tuned with the highest of them.
    Any part can be left out: ``lm_epochs=0``, ``layer_decay=1``, ``schedule=constant``, ``thaw=all``.
    """
    shared = {"epochs": 50, "batch_size": 64, "schedule": "slanted", "warmup": 0.1, "layer_decay": 2.6,
              "thaw": "gradual", "lm_epochs": 15, "weight_decay": 0.0}  # fmt: skip
    if network.family == "elmo":
        published = Plan(learning_rates=(1e-2,), betas=(0.7, 0.99), dropout=0.4, lm_rate=4e-3)
        return published.changed(shared)
    rates = bert_plan(network).learning_rates
    return Plan(learning_rates=rates, dropout=0.4, lm_rate=rates[0]).changed(shared)


def build(network: Network, shape: Shape, plan: Plan) -> Classifier:
    """Return classifiers on [h_T; max; mean], one for each direction of the network.

    A text beyond the window is read in windows that overlap, and pooled over all of them; gradients go into
    every window (the paper's BPT3C lets them go into those that the pooling keeps).
    """
    view = PooledView(network, shape.kind)
    dropouts = (plan.dropout, _HIDDEN_DROPOUT)
    heads = [HiddenHead(view.width, HIDDEN, len(shape.labels), dropouts) for _ in range(view.n_heads)]
    return Classifier(network, Apart(network), view, heads, shape.labels)


RECIPE = Recipe(
    "ulmfit",
    "The language model is tuned on the text, then layer by layer under a classifier (Howard and Ruder "
    "2018).",
    ulmfit_plan,
    build,
)
