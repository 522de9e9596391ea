"""What all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "2")


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """Return the folder of published data sets, or skip the test."""
    named = os.environ.get("CTXEMB_DATA")
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("needs the published data sets: set CTXEMB_DATA to their folder")
    return folder
