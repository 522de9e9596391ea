"""Published numbers, each with its paper, and what is not as in ctxemb."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from ctxemb.checked_toml import read_checked
from ctxemb.shipped import shipped_path

Score = Annotated[float, Field(ge=-100, le=100)]
Text = Annotated[str, Field(min_length=1)]


class Paper(BaseModel):
    """Where numbers were published."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    authors: Text
    title: Text
    venue: Text
    year: Annotated[int, Field(ge=1990, le=2100)]

    @property
    def short(self) -> str:
        """The paper as a text cites it.

        Examples
        --------
        >>> Paper(authors="N. Reimers, I. Gurevych", title="T", venue="EMNLP", year=2019).short
        'Reimers and Gurevych 2019'
        """
        names = [author.rpartition(" ")[2] for author in self.authors.split(", ")]
        shown = f"{names[0]} et al." if len(names) > 2 else " and ".join(names)
        return f"{shown} {self.year}"


class PublishedEntry(BaseModel):
    """Scores of one system on one task.

    Parameters
    ----------
    task, model, metric
        What was measured. Tasks and metrics have ctxemb's names.
    paper, where
        Key of the paper, and the table in it.
    protocol
        How it was measured.
    probe, pool
        ctxemb's probe, or baseline, that asks the same question, and how pieces became vectors.
    recipe
        ctxemb's recipe, where a model was tuned.
    differs
        What is not as in ctxemb, if anything.
    scores
        In %, of the ``test`` or of a part of it, ``test:PART``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    task: Text
    model: Text
    paper: Text
    where: Text
    metric: Literal["accuracy", "macro_f1", "matthews", "chunk_f1"]
    protocol: Text
    probe: str = ""
    recipe: str = ""
    pool: Literal["mean", "max", "cls", "last"] = "mean"
    differs: str = ""
    scores: Annotated[dict[str, Score], Field(min_length=1)]

    @field_validator("scores")
    @classmethod
    def _of_the_test(cls, scores: dict[str, float]) -> dict[str, float]:
        for split in scores:
            if split != "test" and not split.startswith("test:"):
                raise ValueError(f'scores are of "test" or of "test:PART", not of "{split}"')
        return scores

    @model_validator(mode="after")
    def _comparable_or_not(self) -> PublishedEntry:
        if not self.probe and not self.differs:
            raise ValueError("differs: without a probe to compare with, say what differs")
        return self

    @property
    def likeness(self) -> str:
        """How far the numbers can be compared with those of ctxemb."""
        if not (self.probe or self.recipe):
            return f"≠ {self.differs}"
        return f"≈ {self.differs}" if self.differs else "= same protocol"


class Published(BaseModel):
    """Published numbers and their papers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    papers: dict[str, Paper]
    entry: tuple[PublishedEntry, ...]

    @model_validator(mode="after")
    def _known_papers(self) -> Published:
        for number, entry in enumerate(self.entry):
            if entry.paper not in self.papers:
                raise ValueError(f"entry.{number}.paper: there is no [papers.{entry.paper}]")
        return self


def read_published(path: Path) -> Published:
    """Read published numbers.

    Raises
    ------
    MissingFileError
        If there is no such file.
    FormatError
        If it is not TOML, or a key is unknown, missing or wrong; the message names line and key.
    """
    return read_checked(path, Published, "published numbers")[0]


def shipped_numbers() -> Published:
    """Return the published numbers that ship with ctxemb."""
    installed = shipped_path("published.toml")
    beside = shipped_path().parent / "benchmarks" / "published.toml"
    return read_published(installed if installed.is_file() else beside)
