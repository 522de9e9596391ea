"""The report for other documents: Markdown, LaTeX, CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable

from ctxemb.reporting.detail_tables import detail_tables
from ctxemb.reporting.overall import over_all_tasks
from ctxemb.reporting.sentences import Sentence, sentences, summary
from ctxemb.reporting.tables import Cell, Table, full_table, headline, layer_table
from ctxemb.results import Findings
from ctxemb.spreadsheets import harmless

_LATEX = str.maketrans(
    {
        **{character: f"\\{character}" for character in "&%$#_{}"},
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "–": "--",
        "≈": r"\ensuremath{\approx}",
        "≠": r"\ensuremath{\neq}",
        "×": r"\ensuremath{\times}",
        "γ": r"\ensuremath{\gamma}",
        "†": r"\textdagger{}",
        "‡": r"\textdaggerdbl{}",
    }
)
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>|#~])")


def render_markdown(findings: Findings) -> str:
    """Return the report as Markdown, with GitHub's tables."""
    parts = [f"# {_markdown(findings.title)}"]
    if overall := over_all_tasks(findings):
        parts.append("\n".join(f"- {_said(sentence)}" for sentence in overall))
    for task in findings.tasks:
        first, *others = sentences(findings, task)
        parts += [f"## {_markdown(task)}", _markdown(first.text)]
        if others:
            parts.append("\n".join(f"- {_said(sentence)}" for sentence in others))
        parts += [_markdown_table(table) for table in _tables(findings, task)]
    return "\n\n".join(parts) + "\n"


def render_latex(findings: Findings) -> str:
    """Return the tables as LaTeX, for the packages booktabs and inputenc (UTF-8)."""
    parts = [f"% {findings.title}".replace("\n", " ")]
    parts += [_latex(" ".join(sentence.text for sentence in over_all_tasks(findings)))]
    for task in findings.tasks:
        parts += [_latex(summary(findings, task))]
        parts += [_latex_table(table) for table in _tables(findings, task)]
    return "\n\n".join(parts) + "\n"


def render_csv(findings: Findings) -> str:
    """Return all results as CSV, a row each."""
    return render_table_csv(full_table(findings))


def render_table_csv(table: Table) -> str:
    """Return a table as CSV; what cells say in small print stands in columns of its own."""
    noted = [any(_note(row.cells[i]) for row in table.rows) for i in range(len(table.columns))]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        [
            harmless(name)
            for i, column in enumerate(table.columns)
            for name in (column, f"{column} (note)")[: 1 + noted[i]]
        ]
    )
    writer.writerows(
        [
            harmless(part)
            for i, cell in enumerate(row.cells)
            for part in (cell.text, _note(cell))[: 1 + noted[i]]
        ]
        for row in table.rows
    )
    return text.getvalue()


def _tables(findings: Findings, task: str) -> list[Table]:
    tables = [headline(findings, task)]
    if findings.scores(task, probe=findings.probe(task)):
        tables.append(layer_table(findings, task))
    return [*tables, *detail_tables(findings, task)]


def _markdown_table(table: Table) -> str:
    lines = [list(map(_markdown, table.columns))]
    lines.append(["---:" if number else "---" for number in _numbers(table)])
    lines.extend([_with_note(cell, _markdown, "**{}**") for cell in row.cells] for row in table.rows)
    rows = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return f"{_markdown(table.caption)}\n\n{rows}"


def _latex_table(table: Table) -> str:
    rows = [
        " & ".join(_with_note(cell, _latex, r"\textbf{{{}}}") for cell in row.cells) + r" \\"
        for row in table.rows
    ]
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{_latex(table.caption)}}}",
            rf"\begin{{tabular}}{{{''.join('r' if number else 'l' for number in _numbers(table))}}}",
            r"\toprule",
            " & ".join(map(_latex, table.columns)) + r" \\",
            r"\midrule",
            *rows,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
        ]
    )


def _numbers(table: Table) -> list[bool]:
    """Return which columns are set as numbers; the first is a name."""
    cells = table.rows[0].cells if table.rows else ()
    return [i > 0 and (i >= len(cells) or cells[i].number) for i in range(len(table.columns))]


def _said(sentence: Sentence) -> str:
    """Return a sentence as Markdown; one that says what is not shown leans."""
    return _markdown(sentence.text) if sentence.holds else f"*{_markdown(sentence.text)}*"


def _with_note(cell: Cell, escape: Callable[[str], str], bold: str) -> str:
    text = bold.format(escape(cell.text)) if cell.best else escape(cell.text)
    return f"{text} {escape(_note(cell))}" if _note(cell) else text


def _note(cell: Cell) -> str:
    return " ".join(filter(None, (cell.note, cell.marks)))


def _markdown(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))


def _latex(text: str) -> str:
    return " ".join(text.split()).translate(_LATEX)
