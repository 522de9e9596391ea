"""The first GPT as OpenAI released it: ten arrays, a list of shapes, and a vocabulary with merges.

The arrays are one long row of numbers. The shapes cut it into positions, pieces, and for each block, in the
order of the released code: attention (c_attn, c_proj), ln_1, the network (c_fc, c_proj), ln_2, a weight and
a bias each. Heads are 64 wide, which no file says.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ctxemb.errors import FormatError, MissingFileError
from ctxemb.models.building import Network, empty_network, random_network, ready
from ctxemb.models.formats.gpt import rules
from ctxemb.models.formats.naming import fill
from ctxemb.models.formats.tokenizers import word_end_bpe
from ctxemb.models.gpt import Gpt, GptConfig
from ctxemb.models.model_format import Published
from ctxemb.models.pieces import PieceTokenizer

SHAPES, VOCABULARY, MERGES = "params_shapes.json", "encoder_bpe_40000.json", "vocab_40000.bpe"
N_FILES, HEAD_WIDTH = 10, 64
RELEASED = (SHAPES, *(f"params_{number}.npy" for number in range(N_FILES)), VOCABULARY, MERGES)
"""The files of the release."""

_BLOCK = ("attn.c_attn", "attn.c_proj", "ln_1", "mlp.c_fc", "mlp.c_proj", "ln_2")

_SMALL = 1 << 20
"""Bytes for which no mapping is held open."""


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


class ReleasedArrays:
    """The tensors under the names of `transformers`, each read from the arrays that hold a part of it.

    Parameters
    ----------
    folder
        The folder of the release.

    Raises
    ------
    MissingFileError, FormatError
        If an array is missing or damaged, or there are more or fewer numbers than the shapes say.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / SHAPES
        shapes = _shapes(folder)
        self._files = [folder / f"params_{number}.npy" for number in range(N_FILES)]
        self._ends = np.cumsum([len(_array(file)) for file in self._files]).tolist()
        ends = np.cumsum([math.prod(shape) for shape in shapes]).tolist()
        if ends[-1] != self._ends[-1]:
            raise FormatError(
                f"{self.path}: shapes of {ends[-1]:,} numbers, but the arrays hold {self._ends[-1]:,}"
            )
        self.names = ["positions_embed.weight", "tokens_embed.weight"]
        for block in range((len(shapes) - 2) // (2 * len(_BLOCK))):
            self.names += [f"h.{block}.{part}.{kind}" for part in _BLOCK for kind in ("weight", "bias")]
        self._places = {
            name: (end - math.prod(shape), end, shape[1:] if len(shape) == 3 else shape)
            for name, end, shape in zip(self.names, ends, shapes, strict=True)
        }

    def file(self, name: str) -> Path:
        """Return the array that holds a tensor, or its beginning."""
        return self._parts(name)[0][0]

    def kept(self, name: str) -> Tensor:
        """Return a tensor; a large one memory-mapped, unless it goes over the end of an array."""
        parts = [_array(file)[start:stop] for file, start, stop in self._parts(name)]
        alone = len(parts) == 1 and parts[0].nbytes > _SMALL
        row = parts[0] if alone else np.concatenate(parts)
        return torch.from_numpy(row.reshape(self._places[name][2]))

    def _parts(self, name: str) -> list[tuple[Path, int, int]]:
        """Return the arrays that hold a tensor, and from where to where."""
        start, stop, _ = self._places[name]
        begins = [0, *self._ends[:-1]]
        return [
            (file, max(0, start - begin), min(stop, end) - begin)
            for file, begin, end in zip(self._files, begins, self._ends, strict=True)
            if begin < stop and start < end
        ]

    passing = kept


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
    except (ValueError, TypeError, RecursionError) as error:
        raise FormatError(f"{path}: not a list of shapes: {error}") from error
    if not good:
        raise FormatError(f"{path}: not the shapes of a GPT: positions, pieces, and twelve for each block")
    checked: list[list[int]] = shapes
    return checked


def _array(path: Path) -> NDArray[np.floating[Any]]:
    if not path.is_file():
        raise MissingFileError(f"no weights at {path}")
    try:
        array = np.load(path, mmap_mode="c", allow_pickle=False)
    except Exception as error:  # a damaged header raises whatever Python's parser does
        raise FormatError(f"{path}: not an array of numbers: {error}") from error
    if array.ndim != 1 or array.dtype.kind != "f" or array.dtype.itemsize > 8:
        raise FormatError(f"{path}: expected a row of numbers, found {array.dtype} of shape {array.shape}")
    numbers: NDArray[np.floating[Any]] = array.astype(array.dtype.newbyteorder("="), copy=False)
    return numbers


ADDRESS = (
    "https://raw.githubusercontent.com/openai/finetune-transformer-lm/"
    "f7c13308472857da7317a8b6628e9e628d9f6a73/model/"
)
_NAME = "openai-gpt-original"
"""GPT (Radford et al. 2018) as OpenAI released it; ``openai-gpt`` is the same, converted."""


class Released:
    """See `ModelFormat`."""

    name = "openai"
    family = Gpt.family
    small_files: tuple[str, ...] = (SHAPES, VOCABULARY, MERGES)
    is_own = False
    published = (
        Published(_NAME, address=ADDRESS, files=RELEASED, folder=_NAME, source="OpenAI's own release"),
    )

    def matches(self, folder: Path) -> bool:
        """Return whether a folder is of this form."""
        return (folder / SHAPES).is_file()

    def read(self, folder: Path, random_init: int | None = None) -> Network:
        """Read the network in a folder."""
        config = read_config(folder)
        tokenizer = read_tokenizer(folder, config.unknown)
        if random_init is not None:
            return random_network(config, tokenizer, folder / SHAPES, random_init)
        network = empty_network(config, tokenizer, folder / SHAPES)
        tensors = ReleasedArrays(folder)
        fill(network, tensors, rules(config.n_blocks), {name: name for name in tensors.names})
        return ready(network)

    def writes(self, network: Any) -> bool:
        """Return that nothing is written in this form: nobody else reads it."""
        del network
        return False

    def write(self, network: Any, folder: Path, dtype: torch.dtype) -> None:
        """Refuse: this form is only read."""
        raise NotImplementedError


FORMAT = Released()
