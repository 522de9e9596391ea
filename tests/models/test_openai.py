"""OpenAI's release of the first GPT."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ctxemb.errors import CtxembError, FormatError, MissingFileError
from ctxemb.models import load
from ctxemb.models.checkpoints import fingerprint_of, load_network
from tests.checkpoints.hugging_face import TOLERANCE
from tests.checkpoints.openai import N_BLOCKS, WIDTH, difference, write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path)
    return tmp_path


def test_hidden_states(tmp_path: Path) -> None:
    assert difference(tmp_path) <= TOLERANCE
    model = load(str(tmp_path))
    assert (model.n_layers, model.width) == (N_BLOCKS + 1, WIDTH)


def test_the_weights_decide_the_fingerprint_but_not_of_a_twin(folder: Path) -> None:
    before = [fingerprint_of(folder, seed) for seed in (None, 0)]
    array = np.load(folder / "params_9.npy")
    np.save(folder / "params_9.npy", array + 1)
    after = [fingerprint_of(folder, seed) for seed in (None, 0)]
    assert before[0] != after[0]
    assert before[1] == after[1]


@pytest.mark.parametrize(
    ("damage", "error", "message"),
    [
        (lambda f: (f / "params_3.npy").unlink(), MissingFileError, r"no weights at .*params_3\.npy"),
        (
            lambda f: (f / "params_3.npy").write_bytes(b"\x93NUMPY"),
            FormatError,
            r"params_3\.npy: not an array",
        ),
        (lambda f: np.save(f / "params_3.npy", np.ones(5)), FormatError, "but the arrays hold"),
        (lambda f: np.save(f / "params_3.npy", np.ones((2, 2))), FormatError, "expected a row of numbers"),
        (
            lambda f: np.save(f / "params_3.npy", np.array([print]), allow_pickle=True),
            FormatError,
            r"params_3\.npy: not an array of numbers",
        ),
        (lambda f: (f / "params_shapes.json").write_text("[[3, 4]]"), FormatError, "not the shapes of a GPT"),
        (lambda f: (f / "params_shapes.json").write_text("7"), FormatError, "not a list of shapes"),
        (lambda f: (f / "vocab_40000.bpe").unlink(), MissingFileError, r"vocab_40000\.bpe"),
        (lambda f: (f / "encoder_bpe_40000.json").write_text("{"), FormatError, "not a vocabulary"),
    ],
)
def test_damage_is_named(
    folder: Path, damage: Callable[[Path], Any], error: type[CtxembError], message: str
) -> None:
    damage(folder)
    with pytest.raises(error, match=message):
        load_network(folder)
