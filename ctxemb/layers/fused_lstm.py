"""The loop over time of an LSTM with projection, for the case that nobody asks for gradients.

Nothing of a step is kept but its state. Where every row has an input of its own, a step is one product of
input and state side by side with the weights of both, so that the sums of the gates are written once, with
their activation; for wide cells this moves less memory than to compute the products with the input of all
steps beforehand. Where inputs recur, as words do, their products are computed once for each of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ctxemb.layers.products import packed, pointwise, pointwise_onto
from ctxemb.layers.steps import Steps

FEWEST_PIECES = 256
"""For fewer pieces it does not pay to lay out the weights anew."""

_NARROW = 1 << 20
"""Up to so many weights of a state stay plain: for few inputs oneDNN's layout does not pay."""

_ACTIVATIONS = ("sigmoid", "tanh", "sigmoid")
"""Of the three parts that the rows of the gates fall into: input and forget, candidate, output."""


@dataclass(frozen=True, slots=True, eq=False)
class Direction:
    """The weights of a direction, laid out for products.

    Parameters
    ----------
    inputs
        For each part of the gates, the weights of inputs that are multiplied beforehand; none if `gates`
        holds them.
    gates
        For each part, the weights of the state, or of input and state side by side; `packed`, or transposed.
    biases
        For each part.
    projection
        From cell to state.
    sizes
        Of a state and of a cell.
    """

    inputs: Sequence[Tensor]
    gates: Sequence[Tensor]
    biases: Sequence[Tensor]
    projection: Tensor
    sizes: tuple[int, int]

    @classmethod
    def of(
        cls, input_weight: Tensor, state_weight: Tensor, bias: Tensor, projection: Tensor, *, apart: bool
    ) -> Direction:
        """Lay out weights.

        Parameters
        ----------
        input_weight, state_weight, bias, projection
            (4 * cell_width, input_width), (4 * cell_width, width), (4 * cell_width,), (width, cell_width).
        apart
            Whether inputs are multiplied beforehand.
        """
        width, cell = projection.shape
        parts = [2 * cell, cell, cell]
        gates = state_weight if apart else torch.cat([input_weight, state_weight], dim=1)
        lay = _turned if apart and state_weight.numel() <= _NARROW else packed
        return cls(
            [packed(weight) for weight in input_weight.split(parts)] if apart else [],
            [lay(weight) for weight in gates.split(parts)],
            [part.clone() for part in bias.split(parts)],
            packed(projection),
            (width, cell),
        )


def _turned(weight: Tensor) -> Tensor:
    return weight.t().contiguous()


def run_direction(
    x: Tensor,
    steps: Steps,
    weights: Direction,
    clips: tuple[float | None, float | None],
    *,
    rows: Tensor | None = None,
    initial: tuple[Tensor, Tensor] | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Run one direction.

    Parameters
    ----------
    x
        (n_rows, input_width), in the order of the steps; or with `rows` (n_distinct, input_width).
    steps
        What is computed when.
    weights
        Of the direction; laid out apart if there are `rows`.
    clips
        Largest magnitude of a cell and of a state.
    rows
        (n_rows,) the input of each row.
    initial
        States (n_windows, width) and cells (n_windows, cell_width) to begin with; None for zeros.

    Returns
    -------
    Tensor, Tensor, Tensor
        The states, (n_rows, width); and the last states and cells, which are those that windows end with if
        the steps share nothing.
    """
    width, cell = weights.sizes
    cell_clip, state_clip = clips
    clip = None if state_clip is None else ("hardtanh", (-state_clip, state_clip))
    n_rows, largest = sum(steps.counts), max(steps.counts)
    states = x.new_empty(n_rows, width)
    last_state, last_cell = x.new_zeros(largest, width), x.new_zeros(largest, cell)
    if initial is not None:
        last_state.copy_(initial[0])
        last_cell.copy_(initial[1])
    sums = _Beside(x, largest, weights) if rows is None else _Beforehand(x, rows, largest, weights)
    start = 0
    for count, parents in zip(steps.counts, steps.parents, strict=True):
        now = slice(start, start + count)
        state = last_state[:count] if parents is None else last_state[parents]
        before = last_cell[:count] if parents is None else last_cell[parents]
        gates = sums(now, state)
        enter, forget = next(gates).chunk(2, dim=1)
        memory = next(gates).mul_(enter)
        memory.addcmul_(forget, before)
        if cell_clip is not None:
            memory.clamp_(-cell_clip, cell_clip)
        last_cell[:count] = memory
        out = next(gates).mul_(memory.tanh_())
        states[now] = last_state[:count] = pointwise(out, weights.projection, None, clip)
        start += count
    return states, last_state, last_cell


class _Beside:
    """Gates of inputs that lie in the order of the steps: each step reads its input beside its state."""

    def __init__(self, x: Tensor, largest: int, weights: Direction) -> None:
        self.x, self.weights = x, weights
        self.read = x.new_empty(largest, x.shape[1] + weights.sizes[0])

    def __call__(self, now: slice, state: Tensor) -> Iterator[Tensor]:
        """Yield the parts of the gates of the rows `now`, whose states before are `state`."""
        both = self.read[: len(state)]
        both[:, : self.x.shape[1]] = self.x[now]
        both[:, self.x.shape[1] :] = state
        for weight, bias, activation in zip(
            self.weights.gates, self.weights.biases, _ACTIVATIONS, strict=True
        ):
            yield pointwise(both, weight, bias, activation)


class _Beforehand:
    """Gates of inputs that recur: the products of each are looked up."""

    def __init__(self, x: Tensor, rows: Tensor, largest: int, weights: Direction) -> None:
        self.rows, self.weights = rows, weights
        self.known = [
            pointwise(x, weight, bias, None)
            for weight, bias in zip(weights.inputs, weights.biases, strict=True)
        ]
        self.sums = [x.new_empty(largest, known.shape[1]) for known in self.known]

    def __call__(self, now: slice, state: Tensor) -> Iterator[Tensor]:
        """Yield the parts of the gates of the rows `now`, whose states before are `state`."""
        rows = self.rows[now]
        for known, sums, weight, activation in zip(
            self.known, self.sums, self.weights.gates, _ACTIVATIONS, strict=True
        ):
            inputs = torch.index_select(known, 0, rows, out=sums[: len(rows)])
            gates = (
                pointwise_onto(state, weight, inputs) if weight.is_mkldnn else inputs.addmm_(state, weight)
            )
            yield gates.sigmoid_() if activation == "sigmoid" else gates.tanh_()
