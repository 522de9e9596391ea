"""Files of tensors, read without running any code: safetensors, alone or in shards, and PyTorch's .bin."""

from __future__ import annotations

import json
import pickle
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from ctxemb.errors import FormatError, MissingFileError

SAFE, SAFE_INDEX = "model.safetensors", "model.safetensors.index.json"
BIN, BIN_INDEX = "pytorch_model.bin", "pytorch_model.bin.index.json"


def read_tensors(folder: Path) -> tuple[Path, dict[str, Tensor]]:
    """Return the tensors of a model's folder by name, memory-mapped where the file allows it.

    Returns
    -------
    Path, dict
        The file that was read (or its index), and the tensors.

    Raises
    ------
    MissingFileError
        If there is no file of weights, or a shard is missing.
    FormatError
        If a file is damaged, or a .bin holds anything but tensors.
    """
    for name in (SAFE, BIN):
        if (folder / name).is_file():
            return folder / name, read_file(folder / name)
    for name in (SAFE_INDEX, BIN_INDEX):
        if (folder / name).is_file():
            return folder / name, _read_shards(folder, folder / name)
    raise MissingFileError(f"no weights in {folder}: neither {SAFE} nor {BIN}")


def read_file(path: Path) -> dict[str, Tensor]:
    """Return the tensors of one file; see `read_tensors`."""
    if not path.is_file():
        raise MissingFileError(f"no weights at {path}")
    if path.suffix == ".safetensors":
        try:
            with safe_open(path, framework="pt") as file:
                return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (SafetensorError, OSError, ValueError) as error:
            raise FormatError(f"{path}: not a safetensors file: {error}") from error
    return _read_bin(path)


def _read_bin(path: Path) -> dict[str, Tensor]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of pickles that are refused anyway
            found = _load(path)
    except pickle.UnpicklingError as error:
        raise FormatError(
            f"{path}: holds more than tensors, and is not read: loading it would run code from the file. "
            "Convert it to safetensors where you trust it"
        ) from error
    except (RuntimeError, ValueError, EOFError, OSError, KeyError, IndexError, AttributeError) as error:
        raise FormatError(f"{path}: not a file of PyTorch weights: {error}") from error
    if not isinstance(found, Mapping) or not all(
        isinstance(name, str) and isinstance(tensor, Tensor) for name, tensor in found.items()
    ):
        raise FormatError(f"{path}: expected tensors by name")
    return dict(found)


def _load(path: Path) -> Any:
    try:
        return torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except (RuntimeError, ValueError):  # files from before PyTorch 1.6 cannot be mapped
        return torch.load(path, map_location="cpu", weights_only=True)


def _read_shards(folder: Path, index: Path) -> dict[str, Tensor]:
    try:
        places = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
        names = sorted(set(places.values()))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FormatError(f"{index}: not an index of shards: {error!r}") from error
    found: dict[str, Tensor] = {}
    for name in names:
        if not isinstance(name, str) or Path(name).name != name:
            raise FormatError(f"{index}: {name!r} is not the name of a file beside it")
        found |= read_file(folder / name)
    if lacking := sorted(set(places) - set(found)):
        raise FormatError(f"{index}: no shard holds {', '.join(lacking[:5])}")
    return found
