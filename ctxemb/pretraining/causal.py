"""GPT's objective: predict the next piece, over windows of running text (Radford et al. 2018)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ctxemb.models.encoding import Encoding
from ctxemb.models.gpt import Gpt
from ctxemb.pretraining.corpus import Document, batches_of
from ctxemb.pretraining.objective import Batch


class CausalObjective:
    """Next-piece prediction with the piece embeddings as softmax weights.

    A document starts with the network's start piece, and so does every window, as it does when the network
    embeds a sentence.

    Parameters
    ----------
    network
        A GPT with a start piece.
    """

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
            yield Batch(int(n_words[rows].sum()), torch.from_numpy(windows[rows]))

    def windows(self, documents: list[Document]) -> tuple[np.ndarray, np.ndarray]:
        """Cut running text into full windows.

        Returns
        -------
        array, array
            (n_windows, n_positions) pieces, and (n_windows,) the number of words that begin in each.
        """
        pieces: list[int] = []
        begins: list[bool] = []
        for document in documents:
            pieces.append(self.start)
            begins.append(False)
            for sentence in self.network.tokenizer.pieces(document):
                for word in sentence:
                    pieces.extend(word)
                    begins.extend([True] + [False] * (len(word) - 1))
        room = self.network.config.n_positions - 1
        n_windows = len(pieces) // room
        text = np.array(pieces[: n_windows * room], dtype=np.int64).reshape(n_windows, room)
        n_words = np.array(begins[: n_windows * room], dtype=np.int64).reshape(n_windows, room).sum(axis=1)
        return np.concatenate([np.full((n_windows, 1), self.start), text], axis=1), n_words

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Return the mean cross-entropy of a piece given all before it in its window, in nats."""
        windows: Tensor = batch.data  # (n_windows, n_positions)
        n_windows, length = windows.shape
        encoding = Encoding(
            pieces=windows.reshape(-1),
            words=torch.full((windows.numel(),), -1),
            windows=torch.arange(0, windows.numel() + 1, length, device=windows.device),
            offsets=torch.zeros(1, dtype=torch.long),
        )
        last = self.network(encoding)[-1].view(n_windows, length, -1)[:, :-1]
        logits = F.linear(last.reshape(-1, last.shape[-1]), self.network.pieces.weight)
        return {"loss": F.cross_entropy(logits, windows[:, 1:].reshape(-1))}
