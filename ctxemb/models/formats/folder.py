"""Folders of `transformers`: ``config.json`` with a ``model_type``, weights, and a tokenizer.

What differs between the types is declared in a file for each: a few sizes and choices, names of tensors and
special pieces.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor

from ctxemb.atomic import write_text, write_whole
from ctxemb.errors import FormatError
from ctxemb.models.building import Network, empty_network, random_network, ready
from ctxemb.models.formats.config_values import CONFIG, Values, has_value, read_config_values
from ctxemb.models.formats.heads import Heads, read_heads
from ctxemb.models.formats.naming import Rule, fill, stored
from ctxemb.models.formats.tokenizer_settings import SETTINGS, SMALL_FILES, TOKENIZER
from ctxemb.models.formats.tokenizers import FolderTokenizer, read_tokenizer, written_tokenizer
from ctxemb.models.formats.weights import SAFE, read_tensors
from ctxemb.models.model_format import Published
from ctxemb.models.pieces import PieceTokenizer

_BUFFERS = ("position_ids", "attn.bias", "attn.masked_bias", "token_type_ids")


@dataclass(frozen=True, slots=True)
class Classifiers:
    """How `transformers` calls an architecture's classifiers and their tensors.

    Parameters
    ----------
    stem
        What the names of the architecture begin with, such as ``Bert``.
    sequence, token
        The tensors of a classifier of texts and of pieces, ours to theirs; None where there is none.
    """

    stem: str
    sequence: Mapping[str, str]
    token: Mapping[str, str] | None


@dataclass(frozen=True, slots=True)
class SavedHead:
    """A head that `transformers` knows.

    Parameters
    ----------
    values
        What it adds to ``config.json``.
    tensors
        Its tensors by their names.
    """

    values: dict[str, Any]
    tensors: dict[str, Tensor]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FolderFormat:
    """One ``model_type``.

    Parameters
    ----------
    name
        The ``model_type``.
    network
        The network that reads it.
    read_config
        From the values of ``config.json`` to our configuration.
    write_config
        From our configuration to the values of ``config.json``.
    holds
        Whether a network of this configuration is written in this form.
    rules
        The names of tensors, given the number of blocks.
    prefix
        What may stand before all names, in checkpoints with a head.
    heads
        Beginnings of names that belong to heads, which are left out.
    special_pieces
        What ``tokenizer_config.json`` says of special pieces.
    placed
        From a configuration and the tokenizer of its folder to the configuration with what the tokenizer
        decides, such as special pieces; ValueError says what cannot be.
    tokenizer_class
        What transformers calls the class of its tokenizer, where no file names one.
    aliases
        From other names of settings in ``config.json`` to theirs.
    without
        From a configuration and the names in a file to the configuration without what the file lacks.
    classifiers
        How its classifiers are stored; None where it has none.
    published
        Models that are published in this form.
    """

    name: str
    network: type[Any]
    read_config: Callable[[Values], Any]
    write_config: Callable[[Any], dict[str, Any]]
    holds: Callable[[Any], bool]
    rules: Callable[[int], list[Rule]]
    prefix: str
    heads: tuple[str, ...]
    special_pieces: Callable[[Any], dict[str, Any]]
    placed: Callable[[Any, FolderTokenizer], Any]
    tokenizer_class: str
    aliases: Mapping[str, str] = field(default_factory=dict)
    without: Callable[[Any, Iterable[str]], Any] = lambda config, names: config
    classifiers: Classifiers | None = None
    published: tuple[Published, ...] = ()
    is_own: bool = False
    small_files: tuple[str, ...] = (CONFIG, *SMALL_FILES)

    @property
    def family(self) -> str:
        """The family of its networks."""
        return str(self.network.family)

    def matches(self, folder: Path) -> bool:
        """Return whether a folder is of this ``model_type``."""
        return has_value(folder, "model_type", self.name)

    def read(self, folder: Path, random_init: int | None = None) -> Network:
        """Read the network in a folder; see `ModelFormat`."""
        values = read_config_values(folder)
        values.must_agree(self.aliases)
        config, tokenizer = self._read_tokenizer(folder, self.read_config(values))
        if random_init is not None:
            return random_network(config, tokenizer, folder / CONFIG, random_init)
        tensors = read_tensors(folder)
        every = self.rules(config.n_blocks)
        names = self._names(list(tensors.names), every, tensors.path)
        network = empty_network(self.without(config, names), tokenizer, folder / CONFIG)
        expected = network.state_dict().keys()
        fill(network, tensors, [rule for rule in every if rule.ours in expected], names)
        return ready(network)

    def writes(self, network: Any) -> bool:
        """Return whether a network can be written in this form."""
        return isinstance(network, self.network) and self.holds(network.config)

    def write(
        self,
        network: Any,
        folder: Path,
        dtype: torch.dtype,
        head: SavedHead | None = None,
        source: Path | None = None,
    ) -> None:
        """Write a network to a folder; see `ModelFormat`.

        With a `head` beside it, or heads in the folder `source` that it comes from, the network's tensors
        have the prefix of their architecture.
        """
        heads = Heads() if source is None else read_heads(source, self.heads)
        others = {**heads.tensors, **({} if head is None else head.tensors)}
        expected = network.state_dict().keys()
        rules = [rule for rule in self.rules(network.config.n_blocks) if rule.ours in expected]
        before = self.prefix if others else ""
        named = {before + name: tensor for name, tensor in stored(network, rules).items()}
        tensors = {name: tensor.to("cpu", dtype) for name, tensor in {**named, **others}.items()}
        special = self.special_pieces(network)
        content = save(tensors, metadata={"format": "pt"})
        config = {
            **self.write_config(network.config),
            **_ends(special, network.tokenizer),
            **heads.settings,
            **({} if head is None else head.values),
        }
        write_text(folder / CONFIG, json.dumps(config, indent=2) + "\n")
        write_whole(folder / SAFE, lambda path: path.write_bytes(content))
        write_text(folder / TOKENIZER, written_tokenizer(network.tokenizer.tokenizer, *self.around(network)))
        settings = {"tokenizer_class": "PreTrainedTokenizerFast", **special}
        write_text(folder / SETTINGS, json.dumps(settings, indent=2) + "\n")

    @staticmethod
    def around(network: Any) -> tuple[str | None, str | None]:
        """Return the special pieces before and after a window."""
        return network.config.start, network.config.end

    def _read_tokenizer(self, folder: Path, config: Any) -> tuple[Any, PieceTokenizer]:
        """Return the configuration with the special pieces of a folder's tokenizer, and the tokenizer."""
        read = read_tokenizer(folder, self.tokenizer_class)
        try:
            config = self.placed(config, read)
            read.tokenizer.id(config.unknown)
        except (FormatError, ValueError) as error:
            raise FormatError(f"{folder}: {error}") from None
        largest = max(read.tokenizer.tokenizer.get_vocab().values())
        if largest >= config.n_vocabulary:
            raise FormatError(
                f"{folder}: the tokenizer has pieces up to number {largest}, but {CONFIG} has room for "
                f"{config.n_vocabulary}"
            )
        return config, read.tokenizer

    def _names(self, names: list[str], rules: list[Rule], path: Path) -> dict[str, str]:
        """Return, for each tensor that a rule names, its name in the file; heads and buffers are left out.

        Raises
        ------
        FormatError
            If the file holds tensors that belong to nothing we know.
        """
        expected = {name for rule in rules for name in rule.theirs}
        known: dict[str, str] = {}
        odd: list[str] = []
        for name in names:
            bare = _modern(name.removeprefix(self.prefix))
            if bare in known:
                raise FormatError(f"{path}: one tensor under two names, {known[bare]} and {name}")
            if bare in expected:
                known[bare] = name
            elif not bare.startswith(self.heads) and not bare.endswith(_BUFFERS):
                odd.append(name)
        if odd:
            shown = ", ".join(sorted(odd)[:5]) + (" …" if len(odd) > 5 else "")
            raise FormatError(f"{path}: unknown tensors: {shown}")
        return known


def _ends(special: dict[str, Any], tokenizer: PieceTokenizer) -> dict[str, int | None]:
    """Return the ids of the pieces that begin and end a text, where one begins it; others guess GPT-2's."""
    start = special.get("bos_token")
    if start is None:
        return {}
    pieces = {"bos_token_id": start, "eos_token_id": special.get("eos_token", start)}
    return {key: tokenizer.tokenizer.token_to_id(piece) for key, piece in pieces.items()}


def _modern(name: str) -> str:
    """Return the name that a tensor of TensorFlow's first BERTs has today."""
    if name.endswith("LayerNorm.gamma"):
        return name.removesuffix("gamma") + "weight"
    return name.removesuffix("beta") + "bias" if name.endswith("LayerNorm.beta") else name
