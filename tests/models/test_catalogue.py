"""Names of models."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import ctxemb.models.catalogue as catalogue
from ctxemb.errors import InputError, MissingFileError, UnknownNameError
from ctxemb.models import known_models, load
from ctxemb.models.checkpoints import load_network
from tests.toys import sentence


@pytest.fixture
def shipped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, toy_folders: dict[str, Path]) -> None:
    """Let the toys be what ships with ctxemb, but for ELMo."""
    folders = {"gpt": toy_folders["gpt"], "bert": toy_folders["bert"], "elmo": tmp_path}
    monkeypatch.setattr(catalogue, "shipped_path", lambda _, name: folders[name])


def test_a_folder(toy_folders: dict[str, Path]) -> None:
    model = load(str(toy_folders["bert"]))
    assert (model.name, model.family, model.n_layers, model.width) == ("toy-bert", "bert", 3, 16)
    network = load_network(toy_folders["bert"])
    assert model.n_parameters == sum(weight.numel() for weight in network.parameters())


def test_a_folder_in_the_home_folder(monkeypatch: pytest.MonkeyPatch, toy_folders: dict[str, Path]) -> None:
    monkeypatch.setenv("HOME", str(toy_folders["gpt"].parent))
    assert load("~/toy-gpt").name == "toy-gpt"


def test_random_twins(toy_folders: dict[str, Path]) -> None:
    folder = str(toy_folders["gpt"])
    trained, first, again, other = (load(folder, random_init=seed) for seed in (None, 0, 0, 1))
    assert first.name == again.name == other.name == "toy-gpt@random"
    assert len({model.fingerprint for model in (trained, first, other)}) == 3
    assert first.fingerprint == again.fingerprint
    batch = trained.encode([sentence("The old man sat by the bank .")])
    assert torch.equal(first(batch), again(batch))
    for one, two in ((trained, first), (first, other)):
        assert (one(batch) - two(batch)).abs().max() > 0.01


def test_static(toy_folders: dict[str, Path]) -> None:
    folder = str(toy_folders["elmo"])
    model = load(f"static:{folder}")
    assert (model.name, model.family, model.n_layers, model.width) == ("toy-elmo@static", "static", 1, 16)
    assert model.fingerprint == f"static-{load(folder).fingerprint}"
    assert load(f"static:{folder}", random_init=3).name == "toy-elmo@random@static"


def test_a_name_of_ones_own(toy_folders: dict[str, Path]) -> None:
    folder = str(toy_folders["elmo"])
    assert load(f"mine={folder}").name == "mine"
    assert load(f"mine={folder}").fingerprint == load(folder).fingerprint
    assert load(f"mine={folder}", random_init=1).name == "mine@random"
    assert load(f"mine=static:{folder}").name == load(f"static:mine={folder}").name == "mine@static"
    assert load(f"mine=stateful:{folder}").name == "mine@stateful"
    assert catalogue.find_model(f"mine={folder}").path == catalogue.find_model(folder).path
    with pytest.raises(UnknownNameError, match="unknown model 'static:bert'"):
        catalogue.find_model("mine=static:bert")


def test_a_folder_with_the_sign_in_its_name(
    toy_folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "steps=10").symlink_to(toy_folders["bert"])
    monkeypatch.chdir(tmp_path)
    assert load("steps=10").name == "toy-bert"
    assert load("it=steps=10").name == "it"


@pytest.mark.usefixtures("shipped")
def test_names_of_what_ships() -> None:
    assert load("bert").name == "bert"
    assert load("bert", random_init=0).name == "bert@random"
    assert load("static:gpt").name == "gpt@static"
    assert load("static").name == load("static:").name == "bert@static"
    with pytest.raises(MissingFileError, match=r"config\.json is missing"):
        load("elmo")


@pytest.mark.usefixtures("shipped")
def test_known_models() -> None:
    infos = {info.name: info for info in known_models()}
    shipped = ["elmo", "gpt", "bert", "static:elmo", "static:gpt", "static:bert"]
    assert list(infos)[:6] == shipped
    assert [infos[name].present for name in shipped] == [False, True, True] * 2
    assert {"elmo-original", "openai-gpt", "gpt2", "bert-base-uncased"} < infos.keys()
    assert not any(info.present for name, info in infos.items() if name not in shipped)
    assert (infos["elmo-small"].family, infos["gpt2"].family, infos["minilm"].family) == (
        "elmo",
        "gpt",
        "bert",
    )
    bert = infos["bert"]
    assert (bert.family, bert.n_layers, bert.width) == ("bert", 3, 16)
    assert bert.n_parameters == load("bert").n_parameters
    assert (infos["static:bert"].family, infos["static:bert"].n_layers) == ("static", 1)
    assert (infos["elmo"].n_layers, infos["elmo"].n_parameters) == (None, None)


@pytest.mark.parametrize("name", ["bort", "static:bort"])
def test_an_unknown_name(name: str) -> None:
    with pytest.raises(UnknownNameError) as raised:
        load(name)
    message = str(raised.value)
    assert message.startswith("unknown model 'bort'; did you mean 'bert'? Known: ")
    assert message.endswith("static:NAME, hf:ORGANISATION/NAME, or a folder")


def test_a_negative_seed(toy_folders: dict[str, Path]) -> None:
    with pytest.raises(InputError, match="0 or more, found -1"):
        load(str(toy_folders["gpt"]), random_init=-1)
