"""Published models: fetched once, pinned, and a clear answer where they cannot be."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest

from ctxemb.errors import InputError, MissingFileError
from ctxemb.models import load, published
from ctxemb.models.elmo import Elmo
from ctxemb.models.formats.bilm import write_elmo
from ctxemb.pretraining.corpus import Corpus
from tests.toys import toy_network

KIND = published.ELMO["elmo-small"]


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


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
    monkeypatch.setattr(published, "ELMO_URL", address)
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
    monkeypatch.setattr(published, "ELMO_URL", site[1])
    monkeypatch.setattr("pooch.os_cache", lambda name: tmp_path / "cache" / name)
    with pytest.raises(MissingFileError, match=r"cannot fetch .*404.*--model PATH"):
        load("elmo-small")


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
