"""Tables for spreadsheets hold no formulas."""

from __future__ import annotations

import csv
import io

import click
import pytest
from click.testing import CliRunner

from ctxemb.cli.tables import print_rows
from ctxemb.reporting.plain import render_csv
from ctxemb.results import Findings, Result
from ctxemb.spreadsheets import harmless

FORMULAS = [
    "=1+2",
    "+cmd|' /C calc'!A0",
    "-2+3+cmd",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    ' =HYPERLINK("x")',
    "=",
    "--1",
]
PLAIN = ["bank", "-", "-0.5", "+3", "-1,024", "1e-5", "", "a=b", "−0.3", "12 %"]


@pytest.mark.parametrize("cell", FORMULAS)
def test_formulas_are_text(cell: str) -> None:
    assert harmless(cell) == (cell if len(cell) == 1 else f"'{cell}").replace("\r", "\n")


@pytest.mark.parametrize("cell", PLAIN)
def test_other_cells_stay_as_they_are(cell: str) -> None:
    assert harmless(cell) == cell


@pytest.mark.parametrize("cell", [cell for cell in FORMULAS if len(cell) > 1])
def test_no_table_holds_a_formula(cell: str) -> None:
    names = [(cell, "task"), ("bert", cell)]
    results = [
        Result(model, 0, task, "test", "logistic", "accuracy", -0.5, -0.6, 0.1, 9, 0) for model, task in names
    ]
    report = render_csv(Findings(tuple(results)))
    command = click.Command("x", callback=lambda: print_rows([{cell: cell, "b": -0.5}], "csv"))
    printed = CliRunner().invoke(command).output
    for text in (report, printed):
        rows = list(csv.reader(io.StringIO(text, newline="")))
        assert len(rows) > 1
        for value in (value for row in rows for value in row):
            assert harmless(value) == value, value
    assert "-0.5" in printed
