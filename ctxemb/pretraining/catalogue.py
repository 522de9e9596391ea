"""The objectives by family: here, and in other packages (entry point `ctxemb.objectives`)."""

from __future__ import annotations

from typing import Any

from ctxemb.plugins import collect
from ctxemb.suggest import Registry, unknown_name


def all_objectives() -> Registry[Any]:
    """Return the classes of objectives, by the family of networks that they train."""
    return collect("objective", "ctxemb.pretraining", "OBJECTIVE", "ctxemb.objectives")


def objective_of(family: str) -> Any:
    """Return the class of the objective that trains networks of a family.

    Raises
    ------
    UnknownNameError
        If there is none.
    """
    known = all_objectives()
    if family not in known:
        raise unknown_name("family", family, list(known))
    return known[family]
