"""A tiny ELMo in its published format, and a reference of AllenNLP's modules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch
from allennlp_light.modules.highway import Highway
from allennlp_light.modules.lstm_cell_with_projection import LstmCellWithProjection
from torch import Tensor, nn

from ctxemb.models import Encoding, load
from tests.checkpoints.hugging_face import largest_difference

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


class Reference(nn.Module):
    """ELMo from AllenNLP's highway and LSTM cell, filled the way AllenNLP fills them."""

    def __init__(self, given: dict[str, np.ndarray], *, skip: bool = True) -> None:
        super().__init__()
        self.skip = skip
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
                current[direction] = out + current[direction] if layer and self.skip else out
            layers.append(torch.cat(current, dim=1))
        return torch.stack(layers)


def write(folder: Path, **lstm: Any) -> dict[str, np.ndarray]:
    """Write options and weights, and return the weights by their names."""
    folder.mkdir(exist_ok=True)
    given = data_sets()
    (folder / "options.json").write_text(json.dumps(options(**lstm)), encoding="utf-8")
    with h5py.File(folder / "weights.hdf5", "w") as file:
        for name, values in given.items():
            file[name] = values
    return given


def difference(folder: Path, *, skip: bool = True) -> float:
    """Write a checkpoint, and return the largest difference of its layers from the reference's."""
    given = write(folder, use_skip_connections=skip)
    with torch.no_grad():
        reference = Reference(given, skip=skip)

    def theirs(batch: Encoding, window: slice) -> Tensor:
        assert batch.spellings is not None
        return reference(batch.spellings[batch.pieces[window]])  # type: ignore[no-any-return]

    return largest_difference(load(str(folder)), theirs)
