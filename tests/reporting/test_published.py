from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from ctxemb.errors import FormatError, MissingFileError
from ctxemb.reporting.published import Published, read_published, shipped_numbers
from ctxemb.reporting.published_table import published_table
from ctxemb.results import read_findings
from tests.reporting.conftest import NASTY

PAPER = '[papers.p]\nauthors = "A. One, B. Two, C. Three"\ntitle = "T"\nvenue = "V"\nyear = 2019\n'
ENTRY = (
    '[[entry]]\ntask = "senses"\nmodel = "BERT"\npaper = "p"\nwhere = "Table 1"\nmetric = "accuracy"\n'
    'protocol = "nearest mean"\n'
)
GOOD = PAPER + ENTRY + 'probe = "centroid"\nscores = { test = 90.0, "test:spring" = 80.0 }\n'


def read(tmp_path: Path, text: str) -> Published:
    path = tmp_path / "published.toml"
    path.write_text(text, encoding="utf-8")
    return read_published(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            GOOD.replace("probe =", "prob ="),
            r"published.toml:13: entry.0.prob: unknown key; did you mean 'probe'",
        ),
        (
            GOOD.replace('paper = "p"', 'paper = "q"'),
            r"published.toml:9: entry.0.paper: there is no \[papers.q\]",
        ),
        (GOOD.replace('probe = "centroid"\n', ""), r"published.toml:6: .*differs: without a probe"),
        (GOOD.replace("90.0", "900"), r"published.toml:14: entry.0.scores.test: input should be less"),
        (GOOD.replace("test = ", "dev = "), r'published.toml:14: entry.0.scores: .*not of "dev"'),
        (GOOD.replace("accuracy", "f1"), r"published.toml:11: entry.0.metric: input should be 'accuracy'"),
        (GOOD + ENTRY, r"published.toml:15: entry.1.scores: this key is missing"),
    ],
)
def test_faults_name_line_and_key(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        read(tmp_path, text)


def test_no_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="no published numbers at"):
        read_published(tmp_path / "nowhere.toml")


def test_shipped_numbers_are_of_tasks_and_probes_that_there_are() -> None:
    from ctxemb.probes import probe_names
    from ctxemb.results.names import BASELINES
    from ctxemb.tasks import task_names

    found = shipped_numbers()
    assert len(found.entry) > 40
    assert {entry.task for entry in found.entry} <= set(task_names())
    assert {entry.probe for entry in found.entry} <= {"", *probe_names(), *BASELINES}
    assert {entry.paper for entry in found.entry} == set(found.papers)


def test_shipped_numbers_of_the_five_sets_add_up() -> None:
    from ctxemb.tasks.data_sets.all_words import DATA_SET, TESTS

    counts = DATA_SET.counts

    n = sum(counts[name] for name in TESTS)
    checked = 0
    for entry in shipped_numbers().entry:
        of_sets = [entry.scores.get(f"test:{name}") for name in TESTS]
        if entry.task == "all-words" and "test" in entry.scores and None not in of_sets:
            mean = sum(score * counts[name] for score, name in zip(of_sets, TESTS, strict=True) if score) / n
            assert entry.scores["test"] == pytest.approx(mean, abs=0.11), entry.model
            checked += 1
    assert checked >= 4


def test_published_numbers_stand_beside_ours(results_folder: Path, tmp_path: Path) -> None:
    findings = read_findings([results_folder])
    other = ENTRY + 'differs = "fine-tuned"\nscores = { test = 95.0 }\n'
    majority = ENTRY + 'probe = "majority"\nscores = { test = 41.0 }\n'
    table = published_table(findings, "senses", read(tmp_path, GOOD + other + majority))
    columns = (
        "published model",
        "measure",
        "published",
        "elmo",
        "gpt",
        NASTY,
        "no model",
        "likeness",
        "source",
    )
    assert table.columns == columns  # a part of which we have no centroid score is left out, and its column
    same, different, baseline = [[cell.text for cell in row.cells] for row in table.rows]
    assert same[2:] == ["90.0", "58.3", "67.1", "72.1", "–", "= same protocol", "One et al. 2019"]
    assert different[2:] == ["95.0", "51.7", "64.3", "69.3", "–", "≠ fine-tuned", "One et al. 2019"]
    assert baseline[2:8] == ["41.0", "–", "–", "–", "40.0", "= same protocol"]
    assert [row.muted for row in table.rows] == [False, True, False]
    assert published_table(findings, "events", read(tmp_path, GOOD)).rows == ()


def test_parts_are_compared_where_the_probe_is_the_same(results_folder: Path, tmp_path: Path) -> None:
    findings = read_findings([results_folder])
    text = GOOD.replace("centroid", "logistic")
    table = published_table(findings, "senses", read(tmp_path, text))
    assert [row.cells[1].text for row in table.rows] == ["all", "spring"]
    assert [cell.text for cell in table.rows[1].cells[3:7]] == ["80.0", "43.0", "47.1", "47.1"]
    alone = dataclasses.replace(findings, results=findings.results[:2])
    assert len(published_table(alone, "senses", read(tmp_path, text)).rows) == 1
