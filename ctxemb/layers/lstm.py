"""LSTM layers with projection and clipping, both directions at once, without padding.

Sak et al. 2014 (LSTM with recurrent projection), as in ELMo (Peters et al. 2018); the same function as
`allennlp_light.modules.lstm_cell_with_projection.LstmCellWithProjection`, one for each direction.

Steps of all windows are laid out by time: first the first piece of every window, longest window first,
then every second piece. A step is then one contiguous slice, windows that have ended need no mask, and the
products with the input of all steps are one matrix product before the loop.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ctxemb.layers.fused_lstm import FEWEST_PIECES, Direction, run_direction
from ctxemb.layers.products import can_fuse
from ctxemb.layers.steps import Steps
from ctxemb.layers.weight_cache import Kept

State = tuple[Tensor, Tensor]
"""States, (2, n_windows, width), and cells, (2, n_windows, cell_width), of both directions."""


def longest_first(lengths: Tensor) -> Tensor:
    """Return the numbers of windows, (n_windows,), from the longest to the shortest; ties stay in order."""
    return torch.argsort(lengths, descending=True, stable=True)


def time_order(lengths: Tensor) -> tuple[Tensor, list[int]]:
    """Lay out the pieces of windows by time.

    Parameters
    ----------
    lengths
        (n_windows,) lengths in pieces; the windows lie behind one another.

    Returns
    -------
    Tensor, list of int
        (2, n_pieces) positions, in time order, of the forward and the backward direction; and the number
        of windows that are still running at each step.

    Examples
    --------
    >>> order, running = time_order(torch.tensor([1, 3]))
    >>> order.tolist(), running
    ([[1, 0, 2, 3], [3, 0, 2, 1]], [2, 1, 1])
    """
    starts = lengths.cumsum(0) - lengths
    by_length = longest_first(lengths)
    steps = torch.arange(int(lengths.max()), device=lengths.device)
    running = steps[:, None] < lengths[by_length][None, :]  # (n_steps, n_windows)
    forward = (starts[by_length][None, :] + steps[:, None])[running]
    backward = ((starts + lengths - 1)[by_length][None, :] - steps[:, None])[running]
    return torch.stack([forward, backward]), running.sum(dim=1).tolist()


class BiLSTMLayer(nn.Module):
    """One layer of a forward and a backward LSTM, which do not see each other.

    Parameters
    ----------
    input_width, width, cell_width
        Sizes of the input, of the projected state, and of the cell, of one direction.
    cell_clip, state_clip
        Largest magnitude of a cell and of a projected state, or None.
    """

    def __init__(
        self,
        input_width: int,
        width: int,
        cell_width: int,
        *,
        cell_clip: float | None,
        state_clip: float | None,
    ) -> None:
        super().__init__()
        self.cell_clip = cell_clip
        self.state_clip = state_clip
        # Rows of the gates, as in torch and AllenNLP: input, forget, candidate, output.
        self.input_weight = nn.Parameter(torch.empty(2, 4 * cell_width, input_width))
        self.state_weight = nn.Parameter(torch.empty(2, 4 * cell_width, width))
        self.bias = nn.Parameter(torch.zeros(2, 4 * cell_width))
        self.projection = nn.Parameter(torch.empty(2, width, cell_width))
        for weight in (self.input_weight, self.state_weight, self.projection):
            for direction in weight:
                nn.init.xavier_uniform_(direction)
        with torch.no_grad():
            self.bias[:, cell_width : 2 * cell_width] = 1.0  # remember at first (Jozefowicz et al. 2015)
        self._kept: dict[tuple[int, bool], Kept[Direction]] = {
            (direction, apart): Kept() for direction in range(2) for apart in (False, True)
        }

    def forward(self, x: Tensor, running: Sequence[int]) -> Tensor:
        """Run both directions.

        Parameters
        ----------
        x
            (2, n_pieces, input_width), in time order.
        running
            Number of windows at each step.

        Returns
        -------
        Tensor
            (2, n_pieces, width), in time order.
        """
        x = x.to(self.input_weight.dtype)  # states are wider than narrow weights
        if self._fuses(x):
            return self._fused(x, running, None)[0]
        if x.is_cuda and self.cell_clip is None and self.state_clip is None:
            return self._by_cudnn(x, running)
        gates = torch.baddbmm(self.bias[:, None], x, self.input_weight.transpose(1, 2))
        hidden: Tensor = _Recurrence.apply(  # type: ignore[no-untyped-call]
            gates,
            self.state_weight.to(gates.dtype),  # narrower than the weights under autocast
            self.projection.to(gates.dtype),
            list(running),
            self.cell_clip,
            self.state_clip,
        )
        return hidden

    def _by_cudnn(self, x: Tensor, running: Sequence[int]) -> Tensor:
        """Run both directions by cuDNN's LSTM with projection, which cannot clip."""
        counts = torch.tensor(running)
        outs = []
        with torch.autocast("cuda", enabled=False), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "RNN module weights are not part of single contiguous chunk")
            for direction in range(2):
                bias = self.bias[direction]
                weights = [self.input_weight[direction], self.state_weight[direction], bias,
                           torch.zeros_like(bias), self.projection[direction]]  # fmt: skip
                first = (x.new_zeros(1, running[0], w) for w in (self.projection.shape[1], len(bias) // 4))
                found = torch._VF.lstm(
                    x[direction].float(), counts, tuple(f.float() for f in first), weights, True, 1, 0.0,
                    self.training, False,
                )  # fmt: skip
                outs.append(found[0])
        return torch.stack(outs)

    @torch.no_grad()
    def continued(self, x: Tensor, running: Sequence[int], initial: State) -> tuple[Tensor, State]:
        """Run both directions from states that are not zero; without gradients.

        Parameters
        ----------
        x, running
            As for `forward`.
        initial
            What each direction begins the windows with: the forward one at the first piece, the
            backward one at the last.

        Returns
        -------
        Tensor, State
            (2, n_pieces, width), in time order; and what each direction ends a window with.
        """
        x = x.to(self.input_weight.dtype)
        if self._fuses(x):
            return self._fused(x, running, initial)
        gates = torch.baddbmm(self.bias[:, None], x, self.input_weight.transpose(1, 2))
        states, cells = _run(
            gates.to(torch.promote_types(gates.dtype, torch.float32)),
            self.state_weight,
            self.projection,
            running,
            self.cell_clip,
            self.state_clip,
            initial,
        )
        counts = torch.tensor([*running, 0])
        starts = counts.cumsum(0) - counts
        windows = torch.arange(running[0])
        last_steps = (counts[:-1, None] > windows).sum(dim=0) - 1  # (n_windows,)
        rows = starts[last_steps] + windows
        return states, (states[:, rows], cells[:, rows])

    def follow(self, direction: int, x: Tensor, steps: Steps, rows: Tensor | None = None) -> Tensor:
        """Run one direction in the order of `steps`, for an input that `can_fuse`.

        Parameters
        ----------
        direction
            0 is the forward one, 1 the backward one.
        x
            (n_rows, input_width); or with `rows` (n_distinct, input_width).
        steps
            What is computed when.
        rows
            (n_rows,) the input of each row, if inputs recur.

        Returns
        -------
        Tensor
            (n_rows, width)
        """
        weights = self._laid_out(direction, apart=rows is not None)
        return run_direction(x, steps, weights, (self.cell_clip, self.state_clip), rows=rows)[0]

    def _fuses(self, x: Tensor) -> bool:
        return can_fuse(x) and x.shape[1] >= FEWEST_PIECES

    def _laid_out(self, direction: int, *, apart: bool) -> Direction:
        weights = (self.input_weight, self.state_weight, self.bias, self.projection)
        return self._kept[direction, apart].get(
            weights, lambda: Direction.of(*(weight[direction] for weight in weights), apart=apart)
        )

    def _fused(self, x: Tensor, running: Sequence[int], initial: State | None) -> tuple[Tensor, State]:
        steps = Steps.apart(running)
        found = [
            run_direction(
                x[direction],
                steps,
                self._laid_out(direction, apart=False),
                (self.cell_clip, self.state_clip),
                initial=None if initial is None else (initial[0][direction], initial[1][direction]),
            )
            for direction in range(2)
        ]
        states, last_states, last_cells = (torch.stack(parts) for parts in zip(*found, strict=True))
        return states, (last_states, last_cells)


def _run(
    gates: Tensor,
    state_weight: Tensor,
    projection: Tensor,
    running: Sequence[int],
    cell_clip: float | None,
    state_clip: float | None,
    initial: State | None = None,
) -> State:
    """Run the loop over time; `gates` turns from sums into activations in place.

    Returns
    -------
    State
        (2, n_pieces, width) and (2, n_pieces, cell_width), in time order.
    """
    narrow = projection.dtype
    n_pieces, cell = gates.shape[1], gates.shape[2] // 4
    cells = gates.new_empty(2, n_pieces, cell)
    states = gates.new_empty(2, n_pieces, projection.shape[1])
    to_gates, to_state = state_weight.transpose(1, 2), projection.transpose(1, 2)
    start, before = 0, initial
    for count in running:
        now = slice(start, start + count)
        gate = gates[:, now]
        if before is not None:
            gate += torch.bmm(before[0][:, :count].to(narrow), to_gates)
        gate[..., : 2 * cell].sigmoid_()
        gate[..., 2 * cell : 3 * cell].tanh_()
        gate[..., 3 * cell :].sigmoid_()
        enter, forget, candidate, leave = gate.chunk(4, dim=-1)
        memory = enter * candidate
        if before is not None:
            memory.addcmul_(forget, before[1][:, :count])
        if cell_clip is not None:
            memory.clamp_(-cell_clip, cell_clip)
        cells[:, now] = memory
        state = torch.bmm((leave * torch.tanh(memory)).to(narrow), to_state)
        if state_clip is not None:
            state.clamp_(-state_clip, state_clip)
        states[:, now] = state
        before, start = (states[:, now], cells[:, now]), start + count
    return states, cells


class _Recurrence(torch.autograd.Function):
    """The loop over time, with a backward pass that sums weight gradients in one product at the end.

    Products have the weights' type, which autocast narrows; states, cells and activations are not
    narrower than float32.
    """

    @staticmethod
    def forward(
        ctx: Any,
        gates: Tensor,
        state_weight: Tensor,
        projection: Tensor,
        running: list[int],
        cell_clip: float | None,
        state_clip: float | None,
    ) -> Tensor:
        # gates: (2, n_pieces, 4 * cell)
        wide = torch.promote_types(gates.dtype, torch.float32)
        gates = gates.detach().to(wide, copy=any(ctx.needs_input_grad))
        states, cells = _run(gates, state_weight, projection, running, cell_clip, state_clip)
        ctx.save_for_backward(gates, cells, states, state_weight, projection)
        ctx.running, ctx.cell_clip, ctx.state_clip = running, cell_clip, state_clip
        return states

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        gates, cells, states, state_weight, projection = ctx.saved_tensors
        narrow, cell = projection.dtype, gates.shape[2] // 4
        grad = grad.clone()  # (2, n_pieces, width): becomes the gradient before the state's clipping
        grad_gates = torch.empty_like(gates, dtype=narrow)
        grad_memory = gates.new_zeros(2, 0, cell)  # of the cells of the step after
        starts = [0]
        for count in ctx.running[:-1]:
            starts.append(starts[-1] + count)
        for step in range(len(ctx.running) - 1, -1, -1):
            count, start = ctx.running[step], starts[step]
            now = slice(start, start + count)
            enter, forget, candidate, leave = gates[:, now].chunk(4, dim=-1)
            later = grad_memory.shape[1]
            if later:
                after = slice(start + count, start + count + later)
                grad[:, start : start + later] += torch.bmm(grad_gates[:, after], state_weight)
            if ctx.state_clip is not None:
                grad[:, now] *= states[:, now].abs() < ctx.state_clip
            grad_output = torch.bmm(grad[:, now].to(narrow), projection)  # (2, count, cell)
            squashed = torch.tanh(cells[:, now])
            memory = grad_output * leave * (1 - squashed * squashed)
            memory[:, :later] += grad_memory
            if ctx.cell_clip is not None:
                memory *= cells[:, now].abs() < ctx.cell_clip
            out = grad_gates[:, now]
            torch.mul(memory * candidate, enter * (1 - enter), out=out[..., :cell])
            if step:
                previous = cells[:, starts[step - 1] : starts[step - 1] + count]
                torch.mul(memory * previous, forget * (1 - forget), out=out[..., cell : 2 * cell])
            else:
                out[..., cell : 2 * cell] = 0
            torch.mul(memory * enter, 1 - candidate * candidate, out=out[..., 2 * cell : 3 * cell])
            torch.mul(grad_output * squashed, leave * (1 - leave), out=out[..., 3 * cell :])
            grad_memory = memory * forget
        # State before each step, for the steps after the first: rows of the step before.
        before = [states[:, starts[i - 1] : starts[i - 1] + ctx.running[i]] for i in range(1, len(starts))]
        first = ctx.running[0]
        previous_states = torch.cat(before, dim=1) if before else states[:, :0]
        grad_state_weight = torch.bmm(grad_gates[:, first:].transpose(1, 2), previous_states.to(narrow))
        outputs = (gates[..., 3 * cell :] * torch.tanh(cells)).to(narrow)
        grad_projection = torch.bmm(grad.transpose(1, 2).to(narrow), outputs)
        return grad_gates, grad_state_weight, grad_projection, None, None, None
