"""Training as processes: killed at any moment, or two together."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ctxemb.models.training_log import LOG
from ctxemb.pretraining.loop import STATE

ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}


def command(family: str, text: Path, folder: Path, *more: str) -> list[str]:
    return [
        *("-m", "ctxemb", "-q", "pretrain", "--family", family, "--corpus", str(text), "-o", str(folder)),
        *("--batch-words", "120", "--width", "32", "--blocks", "1", "--cells", "48", *more),
    ]


def losses(folder: Path) -> dict[int, float]:
    lines = (folder / LOG).read_text(encoding="utf-8").split("\n")[:-1]
    return {entry["step"]: entry["loss"] for entry in map(json.loads, lines) if "loss" in entry}


@pytest.mark.parametrize("family", ["elmo", "gpt", "bert"])
def test_two_processes_are_one(family: str, tmp_path: Path, toy_text: Path) -> None:
    more = ("--max-words", "3000")
    alone = [sys.executable, *command(family, toy_text, tmp_path / "one", *more)]
    subprocess.run(alone, env=ENVIRONMENT, check=True, capture_output=True)
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    together = [*launch, *command(family, toy_text, tmp_path / "two", *more)]
    told = subprocess.run(together, env=ENVIRONMENT, check=False, capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    assert told.stdout.count("complete") == 1
    one, two = losses(tmp_path / "one"), losses(tmp_path / "two")
    assert len(one) >= 2
    assert list(one) == list(two)
    assert list(two.values()) == pytest.approx(list(one.values()), rel=1e-4)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_killed_at_any_moment(tmp_path: Path, toy_text: Path) -> None:
    more = ("--max-words", "12000", "--save-minutes", "0")
    whole = [sys.executable, *command("gpt", toy_text, tmp_path / "whole", *more)]
    subprocess.run(whole, env=ENVIRONMENT, check=True, capture_output=True)
    folder = tmp_path / "killed"
    parts = [sys.executable, *command("gpt", toy_text, folder, *more)]
    kills = 0
    while True:
        with subprocess.Popen(parts, env=ENVIRONMENT, stdout=subprocess.DEVNULL) as process:
            began, before = time.monotonic(), written(folder)
            while process.poll() is None and (
                written(folder) <= before + 0.01 or time.monotonic() - began < 0.3 * kills
            ):
                time.sleep(0.01)
            if process.poll() is not None or kills == 4:
                assert process.wait() == 0
                break
            process.send_signal(signal.SIGKILL)
            kills += 1
    assert kills >= 2
    expected, found = losses(tmp_path / "whole"), losses(folder)
    assert found == expected
    for name in ("model.safetensors", "tokenizer.json", "README.md"):
        assert (folder / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM")
def test_asked_to_end_it_pauses_with_a_checkpoint(tmp_path: Path, toy_text: Path) -> None:
    folder = tmp_path / "asked"
    parts = [sys.executable, *command("gpt", toy_text, folder, "--max-words", "10000000")]
    with subprocess.Popen(parts, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True) as process:
        while not (folder / LOG).is_file():
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        told, _ = process.communicate(timeout=60)
    assert "paused; the same command continues" in told
    assert (folder / STATE).is_file()


def written(folder: Path) -> float:
    path = folder / STATE
    return path.stat().st_mtime if path.is_file() else 0.0
