"""What a GPU computes is what the CPU computes. Skipped where there is no CUDA device."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from ctxemb.layers.lstm import BiLSTMLayer
from ctxemb.models.base import last
from ctxemb.models.elmo import Elmo, ElmoConfig
from ctxemb.pretraining.corpus import Corpus
from ctxemb.pretraining.plan import TrainingPlan
from ctxemb.pretraining.pretrain import Family, pretrain
from ctxemb.pretraining.sizes import Sizes
from tests.toys import sentences, toy_network, write_text

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")

CUDA = torch.device("cuda")
SIZES = Sizes(width=32, n_blocks=2, n_heads=2, cell_width=48, n_vocabulary=300, n_positions=16, n_words=100)
LENGTHS = (1, 2, 3, 3, 5, 7, 7, 8, 11, 12, 12)


@pytest.fixture(autouse=True)
def exact_products() -> Iterator[None]:
    kept = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    yield
    torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = kept


@pytest.fixture(name="text")
def text_(tmp_path: Path) -> Path:
    return write_text(tmp_path / "toy.txt")


@pytest.mark.parametrize("family", ["elmo", "gpt", "bert", "gpt-post"])
@torch.no_grad()
def test_all_layers_in_float32(family: str, text: Path) -> None:
    network = toy_network(family, Corpus((text,)))
    batch = network.encode(sentences(*LENGTHS))
    expected = network(batch)
    found = network.to(CUDA)(batch.to(CUDA)).cpu()
    assert (found - expected).abs().max() <= 1e-5 * expected.abs().max()


@pytest.mark.parametrize("family", ["gpt", "bert", "gpt-post"])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_windows_of_all_lengths_at_once(family: str, dtype: torch.dtype, text: Path) -> None:
    network = toy_network(family, Corpus((text,))).to(CUDA)
    batch = network.encode(sentences(*LENGTHS)).to(CUDA)

    def run(narrow: bool) -> tuple[torch.Tensor, list[torch.Tensor]]:
        network.zero_grad()
        with torch.autocast("cuda", dtype, enabled=narrow):
            out = last(network.each(batch)).float()
        (out * torch.linspace(-1, 1, out.numel(), device=CUDA).view_as(out)).sum().backward()
        return out.detach(), [w.grad.clone() for w in network.blocks.parameters() if w.grad is not None]

    exact, gradients = run(narrow=False)
    narrow, narrow_gradients = run(narrow=True)
    assert (narrow - exact).norm() <= 0.03 * exact.norm()
    for one, other in zip(narrow_gradients, gradients, strict=True):
        assert (one - other).norm() <= 0.1 * other.norm() + 1e-3


def test_cudnn_is_our_lstm_without_clipping() -> None:
    torch.manual_seed(0)
    ours = BiLSTMLayer(16, 16, 48, cell_clip=1e9, state_clip=1e9).to(CUDA)
    theirs = BiLSTMLayer(16, 16, 48, cell_clip=None, state_clip=None).to(CUDA)
    theirs.load_state_dict(ours.state_dict())
    running = [7, 7, 5, 2, 1]
    results = []
    for layer in (ours, theirs):
        x = (
            torch.randn(2, sum(running), 16, generator=torch.Generator().manual_seed(1))
            .to(CUDA)
            .requires_grad_()
        )
        out = layer(x, running)
        (out * torch.linspace(-1, 1, out.numel(), device=CUDA).view_as(out)).sum().backward()
        results.append([out.detach(), x.grad, *(weight.grad for weight in layer.parameters())])
    for mine, other in zip(*results, strict=True):
        assert (mine - other).abs().max() <= 1e-4 * mine.abs().max()


@torch.no_grad()
def test_an_elmo_that_does_not_clip(text: Path) -> None:
    torch.manual_seed(0)
    config = ElmoConfig(symbol_width=4, filters=((1, 4), (2, 8)), n_highway=1, width=8, cell_width=12,
                        cell_clip=None, state_clip=None)  # fmt: skip
    network = Elmo(config).eval()
    batch = network.encode(sentences(*LENGTHS))
    expected = network(batch)
    found = network.to(CUDA)(batch.to(CUDA)).cpu()
    assert (found - expected).abs().max() <= 1e-5 * expected.abs().max()


@pytest.mark.parametrize("family", ["elmo", "gpt", "bert"])
@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_a_training_has_the_losses_of_the_cpu(
    family: Family, optimizer: str, tmp_path: Path, text: Path
) -> None:
    losses: dict[str, list[float]] = {}
    for device in ("cpu", "cuda"):
        folder = tmp_path / device
        plan = TrainingPlan(max_words=1500, batch_words=60, optimizer=optimizer, valid_every=100)  # type: ignore[arg-type]
        sizes = SIZES if family != "elmo" else Sizes(**{**_plain(SIZES), "n_samples": 10_000})
        pretrain(family, [text], folder, plan, sizes=sizes, valid=[text], device=device)
        lines = (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()
        import json

        losses[device] = [entry["valid_loss"] for entry in map(json.loads, lines) if "valid_loss" in entry]
    tolerance = 1e-4 if optimizer == "adamw" else 2e-2  # Muon's products are bfloat16 on a GPU
    assert losses["cuda"] == pytest.approx(losses["cpu"], rel=tolerance)


def _plain(sizes: Sizes) -> dict[str, object]:
    import dataclasses

    return dataclasses.asdict(sizes)
