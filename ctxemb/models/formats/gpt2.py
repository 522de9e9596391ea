"""GPT-2, as `transformers` has it: normalisations before the parts of a block, and one at the end."""

from __future__ import annotations

from typing import Any

from ctxemb.models.formats import bert, gpt
from ctxemb.models.formats.config_values import Values, activation_names
from ctxemb.models.formats.folder import Classifiers, FolderFormat
from ctxemb.models.formats.tokenizer_settings import GPT2_CLASS
from ctxemb.models.gpt import Gpt, GptConfig
from ctxemb.models.model_format import Published


def read_config(values: Values) -> GptConfig:
    """Return the configuration that ``config.json`` tells."""
    values.must_be("scale_attn_weights", True)
    values.must_be("scale_attn_by_inverse_layer_idx", False)
    values.must_be("reorder_and_upcast_attn", False)
    values.must_be("add_cross_attention", False)
    return GptConfig(
        **gpt.read_sizes(values),
        norm="pre",
        unknown=values.ours("unknown", "<|endoftext|>"),
        activation=values.activation("activation_function", "gelu_new"),
    )


def write_config(config: GptConfig) -> dict[str, Any]:
    """Return the values of ``config.json``."""
    named = {"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"]}
    activation = activation_names()[config.activation]
    own = {"n_inner": config.hidden or None, "activation_function": activation}
    return {**named, **gpt.write_sizes(config), **own}


FORMAT = FolderFormat(
    name="gpt2",
    network=Gpt,
    read_config=read_config,
    write_config=write_config,
    holds=lambda config: config.norm == "pre",
    rules=lambda n_blocks: gpt.gpt_rules(n_blocks, "wte", "wpe", "ln_f"),
    prefix="transformer.",
    heads=gpt.HEADS,
    special_pieces=gpt.special_pieces,
    placed=gpt.placed,
    tokenizer_class=GPT2_CLASS,
    aliases=gpt.ALIASES,
    classifiers=Classifiers("GPT2", gpt.SCORE, bert.LINEAR),
    published=(
        Published("gpt2", "openai-community/gpt2"),
        Published("gpt2-medium", "openai-community/gpt2-medium"),
        Published("gpt2-large", "openai-community/gpt2-large"),
        Published("gpt2-xl", "openai-community/gpt2-xl"),
    ),
)
