"""Charts to pictures: SVG that follows the page's colours, and files for elsewhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

import vl_convert
from markupsafe import Markup, escape

from ctxemb.reporting.figures import INK, LINE, PALETTE, PAPER

_IDS = re.compile(r'(\bid="|url\(#|href="#)([^")]+)')

_EMPTY = (
    r'<path[^>]*d=""[^>]*/>',
    r'<path[^>]*d="M0,0h0v0h0Z"[^>]*/>',
    r' (class|pointer-events|aria-hidden|font-family)="[^"]*"',
    r' (opacity|stroke-opacity|stroke-width)="1"',
    r"<g>(?=</g>)</g>",
)
"""What a picture shows no worse without; its font is the page's."""


def inline_svg(specification: dict[str, Any], name: str, title: str, description: str) -> Markup:
    """Return a chart as SVG to stand inside a page.

    Its colours become those of the page (``currentColor``, ``--line``, ``--c0``, ...), which change in dark
    mode; its size follows the page; it is named for those who do not see it.

    Parameters
    ----------
    specification
        Vega-Lite, as `ctxemb.reporting.figures.styled` makes it.
    name
        Unique in the page.
    title, description
        Said by screen readers.
    """
    svg = vl_convert.vegalite_to_svg(specification)
    svg = svg[svg.index("<svg") :]
    svg = _IDS.sub(rf"\g<1>{name}-\g<2>", svg)
    replaced = {INK: "currentColor", LINE: "var(--line)", PAPER: "transparent"}
    replaced |= {color: f"var(--c{i})" for i, color in enumerate(PALETTE)}
    for color, variable in replaced.items():
        svg = re.sub(color, variable, svg, flags=re.IGNORECASE)
    svg = re.sub(r'aria-(label|roledescription)="[^"]*"|role="graphics-[a-z]+"', "", svg)
    for empty in _EMPTY:
        svg = re.sub(empty, "", svg)
    head, body = svg.split(">", 1)
    head = re.sub(r'\s(width|height)="[^"]*"', "", head)
    parts = (
        f'{head} role="img" aria-labelledby="{name}-title {name}-description">',
        f'<title id="{name}-title">{escape(title)}</title>',
        f'<desc id="{name}-description">{escape(description)}</desc>',
        body,
    )
    return Markup("".join(parts))  # vl-convert has escaped what it was given


def write_picture(specification: dict[str, Any], path: Path, kind: Literal["svg", "png"]) -> None:
    """Write a chart to a file, on white."""
    white = {**specification, "background": "white", "padding": 12}
    if kind == "svg":
        path.write_text(vl_convert.vegalite_to_svg(white), encoding="utf-8", newline="\n")
    else:
        path.write_bytes(vl_convert.vegalite_to_png(white, scale=2))
