"""The log of a training: JSON Lines, a line for every twentieth step and for each look at held-out text."""

from __future__ import annotations

import json
from pathlib import Path

from ctxemb.errors import FormatError

LOG = "log.jsonl"


def mend_log(folder: Path) -> None:
    """Cut off a last line that was not written to its end."""
    path = folder / LOG
    if path.is_file():
        content = path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            path.write_bytes(whole)


def append_log(folder: Path, entry: dict[str, float]) -> None:
    """Append a line."""
    with (folder / LOG).open("a", encoding="utf-8", newline="\n") as file:
        file.write(json.dumps(entry) + "\n")


def read_log(folder: Path) -> list[dict[str, float]]:
    """Return the lines, in the order of words seen; none if there is no log.

    Of a step that was taken twice, because a training was killed after its last checkpoint, the later line
    counts.

    Raises
    ------
    FormatError
        If a line is not what it should be; the message names file and line.
    """
    path = folder / LOG
    if not path.is_file():
        return []
    found: dict[tuple[float, bool], dict[str, float]] = {}
    lines = path.read_text(encoding="utf-8").split("\n")
    for number, line in enumerate(lines[:-1], start=1):  # what follows the last line's end was cut short
        try:
            entry = json.loads(line)
            found[entry["words"], "valid_loss" in entry] = entry
        except (ValueError, KeyError, TypeError) as error:
            raise FormatError(f"{path}:{number}: not a line of a training's log: {line[:80]!r}") from error
    return [found[key] for key in sorted(found)]


def held_out(log: list[dict[str, float]]) -> list[dict[str, float]]:
    """Return the lines of held-out text."""
    return [entry for entry in log if "valid_loss" in entry]
