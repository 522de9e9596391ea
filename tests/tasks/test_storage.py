"""Fetching data sets, from a server on this machine."""

from __future__ import annotations

import dataclasses
import hashlib
import http.server
import io
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ctxemb.cli.main import run
from ctxemb.errors import FormatError, MissingFileError
from ctxemb.tasks import DataSet, all_data_sets, load_task, storage
from ctxemb.tasks.formats.conversions import acceptability, numbered_labels
from ctxemb.tasks.remote import WAITING, RemoteFile, fetch_files

NOWHERE = "http://127.0.0.1:9/"

WIC = {
    "train": "board\tN\t2-2\tRoom and board .\tHe nailed boards there .\n",
    "dev": "hook\tV\t0-1\tHook a fish .\tHe hooked a snake .\n",
    "test": "circulate\tV\t0-1\tCirculate it .\tThey circulate a letter .\n",
}


@dataclass
class Mirror:
    """What a server on this machine has: contents by path; and what was asked of it."""

    address: str = ""
    contents: dict[str, bytes] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    cut_after: int | None = None
    takes_ranges: bool = True

    def add(self, file: RemoteFile, content: bytes) -> None:
        self.contents[f"/{file.url.partition('://')[2]}"] = content


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    """Serve files, perhaps not to their end, and parts of them."""
    kept = Mirror()

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            wanted = self.headers.get("Range", "")
            kept.asked.append((self.path, wanted))
            content = kept.contents.get(self.path)
            begin = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and kept.takes_ranges else 0
            if content is None or (wanted and begin >= len(content)):
                self.send_error(404 if content is None else 416)
                return
            self.send_response(206 if begin else 200)
            self.send_header("Content-Length", str(len(content) - begin))
            self.end_headers()
            self.wfile.write(content[begin : kept.cut_after])

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    kept.address = f"http://127.0.0.1:{server.server_port}/"
    yield kept
    server.shutdown()
    thread.join()
    server.server_close()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def zipped(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/"), content)
    return file.getvalue()


@pytest.fixture
def small_wic(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> Mirror:
    """Serve a WiC of three pairs under the addresses of the published one."""
    files = []
    published = all_data_sets()["wic"]
    for file in published.files():
        split, kind = Path(file.path).name.split(".")[:2]
        content = (WIC[split] if kind == "data" else "T\n").encode()
        files.append(RemoteFile(file.path, file.url, sha256(content)))
        mirror.add(file, content)
    small = dataclasses.replace(published, files=lambda: tuple(files), counts=dict.fromkeys(WIC, 1))
    monkeypatch.setitem(all_data_sets()._items, "wic", small)
    return mirror


def test_fetched_files_are_checked_and_kept(small_wic: Mirror, tmp_path: Path) -> None:
    calls: list[int] = []
    assert not storage.is_present(all_data_sets()["wic"], tmp_path)
    where = storage.fetch(
        all_data_sets()["wic"],
        tmp_path,
        mirror=small_wic.address,
        progress=lambda done, total, what: calls.append(done),
    )
    assert where == tmp_path / "wic"
    assert calls == list(range(7))
    task = load_task("wic", tmp_path)
    assert task.examples[0].spans == ((0, 2, 3), (1, 2, 3))
    assert task.kind == "pair"
    assert storage.fetch(all_data_sets()["wic"], tmp_path, mirror=NOWHERE) == where  # all is at hand
    assert [path.name for path in (tmp_path / WAITING).iterdir()] == ["lock"]
    source = all_data_sets()["wic"]
    assert (source.licence, source.paper) == (task.licence, task.source)


def test_another_file_than_the_published_is_refused(small_wic: Mirror, tmp_path: Path) -> None:
    small_wic.add(all_data_sets()["wic"].files()[3], b"F\n")
    with pytest.raises(MissingFileError, match=r"dev.gold.txt.* would have the hash sha256:"):
        storage.fetch(all_data_sets()["wic"], tmp_path, mirror=small_wic.address)
    assert not (tmp_path / "wic" / "dev" / "dev.gold.txt").exists()
    small_wic.add(all_data_sets()["wic"].files()[3], b"T\n")
    small_wic.asked.clear()
    storage.fetch(all_data_sets()["wic"], tmp_path, mirror=small_wic.address)
    assert len(small_wic.asked) == 3  # the three before it are not fetched again


def test_without_a_network_the_way_out_is_told(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match=r"\(no connection\); .* put the data set from pilehvar"):
        storage.fetch(all_data_sets()["wic"], tmp_path, mirror=NOWHERE)
    assert not storage.is_present(all_data_sets()["wic"], tmp_path)  # though a folder has been made
    with pytest.raises(MissingFileError, match="fetch it by `ctxemb data get wic`"):
        load_task("wic", tmp_path)


def test_a_licence_to_accept_first_is_told(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="mrpc is not fetched, since its licence must be accepted"):
        storage.fetch(all_data_sets()["mrpc"], tmp_path)


def test_what_is_not_there_is_told_with_its_address(mirror: Mirror, tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match=r"cannot fetch http://.*/train.data.txt \(404 "):
        storage.fetch(all_data_sets()["wic"], tmp_path, mirror=mirror.address)


BIG = bytes(range(256)) * 1000


@pytest.mark.parametrize("takes_ranges", [True, False])
def test_a_download_that_was_cut_off_goes_on(mirror: Mirror, tmp_path: Path, takes_ranges: bool) -> None:
    file = RemoteFile("set/big.bin", "https://example.org/big.bin", sha256(BIG))
    mirror.add(file, BIG)
    mirror.cut_after, mirror.takes_ranges = 100_000, takes_ranges
    with pytest.raises(MissingFileError, match=r"big\.bin \(cut off after"):
        fetch_files([file], tmp_path, mirror=mirror.address)
    assert not (tmp_path / "set").exists()
    (part,) = (tmp_path / WAITING).glob("*.part")
    kept = part.stat().st_size
    assert 0 < kept <= 100_000
    mirror.cut_after = None
    fetch_files([file], tmp_path, mirror=mirror.address)
    assert (tmp_path / "set" / "big.bin").read_bytes() == BIG
    assert mirror.asked[1][1] == f"bytes={kept}-"


def test_a_part_that_is_too_long_is_fetched_anew(mirror: Mirror, tmp_path: Path) -> None:
    file = RemoteFile("set/big.bin", "https://example.org/big.bin", sha256(BIG))
    mirror.add(file, BIG)
    mirror.cut_after = 100
    with pytest.raises(MissingFileError):
        fetch_files([file], tmp_path, mirror=mirror.address)
    (part,) = (tmp_path / WAITING).glob("*.part")
    part.write_bytes(BIG + b"more")
    mirror.cut_after = None
    fetch_files([file], tmp_path, mirror=mirror.address)
    assert (tmp_path / "set" / "big.bin").read_bytes() == BIG


def test_members_of_an_archive_need_one_download(mirror: Mirror, tmp_path: Path) -> None:
    archive = zipped(set__a=b"one", set__b=b"two")
    checksum = f"md5:{hashlib.md5(archive).hexdigest()}"
    files = [
        RemoteFile(f"set/{name}", "https://example.org/set.zip", member=f"set/{name}", checksum=checksum)
        for name in "ab"
    ]
    mirror.add(files[0], archive)
    fetch_files(files, tmp_path, mirror=mirror.address)
    assert [(tmp_path / "set" / name).read_bytes() for name in "ab"] == [b"one", b"two"]
    assert len(mirror.asked) == 1
    assert not list((tmp_path / WAITING).glob("*.zip"))
    lacking = RemoteFile("set/c", "https://example.org/set.zip", member="set/c", checksum=checksum)
    with pytest.raises(MissingFileError, match=r"cannot use .*set\.zip .*set/c"):
        fetch_files([lacking], tmp_path, mirror=mirror.address)
    mirror.add(files[0], archive[:-30])
    with pytest.raises(MissingFileError, match=r"cannot fetch .*set\.zip .*hash"):
        fetch_files([lacking], tmp_path, mirror=mirror.address)


def test_a_compressed_file_is_at_hand(mirror: Mirror, tmp_path: Path) -> None:
    import lzma

    file = RemoteFile("set/big.bin", "https://example.org/big.bin", sha256(BIG))
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "big.bin.xz").write_bytes(lzma.compress(BIG))
    fetch_files([file], tmp_path, mirror=NOWHERE)
    assert not (tmp_path / WAITING).exists()
    mirror.add(file, BIG)
    (tmp_path / "set" / "big.bin.xz").write_bytes(b"damaged")
    fetch_files([file], tmp_path, mirror=mirror.address)
    assert (tmp_path / "set" / "big.bin").read_bytes() == BIG


PUBLISHED = {
    "trec": {"train": b"0 Why  not ?\n2 What is sister\xf0city ?\n", "test": b"5 How many ?\n"},
    "sst2": {"train": b"0 dull\n1 fine\n", "dev": b"1 caf\xc3\xa9\n", "test": b"0 no\n"},
    "sst5": {"train": b"4 great\n", "dev": b"2 so so\n", "test": b"0 awful\n"},
    "mr": {"all": b"1  caf\xe9 \x96 fine . \n0 no . \n"},
    "subj": {"all": b"0 i like it \n1 he dies \n"},
    "cola": {
        "train": b"gj04\t1\t\tHe ran.\ngj04\t0\t*\tRan he  not.\n",
        "dev": b"b\t0\t*\tHe.\n",
        "dev_ood": b"",
    },
}
READ = {
    "trec": {"train": "DESC\tWhy not ?\nABBR\tWhat is sister-city ?\n", "test": "NUM\tHow many ?\n"},
    "sst2": {
        "train": "negative\tdull\npositive\tfine\n",
        "dev": "positive\tcafé\n",
        "test": "negative\tno\n",
    },
    "sst5": {"train": "very_positive\tgreat\n", "dev": "neutral\tso so\n", "test": "very_negative\tawful\n"},
    "mr": {"all": "positive\tcafé – fine .\nnegative\tno .\n"},
    "subj": {"all": "subjective\ti like it\nobjective\the dies\n"},
    "cola": {
        "train": "acceptable\tHe ran.\nunacceptable\tRan he not.\n",
        "dev": "unacceptable\tHe.\n",
        "dev_ood": "",
    },
}


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_sentence_labels_are_converted_on_arrival(name: str, mirror: Mirror, tmp_path: Path) -> None:
    files = []
    for file in all_data_sets()[name].files():
        split = Path(file.path).stem
        mirror.add(file, PUBLISHED[name][split])
        files.append(
            RemoteFile(file.path, file.url, sha256(READ[name][split].encode()), convert=file.convert)
        )
    fetch_files(files, tmp_path, mirror=mirror.address)
    for split, text in READ[name].items():
        assert (tmp_path / "sentences" / name / f"{split}.tsv").read_bytes() == text.encode()


def test_what_cannot_be_converted_is_told_with_its_line(mirror: Mirror, tmp_path: Path) -> None:
    convert = numbered_labels(("bad", "good"))
    for content in (b"1 a\n2 b\n", b"1 a\nx b\n", b"1 a\n1 \n", b"1 a\n\n"):
        with pytest.raises(FormatError, match="line 2: expected a number below 2 and a text"):
            convert(content)
    with pytest.raises(FormatError, match="line 1: expected source, 0 or 1"):
        acceptability(b"gj04\t2\t\tHe ran.\n")
    file = RemoteFile("set/all.tsv", "https://example.org/all", convert=convert)
    mirror.add(file, b"good\n")
    with pytest.raises(MissingFileError, match=r"cannot use http.*/all \(line 1: "):
        fetch_files([file], tmp_path, mirror=mirror.address)
    assert not (tmp_path / "set").exists()


def published_sets() -> dict[str, DataSet]:
    return {name: data_set for name, data_set in all_data_sets().items() if not data_set.ships}


def test_every_source_says_how_its_files_are_had() -> None:
    paths: list[str] = []
    for name, source in published_sets().items():
        assert source.counts and source.licence and source.paper and source.public, name
        for file in source.files():
            paths.append(file.path)
            assert file.url.partition("://")[0] in ("http", "https")
            assert file.path.startswith((f"{source.folder}/", "wordnet30/"))
            assert len(file.sha256) in (0, 64)
    assert len(set(paths)) == len(paths)
    unknown = [
        file.path for source in published_sets().values() for file in source.files() if not file.sha256
    ]
    assert unknown == ["semcor/semcor.data.xml", "semcor/semcor.gold.key.txt", "wordnet30/index.sense"]


def test_all_words_come_out_of_two_archives(mirror: Mirror, tmp_path: Path) -> None:
    from ctxemb.tasks.data_sets import all_words

    published = all_words.DATA_SET.files()
    framework = zipped(
        **{file.member: file.path.encode() for file in published if "Framework" in file.member}
    )
    files = [RemoteFile(file.path, file.url, sha256(file.path.encode()), file.member) for file in published]
    mirror.add(files[0], framework)
    mirror.add(files[-1], zipped(wordnet__index=b"", **{"wordnet/index.sense": files[-1].path.encode()}))
    fetch_files(files, tmp_path, mirror=mirror.address)
    assert len(mirror.asked) == 2
    for name in (all_words.TRAIN, *all_words.TESTS):
        assert (tmp_path / "semcor" / f"{name}.data.xml").is_file()
        assert (tmp_path / "semcor" / f"{name}.gold.key.txt").is_file()


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["data", "list", "--data", str(tmp_path), "--format", "csv"]) == 0
    assert "coarsewsd20,coarsewsd20,False,33566" in capsys.readouterr().out
    assert run(["data", "info", "senses"]) == 0
    assert "CC0" in capsys.readouterr().out
    assert run(["data", "info", "cola", "--data", str(tmp_path), "--format", "csv"]) == 0
    told = capsys.readouterr().out
    assert "present,False" in told and "dev_ood,516" in told and "in_domain_dev.tsv" in told
    assert "3 of them checked by hash" in told
    assert run(["data", "info", "coarsewsd20", "--data", str(tmp_path), "--format", "csv"]) == 0
    assert "and 99 more" in capsys.readouterr().out
    (tmp_path / "wic").mkdir()
    (tmp_path / "wic" / "README").touch()
    assert run(["data", "check", "--data", str(tmp_path)]) == 1
    assert "train.data.txt" in "".join(capsys.readouterr().out.split())
    assert run(["data", "get", "wick", "--data", str(tmp_path)]) == 1
    assert "did you mean 'wic'" in capsys.readouterr().err
    assert run(["tasks", "--data", str(tmp_path), "--format", "csv"]) == 0
    assert "senses,ships with ctxemb,True" in capsys.readouterr().out
