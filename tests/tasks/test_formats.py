"""All-words and tagged files in miniature: what is read, and how a fault is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctxemb.errors import CtxembError
from ctxemb.tasks.data_sets import all_words, wic
from ctxemb.tasks.formats.columns import CONLLU, read_columns, read_tagged
from tests.tasks.test_bad_files import recount

XML = """<corpus><text id="d0"><sentence id="d0.s0"><wf lemma="a" pos="DET">A</wf>
<instance id="d0.s0.t0" lemma="Art" pos="NOUN">art form</instance></sentence></text></corpus>"""


@pytest.fixture
def framework(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a data folder with one instance in each set."""
    folder = tmp_path / "semcor"
    folder.mkdir()
    for name in all_words.DATA_SET.counts:
        (folder / f"{name}.data.xml").write_text(XML, encoding="utf-8")
        (folder / f"{name}.gold.key.txt").write_text(
            "d0.s0.t0 art%1:04:00:: art%1:06:00::\n", encoding="utf-8"
        )
    (tmp_path / "wordnet30").mkdir()
    lines = "art%1:06:00:: 1 1 9\nart%1:04:00:: 2 2 3\nart%2:04:00:: 3 1 0\n"
    (tmp_path / "wordnet30" / "index.sense").write_text(lines, encoding="utf-8")
    recount(all_words, monkeypatch, dict.fromkeys(all_words.DATA_SET.counts, 1))
    return tmp_path


def test_all_words(framework: Path) -> None:
    task = all_words.DATA_SET.load(framework)
    first = task.examples[0]
    assert (first.label, first.also, first.group) == ("art%1:04:00::", ("art%1:06:00::",), "art#NOUN")
    assert task.sentences[0].words == ("A", "art form")
    assert first.spans == ((0, 1, 2),)
    assert task.fallback == {"art#NOUN": "art%1:06:00::"}
    assert {split: len(rows) for split, rows in task.splits.items()} == {"train": 1, "dev": 1, "test": 5}
    assert {name: len(rows) for name, rows in task.parts.items()} == {
        "senseval2": 1, "senseval3": 1, "semeval2007": 1, "semeval2013": 1, "semeval2015": 1,
        "NOUN": 5, "VERB": 0, "ADJ": 0, "ADV": 0, "ALL-without-dev": 4,
    }  # fmt: skip
    assert len({example.cluster for example in task.examples}) == 6


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("senseval2.data.xml", XML[:90], "senseval2.data.xml: damaged"),
        ("senseval2.data.xml", XML.replace("t0", "t1"), "instance d0.s0.t1 has no line in its gold keys"),
        ("senseval3.gold.key.txt", "d0.s0.t0\n", "senseval3.gold.key.txt:1: expected an instance and its"),
        ("senseval3.gold.key.txt", "\n", "senseval3.gold.key.txt:1: expected an instance and its"),
        ("semcor.data.xml", "", "semcor.data.xml: damaged"),
        ("semcor.data.xml", "<corpus></corpus>", "semcor.data.xml: expected 1 rows, found 0"),
        ("../wordnet30/index.sense", "art 1 1 1\n", "index.sense:1: expected key, offset, number and count"),
        ("../wordnet30/index.sense", "art 1\n", "index.sense:1: expected key, offset, number and count"),
    ],
)
def test_faults_of_all_words(framework: Path, name: str, content: str, message: str) -> None:
    (framework / "semcor" / name).write_text(content, encoding="utf-8")
    with pytest.raises(CtxembError, match=message):
        all_words.DATA_SET.load(framework)


def test_conll_u_leaves_out_ranges_and_empty_nodes(tmp_path: Path) -> None:
    path = tmp_path / "x.conllu"
    blank = "\t_" * 6
    lines = [
        "# newdoc id = d1", "# text = don't go", f"1-2\tdon't\t_\t_{blank}", f"1\tdo\tdo\tAUX{blank}",
        f"2\tn't\tnot\tPART{blank}", f"2.1\tx\tx\tVERB{blank}", f"3\tgo\tgo\tVERB{blank}", "",
        "# newdoc id = d2",
        f"1\tYes\tyes\tINTJ{blank}",
    ]  # fmt: skip
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = list(read_columns(path, 3, CONLLU))
    assert [(tagged.words, tagged.tags, tagged.document) for tagged in found] == [
        (("do", "n't", "go"), ("AUX", "PART", "VERB"), "d1"),
        (("Yes",), ("INTJ",), "d2"),
    ]
    content = read_tagged({"train": path, "test": path}, 3, CONLLU)
    assert [example.cluster for example in content.examples[:4]] == ["d1", "d1", "d1", "d2"]
    with pytest.raises(CtxembError, match="expected 3 sentences of 4 words in all, found 2 of 4"):
        read_tagged({"train": path}, 3, CONLLU, counts={"train": (3, 4)})
    path.write_text("1 no tabs\n", encoding="utf-8")
    with pytest.raises(CtxembError, match="expected 10 columns"):
        list(read_columns(path, 3, CONLLU))


@pytest.mark.parametrize(
    ("data", "gold", "message"),
    [
        ("a\tN\t0-9\ta b\tc a\n", "T\n", "train.data.txt:1: no words at the positions '0-9'"),
        ("a\tN\t0\ta b\tc a\n", "T\n", "no words at the positions '0'"),
        ("a\tN\t0-1\ta b\tc a\n", "yes\n", "train.gold.txt:1: expected T or F, found 'yes'"),
        ("a\tN\t0-1\ta b\n", "T\n", "train.data.txt:1: expected 5 columns"),
    ],
)
def test_faults_of_pairs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: str, gold: str, message: str
) -> None:
    recount(wic, monkeypatch, {"train": 1})
    folder = tmp_path / "wic" / "train"
    folder.mkdir(parents=True)
    (folder / "train.data.txt").write_text(data, encoding="utf-8")
    (folder / "train.gold.txt").write_text(gold, encoding="utf-8")
    with pytest.raises(CtxembError, match=message):
        wic.DATA_SET.load(tmp_path)
