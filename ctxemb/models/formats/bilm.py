"""ELMo's published format: ``options.json`` and an HDF5 file of weights, as bilm-tf and AllenNLP have them.

The weights are TensorFlow's: matrices are (input, output), gates stand in the order i, j, f, o, an LSTM's
forget gate has 1 added to its bias when it runs, and a highway's carry gate weighs the new value and not the
old one. The character table lacks the row for "no character", 0 in AllenNLP.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ctxemb.atomic import write_text, write_whole
from ctxemb.errors import FormatError, InputError, MissingFileError
from ctxemb.layers.characters import N_SYMBOLS
from ctxemb.models.building import Network, empty_network, random_network, ready
from ctxemb.models.elmo import Elmo, ElmoConfig
from ctxemb.models.formats.config_values import CONFIG, MOST_BLOCKS
from ctxemb.models.model_format import Published

OPTIONS, SUFFIX = "options.json", ".hdf5"

Array = NDArray[np.float32]

_FORGET = 2
"""Place of the forget gate in TensorFlow's order."""


def options_file(folder: Path) -> Path | None:
    """Return the file of options in `folder`, whose name may have a beginning of its own, or None."""
    files = sorted(folder.glob(f"*{OPTIONS}"))
    return files[0] if files else None


def weights_file(folder: Path) -> Path:
    """Return the only HDF5 file in `folder`.

    Raises
    ------
    MissingFileError, InputError
        If there is none, or more than one.
    """
    files = sorted(folder.glob(f"*{SUFFIX}"))
    if not files:
        raise MissingFileError(f"no weights in {folder}: a file *{SUFFIX} belongs beside {OPTIONS}")
    if len(files) > 1:
        raise InputError(
            f"{folder} holds {len(files)} files *{SUFFIX}; leave one: which is meant is not clear"
        )
    return files[0]


def read_options(path: Path) -> ElmoConfig:
    """Read a file of options.

    Raises
    ------
    FormatError
        If it is not one, or asks for what the published models do not have; the message names the key.
    """
    try:
        options = json.loads(path.read_text(encoding="utf-8"))
        lstm, characters = options["lstm"], options["char_cnn"]
        if characters.get("activation", "relu") != "relu":
            raise FormatError(
                f"{path}: the activation {characters['activation']!r} is not supported, only 'relu'"
            )
        if max(int(lstm.get("n_layers", 2)), int(characters["n_highway"])) > MOST_BLOCKS:
            raise FormatError(f"{path}: no network has more than {MOST_BLOCKS} layers")
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
            skip_connections=bool(lstm.get("use_skip_connections", True)),
        )
    except KeyError as error:
        raise FormatError(f"{path}: the key {error} is missing") from error
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise FormatError(f"{path}: not the options of an ELMo: {error}") from error


def _clip(value: float | None) -> float | None:
    return float(value) if value else None


@torch.no_grad()
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
                _take(data_set, file[name], f"{path}: data set {name}")
    except OSError as error:
        raise FormatError(f"{path}: not an HDF5 file, or damaged: {error}") from error
    except (RuntimeError, KeyError, ValueError, TypeError) as error:  # from inside h5py
        raise FormatError(f"{path}: damaged: {error}") from error


def _take(data_set: DataSet, item: Any, what: str) -> None:
    """Read a data set into our weights, part by part, so that it is never in memory as a whole."""
    if tuple(item.shape) != data_set.shape:
        raise FormatError(f"{what} has shape {tuple(item.shape)}, expected {data_set.shape}")
    if item.dtype.kind != "f":
        raise FormatError(f"{what} holds {item.dtype}, which are no weights")
    for part in data_set.parts:
        values: Array = np.asarray(item[part.place], dtype=np.float32)
        if not np.isfinite(values).all():
            raise FormatError(f"{what} holds values that are not finite")
        part.ours.copy_(torch.from_numpy(values)).mul_(part.sign).add_(part.added)


def write_elmo(network: Elmo, folder: Path) -> None:
    """Write ``options.json`` and ``weights.hdf5`` to `folder`, each file whole or not at all."""
    h5py = _h5py()
    c = network.config
    options = {
        "lstm": {
            "use_skip_connections": c.skip_connections,
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
                item = file.create_dataset(data_set.name, data_set.shape, dtype="f4")
                for part in data_set.parts:
                    values = (part.ours.detach().float() - part.added) * part.sign
                    item[part.place] = values.contiguous().numpy()

    write_text(folder / OPTIONS, json.dumps(options, indent=2) + "\n")
    write_whole(folder / f"weights{SUFFIX}", write)


def _h5py() -> Any:
    try:
        import h5py
    except ImportError as error:
        raise MissingFileError("HDF5 files need h5py: pip install 'ctxemb[hdf5]'") from error
    return h5py


@dataclass(frozen=True, slots=True)
class Part:
    """Where a part of a data set lies, and in which of our weights.

    Parameters
    ----------
    place
        Its rows and columns, as an index.
    ours
        A view of our weights, of the same shape.
    sign, added
        Ours are `sign` times theirs, plus `added`.
    """

    place: tuple[Any, ...]
    ours: Tensor
    sign: int = 1
    added: int = 0


@dataclass(frozen=True, slots=True)
class DataSet:
    """One data set: its path in the file, its shape and its parts."""

    name: str
    shape: tuple[int, ...]
    parts: tuple[Part, ...]


def _data_sets(network: Elmo) -> Iterator[DataSet]:
    characters = network.characters
    with torch.no_grad():
        characters.symbols.weight[0] = 0  # no character at all; it is not in the file
    yield _whole("char_embed", characters.symbols.weight[1:])
    for i, convolution in enumerate(characters.convolutions):
        filters = _tensor(convolution.weight).permute(2, 1, 0)  # (length, symbol_width, n_filters)
        yield DataSet(f"CNN/W_cnn_{i}", (1, *filters.shape), (Part((0,), filters),))
        yield _whole(f"CNN/b_cnn_{i}", _tensor(convolution.bias))
    for i, highway in enumerate(characters.highways):
        new, gate = _tensor(highway.weight).chunk(2)
        new_bias, gate_bias = _tensor(highway.bias).chunk(2)
        group = f"CNN_high_{i}"
        yield _whole(f"{group}/W_transform", new.T)
        yield _whole(f"{group}/b_transform", new_bias)
        yield _whole(f"{group}/W_carry", gate.T, sign=-1)
        yield _whole(f"{group}/b_carry", gate_bias, sign=-1)
    yield _whole("CNN_proj/W_proj", characters.projection.weight.T)
    yield _whole("CNN_proj/b_proj", characters.projection.bias)
    for layer, lstm in enumerate(network.lstm):
        for direction in range(2):
            yield from _cell(
                f"RNN_{direction}/RNN/MultiRNNCell/Cell{layer}/LSTMCell",
                _tensor(lstm.input_weight)[direction],
                _tensor(lstm.state_weight)[direction],
                _tensor(lstm.bias)[direction],
                _tensor(lstm.projection)[direction],
            )


def _whole(name: str, ours: Tensor, sign: int = 1) -> DataSet:
    return DataSet(name, tuple(ours.shape), (Part((...,), ours, sign),))


def _cell(name: str, inputs: Tensor, states: Tensor, bias: Tensor, projection: Tensor) -> Iterator[DataSet]:
    """Yield the data sets of an LSTM's cell; the order of gates is i, j, f, o there, and i, f, j, o here."""
    size, width, rows = len(bias) // 4, inputs.shape[1], inputs.shape[1] + states.shape[1]
    weights, biases = [], []
    for theirs, ours in enumerate((0, 2, 1, 3)):
        columns = slice(theirs * size, (theirs + 1) * size)
        gate = slice(ours * size, (ours + 1) * size)
        weights.append(Part((slice(0, width), columns), inputs[gate].T))
        weights.append(Part((slice(width, rows), columns), states[gate].T))
        # TensorFlow's LSTM adds 1 to the bias of the forget gate when it runs.
        biases.append(Part((columns,), bias[gate], added=int(theirs == _FORGET)))
    yield DataSet(f"{name}/W_0", (rows, 4 * size), tuple(weights))
    yield DataSet(f"{name}/B", (4 * size,), tuple(biases))
    yield _whole(f"{name}/W_P_0", projection.T)


def _tensor(weight: object) -> Tensor:
    assert isinstance(weight, Tensor)
    return weight


ADDRESS = "https://s3-us-west-2.amazonaws.com/allennlp/models/elmo/"
_KINDS = {
    "elmo-small": "2x1024_128_2048cnn_1xhighway",
    "elmo-medium": "2x2048_256_2048cnn_1xhighway",
    "elmo-original": "2x4096_512_2048cnn_2xhighway",
    "elmo-5.5b": "2x4096_512_2048cnn_2xhighway_5.5B",
}
"""ELMo (Peters et al. 2018): the folder of each model, which its file names repeat."""


class Bilm:
    """See `ModelFormat`."""

    name = "bilm"
    family = Elmo.family
    small_files: tuple[str, ...] = (f"*{OPTIONS}",)
    is_own = False
    published = tuple(
        Published(
            name,
            address=f"{ADDRESS}{kind}/",
            files=(f"elmo_{kind}_{OPTIONS}", f"elmo_{kind}_weights{SUFFIX}"),
            folder=kind,
            source=f"AllenNLP, {kind}",
        )
        for name, kind in _KINDS.items()
    )

    def matches(self, folder: Path) -> bool:
        """Return whether a folder is of this form."""
        return options_file(folder) is not None and not (folder / CONFIG).is_file()

    def read(self, folder: Path, random_init: int | None = None) -> Network:
        """Read the network in a folder."""
        options = options_file(folder)
        assert options is not None
        config = read_options(options)
        if random_init is not None:
            return random_network(config, None, options, random_init)
        network = empty_network(config, None, options).to_empty(device="cpu")
        assert isinstance(network, Elmo)
        read_weights(network, weights_file(folder))
        return ready(network)

    def writes(self, network: Any) -> bool:
        """Return whether a network can be written in this form."""
        return isinstance(network, Elmo)

    def write(self, network: Elmo, folder: Path, dtype: torch.dtype) -> None:
        """Write a network to a folder, in float32 whatever the `dtype`, as bilm-tf reads it."""
        del dtype
        write_elmo(network, folder)


FORMAT = Bilm()
