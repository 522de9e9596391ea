"""`ctxemb fill`, `surprisal` and `minimal-pairs`."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from ctxemb.cli.main import cli, run


def output(*arguments: str, text: str | None = None) -> str:
    told = CliRunner().invoke(cli, arguments, input=text, catch_exceptions=False)
    assert told.exit_code == 0, told.output
    return told.stdout


TEXT = "The old man sat by the bank .\nYes .\nThe water was cold and clear .\n"


def test_fill() -> None:
    rows = json.loads(output("fill", "The [MASK] sat by the river.", "--top", "3", "--format", "json"))
    assert {row["model"] for row in rows} >= {"gpt", "bert"}
    assert all(0 < row["probability"] < 1 for row in rows)
    assert [row["rank"] for row in rows if row["model"] == "bert"] == [1, 2, 3]
    (row,) = json.loads(output("fill", "He sat down.", "--follows", "Then he slept.", "--format", "json"))
    assert 0 < row["probability"] < 1


def test_surprisal(tmp_path: Path) -> None:
    lines = output("surprisal", "-", "--tokenized", text=TEXT).splitlines()
    assert lines[0].split("\t") == ["sentence", "position", "word", "direction", "bits"]
    words = [line.split("\t")[2] for line in lines[1:]]
    assert words == TEXT.split()
    (tmp_path / "text.txt").write_text(TEXT, encoding="utf-8")
    readers = {"jsonl": lambda path: pd.read_json(path, lines=True), "parquet": pd.read_parquet}
    for ending, read in readers.items():
        path = tmp_path / f"out.{ending}"
        output("surprisal", str(tmp_path / "text.txt"), "--tokenized", "-o", str(path))
        frame = read(path)
        assert frame["word"].tolist() == words
        assert frame["bits"].tolist() == pytest.approx(
            [float(line.split("\t")[4]) for line in lines[1:]], abs=1e-5
        )


@pytest.mark.parametrize("ending", ["tsv", "jsonl"])
def test_an_interrupted_output_is_continued(tmp_path: Path, ending: str) -> None:
    (tmp_path / "text.txt").write_text(TEXT, encoding="utf-8")
    path = tmp_path / f"out.{ending}"
    command = ("surprisal", str(tmp_path / "text.txt"), "--tokenized", "-o", str(path))
    output(*command)
    whole = path.read_bytes()
    for size in range(0, len(whole), 37):
        path.write_bytes(whole[:size])
        if ending == "tsv" and 0 < size < whole.index(b"\n"):
            continue  # no output of this command yet
        output(*command)
        assert path.read_text(encoding="utf-8").count("\n") == whole.decode().count("\n")
        assert [line.rsplit("\t", 1)[0] for line in path.read_text(encoding="utf-8").splitlines()][:5] == [
            line.rsplit("\t", 1)[0] for line in whole.decode().splitlines()
        ][:5]


def test_a_file_of_something_else_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "text.txt").write_text(TEXT, encoding="utf-8")
    path = tmp_path / "thesis.tsv"
    path.write_text("precious\nwords\n", encoding="utf-8")
    assert run(["surprisal", str(tmp_path / "text.txt"), "-o", str(path)]) == 1
    assert "no output of this command" in capsys.readouterr().err
    assert path.read_text(encoding="utf-8") == "precious\nwords\n"


def test_a_model_without_a_head_is_told_before_anything_is_written(
    tmp_path: Path, elmo_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "text.txt").write_text(TEXT, encoding="utf-8")
    path = tmp_path / "bits.tsv"
    assert run(["surprisal", str(tmp_path / "text.txt"), "--model", str(elmo_folder), "-o", str(path)]) == 1
    told = capsys.readouterr()
    assert "no head at" in told.err
    assert told.out == ""
    assert not path.exists()


def test_minimal_pairs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = {"sentence_good": "He sat by the river.", "sentence_bad": "He sat river the by.", "UID": "order",
           "field": "syntax", "linguistics_term": "order"}  # fmt: skip
    path = tmp_path / "pairs.jsonl"
    path.write_text((json.dumps(row) + "\n") * 3, encoding="utf-8")
    rows = json.loads(output("minimal-pairs", str(path), "--model", "gpt", "--format", "json"))
    assert rows[0]["level"] == "all"
    assert rows[0]["accuracy"] == 1
    path.write_text("{}\n", encoding="utf-8")
    assert run(["minimal-pairs", str(path), "--model", "gpt"]) == 1
    assert "pairs.jsonl:1: expected a JSON object with sentence_good" in capsys.readouterr().err
