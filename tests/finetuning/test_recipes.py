"""Every recipe tunes every family on every kind of task, is saved, and is read back the same."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from ctxemb.errors import InputError, UnknownNameError
from ctxemb.finetuning.catalogue import all_recipes, default_recipe, recipe_for
from ctxemb.finetuning.folder import load_tuned
from ctxemb.finetuning.optimizer import network_layers
from ctxemb.finetuning.plan import Plan, parse_changes
from ctxemb.finetuning.tune import plan_of, reinitialise, tune
from ctxemb.models import load
from ctxemb.models.gpt import Gpt
from ctxemb.plugins import collect
from ctxemb.tasks.base import Kind
from tests.finetuning.toy_tasks import KINDS, toy_material, toy_source, toy_task
from tests.toys import FAMILIES, sentences

QUICK = {"epochs": "1", "lm_epochs": "1", "learning_rate": "1e-3", "batch_size": "5"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", ["bert", "gpt", "ulmfit", "features"])
def test_a_recipe_is_tuned_saved_and_read(
    name: str, family: str, kind: Kind, toy_folders: dict[str, Path], tmp_path: Path
) -> None:
    source = toy_source(toy_folders[family])
    material = toy_material(toy_task(kind, symmetric=True))
    recipe, plan = plan_of(source, name, {**QUICK, "lm_epochs": int(name == "ulmfit")})
    tuned = tune(source, material, recipe, plan, 0, folder=tmp_path / "run")
    found = tuned.predict(material.dev)
    assert found.probabilities.shape == (len(found.rows), len(tuned.labels))
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1, rtol=1e-5)
    again = load_tuned(tmp_path / "run")
    np.testing.assert_allclose(again.predict(material.dev).probabilities, found.probabilities, atol=1e-6)
    assert again.about == tuned.about
    assert not list((tmp_path / "run").glob("*.pt"))
    model = load(str(tmp_path / "run"))  # a tuned folder is a model
    batch = model.encode(sentences(3, 4))
    assert model(batch).shape == (model.n_layers, len(batch.pieces), model.width)
    twice = tune(source, material, recipe, plan, 0, folder=tmp_path / "run")  # which is read
    assert twice.about == tuned.about


@pytest.mark.parametrize("name", ["bert-stable", "mix-tuned", "scratch"])
@pytest.mark.parametrize("family", FAMILIES)
def test_variants(name: str, family: str, toy_folders: dict[str, Path]) -> None:
    source = toy_source(toy_folders[family])
    recipe, plan = plan_of(source, name, {"epochs": 1, "batch_size": 6})
    plan = dataclasses.replace(plan, learning_rates=plan.learning_rates[:1])
    tuned = tune(source, toy_material(toy_task("sentence-label")), recipe, plan, 0)
    assert tuned.about is not None
    assert tuned.about.best_epoch == 1


@pytest.mark.parametrize("name", ["bert", "gpt", "ulmfit", "mix-tuned"])
@pytest.mark.parametrize("family", FAMILIES)
def test_products_in_bfloat16(name: str, family: str, toy_folders: dict[str, Path]) -> None:
    source, material = toy_source(toy_folders[family]), toy_material(toy_task("sentence-pair"))
    changes = {**QUICK, "dtype": "bfloat16", "lm_epochs": int(name == "ulmfit")}
    recipe, plan = plan_of(source, name, changes)
    tuned = tune(source, material, recipe, plan, 0)
    assert all(weight.dtype == torch.float32 for weight in tuned.classifier.parameters())
    assert np.isfinite(tuned.predict(material.dev).probabilities).all()


def test_recipes_of_other_packages(monkeypatch: pytest.MonkeyPatch, toy_folders: dict[str, Path]) -> None:
    mine = dataclasses.replace(recipe_for("bert")[0], name="mine")
    outside = lambda kind, group: [("there", mine)] if group == "ctxemb.recipes" else []  # noqa: E731
    monkeypatch.setattr("ctxemb.plugins._from_outside", outside)
    found = collect.__wrapped__("recipe", "ctxemb.finetuning.recipes", "RECIPE", "ctxemb.recipes")
    monkeypatch.setattr("ctxemb.finetuning.catalogue.all_recipes", lambda: found)
    source = toy_source(toy_folders["bert"])
    recipe, plan = plan_of(source, "mine:epochs=1,learning_rate=1e-3", {})
    tuned = tune(source, toy_material(toy_task("sentence-label")), recipe, plan, 0)
    assert tuned.about is not None
    assert tuned.about.recipe == "mine"


def test_published_numbers(toy_folders: dict[str, Path]) -> None:
    network = toy_source(toy_folders["bert"]).network()
    elmo = toy_source(toy_folders["elmo"]).network()
    bert, gpt = recipe_for("bert")[0].plan(network), recipe_for("gpt")[0].plan(network)
    assert (bert.learning_rates, bert.epochs) == ((3e-4, 1e-4, 5e-5, 3e-5), 4)
    assert (bert.batch_size, bert.warmup, bert.weight_decay, bert.clip) == (32, 0.1, 0.01, 1.0)
    assert not bert.bias_correction
    assert (gpt.learning_rates, gpt.epochs, gpt.warmup, gpt.lm_weight) == ((6.25e-5,), 3, 0.002, 0.5)
    ulmfit = recipe_for("ulmfit")[0].plan(elmo)
    assert (ulmfit.learning_rates, ulmfit.lm_rate, ulmfit.betas) == ((1e-2,), 4e-3, (0.7, 0.99))
    assert (ulmfit.layer_decay, ulmfit.schedule, ulmfit.thaw) == (2.6, "slanted", "gradual")
    assert [default_recipe(family) for family in FAMILIES] == ["features", "gpt", "bert"]


def test_unknown_names_and_wrong_settings_are_told() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'ulmfit'"):
        recipe_for("ulmfti")
    with pytest.raises(UnknownNameError, match="setting of a recipe 'epoch'; did you mean 'epochs'"):
        Plan().changed({"epoch": 3})
    with pytest.raises(InputError, match=r"epochs should be int, found '2\.5'"):
        Plan().changed({"epochs": "2.5"})
    with pytest.raises(InputError, match="epochs should be at least 1, found 0"):
        Plan(epochs=0)
    with pytest.raises(InputError, match="network_dropout should be from 0 to below 1, found 1"):
        Plan(network_dropout=1)
    with pytest.raises(UnknownNameError, match="schedule 'linea'"):
        Plan(schedule="linea")
    with pytest.raises(InputError, match="NAME=VALUE, found 'epochs'"):
        parse_changes("epochs")
    with pytest.raises(InputError, match="scratch should be bool"):
        Plan().changed({"scratch": "maybe"})
    assert Plan().changed({"learning_rates": "1e-3/1e-4"}).learning_rates == (1e-3, 1e-4)
    assert set(all_recipes()) >= {"bert", "gpt", "ulmfit", "features", "mix-tuned", "scratch", "bert-stable"}


def test_top_blocks_start_anew(toy_folders: dict[str, Path]) -> None:
    network = toy_source(toy_folders["bert"]).network()
    before = {name: weight.clone() for name, weight in network.state_dict().items()}
    torch.manual_seed(0)
    reinitialise(network, 1)
    changed = {name for name, weight in network.state_dict().items() if not torch.equal(weight, before[name])}
    assert changed
    assert all(name.startswith(("blocks.1.", "pooler.")) for name in changed)
    with pytest.raises(InputError, match="cannot re-initialise 3 of 2 blocks"):
        reinitialise(network, 3)
    with pytest.raises(InputError, match="ELMo"):
        reinitialise(toy_source(toy_folders["elmo"]).network(), 1)


@pytest.mark.parametrize("family", [*FAMILIES, "gpt-post"])
def test_every_weight_of_a_network_is_in_one_layer(family: str, toy_folders: dict[str, Path]) -> None:
    network = toy_source(toy_folders[family]).network()
    layers = network_layers(network)
    found = [id(w) for layer in layers for module in layer for w in module.parameters()]
    assert len(layers) == network.n_layers
    assert sorted(found) == sorted(id(w) for w in network.parameters())


def test_new_pieces_keep_the_old_ones(toy_folders: dict[str, Path]) -> None:
    source = toy_source(toy_folders["gpt-post"])
    old = source.network()
    material = toy_material(toy_task("sentence-label"))
    new = recipe_for("gpt")[0].build(source.network(), material.shape, Plan()).network
    assert isinstance(old, Gpt)
    assert isinstance(new, Gpt)
    assert new.config.start == "_start_"
    assert new.config.n_vocabulary == old.config.n_vocabulary + 3
    assert torch.equal(new.pieces.weight[: old.config.n_vocabulary], old.pieces.weight)
    text = sentences(4)
    assert new.tokenizer.pieces(text) == old.tokenizer.pieces(text)
