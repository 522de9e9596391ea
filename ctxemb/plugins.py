"""What files declare: a list of parts, each in a file of its own, here or in an installed package.

A part of ctxemb (a task, a probe, an analysis, a measure, a recipe, a published form of models) is a module
that gives an object with a name to a known variable, such as ``PROBE = ...``. Other packages add parts by
entry points.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import pkgutil
from collections.abc import Iterator
from functools import cache
from typing import Any

from ctxemb.errors import InputError
from ctxemb.suggest import Registry

GROUPS = (
    "ctxemb.models",
    "ctxemb.tasks",
    "ctxemb.probes",
    "ctxemb.analyses",
    "ctxemb.measures",
    "ctxemb.recipes",
    "ctxemb.objectives",
)
"""Groups of entry points that ctxemb reads."""


@cache
def collect(kind: str, package: str, variable: str, group: str) -> Registry[Any]:
    """Return what the modules of a package declare, by name, and after it what other packages do.

    Parameters
    ----------
    kind
        What the parts are, for messages: "probe".
    package
        The package whose modules are read, such as ``ctxemb.probes``.
    variable
        The variable that a module declares its part in; modules without it declare none.
    group
        The group of entry points, such as ``ctxemb.probes``; each names such an object in another package.

    Raises
    ------
    InputError
        If another package's part cannot be loaded, or has a name that is taken.
    """
    parts: Registry[Any] = Registry(kind)
    folder = importlib.import_module(package)
    for module in pkgutil.iter_modules(folder.__path__, f"{package}."):
        part = getattr(importlib.import_module(module.name), variable, None)
        if part is not None:
            parts.add(part.name, part)
    for where, part in _from_outside(kind, group):
        if part.name in parts:
            raise InputError(f"the {kind} '{part.name}' of {where} has a name that is taken")
        parts.add(part.name, part)
    return parts


def _from_outside(kind: str, group: str) -> Iterator[tuple[str, Any]]:
    for entry in importlib.metadata.entry_points(group=group):
        where = f"the package {entry.dist.name if entry.dist else entry.value} (entry point {entry.name})"
        try:
            part = entry.load()
        except Exception as error:  # a package of somebody else may raise anything
            raise InputError(f"cannot load the {kind} of {where}: {error}") from error
        if not hasattr(part, "name"):
            raise InputError(f"{where} should name a {kind}, found {type(part).__name__}")
        yield where, part
