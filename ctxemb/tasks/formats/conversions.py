"""From the files of sentence labels and pairs as they are published to ``label<TAB>text``, or two texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ctxemb.errors import FormatError


def numbered_labels(names: Sequence[str], mend: Mapping[str, str] | None = None) -> Callable[[bytes], bytes]:
    r"""Return the conversion of lines of a number, a space and a text.

    Bytes that are not UTF-8 are Windows-1252. Runs of white space in a text become one space.

    Parameters
    ----------
    names
        The label that each number, from 0, stands for.
    mend
        Texts to replace, each by another.

    Examples
    --------
    >>> numbered_labels(["bad", "good"])(b"1 a  caf\xe9 .\n").decode()
    'good\ta café .\n'
    """

    def convert(content: bytes) -> bytes:
        rows = []
        for line, text in enumerate(_lines(content), start=1):
            number, _, rest = text.partition(" ")
            if not number.isdecimal() or int(number) >= len(names) or not rest.strip():
                raise FormatError(f"line {line}: expected a number below {len(names)} and a text: {text!r}")
            for old, new in (mend or {}).items():
                rest = rest.replace(old, new)
            rows.append((names[int(number)], rest))
        return _written(rows)

    return convert


def acceptability(content: bytes) -> bytes:
    r"""Convert CoLA's columns: source, 0 or 1, the linguist's mark, and the sentence.

    Examples
    --------
    >>> acceptability(b"gj04\t0\t*\tThey drank the pub.\n")
    b'unacceptable\tThey drank the pub.\n'
    """
    rows = []
    for line, text in enumerate(_lines(content), start=1):
        cells = text.split("\t")
        if len(cells) != 4 or cells[1] not in ("0", "1"):
            raise FormatError(f"line {line}: expected source, 0 or 1, mark and sentence: {text!r}")
        rows.append(("unacceptable" if cells[1] == "0" else "acceptable", cells[3]))
    return _written(rows)


def picked_columns(label: str, first: str, second: str) -> Callable[[bytes], bytes]:
    r"""Return the conversion of a table with a header to the label and the two texts of each row.

    White space at the ends of texts is cut.

    Parameters
    ----------
    label, first, second
        Names of the columns.

    Examples
    --------
    >>> picked_columns("y", "a", "b")(b"id\ta\tb\ty\n7\tIt is. \tIs it?\tyes\n")
    b'yes\tIt is.\tIs it?\n'
    """

    def convert(content: bytes) -> bytes:
        header, *rows = content.decode("utf-8").replace("\r\n", "\n").rstrip("\n").split("\n")
        columns = header.split("\t")
        if lacking := [name for name in (label, first, second) if name not in columns]:
            raise FormatError(f"line 1: no column {lacking[0]}; there are {', '.join(columns)}")
        places = [columns.index(name) for name in (label, first, second)]
        written = []
        for line, row in enumerate(rows, start=2):
            cells = row.split("\t")
            if len(cells) != len(columns):
                raise FormatError(f"line {line}: expected {len(columns)} columns, found {len(cells)}")
            written.append("\t".join(cells[place].strip() for place in places) + "\n")
        return "".join(written).encode()

    return convert


def _lines(content: bytes) -> list[str]:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text = content.decode("windows-1252", errors="replace")
    lines = text.replace("\r\n", "\n").split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def _written(rows: Sequence[tuple[str, str]]) -> bytes:
    return "".join(f"{label}\t{' '.join(text.split())}\n" for label, text in rows).encode()
