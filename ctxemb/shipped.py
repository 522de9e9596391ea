"""Where the files that ship with ctxemb lie: beside the package in a wheel, in `data/` of a checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def shipped_path(*parts: str) -> Path:
    """Return the path of a shipped file or folder, such as ``shipped_path("models", "bert")``.

    The path is returned whether or not there is anything at it.
    """
    installed = _PACKAGE / "data"
    root = installed if installed.is_dir() else _PACKAGE.parent / "data"
    return root.joinpath(*parts)
