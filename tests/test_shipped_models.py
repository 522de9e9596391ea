"""What the shipped models promise."""

from __future__ import annotations

import pytest

from ctxemb.models import load
from ctxemb.models.checkpoints import load_network
from ctxemb.models.elmo import Elmo
from ctxemb.shipped import shipped_path


@pytest.mark.parametrize("name", ["elmo", "gpt", "bert"])
def test_shipped_models_are_of_equal_size(name: str) -> None:
    model = load(name)
    assert (model.name, model.family, model.width) == (name, name, 256)
    assert model.n_layers == (3 if name == "elmo" else 7)
    network = load_network(shipped_path("models", name))
    body = network.lstm if isinstance(network, Elmo) else network.blocks
    assert sum(weight.numel() for weight in body.parameters()) == pytest.approx(4.73e6, rel=0.01)
    if not isinstance(network, Elmo):
        assert len(network.tokenizer) <= 8192
        assert network.tokenizer.pieces([]) == []
    folder = shipped_path("models", name)
    assert (folder / "model.safetensors").stat().st_size < 16_000_000
    assert "words seen" in (folder / "README.md").read_text(encoding="utf-8")
