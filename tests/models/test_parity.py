"""BERT, GPT and GPT-2 give the hidden states of `transformers`, weight for weight."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from ctxemb.layers.transformer import TransformerBlock
from ctxemb.models.bert import Bert, BertConfig
from ctxemb.models.encoding import Encoding
from ctxemb.models.gpt import Gpt, GptConfig
from ctxemb.models.pieces import PieceTokenizer
from ctxemb.pretraining.corpus import Corpus
from tests.toys import byte_bpe, lively, wordpiece

transformers = pytest.importorskip("transformers")

LENGTHS = [1, 4, 4, 9, 12]
N_POSITIONS, WIDTH, N_BLOCKS, N_HEADS, HIDDEN = 12, 24, 3, 4, 40


def packed(n_vocabulary: int) -> Encoding:
    pieces = torch.randint(n_vocabulary, (sum(LENGTHS),), generator=torch.Generator().manual_seed(0))
    nothing = torch.zeros(1, dtype=torch.long)
    return Encoding(pieces, torch.full_like(pieces, -1), torch.tensor([0, *LENGTHS]).cumsum(0), nothing)


def theirs(model: nn.Module, batch: Encoding, *inputs: Tensor) -> Tensor:
    """Return (n_layers, n_pieces, width) of a model of `transformers`, a window at a time."""
    windows = []
    for parts in zip(*(x.split(LENGTHS) for x in (batch.pieces, *inputs)), strict=True):
        named = dict(zip(("input_ids", "token_type_ids"), parts, strict=False))
        out = model(**{name: part[None] for name, part in named.items()}, output_hidden_states=True)
        windows.append(torch.stack([layer[0] for layer in out.hidden_states]))
    return torch.cat(windows, dim=1)


def copy(ours: nn.Module, theirs: nn.Module, *, transposed: bool = False) -> None:
    """Copy a linear layer, an embedding or a normalisation."""
    weight = theirs.weight.T if transposed else theirs.weight  # OpenAI's linear layers are (input, output)
    ours.weight.copy_(weight)
    if getattr(theirs, "bias", None) is not None:
        ours.bias.copy_(theirs.bias)


def copy_bert_block(ours: TransformerBlock, theirs: nn.Module) -> None:
    attention = theirs.attention
    parts = (attention.self.query, attention.self.key, attention.self.value)
    ours.attention.qkv.weight.copy_(torch.cat([part.weight for part in parts]))
    ours.attention.qkv.bias.copy_(torch.cat([part.bias for part in parts]))
    copy(ours.attention.out, attention.output.dense)
    copy(ours.attention_norm, attention.output.LayerNorm)
    copy(ours.up, theirs.intermediate.dense)
    copy(ours.down, theirs.output.dense)
    copy(ours.network_norm, theirs.output.LayerNorm)


def copy_gpt_block(ours: TransformerBlock, theirs: nn.Module) -> None:
    copy(ours.attention.qkv, theirs.attn.c_attn, transposed=True)
    copy(ours.attention.out, theirs.attn.c_proj, transposed=True)
    copy(ours.attention_norm, theirs.ln_1)
    copy(ours.up, theirs.mlp.c_fc, transposed=True)
    copy(ours.down, theirs.mlp.c_proj, transposed=True)
    copy(ours.network_norm, theirs.ln_2)


def copy_blocks(
    ours: nn.ModuleList, theirs: nn.ModuleList, how: Callable[[nn.Module, nn.Module], None]
) -> None:
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        how(one, other)


@torch.no_grad()
def test_bert(toy_corpus: Corpus) -> None:
    torch.manual_seed(0)
    tokenizer = wordpiece(toy_corpus)
    config = transformers.BertConfig(
        vocab_size=len(tokenizer),
        max_position_embeddings=N_POSITIONS,
        hidden_size=WIDTH,
        num_hidden_layers=N_BLOCKS,
        num_attention_heads=N_HEADS,
        intermediate_size=HIDDEN,
        attn_implementation="eager",
    )
    reference = lively(transformers.BertModel(config)).eval()
    network = Bert(
        BertConfig(len(tokenizer), N_POSITIONS, 2, WIDTH, N_BLOCKS, N_HEADS, HIDDEN), tokenizer
    ).eval()
    embeddings = reference.embeddings
    copy(network.pieces, embeddings.word_embeddings)
    copy(network.positions, embeddings.position_embeddings)
    copy(network.segments, embeddings.token_type_embeddings)
    copy(network.norm, embeddings.LayerNorm)
    copy_blocks(network.blocks, reference.encoder.layer, copy_bert_block)
    copy(network.pooler, reference.pooler.dense)

    batch = packed(len(tokenizer))
    segments = torch.randint(2, batch.pieces.shape)
    for ours, inputs in ((network(batch), ()), (network(batch, segments), (segments,))):
        torch.testing.assert_close(ours, theirs(reference, batch, *inputs), rtol=0, atol=1e-5)
    window = batch.pieces[-LENGTHS[-1] :]
    pooled = network.pool(network(batch)[-1][-LENGTHS[-1]][None])
    torch.testing.assert_close(pooled, reference(window[None]).pooler_output, rtol=0, atol=1e-5)


def gpt(corpus: Corpus, norm: str) -> tuple[PieceTokenizer, Gpt]:
    tokenizer = byte_bpe(corpus)
    config = GptConfig(
        len(tokenizer),
        N_POSITIONS,
        WIDTH,
        N_BLOCKS,
        N_HEADS,
        norm="pre" if norm == "pre" else "post",
        unknown="a",
    )
    return tokenizer, Gpt(config, tokenizer).eval()


@torch.no_grad()
def test_gpt2(toy_corpus: Corpus) -> None:
    torch.manual_seed(0)
    tokenizer, network = gpt(toy_corpus, "pre")
    config = transformers.GPT2Config(
        vocab_size=len(tokenizer),
        n_positions=N_POSITIONS,
        n_embd=WIDTH,
        n_layer=N_BLOCKS,
        n_head=N_HEADS,
        bos_token_id=0,
        eos_token_id=0,
        attn_implementation="eager",
    )
    reference = lively(transformers.GPT2Model(config), 0.2).eval()
    copy(network.pieces, reference.wte)
    copy(network.positions, reference.wpe)
    copy_blocks(network.blocks, reference.h, copy_gpt_block)
    copy(network.norm, reference.ln_f)
    batch = packed(len(tokenizer))
    torch.testing.assert_close(network(batch), theirs(reference, batch), rtol=0, atol=1e-5)


@torch.no_grad()
def test_openai_gpt(toy_corpus: Corpus) -> None:
    torch.manual_seed(0)
    tokenizer, network = gpt(toy_corpus, "post")
    config = transformers.OpenAIGPTConfig(
        vocab_size=len(tokenizer), n_positions=N_POSITIONS, n_embd=WIDTH, n_layer=N_BLOCKS, n_head=N_HEADS
    )
    reference = lively(transformers.OpenAIGPTModel(config)).eval()
    copy(network.pieces, reference.tokens_embed)
    copy(network.positions, reference.positions_embed)
    copy_blocks(network.blocks, reference.h, copy_gpt_block)
    batch = packed(len(tokenizer))
    torch.testing.assert_close(network(batch), theirs(reference, batch), rtol=0, atol=1e-5)
