"""GPT's objective: predict the next piece, over windows of running text (Radford et al. 2018)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ctxemb.models.base import last
from ctxemb.models.encoding import NO_WORD, Encoding
from ctxemb.models.formats.tokenizer_settings import TOKENIZER
from ctxemb.models.gpt import Gpt, GptConfig
from ctxemb.pretraining.corpus import Document, batches_of
from ctxemb.pretraining.objective import WHOLE_WORDS, Batch, Density, Goals, n_characters
from ctxemb.pretraining.prepared import Prepared
from ctxemb.pretraining.running import Integers, PieceTables, RunningText
from ctxemb.pretraining.sizes import Sizes
from ctxemb.pretraining.vocabulary import START, kept_tokenizer, train_byte_bpe


class CausalObjective:
    """Next-piece prediction with the piece embeddings as softmax weights.

    A document starts with the network's start piece, and so does every window, as it does when the network
    embeds a sentence.

    Parameters
    ----------
    network
        A GPT with a start piece.
    """

    name: ClassVar[str] = "gpt"
    summary: ClassVar[str] = (
        "left-to-right language model over byte-level BPE pieces (Radford et al. 2018, 2019)"
    )
    weights: ClassVar[dict[str, float]] = {"next_piece": 1.0}

    @classmethod
    def begin(cls, corpus: Prepared, folder: Path, sizes: Sizes, seed: int) -> CausalObjective:
        """Return the objective of a new GPT with a byte-level BPE of the corpus."""
        tokenizer = kept_tokenizer(
            folder / TOKENIZER, START, lambda: train_byte_bpe(corpus.sentences(), sizes.n_vocabulary)
        )
        config = GptConfig(
            n_vocabulary=len(tokenizer),
            n_positions=sizes.n_positions,
            width=sizes.width,
            n_blocks=sizes.n_blocks,
            n_heads=sizes.n_heads,
            norm="pre",
            start=START,
            unknown=START,
            dropout=0.0,
        )
        torch.manual_seed(seed)
        return cls(Gpt(config, tokenizer))

    @classmethod
    def load(cls, network: Gpt, folder: Path) -> CausalObjective:
        """Return the objective of a trained GPT, whose softmax is that of its pieces."""
        del folder
        return cls(network)

    def __init__(self, network: Gpt) -> None:
        if network.config.start is None:
            raise ValueError("pretraining a GPT needs a start piece in its configuration")
        self.network = network
        self.module: nn.Module = network
        self.start = network.tokenizer.id(network.config.start)
        self.tables = PieceTables(network.tokenizer)

    def inner(self) -> Iterator[Tensor]:
        """Yield the weights of the blocks."""
        return self.network.blocks.parameters()

    def learn(self, types: Sequence[str]) -> None:
        """Look up the pieces of all words of a corpus."""
        self.tables.of(types)

    def batches(
        self, text: RunningText, batch_words: int, generator: np.random.Generator, *, early: bool = False
    ) -> Iterator[Batch]:
        """Yield windows of the running text, shuffled; see `windows`."""
        windows, n_words = self.windows(text)
        order = generator.permutation(len(windows))
        for part in batches_of(n_words[order].tolist(), batch_words):
            rows = order[part]
            yield self.collate(windows[rows], int(n_words[rows].sum()))

    def windows(self, text: RunningText) -> tuple[Integers, Integers]:
        """Cut running text into full windows.

        Returns
        -------
        array, array
            (n_windows, n_positions) pieces, and (n_windows,) the number of words that begin in each.
        """
        return self._windows(*self.running(text))

    def _windows(self, pieces: Integers, begins: Integers) -> tuple[Integers, Integers]:
        room = self.network.config.n_positions - 1
        n_windows = len(pieces) // room
        text = pieces[: n_windows * room].reshape(n_windows, room)
        n_words = begins[: n_windows * room].reshape(n_windows, room).sum(axis=1)
        return np.concatenate([np.full((n_windows, 1), self.start), text], axis=1), n_words

    def running(self, text: RunningText) -> tuple[Integers, Integers]:
        """Return (n_pieces,) the documents' pieces, and 1 where a word begins, else 0."""
        pieces, places = self.tables.of(text.types).running(text.words)
        begins = np.zeros(len(pieces), dtype=np.int64)
        begins[places[:-1]] = 1
        starts = places[text.sentences[text.documents[:-1]]]  # of the documents
        return np.insert(pieces, starts, self.start), np.insert(begins, starts, 0)

    def whole(self, documents: Sequence[Document]) -> Iterator[Batch]:
        """Yield the windows of the text in order; the last may be shorter."""
        pieces, begins = self.running(RunningText.of(documents))
        windows, n_words = self._windows(pieces, begins)
        for part in batches_of(n_words.tolist(), WHOLE_WORDS):
            yield self.collate(windows[part], int(n_words[part].sum()))
        done = windows.shape[0] * (self.network.config.n_positions - 1)
        if done < len(pieces):
            yield self.collate(np.array([[self.start, *pieces[done:]]]), int(begins[done:].sum()))

    def collate(self, windows: Integers, n_words: int) -> Batch:
        """Return a batch of windows, (n_windows, length); each piece's target is the one after it."""
        pieces = torch.from_numpy(windows)
        n_windows, length = pieces.shape
        rows = torch.arange(pieces.numel()).view(n_windows, length)[:, :-1].reshape(-1)
        encoding = Encoding(
            pieces=pieces.reshape(-1),
            words=torch.tensor([NO_WORD]).expand(pieces.numel()),
            windows=torch.arange(0, (n_windows + 1) * length, length),
            offsets=torch.zeros(1, dtype=torch.long),
        )
        return Batch(n_words, encoding, {"next_piece": Goals(rows, pieces[:, 1:].reshape(-1))})

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Return the cross-entropy of each piece given all before it in its window, summed, in nats."""
        goals = batch.targets["next_piece"]
        top = last(self.network.each(batch.encoding)).index_select(0, goals.rows)
        logits = F.linear(top, self.network.pieces.weight)
        return {"next_piece": F.cross_entropy(logits, goals.values, reduction="sum")}

    def densities(self, documents: Sequence[Document]) -> dict[str, Density]:
        """Return the pieces per character; the start of a document is one, too."""
        n_pieces = len(self.running(RunningText.of(documents))[0])
        return {"next_piece": Density(n_pieces / n_characters(documents))}


OBJECTIVE = CausalObjective
