"""OpenAI GPT, as `transformers` has it; its matrices are stored (input, output)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ctxemb.models.formats.config_values import OURS, Values, activation_names
from ctxemb.models.formats.folder import Classifiers, FolderFormat
from ctxemb.models.formats.naming import Rule, both
from ctxemb.models.formats.tokenizer_settings import GPT_CLASS, INPUTS, TYPES
from ctxemb.models.formats.tokenizers import FolderTokenizer
from ctxemb.models.gpt import Gpt, GptConfig
from ctxemb.models.model_format import Published

HEADS = ("lm_head.", "multiple_choice_head.", "score.", "classifier.", "qa_outputs.")


SCORE = {"linear.weight": "score.weight"}
"""The tensors of a classifier of texts, which has no bias; ours to theirs."""


def read_sizes(values: Values) -> dict[str, Any]:
    """Return what GPT and GPT-2 say alike."""
    return {
        "n_vocabulary": values.number("vocab_size"),
        "n_positions": values.number("n_positions"),
        "width": values.number("n_embd"),
        "n_blocks": values.blocks("n_layer"),
        "n_heads": values.number("n_head"),
        "hidden": values.number("n_inner") if values.values.get("n_inner") else 0,
        "start": values.ours("start", None),
        "dropout": values.share("resid_pdrop", 0.1),
        "epsilon": values.share("layer_norm_epsilon", 1e-5),
    }


def write_sizes(config: GptConfig) -> dict[str, Any]:
    """Return the values of ``config.json`` that GPT and GPT-2 have alike."""
    return {
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


def read_config(values: Values) -> GptConfig:
    """Return the configuration that ``config.json`` tells."""
    activation = values.activation("afn", "gelu")
    return GptConfig(
        **read_sizes(values),
        norm="post",
        unknown=values.ours("unknown", "<unk>"),
        activation="gelu_tanh" if activation == "gelu" else activation,  # its "gelu" is the approximation
    )


def write_config(config: GptConfig) -> dict[str, Any]:
    """Return the values of ``config.json``."""
    named = {"model_type": "openai-gpt", "architectures": ["OpenAIGPTLMHeadModel"]}
    afn = "gelu" if config.activation == "gelu_tanh" else activation_names()[config.activation]
    return {**named, **write_sizes(config), "afn": afn}


def gpt_rules(n_blocks: int, pieces: str, positions: str, norm: str | None) -> list[Rule]:
    """Return the names of OpenAI GPT and GPT-2, whose matrices are stored (input, output)."""
    every = [Rule("pieces.weight", (f"{pieces}.weight",)), Rule("positions.weight", (f"{positions}.weight",))]
    for i in range(n_blocks):
        ours, theirs = f"blocks.{i}", f"h.{i}"
        every += [
            *both(f"{ours}.attention.qkv", f"{theirs}.attn.c_attn", transposed=True),
            *both(f"{ours}.attention.out", f"{theirs}.attn.c_proj", transposed=True),
            *both(f"{ours}.attention_norm", f"{theirs}.ln_1"),
            *both(f"{ours}.up", f"{theirs}.mlp.c_fc", transposed=True),
            *both(f"{ours}.down", f"{theirs}.mlp.c_proj", transposed=True),
            *both(f"{ours}.network_norm", f"{theirs}.ln_2"),
        ]
    return every + (both("norm", norm) if norm else [])


def rules(n_blocks: int) -> list[Rule]:
    """Return the names of the first GPT."""
    return gpt_rules(n_blocks, "tokens_embed", "positions_embed", None)


def special_pieces(network: Gpt) -> dict[str, Any]:
    """Return what settings of the tokenizer say of GPT and GPT-2."""
    config = network.config
    said: dict[str, Any] = {"unk_token": config.unknown}
    if config.start:
        said["bos_token"] = config.start
    if config.types:
        said[INPUTS] = ["input_ids", TYPES, "attention_mask"]
    return said


def placed(config: GptConfig, tokenizer: FolderTokenizer) -> GptConfig:
    """Return the configuration with the pieces around a window, at most one on each side.

    What ctxemb's own models say in ``config.json`` of the piece before a window comes first.
    """
    prefix, suffix = tokenizer.prefix, tokenizer.suffix
    if len(prefix) > 1 or len(suffix) > 1:
        raise ValueError(
            f"the tokenizer puts {' '.join(prefix)} before a text and {' '.join(suffix)} after it; at most "
            "one piece on each side can be"
        )
    start = config.start or (prefix[0] if prefix else None)
    end = suffix[0] if suffix else None
    return replace(config, start=start, end=end, unknown=tokenizer.unknown, types=tokenizer.types)


ALIASES = {
    "hidden_size": "n_embd",
    "max_position_embeddings": "n_positions",
    "num_attention_heads": "n_head",
    "num_hidden_layers": "n_layer",
}
"""Other names that transformers knows for settings of GPT and GPT-2."""


FORMAT = FolderFormat(
    name="openai-gpt",
    network=Gpt,
    read_config=read_config,
    write_config=write_config,
    holds=lambda config: config.norm == "post",
    rules=rules,
    prefix="transformer.",
    heads=HEADS,
    special_pieces=special_pieces,
    placed=placed,
    tokenizer_class=GPT_CLASS,
    aliases=ALIASES,
    classifiers=Classifiers("OpenAIGPT", SCORE, None),
    published=(Published("openai-gpt", "openai-community/openai-gpt"),),
)
