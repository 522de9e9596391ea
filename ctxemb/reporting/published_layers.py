"""Published numbers by layer, each with its paper, and what is not as in ctxemb."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ctxemb.checked_toml import read_checked
from ctxemb.reporting.published import Paper, Text
from ctxemb.shipped import shipped_path

FILE = "published-layers.toml"


class PublishedCurve(BaseModel):
    """The values of one system in its layers.

    Parameters
    ----------
    paper, where
        Key of the paper, and the place in it or beside it.
    model, measure, statistic, group
        What was measured, in ctxemb's names.
    differs
        What is not as in ctxemb.
    values
        A value for each layer, layer 0 first.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    paper: Text
    where: Text
    model: Text
    measure: Text
    statistic: Text
    group: str = ""
    differs: str = ""
    values: Annotated[tuple[float, ...], Field(min_length=1)]


class PublishedCurves(BaseModel):
    """Published numbers by layer and their papers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    papers: dict[str, Paper]
    layers: tuple[PublishedCurve, ...]

    @model_validator(mode="after")
    def _known_papers(self) -> PublishedCurves:
        for number, curve in enumerate(self.layers):
            if curve.paper not in self.papers:
                raise ValueError(f"layers.{number}.paper: there is no [papers.{curve.paper}]")
        return self

    def of(self, measure: str, statistic: str) -> list[tuple[str, ...]]:
        """Return a row of cells for each curve of a statistic: who, and the value of each layer."""
        rows = []
        for curve in self.layers:
            if (curve.measure, curve.statistic) == (measure, statistic):
                parts = [curve.model, curve.group, self.papers[curve.paper].short, curve.differs]
                name = ", ".join(part for part in parts if part)
                rows.append((name, *(f"{value:.3f}" for value in curve.values)))
        return rows


def read_curves(path: Path) -> PublishedCurves:
    """Read published numbers by layer.

    Raises
    ------
    MissingFileError
        If there is no such file.
    FormatError
        If it is not TOML, or a key is unknown, missing or wrong; the message names line and key.
    """
    return read_checked(path, PublishedCurves, "published numbers")[0]


def shipped_curves() -> PublishedCurves:
    """Return the published numbers by layer that ship with ctxemb."""
    installed = shipped_path(FILE)
    return read_curves(installed if installed.is_file() else shipped_path().parent / "benchmarks" / FILE)
