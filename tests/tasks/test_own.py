from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ctxemb.errors import CtxembError, UnknownNameError
from ctxemb.probes import score_of
from ctxemb.tasks import SkippedRows, is_task, load_task


def written(path: Path, *lines: str) -> str:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return str(path)


def test_labels_and_texts_in_ten_folds(tmp_path: Path) -> None:
    rows = [f"{'good' if i % 2 else 'bad'}\tIt was no {i % 25}." for i in range(60)]
    task = load_task(written(tmp_path / "mine.tsv", *rows))
    assert (task.name, task.kind, len(task.examples)) == ("mine", "sentence-label", 60)
    assert task.sentences[3].words == ("It", "was", "no", "3", ".")
    assert task.folds is not None
    assert set(task.folds) == set(range(10))
    of_text = {(str(text), label): set() for text, label in zip(task.sentences, task.gold, strict=True)}  # type: ignore[var-annotated]
    for text, label, fold in zip(task.sentences, task.gold, task.folds, strict=True):
        of_text[str(text), label].add(int(fold))
    assert all(len(folds) == 1 for folds in of_text.values())  # equal texts lie in one fold
    again = load_task(str(tmp_path / "mine.tsv"))
    assert again.fingerprint == task.fingerprint


def test_marked_words_are_senses(tmp_path: Path) -> None:
    task = load_task(
        written(
            tmp_path / "s.tsv",
            "river\tOn the *bank*, we sat.",
            "money\tThe *Bank* was closed * all day.",
            " money \tMy *bank* is open.",
        )
    )
    assert task.kind == "word-sense"
    assert [example.group for example in task.examples] == ["bank", "bank", "bank"]
    assert task.labels == ("money", "river")
    (number, start, stop) = task.examples[0].spans[0]
    assert task.sentences[number].words == ("On", "the", "bank", ",", "we", "sat", ".")
    assert task.sentences[number].words[start:stop] == ("bank",)


def test_a_mark_may_hold_several_words_and_stand_in_quotes(tmp_path: Path) -> None:
    task = load_task(
        written(
            tmp_path / "s.tsv",
            "pay\tMy *credit card*, she said.",
            "pay\t“*Credit card*” it is, and **not** 2*3*4.",
            "film\tThe (*credit card*) rolls.",
        )
    )
    assert {example.group for example in task.examples} == {"credit card"}
    spans = [example.spans[0] for example in task.examples]
    targets = [task.sentences[number].words[start:stop] for number, start, stop in spans]
    assert targets == [("credit", "card"), ("Credit", "card"), ("credit", "card")]


def test_positions_and_splits_in_json_lines(tmp_path: Path) -> None:
    rows = [
        {"label": label, "text": "one two three", "position": 1, "word": "TWO", "split": split}
        for label, split in (("a", "train"), ("b", "train"), ("a", "dev"), ("a", "test"))
    ]
    task = load_task(written(tmp_path / "s.jsonl", *map(json.dumps, rows)))
    assert task.examples[0].group == "TWO"
    assert task.examples[3].spans == ((3, 1, 2),)
    assert {split: len(numbers) for split, numbers in task.splits.items()} == {
        "train": 2,
        "dev": 1,
        "test": 1,
    }
    assert task.parts["TWO"].tolist() == [3]


def test_columns_and_folders(tmp_path: Path) -> None:
    lines = ["The DT x", "dog NN y", "", "It PRP z", ""]
    name = written(tmp_path / "mine.conll", *(lines * 12))
    task = load_task(name)
    assert (task.kind, len(task.examples), set(task.gold)) == ("token-label", 36, {"x", "y", "z"})
    assert set(load_task(f"{name}:2").gold) == {"DT", "NN", "PRP"}
    assert task.folds is not None and task.folds[0] == task.folds[1]
    for split in ("train", "test"):
        words = ["1\tThe\tthe\tDET" + "\t_" * 6, "2\tdog\tdog\tNOUN" + "\t_" * 6]
        written(tmp_path / f"{split}.conllu", "1-2\tThedog" + "\t_" * 8, *words)
    folder = load_task(str(tmp_path))
    assert folder.gold.tolist() == ["DET", "NOUN", "DET", "NOUN"]
    assert sorted(folder.splits) == ["test", "train"]


def test_tags_of_chunks_are_scored_as_chunks(tmp_path: Path) -> None:
    lines = [
        "The DT B-NP",
        "dog NN I-NP",
        "barks VBZ B-VP",
        ". . O",
        "",
        "Dogs NNS B-NP",
        "bark VBP B-VP",
        "",
    ]
    name = written(tmp_path / "mine.conll", *(lines * 12))
    task = load_task(name)
    assert task.metrics == ("chunk_f1", "accuracy")
    assert load_task(f"{name}:2").metrics == ("accuracy", "macro_f1")
    assert task.example_positions[:8].tolist() == [0, 1, 2, 3, 5, 6, 8, 9]
    first_words = np.flatnonzero(task.gold != "I-NP")
    assert score_of(task, np.arange(72), task.gold) == 1
    assert score_of(task, first_words, task.gold[first_words]) == 1
    wrong = np.where(task.gold == "I-NP", "B-NP", task.gold)  # of five chunks in two sentences, one is wrong
    assert score_of(task, np.arange(72), wrong) == pytest.approx(2 * 3 / (4 + 5))


@pytest.mark.parametrize(
    ("name", "lines", "message"),
    [
        ("m.tsv", ["a\tb", "c"], r"m.tsv:2: expected 2 columns separated by TAB, found 1"),
        ("m.tsv", ["label\ttext\tlevel"], r"m.tsv:1: unknown columns level; known: label, text"),
        (
            "m.tsv",
            ["label\ttext\tposition", "a\tone two\t2"],
            r"m.tsv:2: no word at position '2'; there are 2",
        ),
        ("m.tsv", ["a\tb", "\tno label"], r"m.tsv:2: no label"),
        ("m.tsv", ["label\ttext\tsplit", "a\tb\ttrain", "a\tb\tvalid"], r"m.tsv:3: the split should be"),
        ("m.tsv", ["label\ttext\tsplit", "a\tb\ttrain", "b\tb\ttrain"], r"m.tsv: no row has the split test"),
        ("m.tsv", ["a\tone", "a\ttwo"], r"m.tsv: all labels are 'a'; a probe needs two"),
        ("m.conll", ["one X", "two X"], r"m.conll: all labels are 'X'"),
        ("m.tsv", ["a\tthe *river* *bank*"] + ["b\tthe *bank*"] * 3, r"m.tsv:1: .* 2 \*marked\* targets"),
        (
            "m.tsv",
            ["a\tone *bank*", "b\ttwo *bank*", "b\tmy *bank*", "a\ta *tree*"],
            r"m.tsv:4: the word 'tree' has 1 different texts to learn from, and needs 3",
        ),
        (
            "m.tsv",
            ["label\ttext\tsplit", "a\tone *bank*\ttrain", "b\ta *tree*\ttest"],
            r"m.tsv:3: the word 'tree' has 0 different texts to learn from, and needs 1",
        ),
        ("m.jsonl", ['{"label": "a", "text": "b"}', "{"], r"m.jsonl:2: not JSON"),
        ("m.jsonl", ['{"label": "a", "sentence": "b"}'], r"m.jsonl:1: unknown keys: sentence"),
        ("m.jsonl", ["[1]"], r"m.jsonl:1: unknown keys: no object"),
        ("m.jsonl", ['{"label": null, "text": "b"}'], r"m.jsonl:1: label should be a string .* found None"),
        ("m.conll", [""], r"m.conll: there are no examples"),
        ("m.tsv", [""], r"m.tsv: there are no examples"),
        ("m.conll", ["word tag", "word"], r"m.conll:2: expected 2 columns"),
    ],
)
def test_wrong_rows_are_named(tmp_path: Path, name: str, lines: list[str], message: str) -> None:
    path = written(tmp_path / name, *lines)
    with pytest.raises(CtxembError, match=message):
        load_task(path + (":2" if name.endswith("conll") else ""))


def test_lenient_skips_counts_and_lists(tmp_path: Path) -> None:
    skipped = SkippedRows()
    path = written(tmp_path / "m.tsv", "a\tone", "b", "\tc", "b\ttwo")
    assert len(load_task(path, skipped=skipped).examples) == 2
    assert [fault.partition("m.tsv")[2][:3] for fault in skipped.faults] == [":2:", ":3:"]
    path = written(tmp_path / "m.jsonl", '{"label": "a", "sentence": "one"}', "null")
    with pytest.raises(CtxembError, match=r"no examples; 2 rows were skipped, the first: .*unknown keys"):
        load_task(path, skipped=SkippedRows())


def test_lenient_skips_rows_in_another_encoding(tmp_path: Path) -> None:
    path = tmp_path / "m.tsv"
    path.write_bytes(b"a\tone\nb\tcaf\xe9\r\nb\ttwo\r\n")
    with pytest.raises(CtxembError, match=r"m.tsv:2: not UTF-8 .* perhaps Windows-1252"):
        load_task(str(path))
    skipped = SkippedRows()
    assert load_task(str(path), skipped=skipped).gold.tolist() == ["a", "b"]
    assert "m.tsv:2: not UTF-8" in skipped.faults[0]
    path = tmp_path / "m.conll"
    path.write_bytes(b"one A\n\ntwo B\ncaf\xe9 B\n\nthree B\n")
    task = load_task(f"{path}:2", skipped=SkippedRows())
    assert [sentence.words for sentence in task.sentences] == [("one",), ("three",)]


def test_lenient_skips_words_that_cannot_be_learned(tmp_path: Path) -> None:
    rows = ["a\tone *bank*", "a\tlost *tree*", "b\ttwo *bank*", "b\tmy *bank*"]
    skipped = SkippedRows()
    task = load_task(written(tmp_path / "m.tsv", *rows), skipped=skipped)
    assert [example.spans[0].sentence for example in task.examples] == [0, 1, 2]
    assert str(task.sentences[1]) == "two bank"
    assert "m.tsv:2: the word 'tree'" in skipped.faults[0]
    assert task.folds is not None and len(set(task.folds.tolist())) == 3


def test_lenient_leaves_out_sentences_with_a_bad_line(tmp_path: Path) -> None:
    skipped = SkippedRows()
    path = written(tmp_path / "m.conll", "a DT", "b", "", "c NN", "d VB", "", "e")
    task = load_task(f"{path}:2", skipped=skipped)
    assert [sentence.words for sentence in task.sentences] == [("c", "d")]
    assert [fault.partition("m.conll")[2][:3] for fault in skipped.faults] == [":2:", ":7:"]


def test_a_sense_without_its_target_is_wrong(tmp_path: Path) -> None:
    marked = [f"{'money' if i else 'river'}\tthe *bank* no {i}" for i in range(3)]
    path = written(tmp_path / "m.tsv", *marked, "river\tthe bank")
    with pytest.raises(CtxembError, match=r"m.tsv:4: no position, and 0 \*marked\* targets"):
        load_task(path)
    skipped = SkippedRows()
    task = load_task(path, skipped=skipped)
    assert (task.kind, len(task.examples), len(skipped.faults)) == ("word-sense", 3, 1)
    rows = [{"label": "a", "text": "one two", "position": 1}, {"label": "a", "text": "one two"}]
    path = written(tmp_path / "m.jsonl", *map(json.dumps, rows))
    with pytest.raises(CtxembError, match=r"m.jsonl:2: no position"):
        load_task(path)


def test_an_emphasis_here_and_there_makes_no_senses(tmp_path: Path) -> None:
    path = written(tmp_path / "m.tsv", "good\tIt was *great*.", "bad\tIt was not.", "bad\tNo.")
    assert load_task(path).kind == "sentence-label"


def test_a_wrong_name_says_that_files_would_do() -> None:
    assert is_task("senses") and is_task("mine.tsv") and not is_task("mine")
    with pytest.raises(UnknownNameError, match="or a file"):
        load_task("mine")
    with pytest.raises(CtxembError, match="no file or folder nowhere"):
        load_task("nowhere.tsv")


def test_columns_are_counted_from_one(tmp_path: Path) -> None:
    with pytest.raises(CtxembError, match="columns are counted from 1"):
        load_task(written(tmp_path / "m.conll", "a DT") + ":0")


def test_equal_texts_with_other_labels_lie_in_one_fold() -> None:
    from ctxemb.tasks.formats.folds import make_folds

    texts = [f"text {i}" for i in range(40)]
    folds = make_folds([*texts, *texts[:15]], ["a"] * 40 + ["b"] * 15)
    assert folds[:15].tolist() == folds[40:].tolist()


def test_folds_are_even_within_labels() -> None:
    from ctxemb.tasks.formats.folds import make_folds

    labels = ["a"] * 50 + ["b"] * 25
    folds = make_folds([str(i) for i in range(75)], labels)
    assert np.bincount(folds[:50]).tolist() == [5] * 10
    assert set(np.bincount(folds[50:]).tolist()) == {2, 3}


def test_rare_labels_are_spread_over_the_folds() -> None:
    from ctxemb.tasks.formats.folds import make_folds

    labels = ["a"] * 3 + ["b"] * 3 + ["c"] * 20
    folds = make_folds([str(i) for i in range(26)], labels)
    assert set(folds[:3]) == {0, 1, 2}
    assert set(folds[3:6]) == {3, 4, 5}
    assert np.bincount(folds[6:]).tolist() == [2] * 10
