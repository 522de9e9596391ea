"""Models ready to embed: a network with a name and a fingerprint, and its context-free half."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import torch
from torch import Tensor

from ctxemb.errors import InputError
from ctxemb.models.base import ContextualModel
from ctxemb.models.checkpoints import Network
from ctxemb.models.encoding import Encoding
from ctxemb.models.gpt import Gpt
from ctxemb.models.wrapped import Wrapped
from ctxemb.text.sentence import Sentence

_CACHED_WINDOWS = 100_000
"""Windows whose vectors a context-free model keeps; beyond them it begins anew."""


class LoadedModel:
    """A network that is done with training.

    Parameters
    ----------
    network
        The network, in evaluation mode; kept as `network` for those who want to train it further.
    name
        What results call it.
    identify
        Returns the SHA-256 (hex) of all that decides its vectors; called once, when it is asked for.
    origin
        Where it comes from, if it was downloaded.
    """

    stateful = False

    def __init__(
        self, network: Network | Wrapped, name: str, identify: Callable[[], str], origin: str = ""
    ) -> None:
        self.network = network
        self.name = name
        self.origin = origin
        self._identify = identify
        self.family = network.family
        self.n_layers = network.n_layers
        self.width = network.width
        self.n_parameters = sum(weight.numel() for weight in network.parameters())

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of all that decides its vectors."""
        return self._identify()

    def encode(self, sentences: Sequence[Sentence]) -> Encoding:
        """Turn words into packed pieces."""
        return self.network.encode(sentences)

    @torch.inference_mode()
    def __call__(self, batch: Encoding) -> Tensor:
        """Return (n_layers, n_pieces, width), packed as `batch` is."""
        layers: Tensor = self.network(batch)
        return layers

    def reset(self) -> None:
        """Do nothing: every sentence starts from a clean state."""


def without_final_norm(model: LoadedModel) -> LoadedModel:
    """Return a GPT-2 whose last layer is given as its last block leaves it.

    Raises
    ------
    InputError
        If the model is no GPT-2: no other has a normalisation after its last block.
    """
    network = model.network
    if not isinstance(network, Gpt) or network.config.norm != "pre":
        raise InputError(f"{model.name} has no final normalisation to leave out; only GPT-2 has")
    network.final_norm = False
    return LoadedModel(network, model.name, lambda: f"no-final-norm-{model.fingerprint}", model.origin)


class StaticModel:
    """The context-free baseline: layer 0 of a model that reads each word alone.

    A word has the same vector wherever it stands, so what the vectors tell of a word in context, its form
    tells.

    Parameters
    ----------
    model
        The model whose layer 0 it is.
    """

    family = "static"
    n_layers = 1
    stateful = False

    def __init__(self, model: ContextualModel) -> None:
        self.model = model
        self.name = f"{model.name}@static"
        self._known: dict[bytes, Tensor] = {}
        self.width = model.width
        self.n_parameters = model.n_parameters
        self.origin = model.origin

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of all that decides its vectors, marked as context-free."""
        return f"static-{self.model.fingerprint}"

    def reset(self) -> None:
        """Do nothing: a word's vector is always the same."""

    def encode(self, sentences: Sequence[Sentence]) -> Encoding:
        """Turn words into packed pieces, every word in windows of its own."""
        alone = self.model.encode([Sentence((word,)) for sentence in sentences for word in sentence.words])
        lengths = torch.tensor([0, *map(len, sentences)])
        return Encoding(alone.pieces, alone.words, alone.windows, lengths.cumsum(0), alone.spellings)

    def __call__(self, batch: Encoding) -> Tensor:
        """Return (1, n_pieces, width), packed as `batch` is; no window is read twice."""
        read = batch.pieces if batch.spellings is None else batch.spellings[batch.pieces]
        keys = [window.numpy().tobytes() for window in torch.split(read, batch.lengths.tolist())]
        new: dict[bytes, int] = {}
        for number, key in enumerate(keys):
            if key not in self._known:
                new.setdefault(key, number)
        if new:
            if len(self._known) > _CACHED_WINDOWS:
                self._known = {}
                return self(batch)
            self._learn(list(new), list(new.values()), batch)
        return torch.cat([self._known[key] for key in keys])[None]

    def forget(self) -> None:
        """Forget the words read before: the next are computed as in a new model, to the last bit."""
        self._known = {}

    def _learn(self, keys: list[bytes], windows: list[int], batch: Encoding) -> None:
        spans = [(int(batch.windows[i]), int(batch.windows[i + 1])) for i in windows]
        lengths = [stop - start for start, stop in spans]
        rows = torch.cat([torch.arange(start, stop) for start, stop in spans])
        borders = torch.tensor([0, *lengths]).cumsum(0)
        part = Encoding(batch.pieces[rows], batch.words[rows], borders, batch.offsets, batch.spellings)
        vectors = self.model(part)[0]
        for key, vector in zip(keys, torch.split(vectors, lengths), strict=True):
            self._known[key] = vector.clone()
