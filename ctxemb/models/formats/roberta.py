"""RoBERTa, as `transformers` has it: BERT's tensors, other pieces, and positions that begin later."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ctxemb.models.bert import Bert, BertConfig
from ctxemb.models.formats import bert
from ctxemb.models.formats.config_values import Values
from ctxemb.models.formats.folder import Classifiers, FolderFormat
from ctxemb.models.formats.tokenizer_settings import ROBERTA_CLASS
from ctxemb.models.model_format import Published

_DENSE = {
    "dense.weight": "classifier.dense.weight",
    "dense.bias": "classifier.dense.bias",
    "linear.weight": "classifier.out_proj.weight",
    "linear.bias": "classifier.out_proj.bias",
}


def read_config(values: Values) -> BertConfig:
    """Return the configuration that ``config.json`` tells."""
    config = bert.read_config(values)
    # Positions are counted from the one after the padding piece's number.
    first = 1 if values.values.get("pad_token_id") == 0 else values.number("pad_token_id", 1) + 1
    return replace(config, first_position=first, start="<s>", end="</s>", unknown="<unk>")


def write_config(config: BertConfig) -> dict[str, Any]:
    """Return the values of ``config.json``."""
    named = {"model_type": "roberta", "architectures": ["RobertaModel"]}
    return {**bert.write_config(config), **named, "pad_token_id": config.first_position - 1}


FORMAT = FolderFormat(
    name="roberta",
    network=Bert,
    read_config=read_config,
    write_config=write_config,
    holds=lambda config: bool(config.n_segments) and config.first_position > 0,
    rules=bert.rules,
    prefix="roberta.",
    heads=bert.HEADS,
    special_pieces=bert.special_pieces,
    placed=bert.placed,
    tokenizer_class=ROBERTA_CLASS,
    without=bert.without_pooler,
    classifiers=Classifiers("Roberta", _DENSE, bert.LINEAR),
    published=(
        Published("roberta-base", "FacebookAI/roberta-base"),
        Published("roberta-large", "FacebookAI/roberta-large"),
    ),
)
