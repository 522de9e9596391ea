"""GPT's own recipe (Radford et al. 2018): input transformations and an auxiliary language-model loss."""

from __future__ import annotations

from ctxemb.finetuning.plan import Plan
from ctxemb.finetuning.recipe import Recipe
from ctxemb.finetuning.summary import summary_classifier
from ctxemb.models.checkpoints import Network


def gpt_plan(network: Network) -> Plan:
    """Return the numbers of GPT's fine-tuning, for any family.

    - 3 epochs, batch 32, rate 6.25e-5, all dropouts 0.1, the auxiliary loss times 0.5: Radford et al. 2018,
      section 4.1 (3.3 for the loss).
    - Adam with betas 0.9 and 0.999, epsilon 1e-8 and bias correction, decay 0.01 of matrices alone, clipping
      at 1, warm-up over 0.2 %, multiplied by a linear decay: openai/finetune-transformer-lm, ``train.py`` and
      ``opt.py``.

    The auxiliary loss is a GPT's alone: BERT's and ELMo's objectives would read the texts a second time. The
    published code drops out rows of the piece vectors before they are summed with the positions; here the sum
    is dropped out, as in `transformers`. Its head has a bias, which starts at 0; that of `transformers` has
    none, and so has this one.
    """
    del network
    return Plan(
        learning_rates=(6.25e-5,),
        epochs=3,
        batch_size=32,
        schedule="gpt",
        warmup=0.002,
        epsilon=1e-8,
        weight_decay=0.01,
        bias_correction=True,
        clip=1.0,
        dropout=0.1,
        lm_weight=0.5,
    )


RECIPE = Recipe(
    "gpt",
    "All weights and a linear layer on _classify_, beside the language-model loss (Radford et al. 2018).",
    gpt_plan,
    summary_classifier,
)
