"""Training takes the same steps as plain loops over transformers' own modules."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ctxemb.finetuning.batches import shuffled
from ctxemb.finetuning.catalogue import recipe_for
from ctxemb.finetuning.classifier import Classifier
from ctxemb.finetuning.folder import save_tuned
from ctxemb.finetuning.items import Item
from ctxemb.finetuning.loop import train
from ctxemb.finetuning.mixing import MixView
from ctxemb.finetuning.plan import Plan
from ctxemb.finetuning.tune import Material
from ctxemb.finetuning.tuned import About, Tuned
from tests.finetuning.toy_tasks import toy_material, toy_source, toy_task

N_STEPS = 20


def untrained(folder: Path, material: Material, recipe: str, plan: Plan) -> Classifier:
    torch.manual_seed(3)
    return recipe_for(recipe)[0].build(toy_source(folder).network(), material.shape, plan)


def our_losses(classifier: Classifier, material: Material, plan: Plan, rate: float) -> list[float]:
    found: list[float] = []
    train(
        classifier, material.train, material.dev, material.score, plan, rate, 0,
        stepped=lambda step, loss: found.append(loss),
    )  # fmt: skip
    return found[:N_STEPS]


def as_transformers(classifier: Classifier, material: Material, folder: Path) -> Any:
    """Return the classifier as transformers reads it from its saved folder, without dropout."""
    import transformers

    about = About("toy", "", "toy", "bert", Plan(), 0.0, 0, 1, 0.0)
    save_tuned(Tuned(classifier, material.shape, about), folder)
    config = transformers.AutoConfig.from_pretrained(folder)
    for name in (
        "attention_probs_dropout_prob",
        "hidden_dropout_prob",
        "attn_pdrop",
        "embd_pdrop",
        "resid_pdrop",
    ):
        if hasattr(config, name):
            setattr(config, name, 0.0)
    made = getattr(transformers, config.architectures[0])
    return made.from_pretrained(folder, config=config, attn_implementation="eager").train()


def padded(classifier: Classifier, items: list[Item]) -> tuple[dict[str, Tensor], Tensor]:
    """Return items as the padded batch of a plain loop, and their classes."""
    each = [classifier.collate([item]) for item in items]
    length = max(len(batch.encoding.pieces) for batch in each)
    fill = lambda row, value: F.pad(row, (0, length - len(row)), value=value)  # noqa: E731
    pieces = torch.stack([fill(batch.encoding.pieces, 0) for batch in each])
    mask = torch.stack([fill(torch.ones_like(batch.encoding.pieces), 0) for batch in each])
    inputs = {"input_ids": pieces, "attention_mask": mask}
    if each[0].segments is not None:
        segments = [batch.segments for batch in each if batch.segments is not None]
        inputs["token_type_ids"] = torch.stack([fill(row, 0) for row in segments])
    return inputs, torch.cat([batch.classes for batch in each])


def plain_losses(
    module: nn.Module,
    material: Material,
    plan: Plan,
    loss_of: Callable[[list[Item]], Tensor],
    share: Callable[[int, int], float],
    rate: float,
) -> list[float]:
    """Train with a hand-written Adam, batch by batch in the order of ours."""
    state = {w: (torch.zeros_like(w), torch.zeros_like(w)) for w in module.parameters()}
    each = math.ceil(len(material.train) / plan.batch_size)
    losses: list[float] = []
    for step in range(N_STEPS):
        rows = shuffled(len(material.train), plan.batch_size, 0, step // each)[step % each]
        module.zero_grad()
        loss = loss_of([material.train[row] for row in rows])
        loss.backward()
        nn.utils.clip_grad_norm_(module.parameters(), plan.clip)
        lr = rate * share(step, each * plan.epochs)
        with torch.no_grad():
            for w in module.parameters():
                if w.grad is None:
                    continue
                mean, square = state[w]
                mean.mul_(plan.betas[0]).add_(w.grad, alpha=1 - plan.betas[0])
                square.mul_(plan.betas[1]).add_(w.grad**2, alpha=1 - plan.betas[1])
                m, v = mean, square
                if plan.bias_correction:
                    m, v = (
                        mean / (1 - plan.betas[0] ** (step + 1)),
                        square / (1 - plan.betas[1] ** (step + 1)),
                    )
                decay = plan.weight_decay if w.ndim > 1 else 0.0
                w.sub_(lr * (m / (v.sqrt() + plan.epsilon) + decay * w))
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize("kind", ["sentence-label", "sentence-pair", "token-label"])
@pytest.mark.parametrize("corrected", [False, True])
def test_bert_trains_as_in_transformers(
    kind: Any, corrected: bool, toy_folders: dict[str, Path], tmp_path: Path
) -> None:
    material = toy_material(toy_task(kind, 48))
    plan = Plan(epochs=8, batch_size=5, schedule="bert", epsilon=1e-6, bias_correction=corrected, dropout=0.0)
    classifier = untrained(toy_folders["bert"], material, "bert", plan)
    other = as_transformers(classifier, material, tmp_path)

    def loss_of(items: list[Item]) -> Tensor:
        inputs, classes = padded(classifier, items)
        logits = other(**inputs).logits
        if kind == "token-label":
            firsts = [classifier.collate([item]).encoding.words for item in items]
            places = [
                (row, int((words == word).nonzero()[0]))
                for row, words in enumerate(firsts)
                for word in range(int(words.max()) + 1)
            ]
            logits = torch.stack([logits[place] for place in places])
        return F.cross_entropy(logits, classes)

    warm = lambda step, n: step / int(0.1 * n) if step < int(0.1 * n) else 1 - step / n  # noqa: E731
    expected = plain_losses(other, material, plan, loss_of, warm, 1e-3)
    found = our_losses(classifier, material, plan, 1e-3)
    assert len(set(np.round(expected, 4))) > N_STEPS // 2  # something is learned
    np.testing.assert_allclose(found, expected, rtol=1e-4)


@pytest.mark.parametrize("family", ["gpt", "gpt-post"])
@pytest.mark.parametrize("kind", ["sentence-label", "sentence-pair"])
def test_gpt_trains_as_in_transformers(
    kind: Any, family: str, toy_folders: dict[str, Path], tmp_path: Path
) -> None:
    material = toy_material(toy_task(kind, 48))
    plan = Plan(epochs=8, batch_size=5, schedule="gpt", warmup=0.1, dropout=0.0, lm_weight=0.5)
    classifier = untrained(toy_folders[family], material, "gpt", plan)
    other = as_transformers(classifier, material, tmp_path)

    def loss_of(items: list[Item]) -> Tensor:
        inputs, classes = padded(classifier, items)
        lengths = inputs["attention_mask"].sum(dim=1)
        top = other.transformer(**inputs).last_hidden_state
        task = F.cross_entropy(other.score(top[torch.arange(len(items)), lengths - 1]), classes)
        words = other.get_input_embeddings().weight
        models = [
            F.cross_entropy(top[i, : n - 1] @ words.T, inputs["input_ids"][i, 1:n])
            for i, n in enumerate(lengths.tolist())
        ]
        return task + 0.5 * torch.stack(models).mean()

    def share(step: int, n: int) -> float:
        x = (step + 1) / n
        return (x / 0.1 if x < 0.1 else 1.0) * (1 - x)

    expected = plain_losses(other, material, plan, loss_of, share, 1e-3)
    found = our_losses(classifier, material, plan, 1e-3)
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_elmos_mix_trains_as_a_reference_by_hand(toy_folders: dict[str, Path]) -> None:
    material = toy_material(toy_task("sentence-label", 48))
    plan = Plan(epochs=8, batch_size=5, schedule="constant", warmup=0.0, dropout=0.0, thaw="never")
    classifier = untrained(toy_folders["elmo"], material, "features", plan)
    network = classifier.network
    reference = copy.deepcopy(nn.ModuleDict({"view": classifier.view, "head": classifier.heads[0]}))
    view: Any = reference["view"]
    assert isinstance(view, MixView)

    def loss_of(items: list[Item]) -> Tensor:
        logits = []
        for item in items:
            with torch.no_grad():
                layers = network(network.encode(item.texts))[:, 1:-1]  # without the marks of start and end
            shares = torch.softmax(torch.cat(list(view.mix.scalar_parameters)), 0)
            mixed = view.mix.gamma * (shares[:, None, None] * layers).sum(0)
            states, _ = view.encoder._module(mixed[None])
            features = torch.cat([states[0].max(0).values, states[0].mean(0)])
            logits.append(reference["head"].linear(features))
        penalty = 0.001 * sum(weight.square().sum() for weight in view.mix.scalar_parameters)
        classes = torch.cat([classifier.collate([item]).classes for item in items])
        return F.cross_entropy(torch.stack(logits), classes) + penalty

    expected = plain_losses(reference, material, plan, loss_of, lambda step, n: 1.0, 1e-2)
    found = our_losses(classifier, material, plan, 1e-2)
    np.testing.assert_allclose(found, expected, rtol=1e-4)
