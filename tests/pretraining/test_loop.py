"""The training loop."""

from __future__ import annotations

import json
import math
import signal
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from ctxemb.errors import FormatError, InputError
from ctxemb.models.checkpoints import load_network
from ctxemb.models.gpt import Gpt
from ctxemb.models.training_log import LOG
from ctxemb.pretraining.causal import CausalObjective
from ctxemb.pretraining.corpus import Corpus
from ctxemb.pretraining.loop import STATE, train
from ctxemb.pretraining.plan import TrainingPlan
from ctxemb.pretraining.prepared import Prepared, prepare
from tests.toys import toy_network


def objective(corpus: Corpus, seed: int = 0) -> CausalObjective:
    network = toy_network("gpt", corpus, seed=seed)
    assert isinstance(network, Gpt)
    return CausalObjective(network)


def entries(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / LOG).read_text(encoding="utf-8").split("\n")[:-1]]


def test_training(tmp_path: Path, toy_corpus: Corpus, toy_prepared: Prepared) -> None:
    made = objective(toy_corpus)
    before = {name: weight.clone() for name, weight in made.network.state_dict().items()}
    plan = TrainingPlan(max_words=400, batch_words=40, valid_every=100)
    seen: list[tuple[int, dict[str, float]]] = []
    done = train(
        made,
        toy_prepared,
        tmp_path,
        plan,
        valid=[toy_corpus],
        progress=lambda words, losses: seen.append((words, losses)),
    )
    assert done
    words = [count for count, _ in seen]
    assert words == sorted(set(words))
    assert words[-2] < 400 <= words[-1]
    assert all(math.isfinite(losses["loss"]) for _, losses in seen)
    assert all(not torch.equal(before[name], weight) for name, weight in made.network.state_dict().items())
    # What is saved is what was trained, in half precision.
    saved = load_network(tmp_path).state_dict()
    for name, weight in made.network.state_dict().items():
        torch.testing.assert_close(saved[name], weight.half().float(), rtol=0, atol=0)


def test_the_log(tmp_path: Path, toy_corpus: Corpus, toy_prepared: Prepared) -> None:
    plan = TrainingPlan(max_words=400, batch_words=40, valid_every=100)
    train(objective(toy_corpus), toy_prepared, tmp_path, plan, valid=[toy_corpus])
    steps = [entry for entry in entries(tmp_path) if "loss" in entry]
    valid = [entry for entry in entries(tmp_path) if "valid_loss" in entry]
    assert steps[0]["step"] == 1
    assert steps[0].keys() == {"step", "words", "loss", "norm", "rate"}
    assert len(valid) == 4  # after each 100 words; the last is the end
    assert valid[-1]["words"] >= 400


def test_weights_that_are_biases_do_not_decay(
    tmp_path: Path, toy_corpus: Corpus, toy_prepared: Prepared
) -> None:
    plan = TrainingPlan(
        max_words=1, batch_words=40, learning_rate=1.0, warmup=0, weight_decay=0.5, clip=1e-30
    )
    made = objective(toy_corpus)
    before = {name: weight.clone() for name, weight in made.network.state_dict().items()}
    train(made, toy_prepared, tmp_path, plan)
    for name, weight in made.network.state_dict().items():
        kept = 0.5 if weight.ndim >= 2 else 1.0
        torch.testing.assert_close(weight, kept * before[name], rtol=0, atol=1e-3)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"schedule": "cosine"},
        {"ramp": 0.5, "optimizer": "muon", "average": 0.9},
    ],
)
def test_a_crash_costs_nothing_but_time(
    tmp_path: Path, toy_corpus: Corpus, toy_prepared: Prepared, settings: dict[str, Any]
) -> None:
    plan = TrainingPlan(max_words=500, batch_words=40, save_minutes=0, **settings)
    whole: list[float] = []
    train(
        objective(toy_corpus),
        toy_prepared,
        tmp_path / "a",
        plan,
        progress=lambda _, x: whole.append(x["loss"]),
    )
    losses: list[float] = []

    def crash(words: int, now: dict[str, float]) -> None:
        if len(losses) == 5:
            raise KeyboardInterrupt  # before this step's checkpoint is written
        losses.append(now["loss"])

    with pytest.raises(KeyboardInterrupt):
        train(objective(toy_corpus), toy_prepared, tmp_path / "b", plan, progress=crash)
    other = objective(toy_corpus, seed=9)  # its weights become those of the checkpoint
    train(other, toy_prepared, tmp_path / "b", plan, progress=lambda _, x: losses.append(x["loss"]))
    assert losses == whole
    for name in ("model.safetensors", "config.json", "tokenizer.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_a_finished_training_is_not_trained_further(
    tmp_path: Path, toy_corpus: Corpus, toy_prepared: Prepared
) -> None:
    plan = TrainingPlan(max_words=100, batch_words=40)
    train(objective(toy_corpus), toy_prepared, tmp_path, plan)
    before = (tmp_path / "model.safetensors").read_bytes()
    steps: list[int] = []
    assert train(
        objective(toy_corpus), toy_prepared, tmp_path, plan, progress=lambda words, _: steps.append(words)
    )
    assert steps == []
    assert (tmp_path / "model.safetensors").read_bytes() == before


def test_the_checkpoint_of_another_model(tmp_path: Path, toy_corpus: Corpus, toy_prepared: Prepared) -> None:
    torch.save({"module": {"weight": torch.ones(1)}, "optimizers": [], "state": {}}, tmp_path / STATE)
    plan = TrainingPlan(max_words=100)
    with pytest.raises(FormatError, match=r"training\.pt is damaged or the checkpoint of another model"):
        train(objective(toy_corpus), toy_prepared, tmp_path, plan)


@pytest.mark.parametrize("size", [0, 10, 1000])
def test_a_truncated_checkpoint(
    tmp_path: Path, toy_corpus: Corpus, toy_prepared: Prepared, size: int
) -> None:
    plan = TrainingPlan(max_words=100)
    train(objective(toy_corpus), toy_prepared, tmp_path, plan)
    (tmp_path / STATE).write_bytes((tmp_path / STATE).read_bytes()[:size])
    with pytest.raises(FormatError, match=r"training\.pt is damaged"):
        train(objective(toy_corpus), toy_prepared, tmp_path, plan)


def test_too_little_text(tmp_path: Path, toy_corpus: Corpus, toy_prepared: Prepared) -> None:
    path = tmp_path / "short.txt"
    path.write_text("The bank.\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"too little text in .*short\.txt"):
        train(
            objective(toy_corpus),
            prepare([path], tmp_path / "corpus"),
            tmp_path / "model",
            TrainingPlan(max_words=100),
        )


def test_a_loss_that_is_no_number(tmp_path: Path, toy_corpus: Corpus, toy_prepared: Prepared) -> None:
    made = objective(toy_corpus)
    nn.init.constant_(made.network.pieces.weight, torch.inf)
    with pytest.raises(FloatingPointError, match="a smaller learning rate may help"):
        train(made, toy_prepared, tmp_path, TrainingPlan(max_words=100))
    assert not (tmp_path / STATE).exists()


def test_bfloat16_learns_as_float32_does(tmp_path: Path, toy_corpus: Corpus, toy_prepared: Prepared) -> None:
    losses = {}
    for dtype in ("float32", "bfloat16"):
        plan = TrainingPlan(max_words=2000, batch_words=40, valid_every=2000, dtype=dtype)
        folder = tmp_path / dtype
        train(objective(toy_corpus), toy_prepared, folder, plan, valid=[toy_corpus])
        steps = [entry["loss"] for entry in entries(folder) if "loss" in entry]
        assert entries(folder)[-1]["valid_loss"] < steps[0] - 0.2
        losses[dtype] = steps
    assert losses["float32"] != losses["bfloat16"]
    assert losses["float32"] == pytest.approx(losses["bfloat16"], rel=0.02)


@pytest.mark.parametrize("accumulate", [2, 3, 50])
def test_working_in_parts_changes_nothing(
    tmp_path: Path, toy_corpus: Corpus, toy_prepared: Prepared, accumulate: int
) -> None:
    def run(parts: int) -> list[float]:
        losses: list[float] = []
        plan = TrainingPlan(max_words=800, batch_words=80, accumulate=parts)
        made = objective(toy_corpus)
        folder = tmp_path / str(parts)
        train(made, toy_prepared, folder, plan, progress=lambda _, now: losses.append(now["loss"]))
        return losses

    assert run(accumulate) == pytest.approx(run(1), rel=1e-5)


def test_the_log_has_bits_per_character(tmp_path: Path, toy_corpus: Corpus, toy_prepared: Prepared) -> None:
    made = objective(toy_corpus)
    plan = TrainingPlan(max_words=100, batch_words=40, valid_every=100)
    train(made, toy_prepared, tmp_path, plan, valid=[toy_corpus])
    last = entries(tmp_path)[-1]
    density = made.densities(list(toy_corpus.documents()))["next_piece"]
    assert last["valid_bits_per_character"] == pytest.approx(density.bits(last["valid_loss"]))
    assert 2 < last["valid_bits_per_character"] < 10


def test_each_held_out_text_has_its_bits(tmp_path: Path, toy_corpus: Corpus, toy_prepared: Prepared) -> None:
    path = tmp_path / "short.v2.txt"
    path.write_text("The bank of the river was cold. " * 20 + "\n", encoding="utf-8")
    plan = TrainingPlan(max_words=100, batch_words=40, valid_every=100)
    held_out = [toy_corpus, Corpus((path,))]
    train(objective(toy_corpus), toy_prepared, tmp_path / "model", plan, valid=held_out,
          measure=lambda made: {"n": float(len(made.weights))})  # fmt: skip
    last = entries(tmp_path / "model")[-1]
    parts = [last[f"valid_bits_per_character_{name}"] for name in ("toy", "short")]
    assert parts[0] != parts[1]
    assert last["valid_bits_per_character"] == pytest.approx(sum(parts) / 2)
    assert last["n"] == 1


def test_the_average_of_the_weights_is_saved(
    tmp_path: Path, toy_corpus: Corpus, toy_prepared: Prepared
) -> None:
    saved = {}
    for average in (0.0, 0.9):
        plan = TrainingPlan(max_words=400, batch_words=40, average=average, learning_rate=0.01)
        made = objective(toy_corpus)
        train(made, toy_prepared, tmp_path / str(average), plan)
        saved[average] = load_network(tmp_path / str(average)).state_dict(), made.network.state_dict()
    for name, weight in saved[0.0][1].items():  # what is trained is the same
        torch.testing.assert_close(saved[0.9][1][name], weight, rtol=0, atol=0)
    assert any(not torch.equal(saved[0.9][0][name], weight) for name, weight in saved[0.0][0].items())


def test_signals_are_as_before_afterwards(tmp_path: Path, toy_corpus: Corpus, toy_prepared: Prepared) -> None:
    before = signal.getsignal(signal.SIGTERM)
    train(objective(toy_corpus), toy_prepared, tmp_path, TrainingPlan(max_words=100, batch_words=40))
    assert signal.getsignal(signal.SIGTERM) is before
