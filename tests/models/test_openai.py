"""OpenAI's release of the first GPT."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ctxemb.errors import CtxembError, FormatError, MissingFileError
from ctxemb.models import load
from ctxemb.models.checkpoints import fingerprint_of, load_network
from tests.models.test_parity import TOLERANCE, their_layers, trained
from tests.toys import lively, sentences

transformers = pytest.importorskip("transformers")

WIDTH, N_BLOCKS, N_POSITIONS = 128, 2, 32  # two heads of 64
PARTS = ("attn.c_attn", "attn.c_proj", "ln_1", "mlp.c_fc", "mlp.c_proj", "ln_2")


def reference(n_vocabulary: int) -> Any:
    torch.manual_seed(0)
    config = transformers.OpenAIGPTConfig(
        vocab_size=n_vocabulary, n_positions=N_POSITIONS, n_embd=WIDTH, n_layer=N_BLOCKS, n_head=2
    )
    return lively(transformers.OpenAIGPTModel(config), 0.1).eval()


def write_release(folder: Path, model: Any) -> None:
    """Write the files as the released code reads them: matrices with a leading 1, all in one row."""
    state = {name: weight.numpy() for name, weight in model.state_dict().items()}
    arrays = [state["positions_embed.weight"], state["tokens_embed.weight"]]
    for block in range(N_BLOCKS):
        for part in PARTS:
            weight = state[f"h.{block}.{part}.weight"]
            arrays += [weight[None] if weight.ndim == 2 else weight, state[f"h.{block}.{part}.bias"]]
    (folder / "params_shapes.json").write_text(
        json.dumps([array.shape for array in arrays]), encoding="utf-8"
    )
    row = np.concatenate([array.reshape(-1) for array in arrays])
    for number, part in enumerate(np.array_split(row, 10)):
        np.save(folder / f"params_{number}.npy", part)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tokenizer = trained("openai-gpt")
    tokenizer.model.save(str(tmp_path))
    (tmp_path / "vocab.json").rename(tmp_path / "encoder_bpe_40000.json")
    (tmp_path / "merges.txt").rename(tmp_path / "vocab_40000.bpe")
    write_release(tmp_path, reference(tokenizer.get_vocab_size()))
    return tmp_path


@torch.no_grad()
def test_hidden_states(folder: Path) -> None:
    model = load(str(folder))
    assert (model.n_layers, model.width) == (N_BLOCKS + 1, WIDTH)
    theirs = reference(trained("openai-gpt").get_vocab_size())
    batch = model.encode(sentences(3, 7))
    layers = model(batch)
    for start, stop in zip(batch.windows[:-1].tolist(), batch.windows[1:].tolist(), strict=True):
        expected = their_layers(theirs, batch.pieces[start:stop])
        torch.testing.assert_close(layers[:, start:stop], expected, rtol=0, atol=TOLERANCE)


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
