"""Running the command line in tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from ctxemb.cli.main import run


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


Ctxemb = Callable[..., Ran]


@pytest.fixture
def ctxemb(capfd: pytest.CaptureFixture[str]) -> Ctxemb:
    """Return a function that runs a command in this process."""

    def command(*arguments: str) -> Ran:
        code = run([str(argument) for argument in arguments])
        captured = capfd.readouterr()
        return Ran(code, captured.out, captured.err)

    return command
