"""Task files in miniature: what is read, and how a fault is told."""

from __future__ import annotations

import dataclasses
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

from ctxemb.errors import FormatError, InputError, MissingFileError
from ctxemb.tasks.data_sets import coarsewsd20, events, senses, senseval


def recount(module: ModuleType, monkeypatch: pytest.MonkeyPatch, counts: dict[str, int]) -> None:
    """Let the data set of `module` expect other counts than the published ones."""
    monkeypatch.setattr(module, "DATA_SET", dataclasses.replace(module.DATA_SET, counts=counts))


@pytest.fixture
def nouns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the data folder of a CoarseWSD of one noun, whose gold files have CRLF line ends."""
    monkeypatch.setattr(coarsewsd20, "WORDS", ("java",))
    recount(coarsewsd20, monkeypatch, {"train": 2, "test": 1})
    folder = tmp_path / "coarsewsd20" / "java"
    folder.mkdir(parents=True)
    (folder / "classes_map.txt").write_text('{"0": "java_island", "1": "java_code"}', encoding="utf-8")
    (folder / "train.data.txt").write_bytes(b"1\tin java .\n2\ta 7\xc2\xa01/2 java\n")
    (folder / "train.gold.txt").write_bytes(b"0\r\n1\r\n")
    (folder / "test.data.txt").write_bytes(b"0\tjava runs")
    (folder / "test.gold.txt").write_bytes(b"1")
    return tmp_path


def test_coarsewsd(nouns: Path) -> None:
    task = coarsewsd20.DATA_SET.load(nouns)
    assert [example.label for example in task.examples] == ["java_island", "java_code", "java_code"]
    assert task.groups == ("java",)
    assert task.splits["train"].tolist() == [0, 1]
    assert task.sentences[1].words == ("a", "7", "1/2", "java")
    assert task.examples[1].spans == ((1, 2, 3),)  # the position is taken as it is given
    assert task.metrics[0] == "macro_f1"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("train.gold.txt", b"0\n", r"train\.data\.txt: expected 1 rows, found 2"),
        ("train.gold.txt", b"0\n5\n", r"train\.data\.txt:2: .* no sense '5'"),
        ("test.data.txt", b"2\tjava runs\n", r"test\.data\.txt:1: no word at position '2'"),
        ("test.data.txt", b"-1\tjava runs\n", r"test\.data\.txt:1: no word at position '-1'"),
        ("test.data.txt", b"0 java runs\n", r"test\.data\.txt:1: expected 2 columns"),
        ("classes_map.txt", b"[]", r"classes_map\.txt: expected JSON"),
        ("classes_map.txt", b"{", r"classes_map\.txt: expected JSON"),
    ],
)
def test_faults_of_coarsewsd(nouns: Path, name: str, content: bytes, message: str) -> None:
    (nouns / "coarsewsd20" / "java" / name).write_bytes(content)
    with pytest.raises(FormatError, match=message):
        coarsewsd20.DATA_SET.load(nouns)


def test_an_incomplete_coarsewsd(nouns: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recount(coarsewsd20, monkeypatch, {"train": 3, "test": 1})
    with pytest.raises(FormatError, match="expected 3 rows, found 2"):
        coarsewsd20.DATA_SET.load(nouns)
    (nouns / "coarsewsd20" / "java" / "classes_map.txt").unlink()
    with pytest.raises(MissingFileError, match=r"classes_map\.txt"):
        coarsewsd20.DATA_SET.load(nouns)


def shipped(module: ModuleType, monkeypatch: pytest.MonkeyPatch, folder: Path, name: str, text: str) -> None:
    """Let `module` find `text` where it looks for a file that ships with ctxemb."""
    place = folder / module.DATA_SET.name
    place.mkdir(exist_ok=True)
    (place / name).write_text(text, encoding="utf-8", newline="\n")
    monkeypatch.setattr(module, "shipped_path", folder.joinpath, raising=False)


def test_senses(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    header = "word\tpos\tsense\tsplit\tposition\tsentence\n"
    row = "bank\tnoun\triver\ttrain\t{}\t{}\n"
    shipped(senses, monkeypatch, tmp_path, "senses.tsv", header + row.format(1, "the bank ."))
    task = senses.DATA_SET.load(tmp_path)
    assert (task.examples[0].group, task.examples[0].label) == ("bank", "river")
    assert task.examples[0].spans == ((0, 1, 2),)
    shipped(
        senses, monkeypatch, tmp_path, "glosses.tsv", "word\tpos\tsense\tgloss\nbank\tnoun\triver\tits edge\n"
    )
    assert senses.glosses() == {("bank", "river"): "its edge"}
    for position, text, message in (
        ("3", "the bank .", r"senses\.tsv:2: position '3'"),
        ("x", "the bank .", r"senses\.tsv:2: position 'x'"),
        ("1", "the  bank .", r"senses\.tsv:2: expected words separated by one space"),
        ("1", "", r"senses\.tsv:2: expected words"),
    ):
        shipped(senses, monkeypatch, tmp_path, "senses.tsv", header + row.format(position, text))
        with pytest.raises(FormatError, match=message):
            senses.DATA_SET.load(tmp_path)


def test_events(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shipped(
        events, monkeypatch, tmp_path, "events.tsv", "label\tsplit\tsentence\noccurred\ttest\tIt fell .\n"
    )
    task = events.DATA_SET.load(tmp_path)
    assert task.examples[0].spans == ((0, 0, 3),)
    assert task.splits["test"].tolist() == [0]
    shipped(events, monkeypatch, tmp_path, "events.tsv", "sentence\tlabel\tsplit\n")
    with pytest.raises(FormatError, match="expected the header label split sentence"):
        events.DATA_SET.load(tmp_path)
    (tmp_path / "events" / "events.tsv").write_bytes(b"label\tsplit\tsentence\noccurred\ttest\tcaf\xe9\n")
    with pytest.raises(InputError, match=r"events\.tsv:2: not UTF-8"):
        events.DATA_SET.load(tmp_path)


INSTANCE = (
    '<instance id="{name}"><answer instance="{name}" senseid="{sense}"/><context>\n'
    '<wf pos="DT">the</wf> <compound><wf pos="JJ">dotted</wf></compound> <s snum=""/>{target} '
    '<wf pos=".">.</wf></context></instance>'
)
HEAD = '<head> <wf pos="NN">line</wf></head>'


def write_senseval(folder: Path, *instances: str) -> Path:
    path = folder / "senseval" / "senseval.zip"
    path.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        text = f'<corpus lang="en"><lexelt item="line-n">{"".join(instances)}</lexelt></corpus>'
        archive.writestr("senseval/line.pos", text)
    return folder


def test_senseval(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recount(senseval, monkeypatch, {"line": 2})
    given = [INSTANCE.format(name=name, sense=f"sense {name}", target=HEAD) for name in "ab"]
    task = senseval.DATA_SET.load(write_senseval(tmp_path, *given))
    assert [example.label for example in task.examples] == ["sense a", "sense b"]
    assert task.sentences[0].words == ("the", "dotted", "line", ".")
    assert task.examples[0].spans == ((0, 2, 3),)
    assert task.groups == ("line",)
    assert len(task.splits) == 1  # equal contexts are never parted


@pytest.mark.parametrize(
    ("instance", "message"),
    [
        (INSTANCE.format(name="a", sense="", target=HEAD), "instance 'a' has no sense"),
        (INSTANCE.format(name="a", sense="s", target=""), "instance 'a' marks 0 words, expected one"),
        (INSTANCE.format(name="a", sense="s", target=HEAD * 2), "instance 'a' marks 2 words, expected one"),
        ("<instance>", r"line\.pos: damaged"),
        ("", r"line\.pos: expected 1 rows, found 0"),
    ],
)
def test_faults_of_senseval(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, instance: str, message: str
) -> None:
    recount(senseval, monkeypatch, {"line": 1})
    with pytest.raises(FormatError, match=message):
        senseval.DATA_SET.load(write_senseval(tmp_path, instance))


def test_a_damaged_senseval(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match=r"senseval\.zip"):
        senseval.DATA_SET.load(tmp_path)
    write_senseval(tmp_path)
    with pytest.raises(FormatError, match=r"senseval/hard\.pos is missing"):
        senseval.DATA_SET.load(tmp_path)
    (tmp_path / "senseval" / "senseval.zip").write_bytes(b"PK")
    with pytest.raises(FormatError, match="damaged"):
        senseval.DATA_SET.load(tmp_path)
