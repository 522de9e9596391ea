"""Progress in notebooks."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest

from ctxemb.api.progress import _notebook_bar, shown_steps


class Handle:
    def __init__(self) -> None:
        self.shown: list[dict[str, str]] = []

    def update(self, content: dict[str, str], *, raw: bool) -> None:
        assert raw
        self.shown.append(content)


def test_a_notebook_shows_a_bar_and_empties_it(monkeypatch: pytest.MonkeyPatch) -> None:
    handle = Handle()
    module: Any = ModuleType("IPython.display")
    module.display = lambda content, *, raw, display_id: handle
    monkeypatch.setitem(sys.modules, "IPython", ModuleType("IPython"))
    monkeypatch.setitem(sys.modules, "IPython.display", module)
    with _notebook_bar() as show:
        show(2, 5, "<b>layer</b>")
    assert "value='2' max='5'" in handle.shown[0]["text/html"]
    assert "&lt;b&gt;layer" in handle.shown[0]["text/html"]
    assert handle.shown[0]["text/plain"] == "2 of 5: <b>layer</b>"
    assert handle.shown[-1] == {"text/html": "", "text/plain": ""}


def test_what_is_given_is_called() -> None:
    seen: list[tuple[int, int, str]] = []
    with shown_steps(lambda *step: seen.append(step)) as show:
        show(1, 2, "x")
    assert seen == [(1, 2, "x")]
