"""A wheel, unpacked elsewhere and used from another folder, has all that ships."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of an unpacked wheel."""
    pytest.importorskip("hatchling", reason="needs hatchling to build a wheel")
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def run(site: Path, cwd: Path, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(site), "CTXEMB_CACHE": str(cwd / "cache")}
    done = subprocess.run(
        [sys.executable, "-m", "ctxemb.cli.main", *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_models_data_and_comparisons_are_found(site: Path, tmp_path: Path) -> None:
    models = json.loads(run(site, tmp_path, "models", "--format", "json"))
    assert [model["name"] for model in models if model["present"]][:3] == ["elmo", "gpt", "bert"]
    tasks = json.loads(run(site, tmp_path, "tasks", "--format", "json"))
    assert {task["name"] for task in tasks if task["present"]} >= {"senses", "events"}
    run(site, tmp_path, "embed", "--text", "By the bank .", "--model", "gpt", "-o", "store")
    assert (tmp_path / "store" / "store.json").is_file()
    for name in ("quick", "real"):
        assert (site / "ctxemb" / "data" / "specs" / f"{name}.toml").is_file()
    for name in ("report.html.jinja", "report.css", "report.js"):
        assert (site / "ctxemb" / "reporting" / "templates" / name).is_file()
    assert (site / "ctxemb" / "data" / "published.toml").is_file()


def test_nothing_else_travels(site: Path) -> None:
    files = [path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()]
    assert not [name for name in files if not name.startswith(("ctxemb/", "ctxemb-"))]
    weights = [site / name for name in files if name.endswith("/model.safetensors")]
    assert len(weights) == 3
    assert all(path.stat().st_size < 16_000_000 for path in weights)
