"""The contract of a published form of models: all that is to be known of one kind of folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch


@dataclass(frozen=True, slots=True)
class Published:
    """A published model: its name, and where its files lie.

    Parameters
    ----------
    name
        What ctxemb calls it.
    repository
        Its name on the Hugging Face hub, unless it lies elsewhere.
    address, files
        Elsewhere: the address of the folder, and the files in it.
    folder
        Where its files are kept.
    source
        Who published it, in a few words.
    """

    name: str
    repository: str = ""
    address: str = ""
    files: tuple[str, ...] = ()
    folder: str = ""
    source: str = ""

    @property
    def origin(self) -> str:
        """Where it comes from, in a few words."""
        return self.source or f"Hugging Face hub, {self.repository}"


class ModelFormat(Protocol):
    """One published form; each file of `ctxemb.models.formats` declares one as ``FORMAT``.

    Attributes
    ----------
    name
        What messages call it; for folders of transformers, their ``model_type``.
    family
        The family of its networks.
    small_files
        Names, as patterns, of the small files that decide vectors: configuration and vocabulary.
    published
        Models that are published in this form.
    is_own
        Whether it is the form of `ctxemb pretrain` rather than one that other tools read.
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def family(self) -> str: ...  # noqa: D102
    @property
    def small_files(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def published(self) -> tuple[Published, ...]: ...  # noqa: D102
    @property
    def is_own(self) -> bool: ...  # noqa: D102

    def matches(self, folder: Path) -> bool:
        """Return whether a folder is of this form."""
        ...

    def read(self, folder: Path, random_init: int | None = None) -> Any:
        """Read the network in a folder, or draw its weights from a seed; in float32 and ready to embed."""
        ...

    def writes(self, network: Any) -> bool:
        """Return whether a network can be written in this form."""
        ...

    def write(self, network: Any, folder: Path, dtype: torch.dtype) -> None:
        """Write a network to a folder, each file whole or not at all."""
        ...
