"""BERT, as `transformers` has it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from ctxemb.models.bert import Bert, BertConfig
from ctxemb.models.formats.config_values import Values, activation_names
from ctxemb.models.formats.folder import Classifiers, FolderFormat
from ctxemb.models.formats.naming import Rule, both, joined
from ctxemb.models.formats.tokenizer_settings import BERT_CLASS
from ctxemb.models.formats.tokenizers import FolderTokenizer
from ctxemb.models.model_format import Published

HEADS = ("cls.", "lm_head.", "classifier.", "qa_outputs.")

LINEAR = {"linear.weight": "classifier.weight", "linear.bias": "classifier.bias"}
"""The tensors of a classifier of one layer; ours to theirs."""


def read_config(values: Values) -> BertConfig:
    """Return the configuration that ``config.json`` tells."""
    values.must_be("position_embedding_type", "absolute")
    values.must_be("is_decoder", False)
    values.must_be("add_cross_attention", False)
    return BertConfig(
        n_vocabulary=values.number("vocab_size"),
        n_positions=values.number("max_position_embeddings", 512),
        n_segments=values.number("type_vocab_size", 2),
        width=values.number("hidden_size"),
        n_blocks=values.blocks("num_hidden_layers"),
        n_heads=values.number("num_attention_heads"),
        hidden=values.number("intermediate_size"),
        dropout=values.share("hidden_dropout_prob", 0.1),
        epsilon=values.share("layer_norm_eps", 1e-12),
        activation=values.activation("hidden_act", "gelu"),
    )


def write_config(config: BertConfig) -> dict[str, Any]:
    """Return the values of ``config.json``."""
    return {
        "model_type": "bert",
        "architectures": ["BertModel"],
        "vocab_size": config.n_vocabulary,
        "max_position_embeddings": config.n_positions,
        "type_vocab_size": config.n_segments,
        "hidden_size": config.width,
        "num_hidden_layers": config.n_blocks,
        "num_attention_heads": config.n_heads,
        "intermediate_size": config.hidden,
        "hidden_dropout_prob": config.dropout,
        "attention_probs_dropout_prob": config.dropout,
        "layer_norm_eps": config.epsilon,
        "hidden_act": activation_names()[config.activation],
    }


def rules(n_blocks: int) -> list[Rule]:
    """Return the names of BERT and RoBERTa."""
    every = [
        Rule("pieces.weight", ("embeddings.word_embeddings.weight",)),
        Rule("positions.weight", ("embeddings.position_embeddings.weight",)),
        Rule("segments.weight", ("embeddings.token_type_embeddings.weight",)),
        *both("norm", "embeddings.LayerNorm"),
        *both("pooler", "pooler.dense"),
    ]
    for i in range(n_blocks):
        ours, theirs = f"blocks.{i}", f"encoder.layer.{i}"
        attention = f"{theirs}.attention.self"
        every += [
            *joined(f"{ours}.attention.qkv", f"{attention}.query", f"{attention}.key", f"{attention}.value"),
            *both(f"{ours}.attention.out", f"{theirs}.attention.output.dense"),
            *both(f"{ours}.attention_norm", f"{theirs}.attention.output.LayerNorm"),
            *both(f"{ours}.up", f"{theirs}.intermediate.dense"),
            *both(f"{ours}.down", f"{theirs}.output.dense"),
            *both(f"{ours}.network_norm", f"{theirs}.output.LayerNorm"),
        ]
    return every


def special_pieces(network: Bert) -> dict[str, str]:
    """Return the special pieces of BERT and its kin, those that the vocabulary has."""
    config = network.config
    named = {"cls_token": config.start, "sep_token": config.end, "unk_token": config.unknown}
    known = network.tokenizer.tokenizer.token_to_id
    more = {"pad_token": "[PAD]", "mask_token": "[MASK]"}
    return {**named, **{key: piece for key, piece in more.items() if known(piece) is not None}}


def placed(config: BertConfig, tokenizer: FolderTokenizer) -> BertConfig:
    """Return the configuration with the pieces around a window, one on each side."""
    prefix, suffix = tokenizer.prefix, tokenizer.suffix
    if len(prefix) != 1 or len(suffix) != 1:
        raise ValueError(
            "BERT and its kin read a text between two special pieces; the tokenizer puts "
            f"{' '.join(prefix) or 'none'} before it and {' '.join(suffix) or 'none'} after it"
        )
    return replace(config, start=prefix[0], end=suffix[0], unknown=tokenizer.unknown)


def without_pooler(config: BertConfig, names: Iterable[str]) -> BertConfig:
    """Return the configuration without the pooler if the file has none."""
    return config if any(name.startswith("pooler.") for name in names) else replace(config, pooler=False)


FORMAT = FolderFormat(
    name="bert",
    network=Bert,
    read_config=read_config,
    write_config=write_config,
    holds=lambda config: bool(config.n_segments) and not config.first_position,
    rules=rules,
    prefix="bert.",
    heads=HEADS,
    special_pieces=special_pieces,
    placed=placed,
    tokenizer_class=BERT_CLASS,
    without=without_pooler,
    classifiers=Classifiers("Bert", LINEAR, LINEAR),
    published=(
        Published("bert-base-uncased", "google-bert/bert-base-uncased"),
        Published("bert-base-cased", "google-bert/bert-base-cased"),
        Published("bert-large-uncased", "google-bert/bert-large-uncased"),
        Published("bert-large-cased", "google-bert/bert-large-cased"),
        Published("bert-tiny", "google/bert_uncased_L-2_H-128_A-2"),
        Published("bert-mini", "google/bert_uncased_L-4_H-256_A-4"),
        Published("bert-small", "google/bert_uncased_L-4_H-512_A-8"),
        Published("bert-medium", "google/bert_uncased_L-8_H-512_A-8"),
        Published("minilm", "sentence-transformers/all-MiniLM-L6-v2"),
    ),
)
