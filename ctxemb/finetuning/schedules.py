"""Learning rate schedules: from a step to the share of the highest rate."""

from __future__ import annotations

from collections.abc import Callable, Mapping

CUT, RATIO = 0.1, 32.0
"""Share of the steps over which ULMFiT's rate rises, and how much smaller the lowest rate is."""

Schedule = Callable[[int, int, float], float]
"""From a step (from 0), the number of steps, and the share of the steps that the rate rises."""


def constant(step: int, n_steps: int, warmup: float) -> float:
    """Return 1 after a linear rise."""
    rising = warmup * n_steps
    return min(1.0, (step + 1) / rising) if rising else 1.0


def linear(step: int, n_steps: int, warmup: float) -> float:
    """Return a linear rise from 0, then a line that falls to 0 (`transformers`; Mosbach et al. 2021).

    Examples
    --------
    >>> [round(linear(step, 10, 0.2), 3) for step in (0, 1, 2, 6, 9)]
    [0.0, 0.5, 1.0, 0.5, 0.125]
    """
    rising = int(warmup * n_steps)
    if step < rising:
        return step / rising
    return (n_steps - step) / max(1, n_steps - rising)


def bert(step: int, n_steps: int, warmup: float) -> float:
    """Return BERT's own: a linear rise, and from its end a decay counted from the first step.

    So the rate falls from 1 to 1 - `warmup` where the rise ends (google-research/bert, optimization.py).

    Examples
    --------
    >>> [round(bert(step, 10, 0.2), 3) for step in (0, 1, 2, 6, 9)]
    [0.0, 0.5, 0.8, 0.4, 0.1]
    """
    rising = int(warmup * n_steps)
    return step / rising if step < rising else 1 - step / n_steps


def gpt(step: int, n_steps: int, warmup: float) -> float:
    """Return GPT's own: the rise is multiplied by the decay (openai/finetune-transformer-lm, opt.py).

    Steps are counted from 1 there, so that the last has the rate 0.

    Examples
    --------
    >>> [round(gpt(step, 10, 0.2), 3) for step in (0, 1, 4, 9)]
    [0.45, 0.8, 0.5, 0.0]
    """
    x = (step + 1) / n_steps
    return (x / warmup if x < warmup else 1.0) * (1 - x)


def slanted(step: int, n_steps: int, warmup: float) -> float:
    """Return the slanted triangular schedule of ULMFiT (Howard and Ruder 2018, equation 3).

    Examples
    --------
    >>> [round(slanted(step, 100, 0.1), 5) for step in (0, 5, 10, 55, 99)]
    [0.03125, 0.51562, 1.0, 0.51562, 0.04201]
    """
    cut = int(n_steps * warmup)
    if step < cut:
        share = step / cut
    else:
        share = 1 - (step - cut) / max(1.0, cut * (1 / warmup - 1) if cut else n_steps)
    return (1 + max(0.0, share) * (RATIO - 1)) / RATIO


SCHEDULES: Mapping[str, Schedule] = {
    "constant": constant,
    "linear": linear,
    "bert": bert,
    "gpt": gpt,
    "slanted": slanted,
}
