"""Published models: fetched once, pinned, and a clear answer where they cannot be."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
import torch
from safetensors.torch import load_file

from ctxemb.errors import InputError, MissingFileError
from ctxemb.models import load, published
from ctxemb.models.elmo import Elmo
from ctxemb.models.formats.bilm import write_elmo
from ctxemb.pretraining.corpus import Corpus
from tests.checkpoints import openai
from tests.checkpoints.hub import COMMIT, serve
from tests.toys import toy_network

KIND = published.published_models()["elmo-small"].folder


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


def move(monkeypatch: pytest.MonkeyPatch, name: str, address: str) -> None:
    """Let a published model lie at another address."""
    known = published.published_models()
    moved = dataclasses.replace(known[name], address=address)
    monkeypatch.setattr(published, "published_models", lambda: {**known, name: moved})


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """Serve a folder from localhost."""
    folder = tmp_path / "site"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def test_elmo_is_fetched_once(
    site: tuple[Path, str], tmp_path: Path, toy_corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("h5py")
    folder, address = site
    move(monkeypatch, "elmo-small", f"{address}{KIND}/")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("pooch.os_cache", lambda name: tmp_path / "cache" / name)
    network = toy_network("elmo", toy_corpus)
    assert isinstance(network, Elmo)
    write_elmo(network, folder / KIND)
    for name in ("options.json", "weights.hdf5"):
        (folder / KIND / name).rename(folder / KIND / f"elmo_{KIND}_{name}")
    model = load("elmo-small")
    assert (model.name, model.family, model.origin) == ("elmo-small", "elmo", f"{address}{KIND}/")
    shutil.rmtree(folder / KIND)
    assert load("elmo-small").fingerprint == model.fingerprint


def test_an_elmo_that_is_not_there(
    site: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    move(monkeypatch, "elmo-small", f"{site[1]}{KIND}/")
    monkeypatch.setattr("pooch.os_cache", lambda name: tmp_path / "cache" / name)
    with pytest.raises(MissingFileError, match=r"cannot fetch .*404.*--model PATH"):
        load("elmo-small")


def test_openai_as_it_was_released(
    site: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, address = site
    move(monkeypatch, "openai-gpt-original", address)
    monkeypatch.setattr("pooch.os_cache", lambda name: tmp_path / "cache" / name)
    openai.write(folder)
    model = load("openai-gpt-original")
    assert (model.name, model.family, model.origin) == ("openai-gpt-original", "gpt", address)
    assert model.fingerprint == load(str(folder)).fingerprint


ASK = """
import sys
from ctxemb.errors import CtxembError
from ctxemb.models import load
for name in sys.argv[1:]:
    try:
        model = load(name)
        print(model.name, model.origin, model.n_layers)
    except CtxembError as error:
        print(error)
"""


@pytest.mark.slow
def test_a_hub(tmp_path: Path, toy_folders: dict[str, Path]) -> None:
    models = tmp_path / "models"
    shutil.copytree(toy_folders["bert"], models / "some" / "bert")
    shutil.copytree(toy_folders["gpt"], models / "some" / "bin")
    weights = load_file(models / "some" / "bin" / "model.safetensors")
    (models / "some" / "bin" / "model.safetensors").unlink()
    torch.save(weights, models / "some" / "bin" / "pytorch_model.bin")
    (models / "some" / "bare").mkdir()

    def ask(address: str, *names: str, offline: str = "0") -> list[str]:
        variables = {"HF_ENDPOINT": address, "HF_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": offline}
        run = subprocess.run(
            [sys.executable, "-c", ASK, *names],
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            check=True,
        )
        return run.stdout.strip().split("\n")

    with serve(models) as address:
        found = ask(
            address, "hf:some/bert@v1", "hf:some/bin", "hf:some/none", "hf:some/bert@v2", "hf:some/bare",
            "hf:some/bert/x.gguf",
        )  # fmt: skip
    assert found[:2] == [f"some/bert@v1 some/bert@{COMMIT} 3", f"some/bin some/bin@{COMMIT} 3"]
    assert found[2].startswith("the Hugging Face hub has no model some/none, or does not show it")
    assert found[3] == "some/bert on the Hugging Face hub has no revision 'v2'"
    assert "config.json is missing" in found[4]
    assert found[5] == "some/bert on the Hugging Face hub has no file x.gguf"
    for offline in "01":  # the hub is gone: what was fetched is there, and nothing else
        kept, missing = ask(address, "hf:some/bert@v1", "hf:some/never", offline=offline)
        assert kept == found[0]
        assert missing.startswith("cannot fetch some/never from the Hugging Face hub (")
        assert missing.endswith("without a network, name a folder that holds the model: --model PATH")


def hub(folder: Path, calls: list[tuple[str, str | None]]) -> Any:
    """Return what stands in for the hub's download: it gives a snapshot's folder."""

    def download(repository: str, *, revision: str | None, allow_patterns: list[str]) -> str:
        calls.append((repository, revision))
        assert "config.json" in allow_patterns
        return str(folder)

    return download


def test_the_hub_with_a_revision(
    toy_folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = tmp_path / "0123456789abcdef"
    shutil.copytree(toy_folders["bert"], snapshot)
    calls: list[tuple[str, str | None]] = []
    monkeypatch.setattr(huggingface_hub, "snapshot_download", hub(snapshot, calls))
    model = load("hf:someone/toy@main")
    assert (model.name, model.origin) == ("someone/toy@main", "someone/toy@0123456789abcdef")
    assert load("bert-base-cased").name == "bert-base-cased"
    assert calls == [("someone/toy", "main"), ("google-bert/bert-base-cased", None)]
    assert load("hf:someone/toy", random_init=1).name == "someone/toy@random"


def test_offline_says_the_way_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(MissingFileError, match=r"cannot fetch openai-community/gpt2 .*--model PATH"):
        load("gpt2")


@pytest.mark.parametrize("name", ["hf:a/b/c", "hf:", "hf:--x"])
def test_names_that_the_hub_cannot_have(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(InputError, match="is not the name of a model"):
        load(name)
