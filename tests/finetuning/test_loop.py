"""The loop: choices by dev, reproducible, resumable, and what stops it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from ctxemb.errors import FormatError, InputError
from ctxemb.finetuning.catalogue import recipe_for
from ctxemb.finetuning.classifier import Classifier
from ctxemb.finetuning.loop import DivergedError, Entry, train
from ctxemb.finetuning.optimizer import make_optimizer
from ctxemb.finetuning.plan import Plan
from ctxemb.finetuning.tune import Material, tune
from tests.finetuning.toy_tasks import toy_material, toy_source, toy_task

PLAN = Plan(learning_rates=(1e-3,), epochs=3, batch_size=5, dropout=0.1)


def made(folder: Path, material: Material, plan: Plan = PLAN, recipe: str = "bert") -> Classifier:
    torch.manual_seed(0)
    return recipe_for(recipe)[0].build(toy_source(folder).network(), material.shape, plan)


def trained(classifier: Classifier, material: Material, plan: Plan = PLAN, **options: object) -> list[Entry]:
    rate = plan.learning_rates[0]
    return train(classifier, material.train, material.dev, material.score, plan, rate, 0, **options).log  # type: ignore[arg-type]


@pytest.mark.parametrize("family", ["elmo", "gpt", "bert"])
def test_a_killed_run_goes_on_to_the_same_weights(
    family: str, toy_folders: dict[str, Path], tmp_path: Path
) -> None:
    material = toy_material(toy_task("sentence-label"))
    whole = made(toy_folders[family], material)
    trained(whole, material)

    class KilledError(Exception):
        pass

    def kill(entry: Entry) -> None:
        if entry["epoch"] == 2:
            raise KilledError

    cut = made(toy_folders[family], material)
    with pytest.raises(KilledError):
        trained(cut, material, checkpoint=tmp_path / "c.pt", report=kill)
    again = made(toy_folders[family], material)
    log = trained(again, material, checkpoint=tmp_path / "c.pt")
    assert [entry["epoch"] for entry in log] == [1, 2, 3]
    for name, weight in whole.state_dict().items():
        assert torch.equal(weight, again.state_dict()[name]), name


def test_a_damaged_checkpoint_is_told(toy_folders: dict[str, Path], tmp_path: Path) -> None:
    material = toy_material(toy_task("sentence-label"))
    (tmp_path / "c.pt").write_bytes(b"nothing")
    with pytest.raises(FormatError, match=r"c.pt is damaged"):
        trained(made(toy_folders["bert"], material), material, checkpoint=tmp_path / "c.pt")


def test_parts_of_a_step_give_its_loss(toy_folders: dict[str, Path]) -> None:
    material = toy_material(toy_task("token-label"))
    plan = dataclasses.replace(PLAN, dropout=0.0, lm_weight=0.5)
    losses = []
    for accumulate in (1, 3):
        parts = dataclasses.replace(plan, accumulate=accumulate)
        losses.append(
            [e["loss"] for e in trained(made(toy_folders["gpt"], material, parts), material, parts)]
        )
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-4)


def test_the_best_epoch_is_kept(toy_folders: dict[str, Path]) -> None:
    material = toy_material(toy_task("sentence-label"))
    classifier = made(toy_folders["bert"], material)
    scores = iter([0.3, 0.9, 0.9])
    kept: list[torch.Tensor] = []
    progress = train(
        classifier,
        material.train,
        material.dev,
        lambda rows, labels: next(scores),
        PLAN,
        1e-3,
        0,
        report=lambda entry: kept.append(classifier.heads[0].linear.weight.detach().clone()),
    )
    losses = [entry["dev_loss"] for entry in progress.log]
    expected = 2 if losses[1] <= losses[2] else 3  # of equal scores, the lower loss
    assert progress.best_epoch == expected
    assert torch.equal(classifier.heads[0].linear.weight, kept[expected - 1])


def test_a_loss_that_is_no_number_stops_the_run(toy_folders: dict[str, Path]) -> None:
    material = toy_material(toy_task("sentence-label"))
    classifier = made(toy_folders["bert"], material)
    with torch.no_grad():
        classifier.heads[0].linear.weight.fill_(float("nan"))
    with pytest.raises(DivergedError, match=r"the loss is nan at step 0 \(epoch 1, learning rate 0.001\)"):
        trained(classifier, material)


def test_a_rate_that_fails_loses_and_is_told(toy_folders: dict[str, Path]) -> None:
    material = toy_material(toy_task("sentence-label"))
    source = toy_source(toy_folders["bert"])
    plan = dataclasses.replace(PLAN, learning_rates=(1e30, 1e-3), warmup=0.0, schedule="constant")
    tuned = tune(source, material, recipe_for("bert")[0], plan, 0)
    assert tuned.about is not None
    assert (tuned.about.rate, tuned.about.diverged) == (1e-3, (1e30,))
    with pytest.raises(DivergedError):
        tune(source, material, recipe_for("bert")[0], dataclasses.replace(plan, learning_rates=(1e30,)), 0)


def test_a_folder_of_another_run_is_refused(toy_folders: dict[str, Path], tmp_path: Path) -> None:
    material = toy_material(toy_task("sentence-label"))
    source, recipe = toy_source(toy_folders["bert"]), recipe_for("bert")[0]
    tune(source, material, recipe, dataclasses.replace(PLAN, epochs=1), 0, folder=tmp_path / "run")
    with pytest.raises(InputError, match="holds a run with another plan"):
        tune(source, material, recipe, PLAN, 0, folder=tmp_path / "run")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "note").write_text("mine")
    with pytest.raises(InputError, match="is not empty and holds no run"):
        tune(source, material, recipe, PLAN, 0, folder=tmp_path / "other")


def test_rates_of_layers(toy_folders: dict[str, Path]) -> None:
    material = toy_material(toy_task("sentence-label"))
    layers = made(toy_folders["bert"], material).layers()
    plan = Plan(layer_decay=2.6, network_scale=0.5)
    scales: dict[int, float] = {}
    for group in make_optimizer(layers, plan).param_groups:
        for weight in group["params"]:
            scales[id(weight)] = group["scale"]
            assert group["weight_decay"] == (plan.weight_decay if weight.ndim > 1 else 0.0)
    by_layer = [{scales[id(weight)] for weight in layer} for layer in layers]
    assert by_layer == [{0.5 / 2.6**3}, {0.5 / 2.6**2}, {0.5 / 2.6}, {1.0}]


def test_frozen_layers_keep_their_weights(toy_folders: dict[str, Path]) -> None:
    material = toy_material(toy_task("sentence-label"))
    for changes, kept in (({"thaw": "never"}, 3), ({"freeze": 2}, 2), ({"thaw": "gradual", "epochs": 2}, 2)):
        plan = PLAN.changed(changes)
        classifier = made(toy_folders["bert"], material, plan)
        before = [[weight.clone() for weight in layer] for layer in classifier.layers()]
        trained(classifier, material, plan)
        same = [
            all(torch.equal(a, b) for a, b in zip(old, new, strict=True))
            for old, new in zip(before, classifier.layers(), strict=True)
        ]
        assert same[:kept] == [True] * kept, changes
        assert not same[-1]


def test_what_cannot_be_learned_is_told() -> None:
    task = toy_task("sentence-label")
    alike = tuple(dataclasses.replace(example, label="blue") for example in task.examples)
    with pytest.raises(InputError, match="two labels to tell apart, but all are 'blue'"):
        toy_material(dataclasses.replace(task, examples=alike))
