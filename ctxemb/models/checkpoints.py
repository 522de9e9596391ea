"""Models on disk: a folder of ``config.json``, ``model.safetensors`` and, unless ELMo, ``tokenizer.json``."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save

from ctxemb.errors import FormatError, MissingFileError
from ctxemb.files import write_text, write_whole
from ctxemb.models.bert import Bert, BertConfig
from ctxemb.models.elmo import Elmo, ElmoConfig
from ctxemb.models.gpt import Gpt, GptConfig
from ctxemb.models.pieces import PieceTokenizer

Network = Elmo | Gpt | Bert
Config = ElmoConfig | GptConfig | BertConfig

CONFIG, WEIGHTS, TOKENIZER = "config.json", "model.safetensors", "tokenizer.json"
_CONFIGS: dict[str, Callable[..., Config]] = {"elmo": ElmoConfig, "gpt": GptConfig, "bert": BertConfig}


def save_network(network: Network, folder: Path) -> None:
    """Write `network` to `folder`, weights as float16, each file whole or not at all."""
    config = {"family": network.family, **dataclasses.asdict(network.config)}
    write_text(folder / CONFIG, json.dumps(config, indent=2) + "\n")
    weights = {
        name: weight.detach().to("cpu", torch.float16) for name, weight in network.state_dict().items()
    }
    write_whole(folder / WEIGHTS, lambda path: path.write_bytes(save(weights)))
    if not isinstance(network, Elmo):
        write_text(folder / TOKENIZER, network.tokenizer.tokenizer.to_str(pretty=False))


def load_network(folder: Path, *, random_init: int | None = None) -> Network:
    """Read the network in `folder`, in float32 and ready to embed.

    Parameters
    ----------
    folder
        As `save_network` or `ctxemb pretrain` wrote it.
    random_init
        Seed of random weights to have instead of the trained ones.

    Raises
    ------
    MissingFileError
        If a file is not there.
    FormatError
        If a file is not what it should be; the message names the file, and the tensor.
    """
    config = read_config(folder)
    tokenizer = None if isinstance(config, ElmoConfig) else _read_tokenizer(folder, config)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0 if random_init is None else random_init)
        try:
            network = build_network(config, tokenizer)
        except (ArithmeticError, RuntimeError, TypeError, ValueError) as error:
            raise FormatError(f"{folder / CONFIG}: no network has these sizes: {error}") from error
    if random_init is None:
        _load_weights(network, folder / WEIGHTS)
    return network.eval().requires_grad_(False)


def build_network(config: Config, tokenizer: PieceTokenizer | None) -> Network:
    """Return a network with new weights, drawn from torch's random state; ELMo needs no tokenizer."""
    if isinstance(config, ElmoConfig):
        return Elmo(config)
    if tokenizer is None:
        raise ValueError(f"a {config.family} network needs a tokenizer")
    return Gpt(config, tokenizer) if isinstance(config, GptConfig) else Bert(config, tokenizer)


def read_config(folder: Path) -> Config:
    """Read ``config.json`` of a model folder.

    Raises
    ------
    MissingFileError, FormatError
        If it is not there, or not a configuration of one of the families.
    """
    path = folder / CONFIG
    if not path.is_file():
        raise MissingFileError(f"no model in {folder}: {CONFIG} is missing")
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise FormatError(f"{path}: not JSON: {error}") from error
    family = values.pop("family", None) if isinstance(values, dict) else None
    if not isinstance(family, str) or family not in _CONFIGS:
        raise FormatError(f"{path}: 'family' should be one of {', '.join(_CONFIGS)}, found {family!r}")
    try:
        if "filters" in values:
            values["filters"] = tuple(tuple(pair) for pair in values["filters"])
        return _CONFIGS[family](**values)
    except TypeError as error:
        raise FormatError(f"{path}: not a configuration of {family}: {error}") from error


def folder_fingerprint(folder: Path, random_init: int | None) -> str:
    """Return the SHA-256 (hex) of all that decides the vectors of the model in `folder`."""
    digest = hashlib.sha256()
    for name in (CONFIG, TOKENIZER, WEIGHTS):
        path = folder / name
        if path.is_file() and not (name == WEIGHTS and random_init is not None):
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    if random_init is not None:
        digest.update(f"random {random_init}".encode())
    return digest.hexdigest()


def _read_tokenizer(folder: Path, config: GptConfig | BertConfig) -> PieceTokenizer:
    if isinstance(config, GptConfig):
        unknown, special = config.unknown, [piece for piece in [config.start] if piece is not None]
    else:
        unknown, special = "[UNK]", ["[CLS]", "[SEP]"]
    tokenizer = PieceTokenizer.read(folder / TOKENIZER, unknown, special)
    if len(tokenizer) > config.n_vocabulary:
        raise FormatError(
            f"{folder / TOKENIZER}: {len(tokenizer)} pieces, but {CONFIG} has room for {config.n_vocabulary}"
        )
    return tokenizer


def _load_weights(network: Network, path: Path) -> None:
    if not path.is_file():
        raise MissingFileError(f"no weights at {path}")
    try:
        weights = load_file(path)
    except (SafetensorError, OSError) as error:
        raise FormatError(f"{path}: not a safetensors file: {error}") from error
    expected = network.state_dict()
    if odd := sorted(expected.keys() ^ weights.keys()):
        raise FormatError(f"{path}: missing or unknown tensors: {', '.join(odd)}")
    for name, weight in weights.items():
        found, wanted = tuple(weight.shape), tuple(expected[name].shape)
        if found != wanted:
            raise FormatError(f"{path}: tensor {name} has shape {found}, expected {wanted}")
        if not torch.isfinite(weight).all():
            raise FormatError(f"{path}: tensor {name} holds values that are not finite")
    network.load_state_dict({name: weight.float() for name, weight in weights.items()})
