"""Parts of ctxemb that come from another package, which is really installed."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ctxemb.errors import InputError
from ctxemb.plugins import GROUPS, collect
from ctxemb.probes import all_probes

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that the example package is installed in."""
    pytest.importorskip("hatchling", reason="needs hatchling to build a package")
    folder = tmp_path_factory.mktemp("site")
    command = [
        sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation",
        "--disable-pip-version-check", "--target", str(folder), str(ROOT / "tests" / "outside"),
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    return folder


def run(site: Path, *arguments: str) -> str:
    environment = {**os.environ, "COLUMNS": "300", "PYTHONPATH": os.pathsep.join((str(site), str(ROOT)))}
    command = [sys.executable, "-m", "ctxemb", *arguments]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_all_parts_of_another_package_work_together(site: Path, tmp_path: Path) -> None:
    model = tmp_path / "alphabet"
    model.mkdir()
    (model / "letters.json").write_text('{"width": 8, "seed": 3}', encoding="utf-8")
    table = run(
        site, "probe", "--model", str(model), "--task", "example-weather", "--probe", "example-stump",
        "--analysis", "example-length", "--no-cache", "--format", "csv",
    )  # fmt: skip
    rows = list(csv.DictReader(io.StringIO(table)))
    assert {row["model"] for row in rows} >= {"alphabet", "alphabet@random", "alphabet@static", "majority"}
    assert {row["layer"] for row in rows if row["metric"] == "example_length"} == {"0", "1"}
    scores = {row["probe"] for row in rows if (row["model"], row["split"]) == ("alphabet", "test")}
    assert "example-stump" in scores


def test_a_recipe_of_another_package(site: Path, toy_folders: dict[str, Path]) -> None:
    table = run(
        site, "finetune", "--model", str(toy_folders["bert"]), "--task", "example-weather", "--no-frozen",
        "--recipe", "example-patient:epochs=1", "--no-cache", "--format", "csv",
    )  # fmt: skip
    rows = list(csv.DictReader(io.StringIO(table)))
    assert {(row["recipe"], row["rate"]) for row in rows if row["seed"] == "0"} == {
        ("example-patient:epochs=1", "1e-05")
    }


def test_a_measure_of_another_package_is_found(site: Path, tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("I sat by the bank .\n", encoding="utf-8")
    table = run(
        site, "analyse", "--model", "bert", "--text", str(text), "--measure", "example-spread",
        "--layer", "0", "--no-twins", "--no-cache", "--format", "csv",
    )  # fmt: skip
    (row,) = csv.DictReader(io.StringIO(table))
    assert row["statistic"] == "spread" and float(row["value"]) > 0


def test_names_from_outside_are_listed(site: Path) -> None:
    tasks = json.loads(run(site, "tasks", "--format", "json"))
    assert "example-weather" in {task["name"] for task in tasks}
    usage = run(site, "probe", "--help")
    assert "example-stump" in usage and "example-length" in usage


class _Entry:
    name, value, dist = "broken", "nowhere:X", None

    def __init__(self, part: object) -> None:
        self.part = part

    def load(self) -> object:
        if isinstance(self.part, Exception):
            raise self.part
        return self.part


class _Part:
    name = "logistic"


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (ImportError("no module nowhere"), "cannot load the probe of the package nowhere:X .*no module"),
        (3, "should name a probe, found int"),
        (_Part(), "the probe 'logistic' of the package .* has a name that is taken"),
    ],
)
def test_a_fault_from_outside_is_told(part: object, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    all_probes()  # what it imports looks for entry points of its own
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: [_Entry(part)])
    with pytest.raises(InputError, match=message):
        collect.__wrapped__("probe", "ctxemb.probes", "PROBE", GROUPS[2])
