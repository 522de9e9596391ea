"""Imports point downwards, and the two wings meet only on disk."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import ctxemb

ROOT = Path(ctxemb.__file__).parent
BASE = {
    "errors",
    "version",
    "shipped",
    "atomic",
    "suggest",
    "plugins",
    "checked_toml",
    "inside",
    "spreadsheets",
}
FOUND = BASE | {"scoring", "results"}
ALLOWED: dict[str, set[str]] = {
    **{name: {"errors"} for name in BASE},
    "checked_toml": {"errors", "suggest"},
    "plugins": {"errors", "suggest"},
    "scoring": BASE,
    "results": BASE | {"scoring"},
    "solver": BASE,
    "text": BASE,
    "layers": BASE,
    "vectors": BASE,
    "tasks": FOUND | {"text"},
    "models": FOUND | {"text", "layers"},
    "pretraining": FOUND | {"text", "layers", "models", "tasks"},
    "prediction": {"errors", "models", "pretraining", "tasks", "text"},
    "finetuning": FOUND | {"text", "layers", "models", "tasks", "pretraining"},
    "extraction": BASE | {"text", "models", "vectors"},
    "probes": FOUND | {"vectors", "tasks", "text", "solver"},
    "analysis": FOUND | {"vectors", "tasks", "text", "solver", "probes"},
    "reporting": FOUND | {"analysis"},
    "explorer": {"analysis", "atomic", "errors", "version"},
    "comparison": FOUND
    | {
        "text",
        "tasks",
        "models",
        "vectors",
        "extraction",
        "pretraining",
        "finetuning",
        "probes",
        "analysis",
    },
}
LAZY = {"results/findings.py": {"reporting"}}
"""Methods that look up at a room when they are called: `Findings.chart` and `.report` draw themselves."""

FILES = sorted(path for path in ROOT.rglob("*.py") if "data" not in path.relative_to(ROOT).parts)


def part_of(module: str) -> str:
    """Return the part that a module of ctxemb belongs to; "" is the package itself (its version)."""
    return [*module.split("."), ""][1]


def imports_of(path: Path, *, lazy: bool = True) -> set[str]:
    """Return what a file imports of ctxemb; without `lazy`, only what it imports when it is imported."""
    found = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inside = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if not lazy and node in inside:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            found.add(node.module or "")
    return {name for name in found if name == "ctxemb" or name.startswith("ctxemb.")}


def test_there_are_files_to_check() -> None:
    assert len(FILES) > 40


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_imports_point_downwards(path: Path) -> None:
    part = path.relative_to(ROOT).parts[0].removesuffix(".py")
    if part in {"__init__", "__main__", "api", "cli"}:
        return
    assert part in ALLOWED, f"no rule for {part}"
    allowed = ALLOWED[part] | {part}
    at_once = {name for name in imports_of(path, lazy=False) if part_of(name) not in allowed}
    allowed |= LAZY.get(path.relative_to(ROOT).as_posix(), set())
    wrong = at_once | {name for name in imports_of(path) if part_of(name) not in allowed}
    assert not wrong, f"{part} must not import {sorted(wrong)}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_files_are_short(path: Path) -> None:
    assert path.read_text(encoding="utf-8").count("\n") < 350


def test_importing_ctxemb_is_light() -> None:
    program = (
        "import sys, ctxemb, ctxemb.cli.main as m;"
        "m.run(['--help']);"
        "heavy = {'torch', 'numpy', 'sklearn', 'pandas', 'altair', 'tokenizers', 'pydantic'};"
        "found = sorted(heavy & set(sys.modules));"
        "sys.exit(f'loaded {found}' if found else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_help_takes_little_time() -> None:
    program = (
        "import time, sys; from ctxemb.cli.main import run; run(['--help']);"
        "sys.stderr.write(str(time.process_time()))"
    )
    times = []
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        times.append(float(done.stderr.split()[-1]))
    assert min(times) < 0.4  # seconds of CPU: what makes a command feel immediate
