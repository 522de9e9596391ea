"""Findings in a notebook: the headline table of each task."""

from __future__ import annotations

from markupsafe import Markup, escape

from ctxemb.reporting.sentences import sentences
from ctxemb.reporting.tables import Cell, Table, headline
from ctxemb.results import Findings


def render_summary(findings: Findings) -> str:
    """Return a short piece of HTML: for each task what was found, in sentences and in one table."""
    if not findings.results:
        return "<p>no results</p>"
    parts = [Markup("<h3>{}</h3>").format(findings.title)]
    for task in findings.tasks:
        said = " ".join(sentence.text for sentence in sentences(findings, task))
        parts += [Markup("<p>{}</p>").format(said), _table(headline(findings, task))]
    return str(Markup("\n").join(parts))


def _table(table: Table) -> Markup:
    head = Markup("").join(Markup("<th>{}</th>").format(column) for column in table.columns)
    rows = Markup("").join(
        Markup("<tr>{}</tr>").format(Markup("").join(_cell(cell) for cell in row.cells)) for row in table.rows
    )
    return Markup("<table><caption>{}</caption><thead><tr>{}</tr></thead><tbody>{}</tbody></table>").format(
        table.caption, head, rows
    )


def _cell(cell: Cell) -> Markup:
    text = Markup("<b>{}</b>").format(cell.text) if cell.best else escape(cell.text)
    note = " ".join(filter(None, (cell.note, cell.marks)))
    return Markup("<td>{} <small>{}</small></td>").format(text, note)
