"""Results on disk, and the names and paths of the base."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ctxemb import errors
from ctxemb.errors import CtxembError, FormatError, MissingFileError
from ctxemb.results import Result
from ctxemb.results.json_lines import read_records, write_records
from ctxemb.shipped import shipped_path

RESULT = Result("bert", 3, "senses", "test", "logistic", "accuracy", 1 / 3, 0.25, 0.5, 40, 0)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "new" / "results.jsonl"
    results = [RESULT, Result("é\u2028", "mix", "t", "test", "1-nn", "macro_f1", 0.0, 0.0, 1.0, 1, 7)]
    write_records(results, path)
    assert read_records(path, Result) == results
    assert [type(result.layer) for result in read_records(path, Result)] == [int, str]
    assert [file.name for file in path.parent.iterdir()] == ["results.jsonl"]
    assert b"\r" not in path.read_bytes()
    write_records([], path)
    assert read_records(path, Result) == []


def test_a_row_has_the_names_of_the_fields() -> None:
    assert list(RESULT.as_row()) == [
        "model",
        "layer",
        "task",
        "split",
        "probe",
        "metric",
        "value",
        "low",
        "high",
        "n",
        "seed",
        "pool",
        "context",
        "setting",
        "chosen",
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", r"results\.jsonl:3: not JSON"),
        ("[1]", r"results\.jsonl:3: not a result"),
        (json.dumps({**RESULT.as_row(), "colour": 1}), "missing or unknown: colour"),
        ('{"model": "bert"}', "missing or unknown: high, layer, low"),
    ],
)
def test_a_fault_is_told_with_its_line(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "results.jsonl"
    path.write_text(json.dumps(RESULT.as_row()) + "\n\n" + line + "\n", encoding="utf-8")
    with pytest.raises(FormatError, match=message):
        read_records(path, Result)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="no results at"):
        read_records(tmp_path / "results.jsonl", Result)


def test_all_errors_meant_for_users_have_one_base() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    assert len(kinds) > 4
    assert all(issubclass(kind, CtxembError) for kind in kinds)


def test_shipped_files_are_found() -> None:
    assert shipped_path("senses", "senses.tsv").is_file()
    assert not shipped_path("senses", "nothing").exists()
