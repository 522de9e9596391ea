"""ELMo's objective: predict the next word and, backwards, the previous one (Peters et al. 2018)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ctxemb.models.elmo import Elmo
from ctxemb.models.encoding import Encoding
from ctxemb.pretraining.corpus import Corpus, Document, batches_of
from ctxemb.pretraining.objective import Batch
from ctxemb.text.sentence import Sentence

BOUNDARY, UNKNOWN = 0, 1
"""Numbers, in the softmax, of a sentence's start and end, and of words outside the vocabulary."""


def word_vocabulary(corpus: Corpus, *, size: int, min_count: int) -> list[str]:
    """Return the words of `corpus` that occur at least `min_count` times, most frequent first."""
    counts = Counter(
        word for document in corpus.documents() for sentence in document for word in sentence.words
    )
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [word for word, count in ranked[:size] if count >= min_count]


class BiLMHead(nn.Module):
    """The softmax over words that both directions share; it is not kept after training."""

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
    vocabulary
        Words to predict, most frequent first.
    n_samples
        Words drawn in a step.
    """

    def __init__(self, network: Elmo, vocabulary: Sequence[str], n_samples: int = 2048) -> None:
        self.network = network
        self.numbers = {word: number for number, word in enumerate(vocabulary, start=UNKNOWN + 1)}
        self.n_words = len(vocabulary) + UNKNOWN + 1
        self.n_samples = min(n_samples, self.n_words)
        self.head = BiLMHead(network, self.n_words)
        self.module: nn.Module = self.head
        ranks = torch.arange(self.n_words, dtype=torch.float64)
        self.probabilities = ((ranks + 2) / (ranks + 1)).log() / np.log(self.n_words + 1)
        self.chances = _chances(self.probabilities, self.n_samples)

    def batches(
        self, documents: list[Document], batch_words: int, generator: np.random.Generator, share: float
    ) -> Iterator[Batch]:
        """Yield sentences in batches of similar length, shuffled."""
        sentences = [sentence for document in documents for sentence in document]
        order = generator.permutation(len(sentences))
        order = order[np.argsort([len(sentences[i]) for i in order], kind="stable")]
        parts = list(batches_of([len(sentences[i]) for i in order], batch_words))
        for number in generator.permutation(len(parts)):
            chosen = [sentences[i] for i in order[parts[number]]]
            encoding = self.network.encode(chosen)
            yield Batch(encoding.n_words, (encoding, self._numbers(encoding, chosen)))

    def _numbers(self, encoding: Encoding, sentences: Sequence[Sentence]) -> Tensor:
        """Return (n_pieces,) the number in the softmax of each word, or of the sentence's boundary."""
        words = [self.numbers.get(word, UNKNOWN) for sentence in sentences for word in sentence.words]
        numbers = torch.tensor([*words, BOUNDARY])
        return numbers[encoding.words]  # NO_WORD is -1, the last

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Return the mean of both directions' cross-entropy of a word given its context, in nats."""
        encoding, numbers = batch.data
        last = self.network(encoding)[-1]  # (n_pieces, 2 * width)
        width = self.network.config.width
        starts, ends = encoding.windows[:-1], encoding.windows[1:] - 1
        has_next = torch.ones(len(last), dtype=torch.bool, device=last.device)
        has_next[ends] = False
        has_previous = torch.ones(len(last), dtype=torch.bool, device=last.device)
        has_previous[starts] = False
        score = self._sampled if self.module.training else self._full
        forward = score(last[has_next, :width], numbers[has_previous])
        backward = score(last[has_previous, width:], numbers[has_next])
        return {"loss": (forward + backward) / 2, "forward": forward, "backward": backward}

    def _full(self, context: Tensor, targets: Tensor) -> Tensor:
        losses = [
            F.cross_entropy(F.linear(part, self.head.words.weight, self.head.bias), goal, reduction="sum")
            for part, goal in zip(torch.split(context, 1024), torch.split(targets, 1024), strict=True)
        ]
        return torch.stack(losses).sum() / len(targets)

    def _sampled(self, context: Tensor, targets: Tensor) -> Tensor:
        device = context.device
        drawn = torch.multinomial(self.probabilities, self.n_samples, replacement=False).to(device)
        bias = self.head.bias - self.chances.log().float().to(device)
        against = torch.addmm(bias[drawn], context, self.head.words(drawn).T)  # (n, n_samples)
        against.masked_fill_(targets[:, None] == drawn[None, :], -torch.inf)
        right: Tensor = (context * self.head.words(targets)).sum(dim=1) + bias[targets]
        total = torch.logsumexp(torch.cat([right[:, None], against], dim=1), dim=1)
        return (total - right).mean()


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
