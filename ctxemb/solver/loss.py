"""The loss of many logistic regressions at once: groups of rows, and for each group folds and strengths.

Problems of one group share its features, so that the products with all their weights are one matrix product;
groups of similar shape are padded to one shape, so that the products of all of them are one batched product.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

_LOGITS_AT_ONCE = 1 << 20

_SAMPLED = 64
"""So many times the width are the rows from which the Hessian's blocks are known well enough."""

_LEAST_CURVATURE, _RIDGE = 1e-6, 1e-6
"""Of a row, and what is added to a block in proportion to itself, so that it has an inverse."""


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """Stacked problems; problem (g, k) is of group g, and k counts its folds and, within each, strengths.

    Parameters
    ----------
    X
        (n_groups, n, width) features, padded with zeros.
    targets
        (n_groups, n) the class of each row.
    masks
        (n_groups, n_folds, n) 1 where a fold learns from a row; None if all learn from all.
    fold_of
        (n_problems,) the fold of each problem of a group.
    absent
        (n_groups, n_classes) 0, or minus infinity for a class that a group does not have.
    n_classes
        (n_groups,)
    l2
        (n_groups, n_problems) strengths of the penalty.
    sizes
        (n_groups, n_problems) rows that are learned from.
    values
        (n_groups, width) eigenvalues of the mean of XᵀX.
    vectors
        (width, width) its eigenvectors as columns; None where the features are along them already.
    blocks
        (n_problems, n_classes, width + 1, width + 1) the inverses of each class's part of the Hessian, if
        there is one group and they are known.
    """

    X: Tensor
    targets: Tensor
    masks: Tensor | None
    fold_of: Tensor
    absent: Tensor
    n_classes: Tensor
    l2: Tensor
    sizes: Tensor
    values: Tensor
    vectors: Tensor | None
    blocks: Tensor | None = None

    def cut(self, groups: Tensor, problems: Tensor) -> Stack:
        """Return the stack of some groups, and of some problems of each."""
        part = self
        if len(problems) < len(self.fold_of):
            part = replace(
                part,
                fold_of=self.fold_of[problems],
                l2=self.l2[:, problems],
                sizes=self.sizes[:, problems],
                blocks=None if self.blocks is None else self.blocks[problems],
            )
        if len(groups) == len(self.X):
            return part
        return replace(
            part,
            X=part.X[groups],
            targets=part.targets[groups],
            masks=None if part.masks is None else part.masks[groups],
            absent=part.absent[groups],
            n_classes=part.n_classes[groups],
            l2=part.l2[groups],
            sizes=part.sizes[groups],
            values=part.values[groups],
        )

    def evaluate(self, at: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return loss, in double precision, gradient and curvature.

        Parameters
        ----------
        at
            (n_groups, n_problems, n_classes, width + 1) weights, and the intercept as the last. Computed is
            in its precision, whatever that of the features.

        Returns
        -------
        Tensor, Tensor, Tensor
            (n_groups, n_problems), as `at`, and (n_groups, n_problems, n_classes) sums over rows of p·(1 - p)
        """
        n_groups, n_problems, n_classes = at.shape[:3]
        weights, intercept = at[..., :-1], at[..., -1:] + self.absent[:, None, :, None]
        flat = weights.reshape(n_groups, n_problems * n_classes, -1)
        l2 = self.l2[..., None, None]
        penalised = l2 * weights
        loss = 0.5 * (penalised * weights).sum(dim=(2, 3), dtype=torch.float64)
        slopes, bias_slopes = torch.zeros_like(flat), torch.zeros_like(at[..., -1])
        curvature = torch.zeros_like(bias_slopes)
        step = max(1, _LOGITS_AT_ONCE // (flat.shape[0] * flat.shape[1]))
        for start in range(0, self.X.shape[1], step):
            rows = self.X[:, start : start + step].to(at.dtype)  # (n_groups, some, width)
            goal = self.targets[:, None, None, start : start + step].expand(-1, n_problems, -1, -1)
            logits = (flat @ rows.transpose(1, 2)).view(n_groups, n_problems, n_classes, -1)
            logits += intercept
            logits -= logits.amax(dim=2, keepdim=True)
            picked = logits.gather(2, goal)[:, :, 0]
            shares = logits.exp_()
            total = shares.sum(dim=2, keepdim=True)
            losses = total.log()[:, :, 0] - picked
            shares /= total
            if self.masks is None:
                mask = None
            else:
                mask = self.masks[:, self.fold_of, start : start + step]  # (n_groups, n_problems, some)
                losses *= mask
                shares *= mask[:, :, None]
            curvature += (shares - shares.square()).sum(dim=3)
            minus = losses.new_full((), -1.0).expand(goal.shape) if mask is None else -mask[:, :, None]
            shares.scatter_add_(2, goal, minus.to(shares.dtype))
            loss += losses.sum(dim=2, dtype=torch.float64)
            slopes += shares.view(n_groups, n_problems * n_classes, -1) @ rows
            bias_slopes += shares.sum(dim=3)
        gradient = torch.cat([slopes.view_as(weights).add_(penalised), bias_slopes[..., None]], dim=3)
        return loss, gradient, curvature

    def precondition(self, vector: Tensor, curvature: Tensor) -> Tensor:
        """Return the product with the inverse of a simpler Hessian.

        It is the part of each class alone where `blocks` are known; else that of rows which all have the mean
        curvature.
        """
        if self.blocks is not None:
            return self._centred((self.blocks @ vector[0, ..., None])[None, ..., 0])
        n_groups, n_problems, n_classes = vector.shape[:3]
        curvature = (curvature + 1e-6 * self.sizes[..., None])[..., None]
        turned = vector[..., :-1]
        if self.vectors is not None:
            vectors = self.vectors.to(vector.dtype)
            turned = (turned.reshape(-1, len(vectors)) @ vectors).view(n_groups, n_problems, n_classes, -1)
        weights = turned / (curvature * self.values[:, None, None] + self.l2[..., None, None])
        if self.vectors is not None:
            weights = (weights.view(-1, len(vectors)) @ vectors.T).view(n_groups, n_problems, n_classes, -1)
        return self._centred(torch.cat([weights, vector[..., -1:] / curvature], dim=3))

    def _centred(self, weights: Tensor) -> Tensor:
        # What all classes have in common changes no share, and is 0 where the penalty is least.
        common = weights.sum(dim=2, keepdim=True) / self.n_classes[:, None, None, None]
        return weights.sub_(common).mul_((self.absent == 0)[:, None, :, None])

    def with_blocks(self, at: Tensor) -> Stack:
        """Return the stack with the `blocks` that belong to the weights `at`, if they are worth their time.

        They are those of a sample of the rows: weak penalties then take tens of steps in place of hundreds.
        Where features depend on each other so much that a block has no inverse in this precision, the stack
        stays as it is. `at` is as for `evaluate`.
        """
        n_groups, n_problems, n_classes, width = at.shape
        n, some = self.X.shape[1], _SAMPLED * width
        if n_groups > 1 or n < 2 * some or n_problems * n_classes * width > n:
            return self
        chosen = torch.randperm(n, generator=torch.Generator().manual_seed(0))[:some].to(at.device)
        rows = torch.cat([self.X[0, chosen].to(at.dtype), at.new_ones(some, 1)], dim=1)
        blocks = at.new_empty(n_problems, n_classes, width, width)
        for of_problem, weights, l2 in zip(blocks, at[0], self.l2[0], strict=True):
            shares = torch.softmax(rows @ weights.T + self.absent[0], dim=1)
            for block, share in zip(of_problem, shares.T, strict=True):
                curvature = (share - share.square()).clamp_min(_LEAST_CURVATURE)
                block[:] = (rows * curvature[:, None]).T @ rows * (n / some)
                block.diagonal()[:-1].add_(l2)
                block.diagonal().add_(_RIDGE * block.diagonal().mean())
                factor, failed = torch.linalg.cholesky_ex(block)
                if int(failed):
                    return self
                block[:] = torch.cholesky_inverse(factor)
        return replace(self, blocks=blocks)


def padded(parts: Sequence[Tensor], fill: float = 0.0) -> Tensor:
    """Stack tensors of one number of axes, each filled up to the largest of them."""
    if len(parts) == 1:
        return parts[0][None]
    shape = [max(part.shape[axis] for part in parts) for axis in range(parts[0].dim())]
    stacked = parts[0].new_full((len(parts), *shape), fill)
    for whole, part in zip(stacked, parts, strict=True):
        whole[tuple(slice(size) for size in part.shape)] = part
    return stacked
