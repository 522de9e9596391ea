"""Files that are no plain text are not embedded as if they were."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctxemb.errors import InputError
from ctxemb.text.corpus import read_corpus


@pytest.mark.parametrize("name", ["x.json", "x.csv", "x.conll", "X.CSV", "x.csv.gz", "x.col", "x.xlsx"])
def test_tables_are_no_text(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("label,text\n", encoding="utf-8")
    with pytest.raises(InputError, match="is no format that text is read from; --read-as text"):
        list(read_corpus(str(tmp_path / name)))
    if not name.endswith(".gz"):
        assert len(list(read_corpus(str(tmp_path / name), read_as="text"))) == 1


@pytest.mark.parametrize("name", ["x.txt", "x", "x.text", "x.en"])
def test_other_endings_are_text(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("The bank .\n", encoding="utf-8")
    assert len(list(read_corpus(str(tmp_path / name)))) == 1
