"""Labels as numbers: one class for each label of each group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ctxemb.errors import InputError
from ctxemb.finetuning.items import Target

UNKNOWN = -100
"""Class of a label that training has not seen; torch's cross-entropy ignores it."""


class Labels:
    """The classes that a classifier tells apart.

    All groups share one weight matrix: a group's classes are its own rows, and only these compete. A word
    sense classifier is thus a head for each word, and its candidates are the word's own senses.

    Parameters
    ----------
    classes
        Group and label of each class, sorted. Where one classifier serves all, the group is empty.
    fallback
        The answer for a group without a class.
    """

    def __init__(self, classes: Sequence[tuple[str, str]], fallback: Mapping[str, str] | None = None) -> None:
        self.classes = tuple((group, label) for group, label in classes)
        self.fallback = dict(fallback or {})
        self.groups = tuple(sorted({group for group, _ in self.classes}))
        self._codes = {named: code for code, named in enumerate(self.classes)}
        self._group_codes = {group: code for code, group in enumerate(self.groups)}
        owners = torch.tensor([self._group_codes[group] for group, _ in self.classes])
        every = torch.ones(1, len(self.classes), dtype=torch.bool)
        own = owners == torch.arange(len(self.groups))[:, None]
        self._allowed = torch.cat([own, every])  # the last row is that of an unknown group
        self._names = np.array([label for _, label in self.classes])

    @classmethod
    def of(cls, targets: Sequence[Target], fallback: Mapping[str, str], what: str) -> Labels:
        """Return the labels of training targets.

        Raises
        ------
        InputError
            If there is nothing to tell apart; `what` names the data in the message.
        """
        classes = sorted({(target.group, target.label) for target in targets})
        if not classes:
            raise InputError(f"{what}: there are no training examples")
        if len({group for group, _ in classes}) == len(classes):
            only = f"all are {classes[0][1]!r}" if len(classes) == 1 else "each group has a single one"
            raise InputError(f"{what}: training needs two labels to tell apart, but {only}")
        return cls(classes, fallback)

    def __len__(self) -> int:
        return len(self.classes)

    @property
    def names(self) -> tuple[str, ...]:
        """The label of each class."""
        return tuple(label for _, label in self.classes)

    def codes(self, targets: Sequence[Target]) -> Tensor:
        """Return (n_targets,) the class of each target, or `UNKNOWN`."""
        return torch.tensor(
            [self._codes.get((target.group, target.label), UNKNOWN) for target in targets], dtype=torch.long
        )

    def group_codes(self, targets: Sequence[Target]) -> Tensor:
        """Return (n_targets,) the group of each target; -1 for one without a class."""
        return torch.tensor([self._group_codes.get(target.group, -1) for target in targets], dtype=torch.long)

    def allowed(self, groups: Tensor) -> Tensor:
        """Return (n_targets, n_classes) which classes compete, from the numbers of groups, (n_targets,)."""
        return self._allowed.to(groups.device)[groups]

    def answers(self, probabilities: NDArray[np.float32], targets: Sequence[Target]) -> NDArray[np.str_]:
        """Return the most probable label of each target from (n_targets, n_classes).

        Raises
        ------
        InputError
            If a group has neither a class nor a fallback.
        """
        found = self._names[probabilities.argmax(axis=1)].astype(object)
        for place, target in enumerate(targets):
            if target.group not in self._group_codes:
                if target.group not in self.fallback:
                    raise InputError(
                        f"group '{target.group}' is to be labelled but has no training example; "
                        "add some, or leave the group out"
                    )
                found[place] = self.fallback[target.group]
        labels: NDArray[np.str_] = found.astype(np.str_)
        return labels

    def unseen(self, targets: Sequence[Target]) -> list[str]:
        """Return the labels of `targets` that no class has, sorted; no answer for them can be right."""
        known = self._group_codes
        return sorted({t.label for t, code in zip(targets, self.codes(targets).tolist(), strict=True)
                       if code == UNKNOWN and t.group in known})  # fmt: skip
