"""The page: one HTML file that needs nothing else, with what it shows as JSON inside."""

from __future__ import annotations

import base64
import html
import importlib.resources
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from numpy.typing import NDArray

from ctxemb.atomic import write_text
from ctxemb.explorer.occurrences import Occurrence, View
from ctxemb.version import __version__

_SIZE = 30_000
"""A coordinate of root mean square 1 is written as this part of an int16's range divided by `_SPREAD`."""
_SPREAD = 6


@dataclass(frozen=True, slots=True)
class Page:
    """A page of HTML; a notebook shows it in a frame.

    Parameters
    ----------
    html
        The whole page.
    """

    html: str

    def save(self, path: str | Path) -> Path:
        """Write the page to a file, and return its path."""
        write_text(Path(path), self.html)
        return Path(path)

    def _repr_html_(self) -> str:
        source = html.escape(self.html, quote=True)
        return f'<iframe srcdoc="{source}" style="width:100%;height:760px;border:1px solid #8888"></iframe>'


def render_page(title: str, occurrences: Sequence[Occurrence], views: Sequence[View]) -> Page:
    """Return the page that shows `views` of `occurrences`, side by side."""
    folder = importlib.resources.files("ctxemb.explorer") / "templates"
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    template = environment.from_string((folder / "explore.html.jinja").read_text(encoding="utf-8"))
    parts = {name: (folder / f"explore.{name}").read_text(encoding="utf-8") for name in ("css", "js")}
    return Page(
        template.render(
            title=title, version=__version__, data=_script_json(_data(title, occurrences, views)), **parts
        )
    )


def _data(title: str, occurrences: Sequence[Occurrence], views: Sequence[View]) -> dict[str, Any]:
    return {
        "title": title,
        "occurrences": [[list(o.words), o.start, o.stop, o.label, o.group] for o in occurrences],
        "models": [
            {
                "name": view.name,
                "family": view.family,
                "layers": len(view.coordinates),
                "neighbors": view.neighbors.shape[2],
                "xy": _packed(view.coordinates * (_SIZE / _SPREAD), "<i2"),
                "near": _packed(view.neighbors, "<u2"),
                "cosine": _packed(view.cosines * 10_000, "<i2"),
                "pairs": None if view.pairs is None else _packed(view.pairs * 127, "<i1"),
                "shares": None if view.shares is None else [round(share, 4) for share in view.shares],
                "chance": round(view.chance, 4),
            }
            for view in views
        ],
        "unit": _SIZE / _SPREAD,
    }


def _packed(values: NDArray[Any], dtype: str) -> str:
    """Return numbers, rounded and cut to the range of `dtype`, as base64 of their bytes."""
    info = np.iinfo(np.dtype(dtype))
    whole = np.clip(np.rint(values), info.min, info.max).astype(dtype)
    return base64.b64encode(whole.tobytes()).decode("ascii")


def _script_json(values: dict[str, Any]) -> str:
    """Return JSON that cannot end the script element that it stands in."""
    text = json.dumps(values, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
