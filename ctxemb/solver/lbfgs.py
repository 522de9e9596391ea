"""L-BFGS (Liu and Nocedal 1989) for a stack of problems; what has converged leaves the stack."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from ctxemb.solver.loss import Stack
from ctxemb.solver.memory import History

_REFRESH = 1.5
"""The curvature is measured again when it has fallen by this factor, as where labels become certain."""

_BLOCKS_AT = (10, 30, 90)
"""Steps after which the Hessian of many rows is looked at anew."""

_MOST_STEPS = 500
_MOST_HALVINGS = 12
_MOST_IDLE = 10
"""Steps without a gain that the precision can tell."""

_FEW = 0.8
"""Groups are left out when no more than this share of them goes on: their features are copied then."""


@dataclass(frozen=True, slots=True, eq=False)
class Minimum:
    """What was found, for each group and problem.

    Parameters
    ----------
    at
        (n_groups, n_problems, n_classes, width + 1)
    loss
        (n_groups, n_problems), in double precision.
    norms
        (n_groups, n_problems) norms of the gradient, divided by the number of rows.
    n_steps
        (n_groups, n_problems)
    """

    at: Tensor
    loss: Tensor
    norms: Tensor
    n_steps: Tensor


def minimise(stack: Stack, start: Tensor, tolerance: float) -> Minimum:
    """Return the minima; what single precision does not reach is gone on with in double precision."""
    shape = start.shape[:2]
    loss = torch.zeros(shape, dtype=torch.float64, device=start.device)
    minimum = Minimum(start.clone(), loss, loss.clone(), torch.zeros_like(loss, dtype=torch.int64))
    _descend(stack, minimum, torch.ones_like(loss, dtype=torch.bool), tolerance)
    left = minimum.norms > tolerance
    if start.dtype == torch.float64 or not bool(left.any()):
        return minimum
    minimum = Minimum(minimum.at.double(), minimum.loss, minimum.norms, minimum.n_steps)
    _descend(stack, minimum, left, tolerance)
    return minimum


def _descend(stack: Stack, minimum: Minimum, left: Tensor, tolerance: float) -> None:
    """Write the minima of the problems that are `left` to `found`, from where it is."""
    groups, problems = (left.any(dim=axis).nonzero()[:, 0] for axis in (1, 0))
    stack = stack.cut(groups, problems)
    at, live = _cut(minimum.at, groups, problems), _cut(left, groups, problems)
    loss, gradient, curvature = stack.evaluate(at)
    history = History(at, stack.X.shape[1])
    stuck = torch.zeros_like(live)
    idle = torch.zeros_like(minimum.n_steps[:1, :1]).expand(live.shape)
    for step in range(_MOST_STEPS + 1):
        norms = gradient.flatten(2).norm(dim=2) / stack.sizes
        done = live & ((norms <= tolerance) | stuck | (step == _MOST_STEPS))
        if bool(done.any()):
            here = done.nonzero(as_tuple=True)
            there = groups[here[0]], problems[here[1]]
            minimum.at[there], minimum.loss[there] = at[here], loss[here]
            minimum.norms[there] = norms[here].double()
            minimum.n_steps[there] += step
            live &= ~done
            kept = live.any(dim=1).nonzero()[:, 0], live.any(dim=0).nonzero()[:, 0]
            if not len(kept[0]):
                return
            if len(kept[0]) > _FEW * len(groups):
                kept = torch.arange(len(groups), device=at.device), kept[1]
            if len(kept[0]) < len(groups) or len(kept[1]) < len(problems):
                groups, problems = groups[kept[0]], problems[kept[1]]
                stack = stack.cut(*kept)
                at, live, loss, gradient = (_cut(part, *kept) for part in (at, live, loss, gradient))
                curvature, idle = _cut(curvature, *kept), _cut(idle, *kept)
                history.cut(*kept)
        direction = history.inverse_hessian(gradient, partial(stack.precondition, curvature=curvature)).neg_()
        direction *= live[..., None, None]
        new, new_loss, new_gradient, bent = _search(stack, at, loss, gradient, direction)
        curvature = torch.where(bent < curvature / _REFRESH, bent, curvature)
        slack = torch.finfo(at.dtype).eps * loss.abs()
        idle = torch.where(loss - new_loss > slack, 0, idle + 1)
        stuck = (new_loss > loss + slack) | (idle >= _MOST_IDLE)
        history.add(new - at, new_gradient - gradient)
        at, loss, gradient = new, new_loss, new_gradient
        if step + 1 in _BLOCKS_AT:
            stack = stack.with_blocks(at)


def _search(
    stack: Stack, at: Tensor, loss: Tensor, gradient: Tensor, direction: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Halve steps until the loss falls enough (Armijo)."""
    slope = _dot(gradient, direction).double()
    size = torch.ones_like(slope)
    new = at + direction
    evaluated = stack.evaluate(new)
    slack = torch.finfo(at.dtype).eps * loss.abs()
    for _ in range(_MOST_HALVINGS):
        bad = evaluated[0] > loss + 1e-4 * size * slope + slack
        if not bool(bad.any()):
            break
        size[bad] /= 2
        new[bad] = at[bad] + size[bad].to(at.dtype)[:, None, None] * direction[bad]
        groups, problems = bad.any(dim=1).nonzero()[:, 0], bad.any(dim=0).nonzero()[:, 0]
        again = stack.cut(groups, problems).evaluate(_cut(new, groups, problems))
        for old, better in zip(evaluated, again, strict=True):
            old[groups[:, None], problems] = better
    return new, *evaluated


def _cut(values: Tensor, groups: Tensor, problems: Tensor) -> Tensor:
    """Return (some groups, some problems, ...), without a copy where these are all."""
    if len(groups) < len(values):
        values = values[groups]
    return values if len(problems) == values.shape[1] else values[:, problems]


def _dot(a: Tensor, b: Tensor) -> Tensor:
    return (a * b).sum(dim=(2, 3))
