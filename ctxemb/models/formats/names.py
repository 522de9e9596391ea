"""The names that `transformers` gives to the tensors of each architecture."""

from __future__ import annotations

from ctxemb.models.formats.naming import Rule


def _both(ours: str, theirs: str, *, transposed: bool = False) -> list[Rule]:
    return [
        Rule(f"{ours}.weight", (f"{theirs}.weight",), transposed),
        Rule(f"{ours}.bias", (f"{theirs}.bias",)),
    ]


def _joined(ours: str, *theirs: str) -> list[Rule]:
    return [Rule(f"{ours}.{part}", tuple(f"{name}.{part}" for name in theirs)) for part in ("weight", "bias")]


def bert_rules(n_blocks: int) -> list[Rule]:
    """Return the names of BERT and RoBERTa."""
    rules = [
        Rule("pieces.weight", ("embeddings.word_embeddings.weight",)),
        Rule("positions.weight", ("embeddings.position_embeddings.weight",)),
        Rule("segments.weight", ("embeddings.token_type_embeddings.weight",)),
        *_both("norm", "embeddings.LayerNorm"),
        *_both("pooler", "pooler.dense"),
    ]
    for i in range(n_blocks):
        ours, theirs = f"blocks.{i}", f"encoder.layer.{i}"
        attention = f"{theirs}.attention.self"
        rules += [
            *_joined(f"{ours}.attention.qkv", f"{attention}.query", f"{attention}.key", f"{attention}.value"),
            *_both(f"{ours}.attention.out", f"{theirs}.attention.output.dense"),
            *_both(f"{ours}.attention_norm", f"{theirs}.attention.output.LayerNorm"),
            *_both(f"{ours}.up", f"{theirs}.intermediate.dense"),
            *_both(f"{ours}.down", f"{theirs}.output.dense"),
            *_both(f"{ours}.network_norm", f"{theirs}.output.LayerNorm"),
        ]
    return rules


def distilbert_rules(n_blocks: int) -> list[Rule]:
    """Return the names of DistilBERT."""
    rules = [
        Rule("pieces.weight", ("embeddings.word_embeddings.weight",)),
        Rule("positions.weight", ("embeddings.position_embeddings.weight",)),
        *_both("norm", "embeddings.LayerNorm"),
    ]
    for i in range(n_blocks):
        ours, theirs = f"blocks.{i}", f"transformer.layer.{i}"
        attention = f"{theirs}.attention"
        rules += [
            *_joined(
                f"{ours}.attention.qkv", f"{attention}.q_lin", f"{attention}.k_lin", f"{attention}.v_lin"
            ),
            *_both(f"{ours}.attention.out", f"{attention}.out_lin"),
            *_both(f"{ours}.attention_norm", f"{theirs}.sa_layer_norm"),
            *_both(f"{ours}.up", f"{theirs}.ffn.lin1"),
            *_both(f"{ours}.down", f"{theirs}.ffn.lin2"),
            *_both(f"{ours}.network_norm", f"{theirs}.output_layer_norm"),
        ]
    return rules


def gpt_rules(n_blocks: int, pieces: str, positions: str, norm: str | None) -> list[Rule]:
    """Return the names of OpenAI GPT and GPT-2, whose matrices are stored (input, output)."""
    rules = [Rule("pieces.weight", (f"{pieces}.weight",)), Rule("positions.weight", (f"{positions}.weight",))]
    for i in range(n_blocks):
        ours, theirs = f"blocks.{i}", f"h.{i}"
        rules += [
            *_both(f"{ours}.attention.qkv", f"{theirs}.attn.c_attn", transposed=True),
            *_both(f"{ours}.attention.out", f"{theirs}.attn.c_proj", transposed=True),
            *_both(f"{ours}.attention_norm", f"{theirs}.ln_1"),
            *_both(f"{ours}.up", f"{theirs}.mlp.c_fc", transposed=True),
            *_both(f"{ours}.down", f"{theirs}.mlp.c_proj", transposed=True),
            *_both(f"{ours}.network_norm", f"{theirs}.ln_2"),
        ]
    return rules + (_both("norm", norm) if norm else [])
