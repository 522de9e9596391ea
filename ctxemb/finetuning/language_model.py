"""Tuning the language model itself on a task's text, by the objective of its own family."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from ctxemb.finetuning.batches import shuffled
from ctxemb.finetuning.classifier import window_losses
from ctxemb.finetuning.optimizer import layered_parameters, make_optimizer
from ctxemb.finetuning.plan import Plan
from ctxemb.finetuning.schedules import SCHEDULES
from ctxemb.models.base import last
from ctxemb.models.bert import Bert
from ctxemb.models.checkpoints import Network
from ctxemb.models.elmo import Elmo
from ctxemb.models.gpt import Gpt
from ctxemb.pretraining.bilm import BiLMObjective
from ctxemb.pretraining.heads import HEAD
from ctxemb.pretraining.masked import MaskedObjective
from ctxemb.pretraining.objective import total_loss
from ctxemb.pretraining.running import RunningText
from ctxemb.text.sentence import Sentence


class LanguageModel(Protocol):
    """A network with the head of its objective, and the texts that it learns from.

    Attributes
    ----------
    module
        All that is trained.
    """

    module: nn.Module

    def loss(self, chosen: NDArray[np.int64], generator: np.random.Generator) -> Tensor:
        """Return the mean loss, in nats, of the texts of these numbers."""
        ...


class _Causal:
    def __init__(self, network: Gpt, texts: Sequence[Sentence]) -> None:
        self.module: nn.Module = network
        self.network = network
        self.texts = texts

    def loss(self, chosen: NDArray[np.int64], generator: np.random.Generator) -> Tensor:
        del generator
        encoding = self.network.encode([self.texts[n] for n in chosen]).to(self.network.pieces.weight.device)
        return window_losses(self.network, last(self.network.each(encoding)), encoding).mean()


class _Masked:
    """BERT's masked pieces, without next sentences: a task's texts have none."""

    def __init__(self, network: Bert, texts: Sequence[Sentence], folder: Path | None) -> None:
        self.network = network
        self.texts = texts
        self.objective = MaskedObjective(network)
        self.module: nn.Module = self.objective.head
        if folder is not None and (folder / HEAD).is_file():
            weights = {name: weight.float() for name, weight in load_file(folder / HEAD).items()}
            self.objective.head.load_state_dict(weights, strict=False)

    def loss(self, chosen: NDArray[np.int64], generator: np.random.Generator) -> Tensor:
        encoding = self.network.encode([self.texts[n] for n in chosen])
        pieces, masked = self.objective.masked(encoding.pieces.numpy(), generator)
        rows, device = torch.from_numpy(masked), self.network.pieces.weight.device
        read = dataclasses.replace(encoding, pieces=torch.from_numpy(pieces)).to(device)
        top = last(self.network.each(read)).index_select(0, rows.to(device))
        return F.cross_entropy(self.objective.head.piece_logits(top), encoding.pieces[rows].to(device))


class _Bidirectional:
    """ELMo's two directions; the softmax over the words of the task's texts is new."""

    def __init__(self, network: Elmo, texts: Sequence[Sentence]) -> None:
        counts = Counter(word for text in texts for word in text.words)
        ordered = dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
        self.text = RunningText.of([list(texts)])
        self.objective = BiLMObjective(network, ordered, min_count=1)
        self.module: nn.Module = self.objective.head

    def loss(self, chosen: NDArray[np.int64], generator: np.random.Generator) -> Tensor:
        del generator
        batch = self.objective.collate(self.text, chosen).to(self.objective.head.bias.device)
        return total_loss(self.objective, self.objective.losses(batch), batch.counts())


def language_model(network: Network, texts: Sequence[Sentence], folder: Path | None) -> LanguageModel:
    """Return a network with the head of its objective; new weights are drawn from torch's random state.

    Parameters
    ----------
    network
        The network, which is trained itself.
    texts
        The text to come.
    folder
        The model's folder: BERT's pretrained head is read from it, if it is there.
    """
    if isinstance(network, Gpt):
        return _Causal(network, texts)
    if isinstance(network, Elmo):
        return _Bidirectional(network, texts)
    return _Masked(network, texts, folder)


def tune_language_model(
    network: Network,
    texts: Sequence[Sentence],
    plan: Plan,
    seed: int,
    folder: Path | None,
    device: torch.device,
    report: Callable[[dict[str, float]], None],
) -> None:
    """Tune a network as a language model, with the plan's discriminative rates and schedule.

    All layers are trained from the start (Howard and Ruder 2018, section 3.2).

    Parameters
    ----------
    network
        What to tune; its head is thrown away.
    texts
        Texts of the task, labels left out.
    plan, seed
        Its ``lm_epochs``, ``lm_rate`` and the numbers that both stages share.
    folder
        The model's folder; see `language_model`.
    device
        Where to compute; the network is on the CPU afterwards.
    report
        Called with an entry for each epoch.
    """
    model = language_model(network, texts, folder)
    model.module.to(device)
    own = {id(weight) for weight in network.parameters()}
    head = [weight for weight in model.module.parameters() if id(weight) not in own]
    network.requires_grad_(True)
    optimizer = make_optimizer(layered_parameters(network, head), plan)
    each = math.ceil(len(texts) / plan.batch_size)
    model.module.train()
    for epoch in range(plan.lm_epochs):
        losses = []
        for index, numbers in enumerate(shuffled(len(texts), plan.batch_size, seed, epoch)):
            step = epoch * each + index
            torch.manual_seed(hash((seed, step)))
            optimizer.zero_grad(set_to_none=True)
            with torch.autocast(device.type, torch.bfloat16, enabled=plan.dtype == "bfloat16"):
                loss = model.loss(numbers, np.random.default_rng((seed, step)))
            loss.backward()
            nn.utils.clip_grad_norm_(model.module.parameters(), plan.clip)
            share = SCHEDULES[plan.schedule](step, each * plan.lm_epochs, plan.warmup)
            for group in optimizer.param_groups:
                group["lr"] = plan.lm_rate * share * group["scale"]
            optimizer.step()
            losses.append(float(loss.detach()))
        report({"lm_epoch": epoch + 1, "lm_loss": float(np.mean(losses))})
    network.cpu().eval()
