from __future__ import annotations

import base64
import csv
import hashlib
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ctxemb.errors import FormatError, InputError, MissingFileError, UnknownNameError
from ctxemb.reporting import write_figures, write_report
from ctxemb.reporting.detail_tables import confusion_matrices, detail_tables
from ctxemb.reporting.sentences import summary
from ctxemb.reporting.tables import full_table, headline, layer_table, mix_table
from ctxemb.results import Result, read_findings
from ctxemb.results.json_lines import read_records, write_records
from tests.reporting.conftest import NASTY


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


@pytest.fixture(scope="module")
def page(results_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = write_report([results_folder], tmp_path_factory.mktemp("report") / "deep" / "report.html")
    return path.read_text(encoding="utf-8")


def test_page_asks_nothing_of_the_network(page: str) -> None:
    parser = Tags()
    parser.feed(page)
    for tag, attributes in parser.tags:
        assert tag not in {"iframe", "object", "img"}
        for name in ("src", "href", "xlink:href"):
            value = attributes.get(name) or "#"
            assert value.startswith("#") or value == "data:,", (tag, value)
    assert [tag for tag, _ in parser.tags].count("script") == 1
    assert "@import" not in page


def test_only_the_pages_own_script_may_run(page: str) -> None:
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', page)
    script = page.partition("<script>")[2].partition("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy.startswith("default-src 'none';")
    assert f"script-src 'sha256-{digest}'" in policy
    assert "{{" not in script


def test_style_and_pictures_name_nothing_outside(page: str) -> None:
    assert not re.search(r"url\((?!#)", page)


def test_page_escapes_what_users_wrote(page: str) -> None:
    assert page.count("<script") == 1
    assert "&lt;script&gt;alert(" in page


def test_every_figure_has_a_name_and_its_numbers(page: str) -> None:
    parser = Tags()
    parser.feed(page)
    figures = [
        attributes for tag, attributes in parser.tags if tag == "svg" and "aria-labelledby" in attributes
    ]
    assert len(figures) == 2 + 1 + 2 + 3 + 1  # curves, parts, weights, maps of three models, training
    identifiers = [attributes["id"] for _, attributes in parser.tags if "id" in attributes]
    assert len(identifiers) == len(set(identifiers))
    for figure in figures:
        for label in (figure["aria-labelledby"] or "").split():
            assert label in identifiers
    assert page.count("<figure>") == page.count("The numbers as a table") == 7


def test_page_says_how_numbers_were_made(page: str) -> None:
    for text in ("abababab", "cdcdcdcd", "torch 2.13.0", "CC0-1.0", "2026-01-01"):
        assert text in page


def test_headline_compares_and_marks_the_best(results_folder: Path) -> None:
    table = headline(read_findings([results_folder]), "senses")
    assert table.columns == (
        "model", "layer chosen on dev", "mix", "all layers", "1-nn", "centroid", "context-free",
        "random twin",
    )  # fmt: skip
    rows = {row.cells[0].text: row for row in table.rows}
    assert list(rows) == ["elmo", "gpt", NASTY, "majority", "bag of words"]
    assert rows["majority"].muted and not rows["elmo"].muted
    assert rows[NASTY].cells[1].best and not rows["elmo"].cells[1].best
    assert rows["elmo"].cells[1].text == "51.7"  # layer 2 has 58.3 on the test, but dev does not know that
    assert rows["elmo"].cells[1].note == "[47.7, 55.7] L1"
    assert {name: row.cells[1].marks for name, row in rows.items() if row.cells[1].marks} == {
        "elmo": "≈", "gpt": "†",
    }  # fmt: skip
    assert "≈ not shown to differ" in table.caption and "‡" not in table.caption


def test_layers_beyond_a_models_depth_are_empty(results_folder: Path) -> None:
    table = layer_table(read_findings([results_folder]), "events")
    assert len(table.rows) == 7
    assert table.rows[6].cells[1].text == "–"


def test_summary_is_careful(results_folder: Path) -> None:
    text = summary(read_findings([results_folder]), "senses")
    assert "reaches 69.3 %" in text
    assert "gpt beats elmo by 6.0 points [3.0, 9.0] (p < .001)" in text
    assert f"{NASTY} and elmo are not shown to differ." in text
    assert "Some differences between models were not tested here." in text
    assert "gpt is not shown to beat its random twin." in text
    assert "A bag of words beats elmo." in text
    assert "a bag of words 50.0 %" in text
    untested = summary(read_findings([results_folder]), "events")
    assert "beat" not in untested
    assert "Differences between models were not tested here." in untested


def test_differences_that_do_not_hold_are_muted(results_folder: Path) -> None:
    findings = read_findings([results_folder])
    tables = {table.columns: table for table in detail_tables(findings, "senses")}
    rows = tables["model", "less", "difference", "p", "p after Holm", "g", "found from", "superiority"].rows
    assert [row.muted for row in rows] == [False, True, True, False]
    assert rows[0].cells[2].text == "-6.0"
    (confused,) = tables["model", "word", "gold", "predicted", "times"].rows
    assert [cell.text for cell in confused.cells] == ["elmo", "spring", "coil", "season", "4"]
    assert detail_tables(findings, "events") == []


def test_confusions_are_counted_for_each_gold_label(results_folder: Path) -> None:
    (matrix,) = confusion_matrices(read_findings([results_folder]), "senses")
    assert matrix.columns == ("model", "gold", "coil", "season", "right, %")
    (row,) = matrix.rows
    assert [cell.text for cell in row.cells] == ["elmo", "coil", "9", "4", "69.2"]
    assert [cell.best for cell in row.cells[2:4]] == [True, False]
    assert row.cells[2].shade == pytest.approx(9 / 13)


def test_seeds_are_shown_with_their_spread(tmp_path: Path) -> None:
    def scored(layer: int, seed: int, value: float, split: str = "test") -> Result:
        return Result("elmo", layer, "t", split, "mlp", "accuracy", value, value, value, 100, seed)

    scores = [scored(1, seed, value) for seed, value in ((2, 0.5), (3, 0.6), (4, 0.7))]
    on_dev = [
        scored(layer, seed, 0.9 - 0.1 * layer + 0.5 * seed, "dev") for layer in (1, 2) for seed in (2, 3)
    ]
    write_records([*scores, scored(2, 2, 0.4), *on_dev], tmp_path / "results.jsonl")
    findings = read_findings([tmp_path])
    best = findings.chosen("t", "elmo")
    assert best is not None
    assert (best.layer, best.seed, best.value) == (1, 2, 0.5)
    assert [result.seed for result in findings.scores("t")] == [2, 2]
    (table,) = detail_tables(findings, "t")
    assert [[cell.text for cell in row.cells] for row in table.rows] == [
        ["mlp", "elmo", "1", "3", "60.0", "10.0", "50.0", "70.0"]
    ]


def test_mixes_show_every_restart(results_folder: Path) -> None:
    table = mix_table(read_findings([results_folder]), "senses")
    assert table.columns == ("model", "seed", *(f"layer {i}" for i in range(7)), "γ", "loss")
    assert [row.muted for row in table.rows] == [True, False] * 3
    assert [cell.text for cell in table.rows[1].cells[-2:]] == ["1.000", "1.0"]


def test_csv_holds_every_result(results_folder: Path, tmp_path: Path) -> None:
    path = write_report([results_folder], tmp_path / "all.csv", "csv")
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    results = read_records(results_folder / "results.jsonl", Result)
    assert len(rows) == len(results) == len(full_table(read_findings([results_folder])).rows)
    assert rows[-1]["model"] == results[-1].model


def test_markdown_tables_have_equal_columns(results_folder: Path, tmp_path: Path) -> None:
    text = write_report([results_folder], tmp_path / "r.md", "markdown").read_text(encoding="utf-8")
    assert "<script" not in text.replace("\\<script", "")
    for block in text.strip().split("\n\n"):
        lines = block.split("\n")
        if lines[0].startswith("| "):
            assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines}) == 1


def test_latex_is_escaped_and_balanced(results_folder: Path, tmp_path: Path) -> None:
    text = write_report([results_folder], tmp_path / "r.tex", "latex").read_text(encoding="utf-8")
    assert text.count(r"\begin{table}") == text.count(r"\end{table}") == 7
    for line in text.split("\n")[1:]:
        assert not re.search(r"(?<!\\)[%_#$]", line), line
        assert line.count("{") - line.count(r"\{") == line.count("}") - line.count(r"\}")


def test_figures_as_files(results_folder: Path, tmp_path: Path) -> None:
    written = write_figures([results_folder], tmp_path / "figures")
    assert [path.name for path in written] == [
        "curves-senses.svg", "curves-senses.png", "curves-events.svg", "curves-events.png",
    ]  # fmt: skip
    assert written[1].read_bytes().startswith(b"\x89PNG")
    assert written[0].read_text(encoding="utf-8").startswith("<svg")


def test_results_alone_make_a_report(results_folder: Path, tmp_path: Path) -> None:
    path = write_report([results_folder / "results.jsonl"], tmp_path / "r.html")
    assert "without a record of how they were made" in path.read_text(encoding="utf-8")


def test_baselines_alone_make_a_report(results_folder: Path, tmp_path: Path) -> None:
    lines = (results_folder / "results.jsonl").read_text(encoding="utf-8").split("\n")
    (tmp_path / "some.jsonl").write_text("\n".join(lines[:2]) + "\n", encoding="utf-8")
    page = write_report([tmp_path / "some.jsonl"], tmp_path / "r.html").read_text(encoding="utf-8")
    assert "only baselines" in page


def test_wrong_input_is_told(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="nowhere"):
        write_report([tmp_path / "nowhere"], tmp_path / "r.html")
    with pytest.raises(UnknownNameError, match="did you mean 'html'"):
        write_report([tmp_path], tmp_path / "r.html", "htm")  # type: ignore[arg-type]
    empty = tmp_path / "results.jsonl"
    empty.write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="no results"):
        write_report([empty], tmp_path / "r.html")
    empty.write_text('{"model": 1}\n', encoding="utf-8")
    with pytest.raises(FormatError, match=r"results\.jsonl:1"):
        write_report([empty], tmp_path / "r.html")
    assert not (tmp_path / "r.html").exists()
