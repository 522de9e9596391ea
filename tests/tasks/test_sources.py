from __future__ import annotations

import functools
import hashlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ctxemb.cli.main import run
from ctxemb.errors import MissingFileError
from ctxemb.tasks import load_task, sources, wic

DATA = {
    "train": "board\tN\t2-2\tRoom and board .\tHe nailed boards there .\n",
    "dev": "hook\tV\t0-1\tHook a fish .\tHe hooked a snake .\n",
    "test": "circulate\tV\t0-1\tCirculate it .\tThey circulate a letter .\n",
}


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Serve a WiC of three pairs, with its checksums, and return where."""
    folder = tmp_path / "public"
    lines = []
    for split, text in DATA.items():
        for name, content in ((f"{split}.data.txt", text), (f"{split}.gold.txt", "T\n")):
            path = folder / split / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode())
            lines.append(f"{hashlib.sha256(content.encode()).hexdigest()}  wic/{split}/{name}\n")
    (tmp_path / "checksums.txt").write_text("".join(lines), encoding="utf-8")
    monkeypatch.setattr(sources, "embedded_path", tmp_path.joinpath)
    monkeypatch.setattr(wic, "COUNTS", dict.fromkeys(DATA, 1))

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder))
    )
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def test_fetched_files_are_checked_and_kept(published: str, tmp_path: Path) -> None:
    data = tmp_path / "data"
    calls: list[int] = []
    assert not sources.is_present("wic", data)
    where = sources.fetch("wic", data, url=published, progress=lambda done, total, what: calls.append(done))
    assert where == data / "wic"
    assert calls == list(range(7))
    task = load_task("wic", data)
    assert task.examples[0].spans == ((0, 2, 3), (1, 2, 3))
    assert task.kind == "pair"
    assert sources.fetch("wic", data, url="http://127.0.0.1:9/") == where  # all is at hand


def test_another_file_than_the_published_is_refused(published: str, tmp_path: Path) -> None:
    (tmp_path / "public" / "dev" / "dev.gold.txt").write_bytes(b"F\n")
    with pytest.raises(MissingFileError, match=r"dev.gold.txt .*hash"):
        sources.fetch("wic", tmp_path / "data", url=published)
    assert not (tmp_path / "data" / "wic" / "dev" / "dev.gold.txt").exists()


def test_without_a_network_the_way_out_is_told(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match=r"\(no connection\); without a network, put .* from pilehvar"):
        sources.fetch("wic", tmp_path, url="http://127.0.0.1:9/")
    assert not sources.is_present("wic", tmp_path)  # though its folder may have been made
    with pytest.raises(MissingFileError, match="fetch it by `ctxemb data get wic`"):
        load_task("wic", tmp_path)
    with pytest.raises(MissingFileError, match="cannot be fetched as it is: get it from"):
        sources.fetch("mr", tmp_path)


def test_every_source_that_is_fetched_has_checksums() -> None:
    from ctxemb.embedded import embedded_path

    known = embedded_path("checksums.txt").read_text(encoding="utf-8")
    for name, source in sources.SOURCES.items():
        assert bool(source.url) == (f"  {source.folder}/" in known), name


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["data", "list", "--data", str(tmp_path), "--format", "csv"]) == 0
    assert "coarsewsd20,coarsewsd20,False,True" in capsys.readouterr().out
    assert run(["data", "info", "senses"]) == 0
    assert "CC0" in capsys.readouterr().out
    assert run(["data", "info", "cola", "--data", str(tmp_path), "--format", "csv"]) == 0
    told = capsys.readouterr().out
    assert "present,False" in told and "dev_ood,516" in told and "to be put together by hand" in told
    (tmp_path / "wic").mkdir()
    (tmp_path / "wic" / "README").touch()
    assert run(["data", "check", "--data", str(tmp_path)]) == 1
    assert "train.data.txt" in "".join(capsys.readouterr().out.split())
    assert run(["data", "get", "wick", "--data", str(tmp_path)]) == 1
    assert "did you mean 'wic'" in capsys.readouterr().err
    assert run(["tasks", "--data", str(tmp_path), "--format", "csv"]) == 0
    assert "senses,ships with ctxemb,True" in capsys.readouterr().out


def test_what_is_said_before_fetching_is_true_of_the_task(published: str, tmp_path: Path) -> None:
    sources.fetch("wic", tmp_path / "data", url=published)
    task, source = load_task("wic", tmp_path / "data"), sources.SOURCES["wic"]
    assert (source.licence, source.paper) == (task.licence, task.source)
    assert all(found.counts and found.licence and found.paper for found in sources.SOURCES.values())
