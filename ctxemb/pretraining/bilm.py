"""ELMo's objective: predict the next word and, backwards, the previous one (Peters et al. 2018)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ctxemb.models.base import last
from ctxemb.models.elmo import Elmo, ElmoConfig
from ctxemb.models.encoding import pack
from ctxemb.pretraining.corpus import Document, batches_of
from ctxemb.pretraining.heads import WORDS, fill_head, read_counts, read_head, write_counts
from ctxemb.pretraining.objective import WHOLE_WORDS, Batch, Density, Goals, n_characters
from ctxemb.pretraining.prepared import Prepared
from ctxemb.pretraining.running import Integers, RunningText, ranges
from ctxemb.pretraining.sizes import Sizes
from ctxemb.pretraining.spelling import ByteBigrams

BOUNDARY, UNKNOWN = 0, 1
"""Numbers, in the softmax, of a sentence's start and end, and of words outside the vocabulary."""


class BiLMHead(nn.Module):
    """The softmax over words that both directions share."""

    probabilities: Tensor
    log_chances: Tensor

    def __init__(self, network: Elmo, n_words: int) -> None:
        super().__init__()
        self.network = network
        self.words = nn.Embedding(n_words, network.config.width)
        self.bias = nn.Parameter(torch.zeros(n_words))
        nn.init.normal_(self.words.weight, std=network.config.width**-0.5)


class BiLMObjective:
    """Forward and backward language model over whole words, read by their characters.

    In training the softmax is sampled (Jean et al. 2015): a step scores the right words against words drawn
    from a Zipf distribution over ranks, with the correction for their probability; in evaluation it is full.

    Parameters
    ----------
    network
        An ELMo.
    counts
        The words of the training text, most frequent first, with their frequencies.
    size, min_count
        The softmax knows the `size` most frequent of them that occur at least `min_count` times.
    n_samples
        Words drawn in a step.
    """

    name: ClassVar[str] = "elmo"
    summary: ClassVar[str] = (
        "forward and backward language model over words read by their characters (Peters et al. 2018)"
    )
    weights: ClassVar[dict[str, float]] = {"forward": 0.5, "backward": 0.5}

    @classmethod
    def begin(cls, corpus: Prepared, folder: Path, sizes: Sizes, seed: int) -> BiLMObjective:
        """Return the objective of a new ELMo; its words are written to `folder`."""
        if not (folder / WORDS).is_file():
            write_counts(corpus.counts, folder / WORDS)
        torch.manual_seed(seed)
        network = Elmo(elmo_config(sizes))
        return cls(network, corpus.counts, size=sizes.n_words, n_samples=sizes.n_samples)

    @classmethod
    def load(cls, network: Elmo, folder: Path) -> BiLMObjective:
        """Return the objective of a trained ELMo, with the head and the words in `folder`."""
        weights = read_head(folder)
        n_words = len(weights.get("words.weight", ())) - len((BOUNDARY, UNKNOWN))
        made = cls(network, read_counts(folder / WORDS), size=max(0, n_words), min_count=1)
        fill_head(made.module, weights, folder)
        return made

    def __init__(
        self,
        network: Elmo,
        counts: Mapping[str, int],
        *,
        size: int = 30_000,
        min_count: int = 3,
        n_samples: int = 2048,
    ) -> None:
        self.network = network
        known = [word for word in islice(counts, size) if counts[word] >= min_count]
        self.numbers = {word: number for number, word in enumerate(known, start=UNKNOWN + 1)}
        self.n_words = len(known) + UNKNOWN + 1
        self.unknown = {word: count for word, count in counts.items() if word not in self.numbers}
        self.n_samples = min(n_samples, self.n_words)
        self.head = BiLMHead(network, self.n_words)
        self.module: nn.Module = self.head
        ranks = torch.arange(self.n_words, dtype=torch.float64)
        probabilities = ((ranks + 2) / (ranks + 1)).log() / np.log(self.n_words + 1)
        chances = _chances(probabilities, self.n_samples)
        self.head.register_buffer("probabilities", probabilities.float(), persistent=False)
        self.head.register_buffer("log_chances", chances.log().float(), persistent=False)
        self._types: Sequence[str] = ()
        self._numbers: Integers = np.zeros(0, dtype=np.int64)
        self._spellings = torch.zeros(0)

    def inner(self) -> Iterator[Tensor]:
        """Yield the weights of the LSTMs."""
        return self.network.lstm.parameters()

    def batches(
        self, text: RunningText, batch_words: int, generator: np.random.Generator, *, early: bool = False
    ) -> Iterator[Batch]:
        """Yield sentences in batches of similar length, shuffled."""
        lengths = np.diff(text.sentences)
        order = generator.permutation(len(lengths))
        order = order[np.argsort(lengths[order], kind="stable")]
        parts = list(batches_of(lengths[order].tolist(), batch_words))
        for number in generator.permutation(len(parts)):
            yield self.collate(text, order[parts[number]])

    def whole(self, documents: Sequence[Document]) -> Iterator[Batch]:
        """Yield all sentences, of similar length together."""
        text = RunningText.of(documents)
        lengths = np.diff(text.sentences)
        order = np.argsort(lengths, kind="stable")
        for part in batches_of(lengths[order].tolist(), WHOLE_WORDS):
            yield self.collate(text, order[part])

    def collate(self, text: RunningText, chosen: Integers) -> Batch:
        """Return a batch of chosen sentences; the targets of a word are the next one and the one before.

        A sentence's two boundaries are targets, too, of its last and its first word, and read what is inside.
        """
        self.learn(text.types)
        starts, sizes = text.sentences[chosen], np.diff(text.sentences)[chosen]
        words = text.words[ranges(starts, sizes)]
        distinct, pieces = np.unique(words, return_inverse=True)
        spellings = self._spellings[torch.from_numpy(np.concatenate([[0, 1], distinct + 2]))]
        packed = pack(pieces + 2, np.ones_like(pieces), sizes, prefix=(0,), suffix=(1,))
        encoding = replace(packed, spellings=self.network.characters.trimmed(spellings))
        numbers = torch.from_numpy(np.append(self._numbers[words], BOUNDARY))[encoding.words]  # no word: -1
        rows = torch.arange(len(numbers))
        before_last = torch.ones(len(numbers), dtype=torch.bool)
        before_last[encoding.windows[1:] - 1] = False
        forward = rows[before_last]
        after_first = before_last.roll(1)
        backward = rows[after_first]
        goals = {
            "forward": Goals(forward, numbers[forward + 1]),
            "backward": Goals(backward, numbers[backward - 1]),
        }
        return Batch(encoding.n_words, encoding, goals)

    def learn(self, types: Sequence[str]) -> None:
        """Look up the numbers and spellings of all words of a corpus that is new."""
        if types is self._types:
            return
        numbers = [self.numbers.get(word, UNKNOWN) for word in types]
        self._numbers = np.array(numbers, dtype=np.int64)
        self._spellings = self.network.spell(types).to(torch.int16)
        self._types = types

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Return each direction's cross-entropy of a word given its context, summed, in nats."""
        top = last(self.network.each(batch.encoding))  # (n_pieces, 2 * width)
        width = self.network.config.width
        score = self._sampled if self.module.training else self._full
        sums = {}
        for name, context in (("forward", top[:, :width]), ("backward", top[:, width:])):
            goals = batch.targets[name]
            sums[name] = score(context.index_select(0, goals.rows), goals.values)
        return sums

    def densities(self, documents: Sequence[Document]) -> dict[str, Density]:
        """Return the words per character, each sentence's end counted, and the spelling of unknown words."""
        sentences = [sentence for document in documents for sentence in document]
        words = [word for sentence in sentences for word in sentence.words]
        unknown = Counter(word for word in words if word not in self.numbers)
        spelling = ByteBigrams(self.unknown)
        bits = sum(count * spelling.bits(word) for word, count in unknown.items())
        characters = n_characters(documents)
        density = Density((len(words) + len(sentences)) / characters, bits / characters)
        return dict.fromkeys(self.weights, density)

    def _full(self, context: Tensor, targets: Tensor) -> Tensor:
        losses = [
            F.cross_entropy(F.linear(part, self.head.words.weight, self.head.bias), goal, reduction="sum")
            for part, goal in zip(torch.split(context, 1024), torch.split(targets, 1024), strict=True)
        ]
        return torch.stack(losses).sum()

    def draw(self) -> Tensor:
        """Draw (n_samples,) different words: those whose exponential times are the shortest.

        This is a sample without replacement (Efraimidis and Spirakis 2006).
        """
        keys = self.head.probabilities / torch.empty_like(self.head.probabilities).exponential_()
        return keys.topk(self.n_samples).indices

    def _sampled(self, context: Tensor, targets: Tensor) -> Tensor:
        drawn = self.draw()
        bias = self.head.bias - self.head.log_chances
        against = torch.addmm(bias[drawn], context, self.head.words(drawn).T)  # (n, n_samples)
        against.masked_fill_(targets[:, None] == drawn[None, :], -torch.inf)
        right: Tensor = (context * self.head.words(targets)).sum(dim=1) + bias[targets]
        total = torch.logsumexp(torch.cat([right[:, None], against], dim=1), dim=1)
        return (total - right).sum()


def _chances(probabilities: Tensor, n_samples: int) -> Tensor:
    """Return each word's chance to be among `n_samples` different words.

    Drawing different words is drawing with replacement until there are so many: 1 - (1 - p)^n after n draws,
    where n is found by bisection such that the chances add up to `n_samples`.
    """
    if n_samples >= len(probabilities):
        return torch.ones_like(probabilities)
    log_missed = torch.log1p(-probabilities)
    low, high = float(n_samples), 1e12
    for _ in range(100):
        n_draws = (low * high) ** 0.5
        enough = -torch.expm1(n_draws * log_missed).sum() >= n_samples
        low, high = (low, n_draws) if enough else (n_draws, high)
    return -torch.expm1(high * log_missed)


def elmo_config(sizes: Sizes) -> ElmoConfig:
    """Return the configuration of an ELMo of these sizes."""
    return ElmoConfig(
        filters=((1, 32), (2, 32), (3, 64), (4, 128), (5, 256)),
        n_highway=1,
        width=sizes.width // 2,
        cell_width=sizes.cell_width,
        cell_clip=sizes.state_clip,
        state_clip=sizes.state_clip,
    )


OBJECTIVE = BiLMObjective
