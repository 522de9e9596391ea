from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

import ctxemb as package
from ctxemb.results import Result
from ctxemb.results.json_lines import read_records
from tests.cli.conftest import Ctxemb


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CTXEMB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_version_and_help(ctxemb: Ctxemb) -> None:
    assert ctxemb("--version").out.strip().endswith(package.__version__)
    done = ctxemb("--help")
    assert done.code == 0
    for command in ("models", "embed", "probe", "neighbors", "compare", "report", "pretrain", "perplexity"):
        assert command in done.out
        assert ctxemb(command, "--help").code == 0


def test_models(ctxemb: Ctxemb) -> None:
    rows = json.loads(ctxemb("models", "--format", "json").out)
    assert {"elmo", "gpt", "bert", "static:bert"} <= {row["name"] for row in rows}


def test_tasks(ctxemb: Ctxemb) -> None:
    rows = {row["name"]: row for row in json.loads(ctxemb("tasks", "--format", "json").out)}
    assert rows["senses"]["present"] and rows["events"]["present"]
    assert rows["senses"]["data"] == "ships with ctxemb"
    assert "GitHub" in rows["coarsewsd20"]["data"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(ctxemb: Ctxemb, shell: str) -> None:
    assert "_CTXEMB_COMPLETE" in ctxemb("completion", shell).out


def test_probe(ctxemb: Ctxemb, elmo_folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "results.jsonl"
    done = ctxemb(
        "probe", "--model", elmo_folder, "--task", "senses", "--layer", "0,-1", "--probe", "centroid",
        "-o", output, "--format", "csv",
    )  # fmt: skip
    assert done.code == 0, done.err
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert {row["model"] for row in rows} == {
        "tiny", "tiny@random", "tiny@static", "tiny@context-mean", "majority", "bag-of-words",
        "bag-of-10-words",
    }  # fmt: skip
    results = read_records(output, Result)
    assert len(results) == len(rows)
    assert all(result.low <= result.value <= result.high for result in results)
    again = ctxemb("probe", "--model", elmo_folder, "--task", "senses", "--layer", "0,-1",
                   "--probe", "centroid", "--format", "csv")  # fmt: skip
    assert again.out == done.out


def test_probe_shows_pools_mixes_and_analyses(ctxemb: Ctxemb, elmo_folder: Path, tmp_path: Path) -> None:
    rows = [f"{'good' if i % 2 else 'bad'}\tIt was {'fine' if i % 2 else 'dull'} no {i} ." for i in range(40)]
    (tmp_path / "mine.tsv").write_text("\n".join(rows), encoding="utf-8")
    done = ctxemb(
        "probe", "--model", elmo_folder, "--task", tmp_path / "mine.tsv", "--pool", "max", "--combine", "mix",
        "--analysis", "description-length", "--no-baselines",
    )  # fmt: skip
    assert done.code == 0, done.err
    lines = [line.strip() for line in done.out.splitlines()]
    assert "mine: codelength on 40 train examples" in lines
    assert "mine: accuracy on 40 test examples, with a 95 % interval" in lines
    accuracy = done.out.partition("mine: accuracy")[2].partition("mine: macro_f1")[0]
    assert {line.split()[3] for line in accuracy.splitlines() if "tiny" in line} == {"mean", "max"}
    assert accuracy.count("*") == 1
    mixes = done.out.partition("learned mixes of the layers")[2]
    assert "gamma" in mixes and mixes.count("tiny") == 3  # restarts


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--task", "sense"), "did you mean 'senses'"),
        (("--task", "senses", "--model", "bort"), "did you mean 'bert'"),
        (("--task", "senses", "--probe", "logistik"), "did you mean 'logistic'"),
        (("--task", "senses", "--layer", "x"), "found 'x'"),
    ],
)
def test_wrong_names_are_answered(ctxemb: Ctxemb, arguments: tuple[str, ...], message: str) -> None:
    done = ctxemb("probe", *arguments)
    assert done.code == 1
    assert message in done.err
    assert "Traceback" not in done.err


def test_neighbors(ctxemb: Ctxemb, elmo_folder: Path, tmp_path: Path) -> None:
    query = "We sat on the *bank* of the river."
    done = ctxemb("neighbors", query, "--model", elmo_folder, "--same-word", "--top", "3", "--format", "json")
    assert done.code == 0, done.err
    rows = json.loads(done.out)
    assert [row["rank"] for row in rows] == [1, 2, 3]
    assert all("bank*" in row["occurrence"] for row in rows)
    assert rows[0]["cosine"] >= rows[-1]["cosine"]
    store = tmp_path / "store"
    assert (
        ctxemb("embed", "--text", "a bank", "--text", "the river", "--model", elmo_folder, "-o", store).code
        == 0
    )
    rows = json.loads(ctxemb("neighbors", query, "--store", store, "--format", "json").out)
    assert len(rows) == 4
    done = ctxemb("neighbors", "no mark at all", "--model", elmo_folder)
    assert done.code == 1
    assert "asterisks" in done.err


def test_compare_and_report(ctxemb: Ctxemb, elmo_folder: Path, tmp_path: Path) -> None:
    spec = tmp_path / "spec.toml"
    spec.write_text(
        f"""
        name = "toy"
        models = ['{elmo_folder}']
        tasks = ["senses", "events"]
        layers = [0, -1]
        probes = ["centroid"]
        [map]
        task = "senses"
        word = "bank"
        """,
        encoding="utf-8",
    )
    folder = tmp_path / "results"
    done = ctxemb("compare", spec, "-o", folder)
    assert done.code == 0, done.err
    first = (folder / "results.jsonl").read_bytes()
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "tiny" in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert ctxemb("compare", spec, "-o", folder, "--no-cache").code == 0
    assert (folder / "results.jsonl").read_bytes() == first
    for style, ending in (("markdown", "md"), ("latex", "tex"), ("csv", "csv")):
        output = tmp_path / f"report.{ending}"
        assert ctxemb("report", folder, "--format", style, "-o", output).code == 0
        assert "tiny" in output.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("models = ['bert']", "tasks: this key is missing"),
        ("models = ['bert']\ntasks = ['senses']\nprobe = ['1-nn']", "probe: unknown key"),
        ("models = ['bert']\ntasks = ['senses', 'senses']", "the same entry twice"),
        ("models = [", "not TOML"),
    ],
)
def test_a_wrong_spec_is_told(ctxemb: Ctxemb, tmp_path: Path, text: str, message: str) -> None:
    spec = tmp_path / "spec.toml"
    spec.write_text(text, encoding="utf-8")
    done = ctxemb("compare", spec, "-o", tmp_path / "results")
    assert done.code == 1
    assert message in done.err
    assert "spec.toml" in done.err


def test_pretrain(ctxemb: Ctxemb, tmp_path: Path) -> None:
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("The cat sat. The dog ran.\nA bird sang.\n\nThe end came.\n" * 20, encoding="utf-8")
    folder = tmp_path / "gpt"
    done = ctxemb(
        "pretrain",
        "--family",
        "gpt",
        "--corpus",
        corpus,
        "-o",
        folder,
        "--max-words",
        "300",
        "--batch-words",
        "100",
    )
    assert done.code == 0, done.err
    assert "complete" in done.out
    assert "words seen" in (folder / "README.md").read_text(encoding="utf-8")
    done = ctxemb("embed", "--text", "The cat", "--model", folder, "-o", tmp_path / "store")
    assert done.code == 0, done.err
    other = ctxemb("pretrain", "--family", "gpt", "--corpus", corpus, "-o", folder, "--max-words", "400")
    assert other.code == 1
    assert "other settings" in other.err


def test_perplexity(ctxemb: Ctxemb, tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("The old man sat by the river. He waited for an hour.\n", encoding="utf-8")
    done = ctxemb("perplexity", text, "--format", "json")
    assert done.code == 0, done.err
    rows = json.loads(done.out)
    assert [row["model"] for row in rows] == ["gpt", "bert"]
    assert all(0.5 < row["bits_per_character"] < 5 for row in rows)
    assert {row["n_words"] for row in rows} == {14}
    without = ctxemb("perplexity", text, "--model", "elmo")
    assert without.code == 1
    assert "ELMo's, a softmax over words, does not ship" in without.err
    assert ctxemb("perplexity", tmp_path / "nothing.txt").code == 1


def test_save(ctxemb: Ctxemb, tmp_path: Path) -> None:
    folder = tmp_path / "saved"
    done = ctxemb("save", "gpt", folder, "--half")
    assert (done.code, done.out.strip()) == (0, str(folder))
    assert {"config.json", "model.safetensors", "tokenizer.json", "README.md"} <= {
        path.name for path in folder.iterdir()
    }
    done = ctxemb("embed", "--text", "The cat", "--model", folder, "-o", tmp_path / "store")
    assert done.code == 0, done.err
    again = ctxemb("save", "gpt", folder)
    assert again.code == 1
    assert "is not empty" in again.err
    static = ctxemb("save", "static:gpt", tmp_path / "static")
    assert static.code == 1
    assert "has no weights of its own" in static.err
