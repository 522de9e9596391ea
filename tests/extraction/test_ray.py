"""A Ray cluster of this machine makes what one process makes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("ray", exc_type=ImportError)
pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="finds workers in /proc")]

PROGRAM = """
import json, os, signal, sys, threading, time
from pathlib import Path
import ray, torch
from ctxemb.extraction import embed_to_store
from ctxemb.extraction.ray_engine import RayEngine
from ctxemb.models import load
from tests.toys import sentences
from tests.vectors.stores import hashes

torch.set_num_threads(1)
name, folder = sys.argv[1], Path(sys.argv[2])
text = sentences(*[6 + i % 9 for i in range(1200)])

def store(folder, engine=None):
    embed_to_store(load(name), text, folder, source=name, shard_words=20, engine=engine)
    return hashes(folder)

def workers():
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            line = (path / "cmdline").read_bytes()
        except OSError:
            continue
        if line.startswith(b"ray::Worker") and path.stat().st_uid == os.getuid():
            found.append(int(path.name))
    return found

def kill():
    while len(list(folder.glob("killed/shard-*"))) < 30:
        time.sleep(0.005)
    for pid in workers():
        if pid not in before:
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)

ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
whole = store(folder / "whole")
same = store(folder / "ray", RayEngine(name, None, 2)) == whole
before, killed = [], []
thread = threading.Thread(target=kill)
thread.start()
again = store(folder / "killed", RayEngine(name, None, 2)) == whole
thread.join()
other = None
try:
    embed_to_store(load(name), text, folder / "other", source=name, engine=RayEngine(name, 7, 1))
except Exception as error:
    other = f"{type(error).__name__}: {error}"
print(json.dumps({"same": same, "again": again, "killed": len(killed), "other": other, "n": len(whole)}))
"""


def test_results_are_identical_and_killed_workers_are_replaced(
    tmp_path: Path, toy_folders: dict[str, Path]
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(toy_folders["bert"]), str(tmp_path)],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(next(line for line in done.stdout.splitlines() if line.startswith("{")))
    assert found["same"]
    assert found["again"]
    assert found["killed"] >= 1
    assert found["n"] > 300
    assert found["other"].startswith("InputError: '")
    assert "is another model on" in found["other"]
