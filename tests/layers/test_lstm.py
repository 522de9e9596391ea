"""The LSTM layer against AllenNLP's, against a plain loop, and against finite differences."""

from __future__ import annotations

import pytest
import torch
from allennlp_light.modules.lstm_cell_with_projection import LstmCellWithProjection
from torch import Tensor
from torch.func import functional_call

from ctxemb.layers import lstm
from ctxemb.layers.fused_lstm import FEWEST_PIECES
from ctxemb.layers.lstm import BiLSTMLayer, time_order

SHAPES = [  # input_width, width, cell_width, lengths
    (3, 4, 5, (1,)),
    (4, 4, 8, (5, 3, 3, 1)),
    (6, 2, 7, (2, 7, 1, 4)),
    (5, 8, 3, (9,)),
]
CLIPS = [(None, None), (0.3, None), (None, 0.2), (0.3, 0.2)]


def layer_of(
    shape: tuple[int, int, int, tuple[int, ...]], clips: tuple[float | None, float | None], noise: float = 0.8
) -> BiLSTMLayer:
    torch.manual_seed(1)
    layer = BiLSTMLayer(*shape[:3], cell_clip=clips[0], state_clip=clips[1]).double()
    with torch.no_grad():
        for weight in layer.parameters():
            weight.add_(noise * torch.randn_like(weight))
    return layer


def packed_input(shape: tuple[int, int, int, tuple[int, ...]]) -> Tensor:
    return torch.randn(
        sum(shape[3]), shape[0], dtype=torch.float64, generator=torch.Generator().manual_seed(2)
    )


def run(layer: BiLSTMLayer, x: Tensor, lengths: tuple[int, ...]) -> Tensor:
    """Return (2, n_pieces, width), windows one behind another."""
    order, running = time_order(torch.tensor(lengths))
    out = layer(x[order], running)
    return torch.stack([out[i, order[i].argsort()] for i in range(2)])


def plain_loop(layer: BiLSTMLayer, x: Tensor, lengths: tuple[int, ...]) -> Tensor:
    """Do the same step by step, for autograd to differentiate."""
    directions = []
    for direction in range(2):
        windows = []
        for window in x.split(lengths):
            states = []
            state = x.new_zeros(layer.projection.shape[1])
            cell = x.new_zeros(layer.projection.shape[2])
            for step in window.flip(0) if direction else window:
                gates = (
                    layer.input_weight[direction] @ step
                    + layer.state_weight[direction] @ state
                    + layer.bias[direction]
                )
                enter, forget, candidate, leave = gates.chunk(4)
                cell = enter.sigmoid() * candidate.tanh() + forget.sigmoid() * cell
                if layer.cell_clip is not None:
                    cell = cell.clamp(-layer.cell_clip, layer.cell_clip)
                state = layer.projection[direction] @ (leave.sigmoid() * cell.tanh())
                if layer.state_clip is not None:
                    state = state.clamp(-layer.state_clip, layer.state_clip)
                states.append(state)
            states = states[::-1] if direction else states
            windows.append(torch.stack(states))
        directions.append(torch.cat(windows))
    return torch.stack(directions)


def allennlp(layer: BiLSTMLayer, x: Tensor, lengths: tuple[int, ...], direction: int) -> Tensor:
    """Return one direction's (n_pieces, width) from AllenNLP's cell, which wants padding, longest first."""
    _, width, cell_width = layer.projection.shape
    cell = LstmCellWithProjection(
        x.shape[1],
        width,
        cell_width,
        go_forward=direction == 0,
        memory_cell_clip_value=layer.cell_clip,
        state_projection_clip_value=layer.state_clip,
    ).double()
    with torch.no_grad():
        cell.input_linearity.weight.copy_(layer.input_weight[direction])
        cell.state_linearity.weight.copy_(layer.state_weight[direction])
        cell.state_linearity.bias.copy_(layer.bias[direction])
        cell.state_projection.weight.copy_(layer.projection[direction])
    order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
    windows = x.split(lengths)
    padded = torch.nn.utils.rnn.pad_sequence([windows[i] for i in order], batch_first=True)
    out, _ = cell(padded, [lengths[i] for i in order])
    rows = {i: out[row, : lengths[i]] for row, i in enumerate(order)}
    return torch.cat([rows[i] for i in range(len(lengths))])


@pytest.mark.parametrize("clips", CLIPS)
@pytest.mark.parametrize("shape", SHAPES)
def test_equals_allennlp(
    shape: tuple[int, int, int, tuple[int, ...]], clips: tuple[float | None, float | None]
) -> None:
    layer, x = layer_of(shape, clips), packed_input(shape)
    with torch.no_grad():
        ours = run(layer, x, shape[3])
        for direction in range(2):
            torch.testing.assert_close(
                ours[direction], allennlp(layer, x, shape[3], direction), rtol=0, atol=1e-9
            )


@pytest.mark.parametrize("clips", CLIPS)
def test_fused_steps_equal_plain_ones(
    clips: tuple[float | None, float | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    lengths = tuple(range(1, 31)) * 2
    shape = (16, 12, 32, lengths)
    assert sum(lengths) > FEWEST_PIECES
    layer, x = layer_of(shape, clips, noise=0.2).float(), packed_input(shape).float()
    order, running = time_order(torch.tensor(lengths))
    initial = (torch.randn(2, len(lengths), 12).clamp(-0.2, 0.2), torch.randn(2, len(lengths), 32))
    with torch.no_grad():
        fused, (fused_end, fused_cells) = layer.continued(x[order], running, initial)
        fresh = layer(x[order], running)
        monkeypatch.setattr(lstm, "can_fuse", lambda _: False)
        plain, (plain_end, plain_cells) = layer.continued(x[order], running, initial)
        for ours, theirs in (
            (fused, plain),
            (fused_end, plain_end),
            (fused_cells, plain_cells),
            (fresh, layer(x[order], running)),
        ):
            torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-6)
        assert (fresh - fused).abs().max() > 0.01  # what it begins with matters


def test_equals_allennlp_in_single_precision() -> None:
    shape = (16, 12, 32, (20, 3, 11))
    layer, x = layer_of(shape, (0.5, 0.3), noise=0.2), packed_input(shape)
    with torch.no_grad():
        theirs = torch.stack([allennlp(layer, x, shape[3], direction) for direction in range(2)])
        free = run(layer_of(shape, (None, None), noise=0.2), x, shape[3])
        ours = run(layer.float(), x.float(), shape[3])
    assert (free - theirs).abs().max() > 0.05  # clipping matters
    torch.testing.assert_close(ours.double(), theirs, rtol=0, atol=1e-6)


def test_clipping_is_active_in_these_tests() -> None:
    for shape in SHAPES[1:]:
        x = packed_input(shape)
        free = run(layer_of(shape, (None, None)), x, shape[3])
        for clips in CLIPS[1:]:
            assert (run(layer_of(shape, clips), x, shape[3]) - free).abs().max() > 0.05


@pytest.mark.parametrize("clips", [(None, None), (50.0, 50.0)])
@pytest.mark.parametrize("lengths", [(1,), (3, 1, 2), (2, 2)])
def test_gradients_equal_finite_differences(
    lengths: tuple[int, ...], clips: tuple[float | None, float | None]
) -> None:
    shape = (2, 2, 3, lengths)
    layer = layer_of(shape, clips)
    names = [name for name, _ in layer.named_parameters()]
    order, running = time_order(torch.tensor(lengths))
    x = packed_input(shape)[order].requires_grad_()

    def outputs(x: Tensor, *weights: Tensor) -> Tensor:
        return functional_call(layer, dict(zip(names, weights, strict=True)), (x, running))

    assert torch.autograd.gradcheck(outputs, (x, *layer.parameters()))


@pytest.mark.parametrize("clips", CLIPS)
@pytest.mark.parametrize("shape", SHAPES)
def test_gradients_equal_those_of_a_plain_loop(
    shape: tuple[int, int, int, tuple[int, ...]], clips: tuple[float | None, float | None]
) -> None:
    layer, x = layer_of(shape, clips), packed_input(shape).requires_grad_()
    gradients = []
    for function in (run, plain_loop):
        out = function(layer, x, shape[3])
        seed = torch.randn(out.shape, dtype=out.dtype, generator=torch.Generator().manual_seed(3))
        gradients.append((out, *torch.autograd.grad(out, [x, *layer.parameters()], seed)))
    for ours, theirs in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-9)


def test_a_pass_changes_neither_its_input_nor_the_weights() -> None:
    shape = SHAPES[1]
    layer, x = layer_of(shape, (0.3, 0.2)), packed_input(shape)
    before = [x.clone(), *(weight.clone() for weight in layer.parameters())]
    first = run(layer, x, shape[3])
    with torch.inference_mode():
        second = run(layer, x, shape[3])
    assert torch.equal(first, second)
    for now, then in zip([x, *layer.parameters()], before, strict=True):
        assert torch.equal(now, then)


def test_a_window_does_not_depend_on_the_others() -> None:
    shape = (4, 3, 6, (2, 5, 5, 1, 3))
    layer, x = layer_of(shape, (0.3, 0.2)), packed_input(shape)
    alone = torch.cat([run(layer, part, (len(part),)) for part in x.split(shape[3])], dim=1)
    torch.testing.assert_close(run(layer, x, shape[3]), alone)


def test_directions_see_their_own_side_only() -> None:
    shape = (3, 4, 5, (6,))
    layer, x = layer_of(shape, (None, None)), packed_input(shape)
    changed = x.clone()
    changed[3] += 1
    moved = (run(layer, changed, (6,)) - run(layer, x, (6,))).abs().amax(dim=2) > 0
    assert moved[0].tolist() == [False] * 3 + [True] * 3
    assert moved[1].tolist() == [True] * 4 + [False] * 2


def test_time_order() -> None:
    lengths = torch.tensor([2, 4, 1, 4])
    order, running = time_order(lengths)
    assert running == [4, 3, 2, 2]
    # Windows are 0-1, 2-5, 6 and 7-10; the longest come first, equal ones in their order.
    assert order[0].tolist() == [2, 7, 0, 6, 3, 8, 1, 4, 9, 5, 10]
    assert order[1].tolist() == [5, 10, 1, 6, 4, 9, 0, 3, 8, 2, 7]


def test_time_order_visits_every_piece_once() -> None:
    lengths = torch.randint(1, 9, (40,), generator=torch.Generator().manual_seed(0))
    order, running = time_order(lengths)
    for direction in order:
        assert torch.equal(direction.sort().values, torch.arange(int(lengths.sum())))
    assert sum(running) == lengths.sum()
    assert running == sorted(running, reverse=True)


def test_the_forget_gate_starts_open() -> None:
    layer = BiLSTMLayer(2, 3, 4, cell_clip=None, state_clip=None)
    assert layer.bias[0].tolist() == [0.0] * 4 + [1.0] * 4 + [0.0] * 8
