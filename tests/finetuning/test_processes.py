"""Tuning as processes: killed at any moment, or two together."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ctxemb.finetuning.folder import LOG
from tests.finetuning.test_use import own_file

ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}


def command(model: Path, task: Path, folder: Path, *more: str) -> list[str]:
    return [
        *("-m", "ctxemb", "-q", "finetune", "--model", str(model), "--task", str(task), "-o", str(folder)),
        *("--batch-size", "6", "--learning-rate", "1e-3", "--no-frozen", "--format", "json", *more),
    ]


def log(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "seed-0" / LOG).read_text().splitlines()]


def test_two_processes_are_one(toy_folders: dict[str, Path], tmp_path: Path) -> None:
    task = own_file(tmp_path)
    more = ("--recipe", "gpt:dropout=0,network_dropout=0", "--epochs", "2")
    alone = [sys.executable, *command(toy_folders["gpt"], task, tmp_path / "one", *more)]
    subprocess.run(alone, env=ENVIRONMENT, check=True, capture_output=True)
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    together = [*launch, *command(toy_folders["gpt"], task, tmp_path / "two", *more)]
    told = subprocess.run(together, env=ENVIRONMENT, check=False, capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    assert len(json.loads(told.stdout)) == 2  # said once
    one, two = log(tmp_path / "one"), log(tmp_path / "two")
    assert [e["loss"] for e in two] == pytest.approx([e["loss"] for e in one], rel=1e-4)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_killed_and_gone_on(toy_folders: dict[str, Path], tmp_path: Path) -> None:
    task = own_file(tmp_path)
    more = ("--recipe", "ulmfit:lm_epochs=1", "--epochs", "25")
    whole = [sys.executable, *command(toy_folders["bert"], task, tmp_path / "whole", *more)]
    subprocess.run(whole, env=ENVIRONMENT, check=True, capture_output=True)
    folder = tmp_path / "killed"
    parts = [sys.executable, *command(toy_folders["bert"], task, folder, *more)]
    with subprocess.Popen(parts, env=ENVIRONMENT, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None and not list(folder.glob("seed-0/rate-*.pt")):
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
    subprocess.run(parts, env=ENVIRONMENT, check=True, capture_output=True)
    expected, found = (
        [entry for entry in log(place) if "epoch" in entry] for place in (tmp_path / "whole", folder)
    )
    assert found == expected
    for name in ("model.safetensors", "tuned.safetensors", "tokenizer.json"):
        assert (folder / "seed-0" / name).read_bytes() == (tmp_path / "whole" / "seed-0" / name).read_bytes()
