"""The model card: what a trained model was made from, and what it is good for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ctxemb.atomic import write_text
from ctxemb.models.checkpoints import Network
from ctxemb.models.training_log import held_out, read_log
from ctxemb.pretraining.catalogue import objective_of
from ctxemb.pretraining.perplexity import Perplexity
from ctxemb.pretraining.plan import TrainingPlan

CARD = "README.md"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a card says of the text and of the rights.

    Parameters
    ----------
    licence
        Of the weights: an identifier of the Hugging Face hub.
    text
        What kind of text the model has read.
    notice
        The rights, and whom to name.
    """

    licence: str = "other"
    text: str = "What its text does not hold is unknown to it, and the prejudices of that text are in it."
    notice: str = "The weights stand under the terms of the text that they were trained on."


def write_card(
    network: Network,
    corpus: Sequence[str],
    plan: TrainingPlan,
    folder: Path,
    measured: Mapping[str, Sequence[Perplexity]] | None = None,
    terms: Terms | None = None,
) -> None:
    """Write the card of a model that is done with training to its folder.

    Parameters
    ----------
    network, corpus, plan
        What was trained, on what, and how.
    folder
        With the log of the training.
    measured
        How well it predicts held-out texts, by name.
    terms
        Under what terms the weights stand.
    """
    terms = terms or Terms()
    entries = read_log(folder)
    last = entries[-1] if entries else {"words": 0, "step": 0}
    n_parameters = sum(weight.numel() for weight in network.parameters())
    text = f"""---
license: {terms.licence}
language: en
library_name: ctxemb
tags: [{network.family}, contextual-embeddings]
---

# A small {network.family.upper() if network.family != "elmo" else "ELMo"}

Trained from nothing with `ctxemb pretrain --family {network.family}`, beside two others of the same size on
the same text for the same number of words, so that a difference between them is one of architecture and
objective.

| | |
|---|---|
| objective | {objective_of(network.family).summary} |
| weights | {n_parameters:,}, stored as float16 |
| layers | {network.n_layers}, each {network.width} wide; layer 0 is the context-free input |
| text | {", ".join(corpus)} |
| words seen | {last["words"]:,} of running text, in {last["step"]:,} steps |
| learning rate | {plan.learning_rate} at most, steps of {plan.batch_words:,} words, seed {plan.seed} |

## Loss on held-out text, in nats

{_losses(entries)}

The three objectives' losses are not on one scale: a loss compares a model with itself.

## Held-out text in bits per character

{_bits(measured or {})}

## Use and limits

`ctxemb.load` takes this folder. The model is small and has read little: it is for teaching, for tests, and
for comparing architectures under equal conditions, not for the best score. {terms.text}

## Terms

{terms.notice}
"""
    write_text(folder / CARD, text)


def _bits(measured: Mapping[str, Sequence[Perplexity]]) -> str:
    if not measured:
        return "No held-out text was given."
    lines = ["| text | direction | bits per character | words |", "|---|---|---:|---:|"]
    for name, found in measured.items():
        lines += [f"| {name} | {p.direction} | {p.bits_per_character:.3f} | {p.n_words:,} |" for p in found]
    return "\n".join(lines)


def _losses(entries: list[dict[str, float]]) -> str:
    rows = held_out(entries)
    if not rows:
        return "No held-out text was given."
    names = [name for name in rows[0] if name.startswith("valid_")]
    shown = [*rows[:: max(1, len(rows) // 8)]]
    if shown[-1] is not rows[-1]:
        shown.append(rows[-1])
    lines = [
        f"| words | {' | '.join(name.removeprefix('valid_').replace('_', ' ') for name in names)} |",
        "|---:" * (len(names) + 1) + "|",
        *(f"| {row['words']:,} | {' | '.join(f'{row[name]:.3f}' for name in names)} |" for row in shown),
    ]
    return "\n".join(lines)
