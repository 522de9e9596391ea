"""The probes by name: those of this room, each declared in its file, and those of other packages."""

from __future__ import annotations

from ctxemb.plugins import collect
from ctxemb.probes.probe import Probe
from ctxemb.suggest import Registry, unknown_name
from ctxemb.tasks.base import Kind


def all_probes() -> Registry[Probe]:
    """Return all probes by name."""
    return collect("probe", "ctxemb.probes", "PROBE", "ctxemb.probes")


def probe_names() -> list[str]:
    """Return the names of all probes."""
    return list(all_probes())


def probes_for(kind: Kind) -> dict[str, Probe]:
    """Return the probes for tasks of a kind, by name."""
    return {name: probe for name, probe in all_probes().items() if kind in probe.kinds}


def probe_for(name: str, kind: Kind) -> Probe:
    """Return the probe of a name for tasks of a kind.

    Raises
    ------
    UnknownNameError
        If there is none.
    """
    known = probes_for(kind)
    if name not in known:
        raise unknown_name(f"probe for {kind} tasks", name, known)
    return known[name]
