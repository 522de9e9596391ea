"""DistilBERT, as `transformers` has it: no segments, no pooler, and names of its own."""

from __future__ import annotations

from typing import Any

from ctxemb.models.bert import Bert, BertConfig
from ctxemb.models.formats import bert
from ctxemb.models.formats.config_values import Values, activation_names
from ctxemb.models.formats.folder import Classifiers, FolderFormat
from ctxemb.models.formats.naming import Rule, both, joined
from ctxemb.models.formats.tokenizer_settings import BERT_CLASS
from ctxemb.models.model_format import Published

_DENSE = {"dense.weight": "pre_classifier.weight", "dense.bias": "pre_classifier.bias", **bert.LINEAR}


def read_config(values: Values) -> BertConfig:
    """Return the configuration that ``config.json`` tells."""
    return BertConfig(
        n_vocabulary=values.number("vocab_size"),
        n_positions=values.number("max_position_embeddings", 512),
        n_segments=0,
        width=values.number("dim"),
        n_blocks=values.blocks("n_layers"),
        n_heads=values.number("n_heads"),
        hidden=values.number("hidden_dim"),
        dropout=values.share("dropout", 0.1),
        activation=values.activation("activation", "gelu"),
        pooler=False,
    )


def write_config(config: BertConfig) -> dict[str, Any]:
    """Return the values of ``config.json``."""
    return {
        "model_type": "distilbert",
        "architectures": ["DistilBertModel"],
        "vocab_size": config.n_vocabulary,
        "max_position_embeddings": config.n_positions,
        "dim": config.width,
        "n_layers": config.n_blocks,
        "n_heads": config.n_heads,
        "hidden_dim": config.hidden,
        "dropout": config.dropout,
        "attention_dropout": config.dropout,
        "activation": activation_names()[config.activation],
    }


def rules(n_blocks: int) -> list[Rule]:
    """Return the names of DistilBERT."""
    every = [
        Rule("pieces.weight", ("embeddings.word_embeddings.weight",)),
        Rule("positions.weight", ("embeddings.position_embeddings.weight",)),
        *both("norm", "embeddings.LayerNorm"),
    ]
    for i in range(n_blocks):
        ours, theirs = f"blocks.{i}", f"transformer.layer.{i}"
        attention = f"{theirs}.attention"
        every += [
            *joined(
                f"{ours}.attention.qkv", f"{attention}.q_lin", f"{attention}.k_lin", f"{attention}.v_lin"
            ),
            *both(f"{ours}.attention.out", f"{attention}.out_lin"),
            *both(f"{ours}.attention_norm", f"{theirs}.sa_layer_norm"),
            *both(f"{ours}.up", f"{theirs}.ffn.lin1"),
            *both(f"{ours}.down", f"{theirs}.ffn.lin2"),
            *both(f"{ours}.network_norm", f"{theirs}.output_layer_norm"),
        ]
    return every


FORMAT = FolderFormat(
    name="distilbert",
    network=Bert,
    read_config=read_config,
    write_config=write_config,
    holds=lambda config: not config.n_segments,
    rules=rules,
    prefix="distilbert.",
    heads=(*bert.HEADS, "vocab_", "pre_classifier."),
    special_pieces=bert.special_pieces,
    placed=bert.placed,
    tokenizer_class=BERT_CLASS,
    aliases={"hidden_size": "dim", "num_attention_heads": "n_heads", "num_hidden_layers": "n_layers"},
    without=bert.without_pooler,
    classifiers=Classifiers("DistilBert", _DENSE, bert.LINEAR),
    published=(
        Published("distilbert-base-uncased", "distilbert/distilbert-base-uncased"),
        Published("distilbert-base-cased", "distilbert/distilbert-base-cased"),
    ),
)
