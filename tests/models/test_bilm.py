"""ELMo's published format, against a reference from AllenNLP's modules."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch

from ctxemb.errors import FormatError, InputError, MissingFileError
from ctxemb.models import load
from ctxemb.models.checkpoints import load_network, save_network
from ctxemb.models.elmo import Elmo
from ctxemb.models.formats.bilm import write_elmo
from ctxemb.pretraining.corpus import Corpus
from tests.checkpoints.bilm import difference, options, write
from tests.checkpoints.hugging_face import TOLERANCE
from tests.toys import sentences, toy_network


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path)
    return tmp_path


@pytest.mark.parametrize("skip", [True, False])
def test_layers_equal_the_reference(tmp_path: Path, skip: bool) -> None:
    assert difference(tmp_path / "made", skip=skip) <= TOLERANCE
    for name in ("own", "bilm"):  # and in both forms that we write
        save_network(load_network(tmp_path / "made"), tmp_path / name, dtype=torch.float32, own=name == "own")
        assert load_network(tmp_path / name).config.skip_connections is skip


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
