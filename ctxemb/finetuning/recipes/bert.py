"""BERT's own recipe (Devlin et al. 2018)."""

from __future__ import annotations

from ctxemb.finetuning.plan import Plan
from ctxemb.finetuning.recipe import Recipe
from ctxemb.finetuning.summary import summary_classifier
from ctxemb.models.checkpoints import Network

_BASE_WIDTH = 768
"""Width of BERT-base; narrower networks take the rates and epochs of the published miniatures."""


def is_small(network: Network) -> bool:
    """Return whether a network is narrower than BERT-base."""
    return network.width < _BASE_WIDTH


def bert_plan(network: Network) -> Plan:
    """Return the numbers of BERT's fine-tuning.

    - Dropout 0.1, batch 32, 3 epochs (of 2 to 4), rates 5e-5, 3e-5 and 2e-5 to choose from by dev: Devlin et
      al. 2018, appendix A.3 and section 4.1.
    - Adam with betas 0.9 and 0.999, epsilon 1e-6 and no bias correction, decay 0.01 of matrices, clipping at
      1, warm-up over 10 %: google-research/bert, ``optimization.py`` and ``run_classifier.py``.
    - Narrower than BERT-base: 4 epochs, and rates 3e-4, 1e-4, 5e-5 and 3e-5 to choose from (Turc et al.
      2019, model cards of the miniatures).
    """
    small = is_small(network)
    return Plan(
        learning_rates=(3e-4, 1e-4, 5e-5, 3e-5) if small else (5e-5, 3e-5, 2e-5),
        epochs=4 if small else 3,
        batch_size=32,
        schedule="bert",
        warmup=0.1,
        epsilon=1e-6,
        weight_decay=0.01,
        bias_correction=False,
        clip=1.0,
        dropout=0.1,
    )


RECIPE = Recipe(
    "bert",
    "All weights and a linear layer on [CLS]; Adam without bias correction (Devlin et al. 2018).",
    bert_plan,
    summary_classifier,
)
