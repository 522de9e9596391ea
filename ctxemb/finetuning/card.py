"""The card of a tuned classifier: what it is, how it was made, and how it came along."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from ctxemb.finetuning.recipe import Shape
from ctxemb.finetuning.tuned import About

_MOST_LABELS = 50


def card_of(about: About, shape: Shape, log: Sequence[Mapping[str, float]]) -> str:
    """Return the text of the card."""
    names = list(dict.fromkeys(shape.labels.names))
    shown = ", ".join(f"`{name}`" for name in names[:_MOST_LABELS])
    more = f" and {len(names) - _MOST_LABELS:,} more" if len(names) > _MOST_LABELS else ""
    plan = "\n".join(f"- {name}: {_plain(value)}" for name, value in dataclasses.asdict(about.plan).items())
    rows = "\n".join(
        f"| {entry['rate']:g} | {entry['epoch']:.0f} | {entry['loss']:.4f} | {entry['dev_loss']:.4f} | "
        f"{entry['dev_score']:.4f} |"
        for entry in log
        if "dev_score" in entry
    )
    notes = [f"{about.n_cut:,} texts were cut to the window."] if about.n_cut else []
    notes += [f"The rate {rate:g} failed: its loss was not a number." for rate in about.diverged]
    return f"""---
library_name: ctxemb
tags: [{shape.kind}, fine-tuned]
---

# {about.model} tuned on {about.task}

Labels: {shown}{more}.

Tuned by ctxemb with the recipe `{about.recipe}`, seed {about.seed}. On dev, the learning rate {about.rate:g}
and epoch {about.best_epoch} did best: {about.dev_score:.4f}. {" ".join(notes)}

SHA-256 of the files of {about.model}: `{about.fingerprint}`.

## Settings

{plan}

## Epochs

| rate | epoch | loss | dev loss | dev score |
|---:|---:|---:|---:|---:|
{rows}
"""


def _plain(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_plain, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
