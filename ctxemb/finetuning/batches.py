"""Batches of items as a classifier reads them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ctxemb.finetuning.items import Item, Rows, targets_of
from ctxemb.finetuning.labels import Labels
from ctxemb.finetuning.layouts import Layout
from ctxemb.models.encoding import Encoding


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Items as pieces without padding, and what is labelled in them.

    Parameters
    ----------
    encoding, segments, owners, units
        As in `ctxemb.finetuning.layouts.Laid`.
    spans
        (n_targets, n_spans, 2) first word of each span and the word after its last, counted over the batch.
    groups, classes
        (n_targets,) as numbered by the labels.
    """

    encoding: Encoding
    segments: Tensor | None
    owners: Tensor | None
    units: Tensor | None
    spans: Tensor
    groups: Tensor
    classes: Tensor

    @property
    def n_windows(self) -> int:
        """Number of windows."""
        return len(self.encoding.windows) - 1

    def to(self, device: torch.device) -> Batch:
        """Return the batch on `device`; spans stay on the CPU, where they are turned into rows."""
        return replace(
            self,
            encoding=self.encoding.to(device),
            segments=None if self.segments is None else self.segments.to(device),
            owners=None if self.owners is None else self.owners.to(device),
            units=None if self.units is None else self.units.to(device),
            groups=self.groups.to(device),
            classes=self.classes.to(device),
        )


def collate(items: Sequence[Item], layout: Layout, labels: Labels) -> Batch:
    """Return items as one batch."""
    laid = layout.lay(items)
    targets = targets_of(items)
    firsts = np.cumsum([0, *(len(item.texts) for item in items)])
    owners = np.repeat(np.arange(len(items)), [len(item.targets) for item in items])
    offsets = laid.encoding.offsets.numpy()
    spans = [
        [
            (start + offsets[firsts[owner] + text], stop + offsets[firsts[owner] + text])
            for text, start, stop in target.spans
        ]
        for owner, target in zip(owners, targets, strict=True)
    ]
    return Batch(
        *laid,
        spans=torch.from_numpy(np.array(spans, dtype=np.int64)),
        groups=labels.group_codes(targets),
        classes=labels.codes(targets),
    )


def shuffled(n_items: int, batch_size: int, seed: int, epoch: int) -> list[Rows]:
    """Return the items of each step of an epoch: a permutation by seed and epoch, cut into batches."""
    order = np.random.default_rng((seed, epoch)).permutation(n_items)
    return np.split(order, range(batch_size, n_items, batch_size))


def by_length(items: Sequence[Item], n_words: int) -> Iterator[list[int]]:
    """Yield the numbers of items of similar length, about `n_words` words together, shortest first."""
    sizes = [sum(map(len, item.texts)) for item in items]
    batch: list[int] = []
    total = 0
    for number in np.argsort(sizes, kind="stable").tolist():
        if batch and total + sizes[number] > n_words:
            yield batch
            batch, total = [], 0
        batch.append(number)
        total += sizes[number]
    if batch:
        yield batch
