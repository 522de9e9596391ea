"""A network with a head: what is tuned, saved and predicts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ctxemb.finetuning.batches import Batch, by_length, collate
from ctxemb.finetuning.items import Item, Rows, targets_of
from ctxemb.finetuning.labels import UNKNOWN, Labels
from ctxemb.finetuning.layouts import Layout
from ctxemb.finetuning.optimizer import layered_parameters
from ctxemb.finetuning.views import View, layers_of
from ctxemb.layers.transformer import SelfAttention
from ctxemb.models.checkpoints import Network
from ctxemb.models.encoding import Encoding
from ctxemb.models.gpt import Gpt

_WORDS_AT_ONCE = 1024


class Classifier(nn.Module):
    """A network, what is seen of it, and heads.

    Parameters
    ----------
    network
        The network, in training as well as in prediction.
    layout
        How it reads items.
    view
        What the heads see of its layers.
    heads
        One for each of the view's feature sets; their losses and probabilities are averaged.
    labels
        The classes.
    mix_penalty
        Strength of the penalty on a learned mix of layers.
    """

    def __init__(
        self,
        network: Network,
        layout: Layout,
        view: View,
        heads: Sequence[nn.Module],
        labels: Labels,
        mix_penalty: float = 0.0,
    ) -> None:
        super().__init__()
        self.network = network
        self.layout = layout
        self.view = view
        self.heads = nn.ModuleList(heads)
        self.labels = labels
        self.mix_penalty = mix_penalty

    @property
    def top(self) -> dict[str, nn.Parameter]:
        """The weights that are not the network's, by name."""
        return {name: w for name, w in self.named_parameters() if not name.startswith("network.")}

    def layers(self) -> list[list[nn.Parameter]]:
        """Return the parameters of each layer from the bottom; the heads are on top."""
        return layered_parameters(self.network, self.top.values())

    def collate(self, items: Sequence[Item]) -> Batch:
        """Return items as one batch."""
        return collate(items, self.layout, self.labels)

    def forward(self, batch: Batch) -> Tensor:
        """Return (n_heads, n_targets, n_classes) logits; classes of other groups have -inf."""
        return self._logits(batch, self._read(batch))

    def losses(self, batch: Batch, lm_weight: float = 0.0) -> dict[str, Tensor]:
        """Return the sums of the losses, in nats: ``task`` over targets, ``lm`` over windows."""
        layers = list(self._read(batch))
        logits = self._logits(batch, iter(layers))
        classes = batch.classes.expand(len(logits), -1)
        task = F.cross_entropy(logits.flatten(0, 1), classes.flatten(), reduction="sum", ignore_index=UNKNOWN)
        found = {"task": task / len(logits)}
        if lm_weight and isinstance(self.network, Gpt):
            found["lm"] = window_losses(self.network, layers[-1], batch.encoding).sum()
        return found

    def penalty(self) -> Tensor | None:
        """Return what is added to the loss of a step whatever its items are."""
        return self.view.penalty(self.mix_penalty) if self.mix_penalty else None  # type: ignore[attr-defined]

    def _logits(self, batch: Batch, layers: Iterator[Tensor]) -> Tensor:
        features = self.view(self.network, layers, batch)
        logits = torch.stack([head(part) for head, part in zip(self.heads, features, strict=True)]).float()
        return logits.masked_fill(~self.labels.allowed(batch.groups), -torch.inf)

    def _read(self, batch: Batch) -> Iterator[Tensor]:
        """Yield the layers; without gradients where no weight of the network is trained."""
        if any(weight.requires_grad for weight in self.network.parameters()):
            yield from layers_of(self.network, batch)
            return
        with torch.no_grad():
            layers = list(layers_of(self.network, batch))
        yield from layers


def window_losses(network: Gpt, top: Tensor, encoding: Encoding) -> Tensor:
    """Return (n_windows,) the mean loss, in nats, of each piece given those before it in its window.

    Parameters
    ----------
    network
        The network, whose piece vectors are the softmax weights.
    top
        (n_pieces, width) its last layer.
    encoding
        What it read.
    """
    windows = encoding.windows.to(top.device)
    targets = encoding.pieces[1:]
    inside = torch.ones(len(targets), dtype=torch.bool, device=top.device)
    inside[windows[1:-1] - 1] = False
    rows = inside.nonzero()[:, 0]
    logits = F.linear(top.index_select(0, rows), network.pieces.weight)
    each = F.cross_entropy(logits.float(), targets[rows], reduction="none")
    counts = windows.diff() - 1
    owners = torch.repeat_interleave(torch.arange(len(counts), device=top.device), counts)
    return each.new_zeros(len(counts)).index_add(0, owners, each) / counts.clamp(min=1)


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """What a classifier says of items.

    Parameters
    ----------
    rows
        (n_targets,) numbers of the examples, in the order of the items.
    labels
        (n_targets,) the most probable label.
    probabilities
        (n_targets, n_classes) float32.
    loss
        Mean cross-entropy, in nats, over targets whose label is known; not a number if there is none.
    """

    rows: Rows
    labels: NDArray[np.str_]
    probabilities: NDArray[np.float32]
    loss: float


@torch.no_grad()
def predict(classifier: Classifier, items: Sequence[Item], device: torch.device | None = None) -> Predictions:
    """Label items, several of similar length at once."""
    classifier.eval()
    at = device or next(classifier.parameters()).device
    targets = targets_of(items)
    places = np.split(np.arange(len(targets)), np.cumsum([len(item.targets) for item in items])[:-1])
    found = np.zeros((len(targets), len(classifier.labels)), dtype=np.float32)
    losses = torch.zeros(len(targets))
    for numbers in by_length(items, _WORDS_AT_ONCE):
        batch = classifier.collate([items[number] for number in numbers]).to(at)
        logits = classifier(batch)
        chosen = np.concatenate([places[number] for number in numbers])
        found[chosen] = logits.softmax(dim=-1).mean(dim=0).cpu().numpy()
        classes = batch.classes.expand(len(logits), -1)
        each = F.cross_entropy(logits.transpose(1, 2), classes, reduction="none", ignore_index=UNKNOWN)
        losses[chosen] = each.mean(dim=0).cpu()
    known = classifier.labels.codes(targets) != UNKNOWN
    return Predictions(
        np.array([target.row for target in targets], dtype=np.int64),
        classifier.labels.answers(found, targets),
        found,
        float(losses[known].mean()),
    )


def set_dropout(module: nn.Module, share: float) -> None:
    """Let a network drop this share of its values in training, attention weights included."""
    for part in module.modules():
        if isinstance(part, nn.Dropout):
            part.p = share
        elif isinstance(part, SelfAttention):
            part.dropout = share
