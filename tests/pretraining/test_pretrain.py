"""From text files to a model folder, for all three families."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ctxemb.errors import InputError
from ctxemb.models import load
from ctxemb.models.elmo import ElmoConfig
from ctxemb.pretraining.bilm import elmo_config
from ctxemb.pretraining.plan import TrainingPlan
from ctxemb.pretraining.pretrain import Family, pretrain
from ctxemb.pretraining.sizes import Sizes
from tests.toys import sentence

FAMILIES: tuple[Family, ...] = ("elmo", "gpt", "bert")
SIZES = Sizes(width=16, n_blocks=1, n_heads=2, cell_width=12, n_vocabulary=300, n_positions=16, n_words=100)


def plan(max_words: int = 300, **settings: float) -> TrainingPlan:
    return TrainingPlan(max_words=max_words, batch_words=60, **settings)  # type: ignore[arg-type]


def run(
    family: Family, text: Path, folder: Path, training: TrainingPlan, *, max_minutes: float | None = None
) -> tuple[bool, list[tuple[int, dict[str, float]]]]:
    seen: list[tuple[int, dict[str, float]]] = []
    done = pretrain(
        family,
        [text],
        folder,
        training,
        sizes=SIZES,
        max_minutes=max_minutes,
        progress=lambda words, losses: seen.append((words, losses)),
    )
    return done, seen


@pytest.mark.parametrize("family", FAMILIES)
def test_a_pause_changes_nothing(family: Family, tmp_path: Path, toy_text: Path) -> None:
    done, whole = run(family, toy_text, tmp_path / "whole", plan())
    assert done
    assert len(whole) >= 4
    done, parts = False, []
    while not done:
        done, seen = run(family, toy_text, tmp_path / "parts", plan(), max_minutes=0)
        assert len(seen) <= 1
        parts += seen
    assert parts == whole
    names = {path.name for path in (tmp_path / "whole").iterdir()} - {"training.pt", "log.jsonl", "corpus"}
    assert {"model.safetensors", "config.json", "README.md", "training.json"} <= names
    for name in names:
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "parts" / name).read_bytes()


@pytest.mark.parametrize("family", FAMILIES)
def test_training_reduces_the_loss(family: Family, tmp_path: Path, toy_text: Path) -> None:
    torch.manual_seed(123)  # what was drawn before does not matter
    _, seen = run(family, toy_text, tmp_path, plan(6000, learning_rate=0.01))
    losses = [step["loss"] for _, step in seen]
    assert np.mean(losses[-20:]) < np.mean(losses[:20]) - 0.5


@pytest.mark.parametrize("family", FAMILIES)
def test_the_seed_decides(family: Family, tmp_path: Path, toy_text: Path) -> None:
    losses = []
    for number, seed in enumerate((0, 0, 1)):
        torch.manual_seed(number)
        losses.append(run(family, toy_text, tmp_path / str(number), plan(60, seed=seed))[1])
    assert losses[0] == losses[1] != losses[2]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_finished_folder_is_a_model(family: Family, tmp_path: Path, toy_text: Path) -> None:
    folder = tmp_path / "mine"
    assert not run(family, toy_text, folder, plan(), max_minutes=0)[0]
    assert not (folder / "model.safetensors").exists()
    run(family, toy_text, folder, plan())
    model = load(str(folder))
    assert (model.name, model.family, model.width) == ("mine", family, 16)
    assert model.n_layers == (3 if family == "elmo" else 2)
    batch = model.encode([sentence("The old man sat by the bank .")])
    assert model(batch).shape == (model.n_layers, len(batch.pieces), 16)
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert f"{model.n_parameters:,}" in card


def test_held_out_text(tmp_path: Path, toy_text: Path) -> None:
    pretrain("elmo", [toy_text], tmp_path, plan(), sizes=SIZES, valid=[toy_text])
    assert "valid_forward" in (tmp_path / "log.jsonl").read_text(encoding="utf-8")
    card = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "| words | loss | forward | backward | bits per character |" in card
    assert "| toy | forward |" in card.split("in bits per character")[1]


def test_other_settings_are_refused(tmp_path: Path, toy_text: Path) -> None:
    folder = tmp_path / "model"
    run("gpt", toy_text, folder, plan(), max_minutes=0)
    with pytest.raises(InputError, match=r"other settings \(plan: .*'max_words': 300.* there, .*301.* now\)"):
        run("gpt", toy_text, folder, plan(301))
    with pytest.raises(InputError, match="family: gpt there, bert now"):
        run("bert", toy_text, folder, plan())
    with pytest.raises(InputError, match="sizes: "):
        pretrain("gpt", [toy_text], folder, plan())
    other = tmp_path / "other.txt"
    other.write_bytes(toy_text.read_bytes())
    with pytest.raises(InputError, match=r"corpus: \['toy.txt'\] there, \['other.txt'\] now"):
        run("gpt", other, folder, plan())
    assert run("gpt", toy_text, folder, plan())[0]  # nothing was harmed


@pytest.mark.parametrize("family", FAMILIES)
def test_a_copy_is_finished_and_the_training_goes_on(family: Family, tmp_path: Path, toy_text: Path) -> None:
    folder, finished = tmp_path / "running", tmp_path / "finished"
    settings = plan(2000, warmup=0.02, ramp=0.05, decay=0.25)
    seen: list[int] = []
    while not seen or seen[-1] < 700:
        seen += [words for words, _ in run(family, toy_text, folder, settings, max_minutes=0)[1]]
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    steps: list[int] = []
    done = pretrain(
        family, [toy_text], folder, settings, sizes=SIZES, finish=finished,
        progress=lambda words, _: steps.append(words),
    )  # fmt: skip
    assert done
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before
    assert steps[0] > seen[-1]
    assert steps[-1] >= round(seen[-1] / 0.75)
    assert load(str(finished)).width == 16
    assert run(family, toy_text, folder, settings)[0]


def test_what_cannot_be_finished_is_told(tmp_path: Path, toy_text: Path) -> None:
    folder = tmp_path / "model"
    run("gpt", toy_text, folder, plan(warmup=0.9), max_minutes=0)
    with pytest.raises(InputError, match=r"has only begun \(\d+ words\)"):
        pretrain("gpt", [toy_text], folder, plan(warmup=0.9), sizes=SIZES, finish=tmp_path / "end")
    assert not (tmp_path / "end").exists()


def test_a_folder_of_something_else_is_refused(tmp_path: Path, toy_text: Path) -> None:
    (tmp_path / "thesis.txt").write_text("precious", encoding="utf-8")
    with pytest.raises(InputError, match="not empty and holds no training"):
        run("gpt", toy_text, tmp_path, plan())
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_no_text(tmp_path: Path) -> None:
    path = tmp_path / "empty.txt"
    path.write_text("\n", encoding="utf-8")
    with pytest.raises(InputError, match="no text in"):
        run("gpt", path, tmp_path / "model", plan())
    assert not (tmp_path / "model").exists()


def test_sizes_of_the_shipped_elmo() -> None:
    assert elmo_config(Sizes()) == ElmoConfig(
        filters=((1, 32), (2, 32), (3, 64), (4, 128), (5, 256)), n_highway=1, width=128, cell_width=1024
    )
