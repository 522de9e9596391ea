"""Models on disk: which published form a folder has, and how its network is read and written."""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch

from ctxemb.errors import FormatError, InputError
from ctxemb.models.building import Config, Network, build_network
from ctxemb.models.formats.config_values import CONFIG, read_config_values
from ctxemb.models.formats.folder import FolderFormat
from ctxemb.models.formats.tokenizer_settings import SMALL_FILES
from ctxemb.models.model_format import ModelFormat
from ctxemb.plugins import collect
from ctxemb.suggest import Registry

__all__ = [
    "CONFIG",
    "Config",
    "Network",
    "all_formats",
    "build_network",
    "can_save",
    "fingerprint_of",
    "format_for",
    "is_ours",
    "load_network",
    "save_network",
]

_WEIGHTS = ("*.safetensors", "*.bin", "*.hdf5", "params_*.npy")


def all_formats() -> Registry[ModelFormat]:
    """Return all published forms by name."""
    return collect("form of models", "ctxemb.models.formats", "FORMAT", "ctxemb.models")


def can_save(network: object) -> bool:
    """Return whether there is a form to write a network in."""
    return any(form.writes(network) for form in all_formats().values())


def format_for(network: Network, *, own: bool = True) -> ModelFormat:
    """Return the form that a network is written in; see `save_network`."""
    fitting = [form for form in all_formats().values() if form.writes(network)]
    if not fitting:
        raise InputError(f"no published form holds a {type(network).__name__}")
    return next((form for form in fitting if form.is_own is own), fitting[0])


def save_network(
    network: Network,
    folder: Path,
    *,
    dtype: torch.dtype = torch.float16,
    own: bool = True,
    source: Path | None = None,
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
    own
        Whether ctxemb's own form is preferred to one that other tools read, where there are both.
    source
        The folder that the network comes from, whose heads are to be written as well.

    Raises
    ------
    InputError
        If no form holds such a network.
    """
    form = format_for(network, own=own)
    if isinstance(form, FolderFormat):
        form.write(network, folder, dtype, source=source)
    else:
        form.write(network, folder, dtype)


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
    form = _form_of(folder)
    if form is None:
        values = read_config_values(folder)
        known = ", ".join(name for name, form in all_formats().items() if form.small_files[0] == CONFIG)
        raise FormatError(
            f"{values.path}: architecture {values.values.get('model_type')!r} is not supported; {known} are"
        )
    network: Network = form.read(folder, random_init)
    return network


def is_ours(folder: Path) -> bool:
    """Return whether the folder's form is one of ours, or it is not told; a file's never is."""
    if folder.is_file():
        return False
    if not (folder / CONFIG).is_file() or _form_of(folder) is not None:
        return True
    return not isinstance(read_config_values(folder).values.get("model_type"), str)


def fingerprint_of(path: Path, random_init: int | None) -> str:
    """Return the SHA-256 (hex) of all that decides the vectors of the model in a folder, or a GGUF file."""
    digest = hashlib.sha256()
    if path.is_file():
        digest.update(_file_digest(path))
    form = None if path.is_file() else _form_of(path)
    for pattern in _SMALL if form is None else form.small_files:
        for small in sorted(path.glob(pattern)):
            digest.update(small.name.encode("utf-8", "surrogatepass"))
            digest.update(hashlib.sha256(small.read_bytes()).digest())
    if random_init is None:
        for file in sorted(file for kind in _WEIGHTS for file in path.glob(kind) if file.stem != "head"):
            digest.update(_file_digest(file))
    else:
        digest.update(f"random {random_init}".encode())
    return digest.hexdigest()


_SMALL = (CONFIG, *SMALL_FILES)
"""Small files of a model of transformers that is none of ours."""


def _form_of(folder: Path) -> ModelFormat | None:
    return next((form for form in all_formats().values() if form.matches(folder)), None)


def _file_digest(path: Path) -> bytes:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.digest()
