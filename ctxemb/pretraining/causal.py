"""GPT's objective: predict the next piece, over windows of running text (Radford et al. 2018)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ctxemb.models.base import last
from ctxemb.models.encoding import NO_WORD, Encoding
from ctxemb.models.gpt import Gpt
from ctxemb.pretraining.corpus import Document, batches_of
from ctxemb.pretraining.objective import IGNORED, WHOLE_WORDS, Batch, Density, n_characters, predicted


class CausalObjective:
    """Next-piece prediction with the piece embeddings as softmax weights.

    A document starts with the network's start piece, and so does every window, as it does when the network
    embeds a sentence.

    Parameters
    ----------
    network
        A GPT with a start piece.
    """

    weights: ClassVar[dict[str, float]] = {"next_piece": 1.0}

    def __init__(self, network: Gpt) -> None:
        if network.config.start is None:
            raise ValueError("pretraining a GPT needs a start piece in its configuration")
        self.network = network
        self.module: nn.Module = network
        self.start = network.tokenizer.id(network.config.start)

    def batches(
        self, documents: list[Document], batch_words: int, generator: np.random.Generator, share: float
    ) -> Iterator[Batch]:
        """Yield windows of the documents' text, shuffled; see `windows`."""
        windows, n_words = self.windows(documents)
        order = generator.permutation(len(windows))
        for part in batches_of(n_words[order].tolist(), batch_words):
            rows = order[part]
            yield self.collate(windows[rows], int(n_words[rows].sum()))

    def windows(self, documents: Sequence[Document]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Cut running text into full windows.

        Returns
        -------
        array, array
            (n_windows, n_positions) pieces, and (n_windows,) the number of words that begin in each.
        """
        pieces, begins = self._running(documents)
        room = self.network.config.n_positions - 1
        n_windows = len(pieces) // room
        text = pieces[: n_windows * room].reshape(n_windows, room)
        n_words = begins[: n_windows * room].reshape(n_windows, room).sum(axis=1)
        return np.concatenate([np.full((n_windows, 1), self.start), text], axis=1), n_words

    def _running(self, documents: Sequence[Document]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return (n_pieces,) the documents' pieces, and 1 where a word begins, else 0."""
        pieces: list[int] = []
        begins: list[int] = []
        for document in documents:
            pieces.append(self.start)
            begins.append(0)
            for sentence in self.network.tokenizer.pieces(document):
                for word in sentence:
                    pieces.extend(word)
                    begins.extend([1] + [0] * (len(word) - 1))
        return np.array(pieces, dtype=np.int64), np.array(begins, dtype=np.int64)

    def whole(self, documents: Sequence[Document]) -> Iterator[Batch]:
        """Yield the windows of the text in order; the last may be shorter."""
        windows, n_words = self.windows(documents)
        for part in batches_of(n_words.tolist(), WHOLE_WORDS):
            yield self.collate(windows[part], int(n_words[part].sum()))
        pieces, begins = self._running(documents)
        done = windows.shape[0] * (self.network.config.n_positions - 1)
        if done < len(pieces):
            yield self.collate(np.array([[self.start, *pieces[done:]]]), int(begins[done:].sum()))

    def collate(self, windows: NDArray[np.int64], n_words: int) -> Batch:
        """Return a batch of windows, (n_windows, length); each piece's target is the one after it."""
        pieces = torch.from_numpy(windows)
        n_windows, length = pieces.shape
        targets = pieces.roll(-1, dims=1)
        targets[:, -1] = IGNORED
        encoding = Encoding(
            pieces=pieces.reshape(-1),
            words=torch.full((pieces.numel(),), NO_WORD),
            windows=torch.arange(0, (n_windows + 1) * length, length),
            offsets=torch.zeros(1, dtype=torch.long),
        )
        return Batch(n_words, encoding, {"next_piece": targets.reshape(-1)})

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Return the cross-entropy of each piece given all before it in its window, summed, in nats."""
        targets = batch.targets["next_piece"]
        rows = predicted(targets)
        top = last(self.network.each(batch.encoding)).index_select(0, rows)
        logits = F.linear(top, self.network.pieces.weight)
        return {"next_piece": F.cross_entropy(logits, targets[rows], reduction="sum")}

    def densities(self, documents: Sequence[Document]) -> dict[str, Density]:
        """Return the pieces per character; the start of a document is one, too."""
        n_pieces = len(self._running(documents)[0])
        return {"next_piece": Density(n_pieces / n_characters(documents))}
