"""The package is typed, and a typed program that uses it is checked."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import ctxemb

ROOT = Path(__file__).resolve().parents[2]


def test_the_package_says_that_it_is_typed() -> None:
    assert (Path(ctxemb.__file__).parent / "py.typed").is_file()


def test_a_typed_example(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    command = [
        sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path), "--config-file",
        str(ROOT / "pyproject.toml"), "--follow-imports", "silent", str(ROOT / "tests/api/typed_example.py"),
    ]  # fmt: skip
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
