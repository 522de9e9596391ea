"""What a comparison finds, and the folder it is written to."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ctxemb.files import write_text
from ctxemb.probes import ProbeRun
from ctxemb.results import Result, write_results
from ctxemb.tasks import Task

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A probe on one layer of one model: a line of a table, with what was predicted.

    Parameters
    ----------
    task, model, layer, probe, pool
        What was probed, and with what.
    run
        The predictions.
    results
        Their scores, on dev and on the test.
    """

    task: Task
    model: str
    layer: int | str
    probe: str
    pool: str
    run: ProbeRun
    results: tuple[Result, ...]

    @property
    def seed(self) -> int:
        """Of the probe, if it starts at random."""
        return self.results[0].seed

    @property
    def dev_score(self) -> float:
        """The leading score on dev, by which layers are chosen."""
        return self.score("dev")

    def score(self, split: str) -> float:
        """Return the leading score on a split."""
        lead = self.task.metrics[0]
        return next(found.value for found in self.results if (found.split, found.metric) == (split, lead))


@dataclass(slots=True)
class Outcome:
    """What a comparison found.

    Parameters
    ----------
    lines
        Probes with their predictions.
    results
        Scores.
    mixes
        Learned layer weights: rows of model, task, seed, weights, gamma, loss.
    maps
        Points of word-sense maps.
    differences
        Paired comparisons on the test.
    confusions
        Counts of gold by predicted label on the test.
    trainings
        Held-out losses of the models while they were trained: rows of model, words, bits per character.
    tunings
        Tuned models beside their frozen probes.
    manifest
        How all this was made: spec, versions, models, tasks.
    """

    lines: list[Line] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    mixes: list[Row] = field(default_factory=list)
    maps: list[Row] = field(default_factory=list)
    differences: list[Row] = field(default_factory=list)
    confusions: list[Row] = field(default_factory=list)
    trainings: list[Row] = field(default_factory=list)
    tunings: list[Row] = field(default_factory=list)
    manifest: Row = field(default_factory=dict)

    def add(self, part: Outcome) -> None:
        """Append what a part of the comparison found."""
        for attribute in dataclasses.fields(self):
            mine = getattr(self, attribute.name)
            if isinstance(mine, list):
                mine += getattr(part, attribute.name)

    def write(self, folder: Path) -> None:
        """Write all but the predictions into `folder`: ``results.jsonl`` and the like, and ``run.json``."""
        write_results(self.results, folder / "results.jsonl")
        for name in ("mixes", "maps", "differences", "confusions", "trainings"):
            rows = getattr(self, name)
            text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
            write_text(folder / f"{name}.jsonl", text)
        if self.tunings:
            rows = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in self.tunings)
            write_text(folder / "tunings.jsonl", rows)
        manifest = json.dumps(self.manifest, indent=2, ensure_ascii=False) + "\n"
        write_text(folder / "run.json", manifest)
