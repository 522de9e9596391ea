from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from ctxemb.errors import FormatError, MissingFileError, UnknownNameError
from ctxemb.probes import run_baseline, score_of
from ctxemb.scoring.chunks import chunk_labels
from ctxemb.tasks import Task, load_task, task_names
from ctxemb.tasks.data_set import DataSet
from ctxemb.tasks.formats.columns import read_tagged
from ctxemb.tasks.formats.files import read_rows, tokenized
from ctxemb.tasks.formats.labelled import read_labelled


@pytest.mark.parametrize(
    ("name", "counts", "n_labels", "n_groups"),
    [
        ("coarsewsd20", {"train": 23_370, "test": 10_196}, 53, 20),
        ("senseval", {"train": 10_601, "test": 4_624}, 19, 4),
        ("trec", {"train": 5_452, "test": 500}, 6, 1),
        ("sst2", {"train": 6_920, "dev": 872, "test": 1_821}, 2, 1),
        ("sst5", {"train": 8_544, "dev": 1_101, "test": 2_210}, 5, 1),
        ("cola", {"train": 8_551, "dev": 527, "test": 516}, 2, 1),
        ("wic", {"train": 5_428, "dev": 638, "test": 1_400}, 2, 1),
        ("mrpc", {"train": 4_076, "test": 1_725}, 2, 1),
        ("rte", {"train": 2_490, "test": 277}, 2, 1),
        ("sick", {"train": 4_500, "dev": 500, "test": 4_927}, 3, 1),
        ("ewt-pos", {"train": 204_577, "dev": 25_147, "test": 25_094}, 17, 1),
        ("conll2000", {"train": 211_727, "test": 47_377}, 23, 1),
    ],
)
def test_published_sets(
    data_folder: Path, name: str, counts: dict[str, int], n_labels: int, n_groups: int
) -> None:
    task = load_task(name, data_folder)
    assert {split: len(rows) for split, rows in task.splits.items()} == counts
    assert (len(task.labels), len(task.groups)) == (n_labels, n_groups)
    rows = np.concatenate(list(task.splits.values()))
    assert sorted(rows.tolist()) == list(range(len(task.examples)))
    assert not task.shareable


def test_chunks_are_as_many_as_the_shared_task_counts(data_folder: Path) -> None:
    task = load_task("conll2000", data_folder)
    labels = chunk_labels(task.gold, task.example_positions)
    assert np.count_nonzero(labels[task.splits["train"]] != "") == 106_978
    assert np.count_nonzero(labels[task.splits["test"]] != "") == 23_852


def test_the_shared_tasks_baseline_scores_as_published(data_folder: Path) -> None:
    """The tag that is most frequent with a part of speech: F1 77.07 (Tjong Kim Sang and Buchholz 2000)."""
    chunks = load_task("conll2000", data_folder)
    folder = data_folder / "tokens" / "conll2000"
    files = {split: next(folder.glob(f"{split}.txt*")) for split in ("train", "test")}
    tags = np.array([example.label for example in read_tagged(files, 1).examples])
    train, test = chunks.splits["train"], chunks.splits["test"]
    frequent = {
        tag: Counter(chunks.gold[train][tags[train] == tag]).most_common(1)[0][0]
        for tag in np.unique(tags[train])
    }
    predicted = np.array([frequent[tag] for tag in tags[test]])
    assert score_of(chunks, test, predicted) == pytest.approx(0.7707, abs=5e-5)


@pytest.mark.parametrize(("name", "count"), [("mr", 10_662), ("subj", 10_000)])
def test_published_sets_without_a_split(data_folder: Path, name: str, count: int) -> None:
    task = load_task(name, data_folder)
    assert task.folds is not None
    assert len(task.examples) == count
    assert np.bincount(task.folds).min() > 0.095 * count


def test_the_first_sense_scores_as_published(data_folder: Path) -> None:
    """Raganato et al. (2017), table 2, WordNet's first sense."""
    task = load_task("all-words", data_folder)
    published = {
        "senseval2": 66.8,
        "senseval3": 66.2,
        "semeval2007": 55.2,
        "semeval2013": 63.0,
        "semeval2015": 67.8,
    }
    found = run_baseline(task, "first-sense").test
    assert 100 * score_of(task, found.rows, found.labels) == pytest.approx(65.2, abs=0.05)
    for part, expected in published.items():
        kept = np.isin(found.rows, task.parts[part])
        assert 100 * score_of(task, found.rows[kept], found.labels[kept]) == pytest.approx(expected, abs=0.05)


def test_coarsewsd_positions_point_at_the_word(data_folder: Path) -> None:
    task = load_task("coarsewsd20", data_folder)
    for example in task.examples:
        assert (
            task.sentences[example.spans[0].sentence].words[example.spans[0].start].startswith(example.group)
        )


def test_names() -> None:
    assert sorted(task_names()[:2]) == ["events", "senses"]
    with pytest.raises(UnknownNameError, match="did you mean 'senses'"):
        load_task("sense")


def test_a_folder_is_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CTXEMB_DATA", raising=False)
    monkeypatch.setattr("pooch.os_cache", lambda name: tmp_path / "cache" / name)
    with pytest.raises(MissingFileError, match="--data or CTXEMB_DATA"):
        load_task("trec")
    with pytest.raises(MissingFileError, match="nothing in"):
        load_task("trec", tmp_path / "nowhere")
    monkeypatch.setenv("CTXEMB_DATA", str(tmp_path))
    with pytest.raises(MissingFileError, match=r"nothing in .*trec"):
        load_task("trec")


def labelled(folder: Path, counts: dict[str, int]) -> Task:
    return DataSet(
        name="toy",
        kind="sentence-label",
        description="",
        licence="",
        paper="",
        folder=folder.name,
        counts=counts,
        read=read_labelled,
    ).load(folder.parent)


def test_labelled_files(tmp_path: Path) -> None:
    (tmp_path / "train.tsv").write_text("yes\tit was  good\nno\tbad", encoding="utf-8")
    (tmp_path / "test.tsv").write_text("no\tworse\n", encoding="utf-8")
    task = labelled(tmp_path, {"train": 2, "test": 1})
    assert [str(sentence) for sentence in task.sentences] == ["it was good", "bad", "worse"]
    assert [example.label for example in task.examples] == ["yes", "no", "no"]
    assert task.examples[0].spans == ((0, 0, 3),)
    assert task.splits["test"].tolist() == [2]
    with pytest.raises(FormatError, match=r"train\.tsv: expected 3 rows, found 2"):
        labelled(tmp_path, {"train": 3})
    (tmp_path / "test.tsv").write_text("no\tworse\nmaybe\n", encoding="utf-8")
    with pytest.raises(FormatError, match=r"test\.tsv:2: expected 2 columns"):
        labelled(tmp_path, {"test": 2})


def test_rows_and_their_header(tmp_path: Path) -> None:
    path = tmp_path / "rows.tsv"
    path.write_text("a\tb\n1\t2\n", encoding="utf-8")
    assert read_rows(path, 2, ("a", "b")) == [["1", "2"]]
    with pytest.raises(FormatError, match="expected the header a c"):
        read_rows(path, 2, ("a", "c"))
    with pytest.raises(FormatError, match="separated by one space"):
        tokenized("two  spaces", path, 3)


def test_the_fingerprint_knows_what_matters() -> None:
    task = load_task("events")
    assert task.fingerprint == load_task("events").fingerprint
    other = dataclasses.replace(task, metrics=("accuracy",))
    assert other.fingerprint != task.fingerprint
    fewer = dataclasses.replace(task, splits={**task.splits, "test": task.splits["test"][1:]})
    assert fewer.fingerprint != task.fingerprint
