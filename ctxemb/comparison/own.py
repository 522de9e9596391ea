"""What a comparison takes from its caller instead of by name: models, tasks and probes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ctxemb.models import ContextualModel
from ctxemb.probes import Probe, probes_for
from ctxemb.tasks import Task
from ctxemb.tasks.base import Kind


@dataclass(frozen=True, slots=True, eq=False)
class Own:
    """The caller's own objects, by the names that the spec has for them.

    Parameters
    ----------
    models, tasks, probes
        By name; names that are not among them are those of ctxemb.
    """

    models: Mapping[str, ContextualModel] = field(default_factory=dict)
    tasks: Mapping[str, Task] = field(default_factory=dict)
    probes: Mapping[str, Probe] = field(default_factory=dict)

    def probes_for(self, kind: Kind) -> dict[str, Probe]:
        """Return the probes for tasks of a kind, by name."""
        own = {name: probe for name, probe in self.probes.items() if kind in probe.kinds}
        return {**probes_for(kind), **own}

    def leading_probe(self, task: Task, probes: Sequence[str]) -> str:
        """Return the first of `probes` that is for a task."""
        known = self.probes_for(task.kind)
        return next(probe for probe in probes if probe in known)


NOTHING = Own()
