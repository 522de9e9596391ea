"""Cells of CSV that a spreadsheet would run as formulas."""

from __future__ import annotations

_STARTS = ("=", "+", "-", "@", "\t", "\n")


def harmless(cell: object) -> object:
    """Return a cell of CSV with an apostrophe before text that a spreadsheet would take for a formula.

    Labels and names come from other people's files. Numbers, and a sign alone, stay as they are.

    Examples
    --------
    >>> harmless("=1+2"), harmless("-0.5"), harmless("-"), harmless(-3), harmless("bank")
    ("'=1+2", '-0.5', '-', -3, 'bank')
    """
    if not isinstance(cell, str):
        return cell
    cell = cell.replace("\r\n", "\n").replace("\r", "\n")  # which csv does not quote
    if cell in _STARTS or not cell.lstrip(" ").startswith(_STARTS):
        return cell
    return cell if _is_number(cell) else f"'{cell}"


def _is_number(text: str) -> bool:
    try:
        float(text.rstrip("%").replace(",", "").replace("\u2212", "-"))
    except ValueError:
        return False
    return True
