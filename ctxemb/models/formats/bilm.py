"""ELMo's published format: ``options.json`` and an HDF5 file of weights, as bilm-tf and AllenNLP have them.

The weights are TensorFlow's: matrices are (input, output), gates stand in the order i, j, f, o, an LSTM's
forget gate has 1 added to its bias when it runs, and a highway's carry gate weighs the new value and not the
old one. The character table lacks the row for "no character", 0 in AllenNLP.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ctxemb.errors import FormatError, InputError, MissingFileError
from ctxemb.files import write_text, write_whole
from ctxemb.layers.characters import N_SYMBOLS

if TYPE_CHECKING:
    from ctxemb.models.elmo import Elmo, ElmoConfig

OPTIONS, SUFFIX = "options.json", ".hdf5"

Array = NDArray[np.float32]


def options_file(folder: Path) -> Path | None:
    """Return the file of options in `folder`, whose name may have a beginning of its own, or None."""
    found = sorted(folder.glob(f"*{OPTIONS}"))
    return found[0] if found else None


def weights_file(folder: Path) -> Path:
    """Return the only HDF5 file in `folder`.

    Raises
    ------
    MissingFileError, InputError
        If there is none, or more than one.
    """
    found = sorted(folder.glob(f"*{SUFFIX}"))
    if not found:
        raise MissingFileError(f"no weights in {folder}: a file *{SUFFIX} belongs beside {OPTIONS}")
    if len(found) > 1:
        raise InputError(
            f"{folder} holds {len(found)} files *{SUFFIX}; leave one: which is meant is not clear"
        )
    return found[0]


def read_options(path: Path) -> ElmoConfig:
    """Read a file of options.

    Raises
    ------
    FormatError
        If it is not one, or asks for what the published models do not have; the message names the key.
    """
    from ctxemb.models.elmo import ElmoConfig

    try:
        options = json.loads(path.read_text(encoding="utf-8"))
        lstm, characters = options["lstm"], options["char_cnn"]
        if not lstm.get("use_skip_connections", True):
            raise FormatError(f"{path}: an LSTM without 'use_skip_connections' is not supported")
        if characters.get("activation", "relu") != "relu":
            raise FormatError(
                f"{path}: the activation {characters['activation']!r} is not supported, only 'relu'"
            )
        return ElmoConfig(
            symbol_width=int(characters["embedding"]["dim"]),
            filters=tuple((int(length), int(count)) for length, count in characters["filters"]),
            n_highway=int(characters["n_highway"]),
            width=int(lstm["projection_dim"]),
            cell_width=int(lstm["dim"]),
            n_lstm_layers=int(lstm.get("n_layers", 2)),
            cell_clip=_clip(lstm.get("cell_clip")),
            state_clip=_clip(lstm.get("proj_clip")),
            n_characters=int(characters.get("max_characters_per_token", 50)),
        )
    except KeyError as error:
        raise FormatError(f"{path}: the key {error} is missing") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise FormatError(f"{path}: not the options of an ELMo: {error}") from error


def _clip(value: float | None) -> float | None:
    return float(value) if value else None


def read_weights(network: Elmo, path: Path) -> None:
    """Put the weights of an HDF5 file into `network`.

    Raises
    ------
    MissingFileError
        If h5py is not installed.
    FormatError
        If a data set is missing or unknown, has another shape, or holds values that are not finite; the
        message names file and data set.
    """
    h5py = _h5py()
    try:
        with h5py.File(path, "r") as file:
            names: list[str] = []
            file.visititems(lambda name, item: names.append(name) if hasattr(item, "shape") else None)
            expected = {data_set.name: data_set for data_set in _data_sets(network)}
            if odd := sorted(set(names) - expected.keys()):
                raise FormatError(f"{path}: unknown data sets: {', '.join(odd[:5])}")
            for name, data_set in expected.items():
                if name not in names:
                    raise FormatError(f"{path}: data set {name} is missing")
                data_set.take(_array(file[name], name, data_set.array().shape, path))
    except OSError as error:
        raise FormatError(f"{path}: not an HDF5 file, or damaged: {error}") from error
    except (RuntimeError, KeyError, ValueError, TypeError) as error:  # from inside h5py
        raise FormatError(f"{path}: damaged: {error}") from error


def _array(item: Any, name: str, shape: tuple[int, ...], path: Path) -> Array:
    if tuple(item.shape) != shape:
        raise FormatError(f"{path}: data set {name} has shape {tuple(item.shape)}, expected {shape}")
    if item.dtype.kind != "f":
        raise FormatError(f"{path}: data set {name} holds {item.dtype}, which are no weights")
    found: Array = np.asarray(item[...], dtype=np.float32)
    if not np.isfinite(found).all():
        raise FormatError(f"{path}: data set {name} holds values that are not finite")
    return found


def write_elmo(network: Elmo, folder: Path) -> None:
    """Write ``options.json`` and ``weights.hdf5`` to `folder`, each file whole or not at all."""
    h5py = _h5py()
    c = network.config
    options = {
        "lstm": {
            "use_skip_connections": True,
            "projection_dim": c.width,
            "dim": c.cell_width,
            "n_layers": c.n_lstm_layers,
            "cell_clip": c.cell_clip,
            "proj_clip": c.state_clip,
        },
        "char_cnn": {
            "activation": "relu",
            "embedding": {"dim": c.symbol_width},
            "filters": [list(pair) for pair in c.filters],
            "n_highway": c.n_highway,
            "n_characters": N_SYMBOLS,
            "max_characters_per_token": c.n_characters,
        },
    }

    def write(path: Path) -> None:
        with h5py.File(path, "w") as file:
            for data_set in _data_sets(network):
                file.create_dataset(data_set.name, data=data_set.array())

    write_text(folder / OPTIONS, json.dumps(options, indent=2) + "\n")
    write_whole(folder / f"weights{SUFFIX}", write)


def _h5py() -> Any:
    try:
        import h5py
    except ImportError as error:
        raise MissingFileError("HDF5 files need h5py: pip install 'ctxemb[hdf5]'") from error
    return h5py


@dataclass(frozen=True, slots=True)
class DataSet:
    """One data set and the weights of ours that it holds.

    Parameters
    ----------
    name
        Its path in the file.
    ours
        Views of our weights.
    out, back
        From our arrays to the data set, and from the data set to ours.
    """

    name: str
    ours: tuple[Tensor, ...]
    out: Callable[..., Array]
    back: Callable[[Array], tuple[Array, ...]]

    def array(self) -> Array:
        """Return the values of the data set."""
        return self.out(*(weight.detach().float().numpy() for weight in self.ours))

    def take(self, values: Array) -> None:
        """Put values of the data set into our weights."""
        with torch.no_grad():
            for weight, part in zip(self.ours, self.back(values), strict=True):
                weight.copy_(torch.from_numpy(np.ascontiguousarray(part)))


def _data_sets(network: Elmo) -> Iterator[DataSet]:
    characters = network.characters
    with torch.no_grad():
        characters.symbols.weight[0] = 0  # no character at all; it is not in the file
    yield DataSet("char_embed", (characters.symbols.weight[1:],), _same, lambda a: (a,))
    for i, convolution in enumerate(characters.convolutions):
        filters = (_tensor(convolution.weight),)
        yield DataSet(
            f"CNN/W_cnn_{i}", filters, lambda w: w.T[None], lambda a: (a[0].T,)
        )  # (1, length, symbol_width, n_filters)
        yield DataSet(f"CNN/b_cnn_{i}", (_tensor(convolution.bias),), _same, lambda a: (a,))
    for i, highway in enumerate(characters.highways):
        new, gate = _tensor(highway.weight).chunk(2)
        new_bias, gate_bias = _tensor(highway.bias).chunk(2)
        group = f"CNN_high_{i}"
        yield DataSet(f"{group}/W_transform", (new,), _turned, lambda a: (a.T,))
        yield DataSet(f"{group}/b_transform", (new_bias,), _same, lambda a: (a,))
        yield DataSet(f"{group}/W_carry", (gate,), lambda w: -w.T, lambda a: (-a.T,))
        yield DataSet(f"{group}/b_carry", (gate_bias,), lambda b: -b, lambda a: (-a,))
    yield DataSet("CNN_proj/W_proj", (characters.projection.weight,), _turned, lambda a: (a.T,))
    yield DataSet("CNN_proj/b_proj", (characters.projection.bias,), _same, lambda a: (a,))
    for layer, lstm in enumerate(network.lstm):
        for direction in range(2):
            yield from _cell(
                f"RNN_{direction}/RNN/MultiRNNCell/Cell{layer}/LSTMCell",
                _tensor(lstm.input_weight)[direction],
                _tensor(lstm.state_weight)[direction],
                _tensor(lstm.bias)[direction],
                _tensor(lstm.projection)[direction],
            )


def _cell(name: str, inputs: Tensor, states: Tensor, bias: Tensor, projection: Tensor) -> Iterator[DataSet]:
    width = inputs.shape[1]
    yield DataSet(
        f"{name}/W_0",
        (inputs, states),
        lambda i, s: _gates(np.concatenate([i, s], axis=1)).T,
        lambda a: (_gates(a.T[:, :width]), _gates(a.T[:, width:])),
    )
    added = _forget(len(bias))
    yield DataSet(f"{name}/B", (bias,), lambda b: _gates(b) - added, lambda a: (_gates(a + added),))
    yield DataSet(f"{name}/W_P_0", (projection,), _turned, lambda a: (a.T,))


def _tensor(weight: object) -> Tensor:
    assert isinstance(weight, Tensor)
    return weight


def _same(array: Array) -> Array:
    return array


def _turned(array: Array) -> Array:
    return array.T


def _gates(rows: Array) -> Array:
    """Exchange the second and the third quarter of the rows: i, f, j, o and i, j, f, o."""
    first, second, third, last = np.split(rows, 4)
    return np.concatenate([first, third, second, last])


def _forget(size: int) -> Array:
    """Return what TensorFlow's LSTM adds to the biases, in its order: 1 to those of the forget gate."""
    added = np.zeros(size, dtype=np.float32)
    added[size // 2 : 3 * size // 4] = 1.0
    return added
