"""The classifiers of GPT and BERT: one linear layer on the vector that sums an input up."""

from __future__ import annotations

from dataclasses import replace

from torch import nn

from ctxemb.finetuning.classifier import Classifier
from ctxemb.finetuning.heads import Dense, LinearHead
from ctxemb.finetuning.layouts import Apart, Layout, Together
from ctxemb.finetuning.pieces import with_pieces
from ctxemb.finetuning.plan import Plan
from ctxemb.finetuning.recipe import Shape
from ctxemb.finetuning.views import SENTENCES, EndsView, SummaryView, View, WordView
from ctxemb.layers.transformer import initialise_normal
from ctxemb.models.bert import Bert
from ctxemb.models.checkpoints import Network
from ctxemb.models.elmo import Elmo
from ctxemb.models.gpt import Gpt


def summary_classifier(network: Network, shape: Shape, plan: Plan) -> Classifier:
    """Return a linear layer on what sums an input up, for any family and kind of task.

    | | BERT | GPT | ELMo |
    |---|---|---|---|
    | text, pair of texts | pooled ``[CLS]`` | ``_classify_`` | last states, forward and backward |
    | labels of words | first piece | last piece | word |
    | senses of words | first piece | ``_classify_`` after text and word | word |
    | same sense (WiC) | ``[CLS]`` and both words | ``_classify_`` after texts and word | both words |

    The column of BERT is that of Devlin et al. (2018), and for WiC of Wang et al. (2019); GPT's texts and
    pairs are those of Radford et al. (2018), and its last two rows ask in the same manner. ELMo has no input
    of this kind: its column is ours.
    """
    layout, view = _read(network, shape)
    dense = _dense(network) if isinstance(view, SummaryView) else None
    bias = not (isinstance(network, Gpt) and isinstance(view, SummaryView))
    head = LinearHead(view.width, len(shape.labels), plan.dropout, bias=bias, dense=dense)
    return Classifier(network, layout, view, [head], shape.labels)


def _read(network: Network, shape: Shape) -> tuple[Layout, View]:
    if isinstance(network, Elmo):
        if shape.kind in SENTENCES:
            return Apart(network), EndsView(network, shape.n_spans)
        return Apart(network), WordView(network, "first", shape.n_spans)
    asked = isinstance(network, Gpt) and shape.kind in ("word-sense", "pair")
    if shape.kind == "token-label" or (shape.kind == "word-sense" and not asked):
        return Apart(network), WordView(network, "last" if isinstance(network, Gpt) else "first", 1)
    if isinstance(network, Gpt):
        both = shape.symmetric or shape.kind == "pair"
        return Together(with_pieces(network), both_orders=both, asks=asked), SummaryView(network)
    return Together(_pooling(network)), SummaryView(network, marked=2 if shape.kind == "pair" else 0)


def _dense(network: Network) -> Dense | None:
    """Return the activation of the head's own layer, for networks that have no pooler."""
    if isinstance(network, Bert) and network.pooler is None:
        return "tanh" if network.config.n_segments else "relu"
    return None


def _pooling(network: Bert) -> Bert:
    """Return a BERT with a pooler, new if it came without; of RoBERTa and DistilBERT, without one."""
    wanted = network.config.n_segments > 0 and not network.config.first_position
    if wanted and network.pooler is None:
        network.pooler = nn.Linear(network.width, network.width)
        initialise_normal(network.pooler, 0.02)
    elif not wanted:
        network.pooler = None
    network.config = replace(network.config, pooler=wanted)
    return network
