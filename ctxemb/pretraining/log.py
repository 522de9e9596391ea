"""The log of a training: JSON Lines, a line for every twentieth step and for each look at held-out text."""

from __future__ import annotations

import json
from pathlib import Path

from ctxemb.models.training_log import LOG


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
