"""Reading the log of a training, which lies in the folder of the model."""

from __future__ import annotations

import json
from pathlib import Path

from ctxemb.errors import FormatError

LOG = "log.jsonl"


def read_log(folder: Path) -> list[dict[str, float]]:
    """Return the lines, in the order of words seen; none if there is no log.

    The later line counts where a step was taken twice, because a training was killed after a checkpoint.

    Raises
    ------
    FormatError
        If a line is not what it should be; the message names file and line.
    """
    path = folder / LOG
    if not path.is_file():
        return []
    entries: dict[tuple[float, bool], dict[str, float]] = {}
    lines = path.read_text(encoding="utf-8").split("\n")
    for number, line in enumerate(lines[:-1], start=1):  # what follows the last line's end was cut short
        try:
            entry = json.loads(line)
            entries[entry["words"], "valid_loss" in entry] = entry
        except (ValueError, KeyError, TypeError) as error:
            raise FormatError(f"{path}:{number}: not a line of a training's log: {line[:80]!r}") from error
    return [entries[key] for key in sorted(entries)]


def held_out(log: list[dict[str, float]]) -> list[dict[str, float]]:
    """Return the lines of held-out text."""
    return [entry for entry in log if "valid_loss" in entry]
