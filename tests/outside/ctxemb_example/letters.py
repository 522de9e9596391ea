"""A family of models and its form on disk: a vector for each letter, and their running mean."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ctxemb.models.encoding import Encoding, pack
from ctxemb.models.model_format import Published
from ctxemb.text.sentence import Sentence

FILE = "letters.json"


class Letters(nn.Module):
    """Layer 0 is the vector of a letter, layer 1 the mean of the letters up to it."""

    family = "letters"
    n_layers = 2
    batch_pieces = 1024

    def __init__(self, width: int, seed: int) -> None:
        super().__init__()
        self.width = width
        generator = torch.Generator().manual_seed(seed)
        self.letters = nn.Parameter(torch.randn(256, width, generator=generator), requires_grad=False)

    def encode(self, sentences: Sequence[Sentence]) -> Encoding:
        """Split words into bytes."""
        words = [word.encode() for sentence in sentences for word in sentence.words]
        return pack(
            np.frombuffer(b"".join(words), dtype=np.uint8).astype(np.int64),
            np.array([len(word) for word in words]),
            np.array([len(sentence) for sentence in sentences]),
            causal=True,
        )

    def each(self, batch: Encoding) -> Iterator[Tensor]:
        """Yield the two layers, (n_pieces, width)."""
        vectors = self.letters[batch.pieces]
        yield vectors
        means = [
            window.cumsum(0) / torch.arange(1, len(window) + 1)[:, None]
            for window in vectors.split(batch.lengths.tolist())
        ]
        yield torch.cat(means)


class LettersFormat:
    """A folder with one small file; see `ctxemb.models.model_format.ModelFormat`."""

    name = family = Letters.family
    small_files = (FILE,)
    published: tuple[Published, ...] = ()
    is_own = False

    def matches(self, folder: Path) -> bool:
        """Return whether the folder is of this form."""
        return (folder / FILE).is_file()

    def read(self, folder: Path, random_init: int | None = None) -> Letters:
        """Read the network in a folder."""
        values = json.loads((folder / FILE).read_text(encoding="utf-8"))
        return Letters(values["width"], values["seed"] if random_init is None else random_init).eval()

    def writes(self, network: Any) -> bool:
        """Return whether a network can be written in this form."""
        return False

    def write(self, network: Any, folder: Path, dtype: torch.dtype) -> None:
        """Refuse: this form is only read."""
        raise NotImplementedError


FORMAT = LettersFormat()
