"""From a configuration to its network: with new weights, or without any, to be filled from a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from ctxemb.errors import FormatError
from ctxemb.models.bert import Bert, BertConfig
from ctxemb.models.elmo import Elmo, ElmoConfig
from ctxemb.models.gpt import Gpt, GptConfig
from ctxemb.models.pieces import PieceTokenizer

Network = Elmo | Gpt | Bert
Config = ElmoConfig | GptConfig | BertConfig


def build_network(config: Config, tokenizer: PieceTokenizer | None) -> Network:
    """Return a network with new weights, drawn from torch's random state; ELMo needs no tokenizer."""
    if isinstance(config, ElmoConfig):
        return Elmo(config)
    if tokenizer is None:
        raise ValueError(f"a {config.family} network needs a tokenizer")
    return Gpt(config, tokenizer) if isinstance(config, GptConfig) else Bert(config, tokenizer)


def random_network(config: Config, tokenizer: PieceTokenizer | None, path: Path, seed: int) -> Network:
    """Return a network with weights drawn from a seed, ready to embed; `path` is for messages."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return ready(_built(config, tokenizer, path))


def empty_network(config: Config, tokenizer: PieceTokenizer | None, path: Path) -> Network:
    """Return a network whose weights have no storage yet ("meta"); `path` is for messages."""
    with torch.device("meta"), _Undrawn():
        return _built(config, tokenizer, path)


def ready(network: Network) -> Network:
    """Return a network that is done with training."""
    return network.eval().requires_grad_(False)


def _built(config: Config, tokenizer: PieceTokenizer | None, path: Path) -> Network:
    try:
        return build_network(config, tokenizer)
    except (ArithmeticError, RuntimeError, TypeError, ValueError) as error:
        raise FormatError(f"{path}: no network has these sizes: {error}") from error


class _Undrawn(TorchFunctionMode):
    """Draws no initial weights: they are to be filled, and drawing on "meta" imports torch's compiler."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        if getattr(func, "__module__", None) == nn.init.__name__:
            return args[0] if args else kwargs["tensor"]
        return func(*args, **kwargs)
