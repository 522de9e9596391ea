"""ELMo's published format, against a reference from AllenNLP's modules."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from allennlp_light.modules.highway import Highway
from allennlp_light.modules.lstm_cell_with_projection import LstmCellWithProjection
from torch import Tensor, nn

from ctxemb.errors import FormatError, InputError, MissingFileError
from ctxemb.models import load
from ctxemb.models.checkpoints import load_network
from ctxemb.models.elmo import Elmo
from ctxemb.models.formats.bilm import write_elmo
from ctxemb.pretraining.corpus import Corpus
from tests.toys import sentences, toy_network

h5py = pytest.importorskip("h5py")

DIM, WIDTH, CELLS, FILTERS = 5, 6, 9, ((1, 4), (2, 3), (3, 5))
N_FILTERS = sum(count for _, count in FILTERS)


def options(**lstm: Any) -> dict[str, Any]:
    return {
        "lstm": {
            "use_skip_connections": True, "projection_dim": WIDTH, "cell_clip": 3, "proj_clip": 3,
            "dim": CELLS, "n_layers": 2, **lstm,
        },
        "char_cnn": {
            "activation": "relu", "filters": [list(pair) for pair in FILTERS], "n_highway": 2,
            "embedding": {"dim": DIM}, "n_characters": 262, "max_characters_per_token": 50,
        },
    }  # fmt: skip


def data_sets() -> dict[str, np.ndarray]:
    """Return random weights under the published names and shapes."""
    generator = np.random.default_rng(0)
    shapes: dict[str, tuple[int, ...]] = {"char_embed": (261, DIM)}
    for i, (length, count) in enumerate(FILTERS):
        shapes |= {f"CNN/W_cnn_{i}": (1, length, DIM, count), f"CNN/b_cnn_{i}": (count,)}
    for i in range(2):
        shapes |= {f"CNN_high_{i}/W_{part}": (N_FILTERS, N_FILTERS) for part in ("carry", "transform")}
        shapes |= {f"CNN_high_{i}/b_{part}": (N_FILTERS,) for part in ("carry", "transform")}
    shapes |= {"CNN_proj/W_proj": (N_FILTERS, WIDTH), "CNN_proj/b_proj": (WIDTH,)}
    for direction in range(2):
        for layer in range(2):
            cell = f"RNN_{direction}/RNN/MultiRNNCell/Cell{layer}/LSTMCell"
            shapes |= {
                f"{cell}/W_0": (2 * WIDTH, 4 * CELLS),
                f"{cell}/B": (4 * CELLS,),
                f"{cell}/W_P_0": (CELLS, WIDTH),
            }
    return {name: generator.normal(0, 0.5, shape).astype(np.float32) for name, shape in shapes.items()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "options.json").write_text(json.dumps(options()), encoding="utf-8")
    with h5py.File(tmp_path / "weights.hdf5", "w") as file:
        for name, values in data_sets().items():
            file[name] = values
    return tmp_path


class Reference(nn.Module):
    """ELMo from AllenNLP's highway and LSTM cell, filled the way AllenNLP fills them."""

    def __init__(self, given: dict[str, np.ndarray]) -> None:
        super().__init__()
        tensors = {name: torch.from_numpy(values) for name, values in given.items()}
        self.symbols = torch.cat([torch.zeros(1, DIM), tensors["char_embed"]])
        self.filters = [
            (tensors[f"CNN/W_cnn_{i}"][0].permute(2, 1, 0).contiguous(), tensors[f"CNN/b_cnn_{i}"])
            for i in range(len(FILTERS))
        ]
        self.highway = Highway(N_FILTERS, 2, activation=torch.relu)
        for i, layer in enumerate(self.highway._layers):
            group = f"CNN_high_{i}"
            layer.weight.copy_(torch.cat([tensors[f"{group}/W_transform"].T, -tensors[f"{group}/W_carry"].T]))
            layer.bias.copy_(torch.cat([tensors[f"{group}/b_transform"], -tensors[f"{group}/b_carry"]]))
        self.project = (tensors["CNN_proj/W_proj"], tensors["CNN_proj/b_proj"])
        self.cells = [[self.cell(tensors, d, layer) for layer in range(2)] for d in range(2)]

    def cell(self, tensors: dict[str, Tensor], direction: int, layer: int) -> LstmCellWithProjection:
        name = f"RNN_{direction}/RNN/MultiRNNCell/Cell{layer}/LSTMCell"
        made = LstmCellWithProjection(
            WIDTH,
            WIDTH,
            CELLS,
            go_forward=direction == 0,
            memory_cell_clip_value=3,
            state_projection_clip_value=3,
        )
        i, j, f, o = tensors[f"{name}/W_0"].T.chunk(4)
        weights = torch.cat([i, f, j, o])
        made.input_linearity.weight.copy_(weights[:, :WIDTH])
        made.state_linearity.weight.copy_(weights[:, WIDTH:])
        i, j, f, o = tensors[f"{name}/B"].chunk(4)
        made.state_linearity.bias.copy_(torch.cat([i, f + 1, j, o]))
        made.state_projection.weight.copy_(tensors[f"{name}/W_P_0"].T)
        return made

    def forward(self, spellings: Tensor) -> Tensor:
        """Return (3, n_words, 2 * WIDTH) of a sentence of (n_words, 50) symbols, marks included."""
        symbols = self.symbols[spellings].transpose(1, 2)
        pooled = [nn.functional.conv1d(symbols, *pair).amax(dim=2).relu() for pair in self.filters]
        words = self.highway(torch.cat(pooled, dim=1)) @ self.project[0] + self.project[1]
        layers = [torch.cat([words, words], dim=1)]
        current = [words, words]
        for layer in range(2):
            for direction in range(2):
                out = self.cells[direction][layer](current[direction][None], [len(words)])[0][0]
                current[direction] = out + current[direction] if layer else out
            layers.append(torch.cat(current, dim=1))
        return torch.stack(layers)


@torch.no_grad()
def test_layers_equal_the_reference(folder: Path) -> None:
    model = load(str(folder))
    reference = Reference(data_sets())
    batch = model.encode(sentences(4, 1, 7))
    layers = model(batch)
    assert batch.spellings is not None
    for start, stop in zip(batch.windows[:-1].tolist(), batch.windows[1:].tolist(), strict=True):
        theirs = reference(batch.spellings[batch.pieces[start:stop]])
        torch.testing.assert_close(layers[:, start:stop], theirs, rtol=0, atol=1e-5)


def test_the_published_names_may_begin_with_anything(folder: Path) -> None:
    for name in ("options.json", "weights.hdf5"):
        (folder / name).rename(folder / f"elmo_2x1024_128_2048cnn_1xhighway_{name}")
    assert load(str(folder)).n_layers == 3


@torch.no_grad()
def test_round_trip(tmp_path: Path, toy_corpus: Corpus) -> None:
    network = toy_network("elmo", toy_corpus)
    assert isinstance(network, Elmo)
    write_elmo(network, tmp_path)
    again = load_network(tmp_path)
    assert again.config == network.config
    for name, weight in network.state_dict().items():
        difference = float((again.state_dict()[name] - weight).abs().max())
        assert difference == 0 or (name.endswith("bias") and difference < 1e-7), name  # 1 is taken and added
    texts = sentences(3, 8)
    torch.testing.assert_close(again(again.encode(texts)), network(network.encode(texts)), rtol=0, atol=1e-6)


def with_file(change: Callable[[Any], None]) -> Callable[[Path], None]:
    def run(folder: Path) -> None:
        with h5py.File(folder / "weights.hdf5", "r+") as file:
            change(file)

    return run


def replaced(name: str, values: np.ndarray) -> Callable[[Path], None]:
    def change(file: Any) -> None:
        del file[name]
        file[name] = values

    return with_file(change)


def with_options(change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], None]:
    def run(folder: Path) -> None:
        values = options()
        change(values)
        (folder / "options.json").write_text(json.dumps(values), encoding="utf-8")

    return run


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (with_file(lambda file: file.__delitem__("CNN/b_cnn_1")), "data set CNN/b_cnn_1 is missing"),
        (with_file(lambda file: file.__setitem__("CNN/b_cnn_9", [1.0])), "unknown data sets: CNN/b_cnn_9"),
        (replaced("CNN_proj/b_proj", np.ones(3)), r"b_proj has shape \(3,\), expected \(6,\)"),
        (replaced("CNN_proj/b_proj", np.ones(6, dtype=int)), "b_proj holds int64"),
        (replaced("CNN_proj/b_proj", np.full(6, np.nan)), "b_proj holds values that are not finite"),
        (lambda folder: (folder / "weights.hdf5").write_bytes(b"HDF"), r"weights\.hdf5: not an HDF5 file"),
        (lambda folder: (folder / "options.json").write_text("{"), r"options\.json: not the options"),
        (with_options(lambda o: o.pop("lstm")), r"options\.json: the key 'lstm' is missing"),
        (with_options(lambda o: o["lstm"].update(dim="wide")), r"options\.json: not the options of an ELMo"),
        (with_options(lambda o: o["lstm"].update(dim=10)), r"has shape .*, expected"),
        (
            with_options(lambda o: o["char_cnn"].update(activation="tanh")),
            "'tanh' is not supported",
        ),
        (with_options(lambda o: o["lstm"].update(use_skip_connections=False)), "is not supported"),
    ],
)
def test_damage_is_named(folder: Path, damage: Callable[[Path], Any], message: str) -> None:
    damage(folder)
    with pytest.raises(FormatError, match=message) as raised:
        load_network(folder)
    assert str(folder) in str(raised.value)


def test_one_file_of_weights(folder: Path) -> None:
    (folder / "more.hdf5").write_bytes(b"")
    with pytest.raises(InputError, match=r"holds 2 files \*\.hdf5"):
        load_network(folder)
    for path in folder.glob("*.hdf5"):
        path.unlink()
    with pytest.raises(MissingFileError, match="no weights in"):
        load_network(folder)
    load_network(folder, random_init=1)
