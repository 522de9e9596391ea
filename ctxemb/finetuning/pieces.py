"""New special pieces: GPT's start, delimiter and end of the texts that it classifies."""

from __future__ import annotations

from dataclasses import replace

import torch
from tokenizers import Tokenizer
from torch import nn

from ctxemb.models.gpt import Gpt
from ctxemb.models.pieces import PieceTokenizer

START, DELIMITER, CLASSIFY = "_start_", "_delimiter_", "_classify_"

_DEVIATION = 0.02
"""Of the new pieces' vectors (Radford et al. 2018; the released code draws them so)."""


def with_pieces(network: Gpt) -> Gpt:
    """Return a GPT that knows the pieces of fine-tuning; one that knows them is returned as it is.

    The new vectors are drawn from N(0, 0.02²) and torch's random state. A network that was pretrained with
    a start piece of its own keeps it; only one without gets ``_start_``. Either begins every window, also
    when the tuned network embeds text.
    """
    known = network.tokenizer.tokenizer
    wanted = [piece for piece in (START, DELIMITER, CLASSIFY) if piece != START or not network.config.start]
    if all(known.token_to_id(piece) is not None for piece in wanted):
        return network
    tokenizer = Tokenizer.from_str(known.to_str())
    tokenizer.add_special_tokens(wanted)
    pieces = PieceTokenizer(tokenizer, network.config.unknown)
    numbers = [pieces.id(piece) for piece in wanted]
    old = network.pieces.weight.detach()
    grown = nn.Embedding(max(len(old), len(pieces)), old.shape[1])
    with torch.no_grad():
        grown.weight[: len(old)] = old
        grown.weight[numbers] = _DEVIATION * torch.randn(len(numbers), old.shape[1])
    network.pieces = grown
    network.tokenizer = pieces
    network.config = replace(
        network.config, n_vocabulary=len(grown.weight), start=network.config.start or START
    )
    return network
