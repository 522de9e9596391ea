"""Folders of `transformers`: BERT, RoBERTa, DistilBERT, OpenAI GPT and GPT-2.

A folder holds ``config.json`` with a ``model_type``, weights, and a tokenizer. What differs between the
types are names, which `rules` gives, and a few sizes and choices, which `read` gives.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ctxemb.errors import FormatError
from ctxemb.layers.products import Activation
from ctxemb.models.bert import BertConfig
from ctxemb.models.formats.names import bert_rules, distilbert_rules, gpt_rules
from ctxemb.models.formats.naming import Rule
from ctxemb.models.formats.values import OURS, Values
from ctxemb.models.gpt import GptConfig

Config = BertConfig | GptConfig


@dataclass(frozen=True, slots=True)
class Kind:
    """One ``model_type``.

    Parameters
    ----------
    read
        From the values of ``config.json`` and its path to our configuration.
    prefix
        What may stand before all names, in checkpoints with a head.
    rules
        The names, given the number of blocks.
    heads
        Beginnings of names that belong to heads and buffers, which are left out.
    """

    read: Callable[[Values], Config]
    prefix: str
    rules: Callable[[int], list[Rule]]
    heads: tuple[str, ...]


def read_values(values: Values) -> tuple[Kind, Config]:
    """Return the kind of a checkpoint and its configuration.

    Raises
    ------
    FormatError
        If the architecture is none of ours; the message says which are.
    """
    name = values.values.get("model_type")
    if not isinstance(name, str) or name not in KINDS:
        raise FormatError(
            f"{values.path}: architecture {name!r} is not supported; {', '.join(KINDS)} and ELMo are"
        )
    kind = KINDS[name]
    return kind, kind.read(values)


def own_names(names: list[str], kind: Kind, path: Path, expected: set[str]) -> dict[str, str]:
    """Return, for each name of `expected`, the name in the file; heads and buffers are left out.

    Raises
    ------
    FormatError
        If the file holds tensors that belong to nothing we know.
    """
    found: dict[str, str] = {}
    odd: list[str] = []
    for name in names:
        bare = _modern(name.removeprefix(kind.prefix))
        if bare in expected:
            found[bare] = name
        elif not bare.startswith(kind.heads) and not bare.endswith(_BUFFERS):
            odd.append(name)
    if odd:
        shown = ", ".join(sorted(odd)[:5]) + (" …" if len(odd) > 5 else "")
        raise FormatError(f"{path}: unknown tensors: {shown}")
    return found


_BUFFERS = ("position_ids", "attn.bias", "attn.masked_bias", "token_type_ids")


def _modern(name: str) -> str:
    """Return the name that a tensor of TensorFlow's first BERTs has today."""
    if name.endswith("LayerNorm.gamma"):
        return name.removesuffix("gamma") + "weight"
    return name.removesuffix("beta") + "bias" if name.endswith("LayerNorm.beta") else name


def _read_bert(values: Values, *, roberta: bool = False) -> BertConfig:
    values.must_be("position_embedding_type", "absolute")
    values.must_be("is_decoder", False)
    values.must_be("add_cross_attention", False)
    first = 0
    if roberta:  # positions are counted from the one after the padding piece's number
        first = 1 if values.values.get("pad_token_id") == 0 else values.number("pad_token_id", 1) + 1
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
        first_position=first,
        start="<s>" if roberta else "[CLS]",
        end="</s>" if roberta else "[SEP]",
        unknown="<unk>" if roberta else "[UNK]",
    )


def _read_distilbert(values: Values) -> BertConfig:
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


def _read_gpt(values: Values, *, second: bool) -> GptConfig:
    if second:
        values.must_be("scale_attn_weights", True)
        values.must_be("scale_attn_by_inverse_layer_idx", False)
        values.must_be("reorder_and_upcast_attn", False)
        values.must_be("add_cross_attention", False)
    return GptConfig(
        n_vocabulary=values.number("vocab_size"),
        n_positions=values.number("n_positions"),
        width=values.number("n_embd"),
        n_blocks=values.blocks("n_layer"),
        n_heads=values.number("n_head"),
        hidden=values.number("n_inner") if values.values.get("n_inner") else 0,
        norm="pre" if second else "post",
        start=values.ours("start", None),
        unknown=values.ours("unknown", "<|endoftext|>" if second else "<unk>"),
        dropout=values.share("resid_pdrop", 0.1),
        epsilon=values.share("layer_norm_epsilon", 1e-5),
        activation=_gpt_activation(values, second=second),
    )


def _gpt_activation(values: Values, *, second: bool) -> Activation:
    if second:
        return values.activation("activation_function", "gelu_new")
    found = values.activation("afn", "gelu")
    return "gelu_tanh" if found == "gelu" else found  # what it calls "gelu" is the approximation


_BERT_HEADS = ("cls.", "lm_head.", "classifier.", "qa_outputs.")

KINDS: dict[str, Kind] = {
    "bert": Kind(_read_bert, "bert.", bert_rules, _BERT_HEADS),
    "roberta": Kind(lambda values: _read_bert(values, roberta=True), "roberta.", bert_rules, _BERT_HEADS),
    "distilbert": Kind(
        _read_distilbert, "distilbert.", distilbert_rules, (*_BERT_HEADS, "vocab_", "pre_classifier.")
    ),
    "openai-gpt": Kind(
        lambda values: _read_gpt(values, second=False),
        "transformer.",
        lambda n: gpt_rules(n, "tokens_embed", "positions_embed", None),
        ("lm_head.", "multiple_choice_head.", "score.", "classifier."),
    ),
    "gpt2": Kind(
        lambda values: _read_gpt(values, second=True),
        "transformer.",
        lambda n: gpt_rules(n, "wte", "wpe", "ln_f"),
        ("lm_head.", "multiple_choice_head.", "score.", "classifier."),
    ),
}


def written_config(config: Config) -> dict[str, Any]:
    """Return the values of ``config.json`` for a network of ours."""
    if isinstance(config, BertConfig):
        return _written_bert(config)
    names = {"gelu_tanh": "gelu_new", "gelu": "gelu", "relu": "relu"}
    second = config.norm == "pre"
    shared = {
        "model_type": "gpt2" if second else "openai-gpt",
        "architectures": ["GPT2LMHeadModel" if second else "OpenAIGPTLMHeadModel"],
        "vocab_size": config.n_vocabulary,
        "n_positions": config.n_positions,
        "n_embd": config.width,
        "n_layer": config.n_blocks,
        "n_head": config.n_heads,
        "resid_pdrop": config.dropout,
        "embd_pdrop": config.dropout,
        "attn_pdrop": config.dropout,
        "layer_norm_epsilon": config.epsilon,
        OURS: {"start": config.start, "unknown": config.unknown},
    }
    if second:
        return {**shared, "n_inner": config.hidden or None, "activation_function": names[config.activation]}
    return {**shared, "afn": "gelu" if config.activation == "gelu_tanh" else names[config.activation]}


def _written_bert(config: BertConfig) -> dict[str, Any]:
    names = {"gelu_tanh": "gelu_new", "gelu": "gelu", "relu": "relu"}
    if not config.n_segments:
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
            "activation": names[config.activation],
        }
    roberta = config.first_position > 0
    return {
        "model_type": "roberta" if roberta else "bert",
        "architectures": ["RobertaModel" if roberta else "BertModel"],
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
        "hidden_act": names[config.activation],
        **({"pad_token_id": config.first_position - 1} if roberta else {}),
    }
