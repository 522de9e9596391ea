"""The first GPT as OpenAI released it: ten arrays, a list of shapes, and a vocabulary with merges.

The arrays are one long row of numbers. The shapes cut it into positions, pieces, and for each block, in the
order of the released code: attention (c_attn, c_proj), ln_1, the network (c_fc, c_proj), ln_2, a weight and
a bias each. Heads are 64 wide, which no file says.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ctxemb.errors import FormatError, MissingFileError
from ctxemb.models.formats.tokenizers import word_end_bpe
from ctxemb.models.gpt import GptConfig
from ctxemb.models.pieces import PieceTokenizer

SHAPES, VOCABULARY, MERGES = "params_shapes.json", "encoder_bpe_40000.json", "vocab_40000.bpe"
N_FILES, HEAD_WIDTH = 10, 64
_BLOCK = ("attn.c_attn", "attn.c_proj", "ln_1", "mlp.c_fc", "mlp.c_proj", "ln_2")


def read_config(folder: Path) -> GptConfig:
    """Return the sizes that the shapes tell.

    Raises
    ------
    FormatError
        If they are not those of a GPT.
    """
    shapes = _shapes(folder)
    n_positions, width = shapes[0]
    return GptConfig(
        n_vocabulary=shapes[1][0],
        n_positions=n_positions,
        width=width,
        n_blocks=(len(shapes) - 2) // (2 * len(_BLOCK)),
        n_heads=max(1, width // HEAD_WIDTH),
        norm="post",
    )


def read_tokenizer(folder: Path, unknown: str) -> PieceTokenizer:
    """Read the vocabulary and its merges.

    Raises
    ------
    MissingFileError, FormatError
        If a file is not there, or damaged.
    """
    for name in (VOCABULARY, MERGES):
        if not (folder / name).is_file():
            raise MissingFileError(f"no tokenizer at {folder / name}")
    try:
        tokenizer = word_end_bpe(folder / VOCABULARY, folder / MERGES, unknown)
    except Exception as error:  # tokenizers raises bare Exception
        raise FormatError(f"{folder / VOCABULARY}: not a vocabulary with merges: {error}") from error
    return PieceTokenizer(tokenizer, unknown)


def read_tensors(folder: Path) -> dict[str, Tensor]:
    """Return the tensors under the names of `transformers`.

    Raises
    ------
    MissingFileError, FormatError
        If an array is missing or damaged, or there are more or fewer numbers than the shapes say.
    """
    shapes = _shapes(folder)
    row = np.concatenate([_array(folder / f"params_{number}.npy") for number in range(N_FILES)])
    sizes = [math.prod(shape) for shape in shapes]
    if sum(sizes) != len(row):
        raise FormatError(
            f"{folder / SHAPES}: shapes of {sum(sizes):,} numbers, but the arrays hold {len(row):,}"
        )
    parts = np.split(row, np.cumsum(sizes)[:-1])
    names = ["positions_embed.weight", "tokens_embed.weight"]
    for block in range((len(shapes) - 2) // (2 * len(_BLOCK))):
        names += [f"h.{block}.{part}.{kind}" for part in _BLOCK for kind in ("weight", "bias")]
    return {
        name: torch.from_numpy(part.reshape(shape[1:] if len(shape) == 3 else shape))
        for name, part, shape in zip(names, parts, shapes, strict=True)
    }


def _shapes(folder: Path) -> list[list[int]]:
    path = folder / SHAPES
    try:
        shapes = json.loads(path.read_text(encoding="utf-8"))
        good = (
            len(shapes) > 2
            and (len(shapes) - 2) % (2 * len(_BLOCK)) == 0
            and all(isinstance(size, int) and size > 0 for shape in shapes for size in shape)
            and len(shapes[0]) == len(shapes[1]) == 2
            and shapes[0][1] == shapes[1][1]
        )
    except (ValueError, TypeError) as error:
        raise FormatError(f"{path}: not a list of shapes: {error}") from error
    if not good:
        raise FormatError(f"{path}: not the shapes of a GPT: positions, pieces, and twelve for each block")
    found: list[list[int]] = shapes
    return found


def _array(path: Path) -> NDArray[np.float32]:
    if not path.is_file():
        raise MissingFileError(f"no weights at {path}")
    try:
        array = np.load(path, allow_pickle=False)
    except Exception as error:  # a damaged header raises whatever Python's parser does
        raise FormatError(f"{path}: not an array of numbers: {error}") from error
    if array.ndim != 1 or array.dtype.kind != "f":
        raise FormatError(f"{path}: expected a row of numbers, found {array.dtype} of shape {array.shape}")
    numbers: NDArray[np.float32] = array.astype(np.float32, copy=False)
    return numbers
