"""A network ready to embed, with a name and a fingerprint."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ctxemb.errors import InputError
from ctxemb.models.base import ContextualModel, ModelInfo, chosen
from ctxemb.models.computation import FLOAT32_ON_CPU, Computation
from ctxemb.models.encoding import Encoding
from ctxemb.text.sentence import Sentence


class LoadedModel(ContextualModel):
    """A network that is done with training.

    Parameters
    ----------
    network
        The network, in evaluation mode; kept as `network` for those who want to train it further. It has
        `family`, `n_layers`, `width`, `batch_pieces`, `encode` and `each`, and perhaps `prepare`.
    name
        What results call it.
    identify
        Returns the SHA-256 (hex) of all that decides its vectors; called once, when it is asked for.
    origin
        Where it comes from, if it was downloaded.
    computation
        Where and in what numbers the network computes; it is made to.
    folder
        Where its trained weights lie, if they do; heads of its pretraining lie there, too.
    """

    def __init__(
        self,
        network: Any,
        name: str,
        identify: Callable[[], str],
        origin: str = "",
        computation: Computation = FLOAT32_ON_CPU,
        folder: Path | None = None,
    ) -> None:
        self.folder = folder
        n_parameters = sum(weight.numel() for weight in network.parameters())
        self.network = computation.prepare(network, network.encode)
        super().__init__(
            ModelInfo(
                name=name,
                family=network.family,
                n_layers=network.n_layers,
                width=network.width,
                identify=identify,
                n_parameters=n_parameters,
                origin=origin,
                batch_pieces=network.batch_pieces * computation.batches,
                computation=computation,
            )
        )

    def encode(self, sentences: Sequence[Sentence]) -> Encoding:
        """Turn words into packed pieces."""
        encoding: Encoding = self.network.encode(sentences)
        return encoding

    def prepare(self, batch: Encoding) -> Encoding:
        """Return `batch` with the words read from their characters, if the model reads characters."""
        prepare = getattr(self.network, "prepare", None)
        return self.sent(batch if prepare is None else prepare(batch))

    def sent(self, batch: Encoding) -> Encoding:
        """Return `batch` where the network computes."""
        return batch.to(torch.device(self.computation.device))

    @torch.inference_mode()
    def each(self, batch: Encoding, layers: Sequence[int] | None = None) -> Iterator[Tensor]:
        """Yield the vectors of one layer after another, (n_pieces, width), each computed when drawn."""
        yield from chosen(self.network.each(self.sent(batch)), layers)


def without_final_norm(model: LoadedModel) -> LoadedModel:
    """Return a GPT-2 whose last layer is given as its last block leaves it.

    Raises
    ------
    InputError
        If the model is no GPT-2: no other has a normalisation after its last block.
    """
    network = model.network
    if not hasattr(network, "final_norm") or network.config.norm != "pre":
        raise InputError(f"{model.name} has no final normalisation to leave out; only GPT-2 has")
    network.final_norm = False
    return LoadedModel(
        network, model.name, lambda: f"no-final-norm-{model.fingerprint}", model.origin, model.computation
    )
