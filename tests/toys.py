"""Toys: a little text, and models so small that a test of them takes no time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from ctxemb.models.bert import Bert, BertConfig
from ctxemb.models.checkpoints import Network, save_network
from ctxemb.models.elmo import Elmo, ElmoConfig
from ctxemb.models.encoding import Encoding, pack
from ctxemb.models.gpt import Gpt, GptConfig
from ctxemb.models.pieces import PieceTokenizer
from ctxemb.pretraining.corpus import Corpus
from ctxemb.pretraining.objective import Batch
from ctxemb.pretraining.vocabulary import START, train_byte_bpe, train_wordpiece
from ctxemb.text.sentence import Sentence

DOCUMENTS = (
    """The old man sat by the bank of the river. He had a rod and a line. The water was cold and clear.
A small fish came near the bank. The man did not move. He waited for an hour. Then the fish was gone.""",
    """The bank in the town opened at nine. A woman came in with a bag of coins.
She wanted to open an account.
The man at the desk counted the coins. He wrote the sum in a book. She thanked him and left.
The door closed. It was a cold day in the town.""",
    """The spring came early that year. The snow was gone from the hills in a week. Birds sang in the trees.
The children ran to the river. They found a spring between two stones. The water of the spring was sweet.
They drank from their hands. Then they went home before the night.""",
    """The clock had lost its spring. The old man opened it with a small key. He found a new spring in a box.
It took him an hour. Then the clock went again. The children heard it in the night.
They said that it sang like a bird.""",
    """A letter came to the house at noon. The woman read it twice. It was from her brother at sea.
He wrote of storms and of a small island. He had found no gold there. He wanted to come home in the spring.
She put the letter in a box. She did not tell the children.""",
    """The ship came up the river in the night. It had lost its mast in the storm.
The men were cold and tired.
The woman stood on the bank with a light. Her brother was the first man on the land.
He had a bag of coins. They went home by the old road. The children ran to the door.""",
)
"""Six documents of about fifty sentences; some words have two senses, most occur several times."""

FAMILIES = ("elmo", "gpt", "bert")

STRANGE_WORDS = (
    "naïve",
    "\U0001f600",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466",
    "\u0301",
    "\u0300\u0301\u0302",
    "银行",
    "ประเทศ",
    "\x00",
    "\x07",
    "\u200b",
    "\ufeff",
    "\xa0",
    " ",
    "\t",
    "x" * 10_000,
    "银" * 500,
    "\ud800",
    "a\udfffb",
    "[SEP]",
    "[CLS]",
    "[PAD]",
    "[UNK]",
    "<|endoftext|>",
    "[MASK]",
    "##s",
    "New York City",
    "two\nlines",
)
"""Words that no corpus of ours has, and that a model must give a vector nevertheless."""


def sentence(text: str) -> Sentence:
    """Return a sentence of words that are separated by spaces."""
    return Sentence(tuple(text.split(" ")))


def sentences(*lengths: int) -> list[Sentence]:
    """Return sentences of these lengths, of words of the toy text."""
    words = " ".join(DOCUMENTS).split()
    return [
        Sentence(tuple(words[(7 * i + j) % len(words)] for j in range(size)))
        for i, size in enumerate(lengths)
    ]


def packed(texts: Sequence[Sequence[Sequence[int]]], **options: Any) -> Encoding:
    """Pack sentences that are given as the pieces of each word."""
    words = [word for text in texts for word in text]
    return pack(
        np.array([piece for word in words for piece in word], dtype=np.int64),
        np.array([len(word) for word in words], dtype=np.int64),
        np.array([len(text) for text in texts], dtype=np.int64),
        **options,
    )


def write_text(path: Path) -> Path:
    """Write the toy text as a corpus file."""
    path.write_text("\n\n".join(DOCUMENTS) + "\n", encoding="utf-8", newline="\n")
    return path


def texts(corpus: Corpus) -> list[str]:
    """Return the sentences, words separated by spaces."""
    return [str(sentence) for document in corpus.documents() for sentence in document]


@cache
def byte_bpe(corpus: Corpus) -> PieceTokenizer:
    """Return a byte-level BPE of a few merges."""
    return train_byte_bpe(texts(corpus), 400)


@cache
def wordpiece(corpus: Corpus) -> PieceTokenizer:
    """Return a WordPiece vocabulary of a few pieces."""
    words = {word for text in texts(corpus) for word in text.split()}
    return train_wordpiece(texts(corpus), words, 120)


def toy_network(family: str, corpus: Corpus, *, n_positions: int = 16, seed: int = 0) -> Network:
    """Return a small network of `family` whose random weights are far from zero, in evaluation mode."""
    torch.manual_seed(seed)
    return lively(_network(family, corpus, n_positions)).eval()


def _network(family: str, corpus: Corpus, n_positions: int) -> Network:
    if family == "elmo":
        return Elmo(
            ElmoConfig(symbol_width=4, filters=((1, 4), (2, 4), (3, 8)), n_highway=1, width=8, cell_width=12)
        )
    sizes = {"n_positions": n_positions, "width": 16, "n_blocks": 2, "n_heads": 2, "dropout": 0.0}
    if family == "bert":
        pieces = wordpiece(corpus)
        return Bert(BertConfig(n_vocabulary=len(pieces), hidden=32, **sizes), pieces)
    pieces = byte_bpe(corpus)
    if family == "gpt":
        return Gpt(GptConfig(len(pieces), norm="pre", start=START, unknown=START, **sizes), pieces)
    return Gpt(GptConfig(len(pieces), norm="post", start=None, unknown=START, **sizes), pieces)


def counts_of(corpus: Corpus) -> dict[str, int]:
    """Return how often each word occurs, the most frequent first."""
    counts = Counter(word for text in texts(corpus) for word in text.split(" "))
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def targets_of(batch: Batch, part: str) -> list[int | None]:
    """Return what is predicted from each piece of a batch, or None."""
    goals = batch.targets[part]
    found: list[int | None] = [None] * len(batch.encoding.pieces)
    for row, value in zip(goals.rows.tolist(), goals.values.tolist(), strict=True):
        found[row] = value
    return found


def lively(module: nn.Module, deviation: float = 0.3) -> nn.Module:
    """Add noise to all weights, so that each of them matters to the result."""
    with torch.no_grad():
        for weight in module.parameters():
            weight.add_(deviation * torch.randn_like(weight))
    return module


def write_models(folder: Path, corpus: Corpus) -> dict[str, Path]:
    """Write a toy model of each family to `folder`; "gpt-post" is the original GPT's variant."""
    folders = {family: folder / f"toy-{family}" for family in (*FAMILIES, "gpt-post")}
    for family, path in folders.items():
        save_network(toy_network(family, corpus), path)
    return folders
