"""The loop over time of an LSTM with projection, for the case that nobody asks for gradients.

A step is one product of input and state side by side with the weights of both, so that the sums of the gates
are written once, with their activation; nothing of a step is kept but its state. For wide cells this moves
less memory than to compute the products with the input of all steps beforehand.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ctxemb.layers.products import packed, pointwise

FEWEST_PIECES = 256
"""For fewer pieces it does not pay to lay out the weights anew."""


def run_direction(
    x: Tensor,
    running: Sequence[int],
    input_weight: Tensor,
    state_weight: Tensor,
    bias: Tensor,
    projection: Tensor,
    clips: tuple[float | None, float | None],
    initial: tuple[Tensor, Tensor] | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Run one direction.

    Parameters
    ----------
    x
        (n_pieces, input_width), in time order.
    running
        Number of windows at each step.
    input_weight, state_weight, bias, projection
        Of the direction: (4 * cell_width, input_width), (4 * cell_width, width), (4 * cell_width,) and
        (width, cell_width).
    clips
        Largest magnitude of a cell and of a state.
    initial
        States (n_windows, width) and cells (n_windows, cell_width) to begin with; None for zeros.

    Returns
    -------
    Tensor, Tensor, Tensor
        The states, (n_pieces, width), in time order; and the states and cells that the windows end with.
    """
    width, cell = projection.shape
    cell_clip, state_clip = clips
    # Rows of the gates: input and forget, candidate, output.
    weights = torch.cat([input_weight, state_weight], dim=1).split([2 * cell, cell, cell])
    narrow, bend, wide = (packed(weight) for weight in weights)
    biases = bias.split([2 * cell, cell, cell])
    project = packed(projection)
    clip = None if state_clip is None else ("hardtanh", (-state_clip, state_clip))
    states = x.new_empty(len(x), width)
    last_state, last_cell = x.new_zeros(running[0], width), x.new_zeros(running[0], cell)
    if initial is not None:
        last_state.copy_(initial[0])
        last_cell.copy_(initial[1])
    read = x.new_empty(running[0], x.shape[1] + width)
    start = 0
    for count in running:
        now = slice(start, start + count)
        both = read[:count]
        both[:, : x.shape[1]] = x[now]
        both[:, x.shape[1] :] = last_state[:count]
        enter, forget = pointwise(both, narrow, biases[0], "sigmoid").chunk(2, dim=1)
        memory = pointwise(both, bend, biases[1], "tanh").mul_(enter)
        memory.addcmul_(forget, last_cell[:count])
        if cell_clip is not None:
            memory.clamp_(-cell_clip, cell_clip)
        last_cell[:count] = memory
        out = pointwise(both, wide, biases[2], "sigmoid").mul_(memory.tanh_())
        states[now] = last_state[:count] = pointwise(out, project, None, clip)
        start += count
    return states, last_state, last_cell
