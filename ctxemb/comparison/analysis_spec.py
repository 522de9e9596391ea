"""Several analyses of the same models, written down in TOML and checked before anything runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from ctxemb.analysis.measurements import Measurement, Measurements
from ctxemb.analysis.spaces import Space
from ctxemb.checked_toml import read_checked
from ctxemb.comparison.analyse import analyse, measure_descriptions
from ctxemb.models.computation import Computation, Dtype
from ctxemb.suggest import unknown_name


class AnalysisEntry(BaseModel):
    """What is measured on one text.

    Parameters
    ----------
    measures
        Names of measures.
    text, task
        A file or a task; neither for measures that bring their own text.
    spaces
        Spaces of the vectors; each is measured.
    layers, ranks, most_sentences, tokenized, twins
        As of `ctxemb.analyse`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    measures: Annotated[tuple[str, ...], Field(min_length=1)]
    text: str | None = None
    task: str | None = None
    spaces: Annotated[tuple[str, ...], Field(min_length=1)] = ("raw",)
    layers: Literal["all"] | Annotated[tuple[int, ...], Field(min_length=1)] = "all"
    ranks: Annotated[tuple[int, ...], Field(min_length=1)] = (64,)
    most_sentences: int | None = Field(default=None, ge=1)
    tokenized: bool = False
    twins: bool = True

    @field_validator("measures")
    @classmethod
    def _all_measures(cls, measures: tuple[str, ...]) -> tuple[str, ...]:
        known = measure_descriptions()
        for name in measures:
            if name not in known:
                raise ValueError(str(unknown_name("measure", name, known)))
        return measures

    @field_validator("spaces")
    @classmethod
    def _known_spaces(cls, spaces: tuple[str, ...]) -> tuple[str, ...]:
        for name in spaces:
            try:
                Space(name)
            except Exception as error:
                raise ValueError(str(error)) from error
        return spaces


class AnalysisSpec(BaseModel):
    """Several analyses.

    Parameters
    ----------
    name, title
        For files and headings.
    models
        Names or folders of models.
    analysis
        The analyses, one after another.
    seed, random_seed
        Of draws, samples, probes and intervals; and of the twins' weights.
    device, dtype
        Where and in what numbers models compute.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = "analysis"
    title: str = "What the layers are like"
    models: Annotated[tuple[str, ...], Field(min_length=1)]
    analysis: Annotated[tuple[AnalysisEntry, ...], Field(min_length=1)]
    seed: int = Field(default=0, ge=0)
    random_seed: int = Field(default=1, ge=0)
    device: str = "cpu"
    dtype: Dtype = "float32"


def read_analysis(path: Path) -> AnalysisSpec:
    """Read analyses from a TOML file.

    Raises
    ------
    MissingFileError
        If there is no such file.
    FormatError
        If it is not TOML, or a key is unknown, missing or wrong; the message names the line.
    """
    return read_checked(path, AnalysisSpec, "analyses")[0]


def run_analyses(
    spec: AnalysisSpec,
    *,
    data: Path | None = None,
    cache: Path | None = None,
    progress: Callable[[int, int, str], None] = lambda done, total, what: None,
) -> Measurements:
    """Run all analyses; see `ctxemb.analyse` for the parameters and the errors."""
    jobs = [(entry, space) for entry in spec.analysis for space in entry.spaces]
    rows: list[Measurement] = []
    for number, (entry, space) in enumerate(jobs):

        def say(done: int, total: int, what: str, number: int = number) -> None:
            del done, total
            progress(number, len(jobs), what)

        rows += analyse(
            spec.models,
            entry.measures,
            text=entry.text,
            task=entry.task,
            layers=entry.layers,
            space=space,
            twins=entry.twins,
            random_seed=spec.random_seed,
            ranks=entry.ranks,
            most_sentences=entry.most_sentences,
            tokenized=entry.tokenized,
            seed=spec.seed,
            computation=Computation(spec.device, spec.dtype),
            data=data,
            cache=cache,
            progress=say,
        )
    progress(len(jobs), len(jobs), "done")
    return Measurements(rows)
