"""Damaged comparisons: read, or refused by an error that names the file."""

from __future__ import annotations

import os
import random
from pathlib import Path

from ctxemb.comparison import find_spec, read_spec
from ctxemb.errors import CtxembError
from tests.checkpoints.damage import mutate

COUNT = int(os.environ.get("CTXEMB_FUZZ", "60"))


def test_mutated_specs(tmp_path: Path) -> None:
    generator = random.Random(0)
    path = tmp_path / "spec.toml"
    whole = find_spec("quick").read_bytes() + b'layers = [0, 1]\nanalyses = ["control"]\n'
    for _ in range(COUNT):
        path.write_bytes(whole)
        mutate(path, generator)
        try:
            read_spec(path)
        except CtxembError as error:
            assert str(path) in str(error)
