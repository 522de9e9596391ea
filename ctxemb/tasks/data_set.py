"""A data set: what its file declares, from which its task is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctxemb.tasks.base import Example, Kind, Task
from ctxemb.tasks.remote import RemoteFile
from ctxemb.text.sentence import Sentence


@dataclass(frozen=True, slots=True, eq=False)
class Content:
    """What a reader finds in files; the fields are those of `Task`."""

    sentences: tuple[Sentence, ...]
    examples: tuple[Example, ...]
    splits: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)
    folds: NDArray[np.int64] | None = None
    parts: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)
    fallback: Mapping[str, str] = field(default_factory=dict)

    def as_task(self, **card: Any) -> Task:
        """Return the task of this content; the card has the other fields of `Task`."""
        return Task(
            sentences=self.sentences,
            examples=self.examples,
            splits=self.splits,
            folds=self.folds,
            parts=self.parts,
            fallback=self.fallback,
            **card,
        )


def _no_files() -> tuple[RemoteFile, ...]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DataSet:
    """A data set, as its file declares it.

    Parameters
    ----------
    name, kind, description, licence, paper
        Its card; results call it `name`.
    read
        Reads it, given the data set and the folder of all data sets.
    metrics
        Names of scores, the leading one first.
    shareable
        Whether its text may be published with results.
    symmetric
        Whether the two texts of a pair may be exchanged.
    folder
        Its folder in the folder of all data sets; empty for one that ships with ctxemb.
    public
        Where it can be had, for people.
    counts
        Examples of each split or file; readers compare them with what they find.
    files
        Returns its files, and how each is had; none where its licence must be accepted first.
    """

    name: str
    kind: Kind
    description: str
    licence: str
    paper: str
    read: Callable[[DataSet, Path], Content]
    metrics: tuple[str, ...] = ("accuracy",)
    shareable: bool = False
    symmetric: bool = False
    folder: str = ""
    public: str = "ships with ctxemb"
    counts: Mapping[str, int] = field(default_factory=dict)
    files: Callable[[], tuple[RemoteFile, ...]] = _no_files

    @property
    def ships(self) -> bool:
        """Whether it ships with ctxemb, or with the package that declares it."""
        return not self.folder

    def load(self, data: Path) -> Task:
        """Read the task from the folder of all data sets.

        Raises
        ------
        MissingFileError
            If a file is not there.
        FormatError
            If a file is not as its format says, or its rows are not as many as `counts`.
        """
        return self.read(self, data).as_task(
            name=self.name,
            kind=self.kind,
            description=self.description,
            licence=self.licence,
            source=self.paper,
            metrics=self.metrics,
            shareable=self.shareable,
            symmetric=self.symmetric,
        )
