"""Files of tensors, read without running any code: safetensors, alone or in shards, and PyTorch's .bin.

Files are memory-mapped. A tensor that is what a network needs stays mapped; one that has to be converted is
read through a mapping of its own that is closed soon after, so that its pages do not stay in memory beside
the copy.
"""

from __future__ import annotations

import json
import pickle
import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from ctxemb.errors import FormatError, MissingFileError

SAFE, SAFE_INDEX = "model.safetensors", "model.safetensors.index.json"
BIN, BIN_INDEX = "pytorch_model.bin", "pytorch_model.bin.index.json"

_PASSING = 16 << 20
"""Bytes that are read through one mapping before it is exchanged for a new one."""


class Tensors(Protocol):
    """The tensors of a checkpoint, by name; none of their values are read before they are asked for.

    Attributes
    ----------
    path
        The file, or the index of several.
    names
        Of all tensors.
    """

    @property
    def path(self) -> Path: ...  # noqa: D102
    @property
    def names(self) -> Iterable[str]: ...  # noqa: D102

    def file(self, name: str) -> Path:
        """Return the file that holds a tensor, as errors name it."""
        ...

    def kept(self, name: str) -> Tensor:
        """Return a tensor to keep, memory-mapped where the file allows it."""
        ...

    def passing(self, name: str) -> Tensor:
        """Return a tensor to copy from, once; its memory is given back when it is gone, or soon after."""
        ...


def read_tensors(folder: Path) -> Tensors:
    """Return the tensors of a model's folder.

    Raises
    ------
    MissingFileError
        If there is no file of weights, or a shard is missing.
    FormatError
        If a file is damaged, or a .bin holds anything but tensors.
    """
    for name in (SAFE, SAFE_INDEX, BIN, BIN_INDEX):  # the order of transformers
        if (folder / name).is_file():
            is_index = name in (SAFE_INDEX, BIN_INDEX)
            return _shards(folder / name) if is_index else TensorFiles(folder / name, [folder / name])
    raise MissingFileError(f"no weights in {folder}: neither {SAFE} nor {BIN}")


class TensorFiles:
    """The tensors of one file, or of several; see `Tensors`.

    Parameters
    ----------
    path
        What errors about all of them name.
    files
        The files.

    Raises
    ------
    MissingFileError, FormatError
        If a file is not there, is damaged, or holds anything but tensors.
    """

    def __init__(self, path: Path, files: Iterable[Path]) -> None:
        self.path = path
        self._files = {file: _open(file) for file in files}
        self._places: dict[str, Path] = {}
        for file, opened in self._files.items():
            for name in opened.names:
                if name in self._places:
                    raise FormatError(
                        f"{path}: the tensor {name} is in {self._places[name].name} and {file.name}"
                    )
                self._places[name] = file
        self.names: Iterable[str] = self._places.keys()
        self._passing: tuple[Path, _Opened] | None = None
        self._read = 0

    def file(self, name: str) -> Path:
        """Return the file that holds a tensor."""
        return self._places[name]

    def kept(self, name: str) -> Tensor:
        """Return a tensor to keep."""
        return self._files[self._places[name]].get(name)

    def passing(self, name: str) -> Tensor:
        """Return a tensor to copy from, once."""
        file = self._places[name]
        if not self._files[file].mapped:
            return self._files[file].take(name)
        if self._passing is None or self._passing[0] != file or self._read > _PASSING:
            self._passing = (file, _open(file))
            self._read = 0
        tensor = self._passing[1].get(name)
        self._read += tensor.nbytes
        return tensor


class _Opened(Protocol):
    """One file: its tensors are got, or, where they lie in memory, taken out of it."""

    @property
    def mapped(self) -> bool: ...
    @property
    def names(self) -> Iterable[str]: ...

    def get(self, name: str) -> Tensor: ...
    def take(self, name: str) -> Tensor: ...


class _SafeFile:
    mapped = True

    _file: Any

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = safe_open(path, framework="pt")
            self.names = list(self._file.keys())
        except (SafetensorError, OSError, ValueError) as error:
            raise FormatError(f"{path}: not a safetensors file: {error}") from error

    def get(self, name: str) -> Tensor:
        try:
            tensor: Tensor = self._file.get_tensor(name)
        except (SafetensorError, OSError, ValueError, RuntimeError, AttributeError) as error:
            raise FormatError(f"{self.path}: tensor {name} cannot be read: {error}") from error
        return tensor

    take = get


class _BinFile:
    def __init__(self, path: Path) -> None:
        tensors, self.mapped = _read_bin(path)
        self._tensors = dict(tensors)
        self.names = list(self._tensors)

    def get(self, name: str) -> Tensor:
        return self._tensors[name]

    def take(self, name: str) -> Tensor:
        return self._tensors.pop(name)


def _open(path: Path) -> _Opened:
    if not path.is_file():
        raise MissingFileError(f"no weights at {path}")
    return _SafeFile(path) if path.suffix == ".safetensors" else _BinFile(path)


def _read_bin(path: Path) -> tuple[Mapping[str, Tensor], bool]:
    """Return the tensors of a .bin, and whether they are memory-mapped."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of pickles that are refused anyway
            tensors, mapped = _load(path)
    except pickle.UnpicklingError as error:
        raise FormatError(
            f"{path}: holds more than tensors, and is not read: loading it would run code from the file. "
            "Convert it to safetensors where you trust it"
        ) from error
    except Exception as error:  # the unpickler raises whatever damaged bytes lead it to
        raise FormatError(f"{path}: not a file of PyTorch weights: {error}") from error
    if not isinstance(tensors, Mapping) or not all(
        isinstance(name, str) and isinstance(tensor, Tensor) for name, tensor in tensors.items()
    ):
        raise FormatError(f"{path}: expected tensors by name")
    return tensors, mapped


def _load(path: Path) -> tuple[Any, bool]:
    read: Callable[..., Any] = torch.load
    try:
        return read(path, map_location="cpu", weights_only=True, mmap=True), True
    except (RuntimeError, ValueError):  # files from before PyTorch 1.6 cannot be mapped
        return read(path, map_location="cpu", weights_only=True), False


def _shards(index: Path) -> TensorFiles:
    try:
        places = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
        names = sorted(set(places.values()))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise FormatError(f"{index}: not an index of shards: {error!r}") from error
    for name in names:
        if not isinstance(name, str) or Path(name).name != name:
            raise FormatError(f"{index}: {name!r} is not the name of a file beside it")
    tensors = TensorFiles(index, [index.with_name(name) for name in names])
    if lacking := sorted(set(places) - set(tensors.names)):
        raise FormatError(f"{index}: no shard holds {', '.join(lacking[:5])}")
    return tensors
