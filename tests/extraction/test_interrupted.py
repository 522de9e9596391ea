"""Whatever happens to the process or the disk, shards are whole, and the same command goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from ctxemb.errors import StorageError
from ctxemb.extraction import embed_to_store
from ctxemb.models import load
from ctxemb.vectors import VectorStore
from ctxemb.vectors.lock import FolderLock
from tests.toys import sentences
from tests.vectors.stores import hashes

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals and limits of POSIX")

KILLER = """
import os, random, signal, sys, time
from pathlib import Path
from ctxemb.extraction import embed_to_store
from ctxemb.models import load
from tests.toys import sentences
from tests.vectors.stores import hashes

name, folder, kills, seed = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
text = sentences(*[3 + i % 5 for i in range(300)])

def run(folder):
    child = os.fork()
    if not child:
        embed_to_store(load(name), text, folder, source=name, shard_words=6)
        os._exit(0)
    return child

started = time.monotonic()
assert os.waitpid(run(folder / "whole"), 0)[1] == 0
seconds = time.monotonic() - started
whole = hashes(folder / "whole")
chance = random.Random(seed)
killed = 0
while killed < kills:
    child = run(folder / "killed")
    time.sleep(chance.uniform(0, seconds / 8))
    os.kill(child, signal.SIGKILL)
    done = os.waitpid(child, 0)[1]
    killed += os.WIFSIGNALED(done)
    if (folder / "killed").exists():
        for file, found in hashes(folder / "killed").items():
            if not file.endswith(".part") and not file.startswith("writing"):
                assert whole[file] == found, file
    if os.WIFEXITED(done):  # it was finished before: begin anew
        assert hashes(folder / "killed") == whole
        (folder / "killed").rename(folder / f"done-{killed}")
assert os.waitpid(run(folder / "killed"), 0)[1] == 0
assert hashes(folder / "killed") == whole
print(killed, len(whole))
"""


def python(*arguments: str, **options: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,  # type: ignore[call-overload]
    )


@pytest.mark.slow
@pytest.mark.parametrize("family", ["bert", "elmo"])
def test_kill_at_random_moments(tmp_path: Path, toy_folders: dict[str, Path], family: str) -> None:
    done = python("-c", KILLER, str(toy_folders[family]), str(tmp_path), "20", "1")
    out, err = done.communicate(timeout=120)
    assert done.returncode == 0, err
    killed, files = map(int, out.split())
    assert killed == 20
    assert files > 100


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "text.txt"
    path.write_text("".join(f"{sentence}\n" for sentence in sentences(*[8] * 4000)), encoding="utf-8")
    return path


def command(text: Path, store: Path, model: Path) -> list[str]:
    return [
        "-m",
        "ctxemb",
        "embed",
        str(text),
        "--model",
        str(model),
        "--shard-words",
        "40",
        "-o",
        str(store),
    ]


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    for _ in range(6000):
        if path.exists():
            return
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    pytest.fail(f"{path} did not come")


@pytest.mark.slow
def test_signals_leave_whole_shards(tmp_path: Path, text: Path, toy_folders: dict[str, Path]) -> None:
    folder = tmp_path / "store"
    for number, shard in ((signal.SIGINT, 3), (signal.SIGTERM, 40)):
        process = python(*command(text, folder, toy_folders["bert"]))
        wait_for(folder / f"shard-{shard:05d}.safetensors", process)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 128 + number
        assert err == "stopped; the same command goes on\n"
        assert out == ""
        assert {path.suffix for path in folder.iterdir()} == {".safetensors"}
    store = VectorStore.open(folder, unfinished=True)
    assert store.n_shards == len(hashes(folder)) > 40
    process = python(*command(text, folder, toy_folders["bert"]))
    assert process.wait(timeout=120) == 0
    process.communicate()
    process = python(*command(text, tmp_path / "whole", toy_folders["bert"]))
    assert process.wait(timeout=120) == 0
    process.communicate()
    assert hashes(folder) == hashes(tmp_path / "whole")


@pytest.mark.slow
def test_a_second_writer_is_told_who_holds_the_folder(
    tmp_path: Path, text: Path, toy_folders: dict[str, Path]
) -> None:
    folder = tmp_path / "store"
    first = python(*command(text, folder, toy_folders["bert"]))
    wait_for(folder / "shard-00002.safetensors", first)
    with pytest.raises(StorageError, match=rf"process {first.pid} on .* since 2.* UTC; wait"):
        embed_to_store(load(str(toy_folders["bert"])), sentences(8, 8), folder, source="x")
    first.kill()
    first.communicate()
    assert (folder / "writing.json").exists()
    second = python(*command(text, folder, toy_folders["bert"]))
    assert second.wait(timeout=120) == 0, second.communicate()
    second.communicate()
    assert VectorStore.open(folder).n_sentences == 4000
    assert {path.suffix for path in folder.iterdir()} == {".safetensors", ".json"}
    assert not (folder / "writing.json").exists()


def test_two_locks_on_a_folder(tmp_path: Path) -> None:
    first, second = FolderLock(tmp_path), FolderLock(tmp_path)
    first.acquire()
    with pytest.raises(StorageError, match=f"process {os.getpid()} on"):
        second.acquire()
    (tmp_path / "writing.json").write_text("{", encoding="utf-8")
    with pytest.raises(StorageError, match="another process"):
        second.acquire()
    first.release()
    second.acquire()
    second.release()
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a folder with two megabytes of space."""
    folder = tmp_path / "small"
    folder.mkdir()
    try:
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], capture_output=True, check=False
        )
    except FileNotFoundError:
        pytest.skip("there is no mount here")
    if done.returncode:
        pytest.skip("may not mount a small file system here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk(tmp_path: Path, small_disk: Path, toy_folders: dict[str, Path]) -> None:
    bert = str(toy_folders["bert"])
    text = sentences(*[10] * 300)

    def store(folder: Path) -> dict[str, str]:
        embed_to_store(load(bert), text, folder, source=bert, store_dtype="float32", shard_words=100)
        return hashes(folder)

    ballast = small_disk / "ballast"
    with suppress(OSError):
        ballast.write_bytes(bytes(3_000_000))
    with pytest.raises(StorageError, match="no space left"):
        store(small_disk / "store")
    assert [path.name for path in small_disk.iterdir()] == ["ballast"]
    ballast.write_bytes(bytes(1_700_000))
    folder = small_disk / "store"
    with pytest.raises(StorageError, match=r"no space left for .*store .*MB are free.*same command"):
        store(folder)
    whole = store(tmp_path / "whole")
    there = hashes(folder)
    assert 3 < len(there) < 30
    assert there.items() <= whole.items()
    # Two shards are written at once: the one that failed may have been the first of them.
    assert 0 <= len(there) - VectorStore.open(folder, unfinished=True).n_shards <= 1
    ballast.unlink()
    assert store(folder) == whole


LIMITED = """
import resource, sys
from pathlib import Path
from ctxemb.cli.main import run
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
sys.exit(run(sys.argv[1:]))
"""


def test_a_file_that_may_not_grow(tmp_path: Path, text: Path, toy_folders: dict[str, Path]) -> None:
    arguments = command(text, tmp_path / "store", toy_folders["bert"])[2:]
    arguments[arguments.index("--shard-words") + 1] = "2000"
    done = python("-c", LIMITED, *arguments)
    _, err = done.communicate(timeout=60)
    assert done.returncode == 1
    assert "no space left for" in err
    assert err.count("\n") == 1
    assert not (tmp_path / "store").exists()


def test_a_reader_at_the_same_time(tmp_path: Path, toy_folders: dict[str, Path]) -> None:
    bert, folder = str(toy_folders["bert"]), tmp_path / "store"
    text = sentences(*[7] * 400)
    writer = threading.Thread(
        target=lambda: embed_to_store(load(bert), text, folder, source=bert, shard_words=14)
    )
    writer.start()
    seen = set()
    while writer.is_alive():
        if (folder / "shard-00000.safetensors").exists():
            store = VectorStore.open(folder, unfinished=True)
            assert all(shard.digest() == shard.contents.sha256 for shard in store.shards())
            assert store.sentences() == [sentence.words for sentence in text[: store.n_sentences]]
            assert store.layer(0).shape == (store.n_rows, 16)
            seen.add(store.n_shards)
    writer.join()
    assert len(seen) > 3
    assert VectorStore.open(folder).n_shards == 200
