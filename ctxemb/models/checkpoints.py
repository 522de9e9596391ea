"""Models on disk: a folder with a configuration, weights and, unless ELMo, a tokenizer.

GPT and BERT are folders of `transformers` (see `formats.transformers`), which reads what is written here,
too; ELMo, which it does not know, is a ``config.json`` with ``"family": "elmo"`` and our own names.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import nn
from torch.overrides import TorchFunctionMode

from ctxemb.errors import FormatError, MissingFileError
from ctxemb.files import write_text, write_whole
from ctxemb.models.bert import Bert, BertConfig
from ctxemb.models.elmo import Elmo, ElmoConfig
from ctxemb.models.formats import openai
from ctxemb.models.formats.bilm import options_file, read_options, read_weights, weights_file
from ctxemb.models.formats.naming import Rule, fill, stored
from ctxemb.models.formats.tokenizers import MERGED, MERGES, SETTINGS, TOKENIZER, VOCABULARY, read_tokenizer
from ctxemb.models.formats.transformers import KINDS, own_names, read_values, written_config
from ctxemb.models.formats.values import MOST_BLOCKS, Values
from ctxemb.models.formats.weights import SAFE, read_tensors
from ctxemb.models.gpt import Gpt, GptConfig
from ctxemb.models.pieces import PieceTokenizer

Network = Elmo | Gpt | Bert
Config = ElmoConfig | GptConfig | BertConfig

CONFIG = "config.json"
_SMALL = (CONFIG, TOKENIZER, VOCABULARY, MERGED, MERGES, openai.SHAPES, openai.VOCABULARY, openai.MERGES)
_WEIGHTS = ("*.safetensors", "*.bin", "*.hdf5", "params_*.npy")


@dataclasses.dataclass(frozen=True, slots=True)
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
    tensors: dict[str, torch.Tensor]


def save_network(
    network: Network, folder: Path, *, dtype: torch.dtype = torch.float16, head: SavedHead | None = None
) -> None:
    """Write `network` to `folder`, each file whole or not at all.

    Parameters
    ----------
    network
        What to write.
    folder
        Where to.
    dtype
        Of the weights in the file.
    head
        A head to write beside it; the network's tensors then have the prefix of their architecture.
    """
    values, rules = _written(network)
    tensors = {name: tensor.to("cpu", dtype) for name, tensor in stored(network, rules).items()}
    if head is not None:
        prefix = KINDS[values["model_type"]].prefix
        values = {**values, **head.values}
        tensors = {prefix + name: tensor for name, tensor in tensors.items()}
        tensors |= {name: tensor.to("cpu", dtype) for name, tensor in head.tensors.items()}
    write_text(folder / CONFIG, json.dumps(values, indent=2) + "\n")
    content = save(tensors, metadata={"format": "pt"})
    write_whole(folder / SAFE, lambda path: path.write_bytes(content))
    if not isinstance(network, Elmo):
        write_text(folder / TOKENIZER, network.tokenizer.tokenizer.to_str(pretty=False))
        settings = {"tokenizer_class": "PreTrainedTokenizerFast", **_special_pieces(network)}
        write_text(folder / SETTINGS, json.dumps(settings, indent=2) + "\n")


def _written(network: Network) -> tuple[dict[str, Any], list[Rule]]:
    if isinstance(network, Elmo):
        values = {"family": network.family, **dataclasses.asdict(network.config)}
        return values, [Rule(name, (name,)) for name in network.state_dict()]
    values = written_config(network.config)
    expected = network.state_dict().keys()
    rules = KINDS[values["model_type"]].rules(network.config.n_blocks)
    return values, [rule for rule in rules if rule.ours in expected]


def _special_pieces(network: Gpt | Bert) -> dict[str, str]:
    config = network.config
    if isinstance(config, GptConfig):
        return {"unk_token": config.unknown, **({"bos_token": config.start} if config.start else {})}
    named = {"cls_token": config.start, "sep_token": config.end, "unk_token": config.unknown}
    known = network.tokenizer.tokenizer.token_to_id
    more = {"pad_token": "[PAD]", "mask_token": "[MASK]"}
    return {**named, **{key: piece for key, piece in more.items() if known(piece) is not None}}


def load_network(folder: Path, *, random_init: int | None = None) -> Network:
    """Read the network in `folder`, in float32 and ready to embed.

    Parameters
    ----------
    folder
        As `save_network`, `ctxemb pretrain`, `transformers`, bilm-tf or AllenNLP wrote it, or OpenAI's first
        release of GPT.
    random_init
        Seed of random weights to have instead of the trained ones.

    Raises
    ------
    MissingFileError
        If a file is not there.
    FormatError
        If a file is not what it should be; the message names the file, and the tensor.
    """
    if (options := options_file(folder)) is not None and not (folder / CONFIG).is_file():
        return _load_bilm(folder, options, random_init)
    if (folder / openai.SHAPES).is_file():
        return _load_openai(folder, random_init)
    values = read_config_values(folder)
    config = _own_elmo(values) if _is_own_elmo(values) else read_values(values)[1]
    tokenizer = None if isinstance(config, ElmoConfig) else _read_tokenizer(folder, config)
    if random_init is not None:
        return _random(config, tokenizer, folder / CONFIG, random_init)
    tensors = read_tensors(folder)
    if isinstance(config, ElmoConfig):
        network = _without_weights(config, None, folder / CONFIG)
        rules = [Rule(name, (name,)) for name in network.state_dict()]
        names = {name: name for name in tensors.names}
        if odd := sorted(names.keys() - network.state_dict().keys()):
            raise FormatError(f"{tensors.path}: unknown tensors: {', '.join(odd)}")
    else:
        kind = read_values(values)[0]
        every = kind.rules(config.n_blocks)
        known = {name for rule in every for name in rule.theirs}
        names = own_names(list(tensors.names), kind, tensors.path, known)
        if isinstance(config, BertConfig) and not any(name.startswith("pooler.") for name in names):
            config = dataclasses.replace(config, pooler=False)
        network = _without_weights(config, tokenizer, folder / CONFIG)
        expected = network.state_dict().keys()
        rules = [rule for rule in every if rule.ours in expected]
    fill(network, tensors, rules, names)
    return network.eval().requires_grad_(False)


def _load_bilm(folder: Path, options: Path, random_init: int | None) -> Network:
    config = read_options(options)
    if random_init is not None:
        return _random(config, None, options, random_init)
    network = _without_weights(config, None, options).to_empty(device="cpu")
    assert isinstance(network, Elmo)
    read_weights(network, weights_file(folder))
    return network.eval().requires_grad_(False)


def _load_openai(folder: Path, random_init: int | None) -> Network:
    config = openai.read_config(folder)
    tokenizer = openai.read_tokenizer(folder, config.unknown)
    if random_init is not None:
        return _random(config, tokenizer, folder / openai.SHAPES, random_init)
    network = _without_weights(config, tokenizer, folder / openai.SHAPES)
    rules = KINDS["openai-gpt"].rules(config.n_blocks)
    tensors = openai.ReleasedArrays(folder)
    fill(network, tensors, rules, {name: name for name in tensors.names})
    return network.eval().requires_grad_(False)


def _random(config: Config, tokenizer: PieceTokenizer | None, path: Path, seed: int) -> Network:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return _built(config, tokenizer, path).eval().requires_grad_(False)


def _without_weights(config: Config, tokenizer: PieceTokenizer | None, path: Path) -> Network:
    with torch.device("meta"), _Undrawn():
        return _built(config, tokenizer, path)


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


def _built(config: Config, tokenizer: PieceTokenizer | None, path: Path) -> Network:
    try:
        return build_network(config, tokenizer)
    except (ArithmeticError, RuntimeError, TypeError, ValueError) as error:
        raise FormatError(f"{path}: no network has these sizes: {error}") from error


def build_network(config: Config, tokenizer: PieceTokenizer | None) -> Network:
    """Return a network with new weights, drawn from torch's random state; ELMo needs no tokenizer."""
    if isinstance(config, ElmoConfig):
        return Elmo(config)
    if tokenizer is None:
        raise ValueError(f"a {config.family} network needs a tokenizer")
    return Gpt(config, tokenizer) if isinstance(config, GptConfig) else Bert(config, tokenizer)


def read_config_values(folder: Path) -> Values:
    """Read ``config.json`` of a model folder.

    Raises
    ------
    MissingFileError, FormatError
        If it is not there, or no JSON object.
    """
    path = folder / CONFIG
    if not path.is_file():
        raise MissingFileError(f"no model in {folder}: {CONFIG} is missing")
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path}: not JSON: {error}") from error
    if not isinstance(values, dict):
        raise FormatError(f"{path}: expected an object, found {values!r:.40}")
    return Values(values, path)


def is_ours(folder: Path) -> bool:
    """Return whether the folder's architecture is one of ours, or it is not told; a file's never is."""
    if folder.is_file():
        return False
    if not (folder / CONFIG).is_file():
        return True
    kind = read_config_values(folder).values.get("model_type")
    return not isinstance(kind, str) or kind in KINDS


def _is_own_elmo(values: Values) -> bool:
    return values.values.get("family") == ElmoConfig.family


def _own_elmo(values: Values) -> ElmoConfig:
    own = {key: value for key, value in values.values.items() if key != "family"}
    try:
        if "filters" in own:
            own["filters"] = tuple(tuple(pair) for pair in own["filters"])
        config = ElmoConfig(**own)
        if max(config.n_lstm_layers, config.n_highway) > MOST_BLOCKS:
            raise FormatError(f"{values.path}: no network has more than {MOST_BLOCKS} layers")
        return config  # noqa: TRY300
    except TypeError as error:
        raise FormatError(f"{values.path}: not a configuration of elmo: {error}") from error


def fingerprint_of(path: Path, random_init: int | None) -> str:
    """Return the SHA-256 (hex) of all that decides the vectors of the model in a folder, or a GGUF file."""
    digest = hashlib.sha256()
    if path.is_file():
        digest.update(_file_digest(path))
    for small in (options_file(path), *(path / name for name in _SMALL)):
        if small is not None and small.is_file():
            digest.update(hashlib.sha256(small.read_bytes()).digest())
    if random_init is None:
        for file in sorted(file for kind in _WEIGHTS for file in path.glob(kind) if file.stem != "head"):
            digest.update(_file_digest(file))
    else:
        digest.update(f"random {random_init}".encode())
    return digest.hexdigest()


def _file_digest(path: Path) -> bytes:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.digest()


def _read_tokenizer(folder: Path, config: GptConfig | BertConfig) -> PieceTokenizer:
    if isinstance(config, GptConfig):
        special = [piece for piece in [config.start] if piece is not None]
    else:
        special = [config.start, config.end]
    word_ends = isinstance(config, GptConfig) and config.norm == "post"
    tokenizer = read_tokenizer(folder, config.unknown, special, word_ends=word_ends)
    if len(tokenizer) > config.n_vocabulary:
        raise FormatError(
            f"{folder}: the tokenizer has {len(tokenizer)} pieces, but {CONFIG} has room for "
            f"{config.n_vocabulary}"
        )
    return tokenizer
