"""Pieces per second of fine-tuning, against a plain loop over `transformers` with padded batches, in one run.

    python benchmarks/speed/finetune.py --data FOLDER [--shapes minilm bert-mini] [--steps 20]

Both start from the same random weights, read the same sentences of SST-2 in the same batches of 32, and take
whole steps: forward, backward, clipping, AdamW. The peer pads each batch to its own longest sentence (dynamic
padding) and computes attention by PyTorch's fused kernel, which is its default. Without dropout the losses
must agree; they are compared before anything is timed. Memory is that of a process of its own.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from timing import medians
from torch import nn
from transformers import BertConfig as PeerConfig
from transformers import BertForSequenceClassification

from ctxemb.finetuning.catalogue import recipe_for
from ctxemb.finetuning.classifier import Classifier
from ctxemb.finetuning.items import Item, items_of, targets_of
from ctxemb.finetuning.labels import Labels
from ctxemb.finetuning.loop import take_step
from ctxemb.finetuning.optimizer import make_optimizer
from ctxemb.finetuning.plan import Plan
from ctxemb.finetuning.recipe import Shape
from ctxemb.models.checkpoints import load_network
from ctxemb.pretraining.team import Team
from ctxemb.tasks import load_task

SHAPES = {"minilm": (6, 384, 12, 1536), "bert-mini": (4, 256, 4, 1024)}
BATCH, RATE = 32, 5e-5
PLAN = Plan(batch_size=BATCH, bias_correction=True, epsilon=1e-8, dropout=0.0)
Take = Callable[[Sequence[Item]], float]
"""Takes a step on a batch and returns its loss."""


def write_model(folder: Path, shape: str) -> None:
    """Write a BERT of a published shape with random weights and the shipped model's vocabulary."""
    from ctxemb.shipped import shipped_path

    n_blocks, width, n_heads, hidden = SHAPES[shape]
    tokenizer = shipped_path("models", "bert", "tokenizer.json")
    torch.manual_seed(0)
    config = PeerConfig(
        vocab_size=30522, hidden_size=width, num_hidden_layers=n_blocks, num_attention_heads=n_heads,
        intermediate_size=hidden, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, num_labels=2,
    )  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(folder)
    (folder / "tokenizer.json").write_bytes(tokenizer.read_bytes())


def ours(folder: Path, labels: Labels) -> tuple[Classifier, Take]:
    """Return a classifier of ctxemb, and its step."""
    from ctxemb.finetuning.exported import load_published

    network = load_network(folder).requires_grad_(True)
    network.load_state_dict({name: w.clone() for name, w in network.state_dict().items()}, assign=True)
    published, _ = load_published(folder, network)
    classifier = recipe_for("bert")[0].build(network, Shape("sentence-label", False, labels), PLAN)
    classifier.heads.load_state_dict(published.heads.state_dict())
    classifier.requires_grad_(True).train()
    optimizer = make_optimizer(classifier.layers(), PLAN)
    team = Team(0, 1, torch.device("cpu"))
    return classifier, lambda items: take_step(classifier, items, optimizer, PLAN, RATE, 0, team)


def peers(folder: Path, classifier: Classifier) -> Take:
    """Return the step of a plain loop over `transformers`."""
    model = BertForSequenceClassification.from_pretrained(folder).train()
    matrices, vectors = (
        [w for w in model.parameters() if (w.ndim > 1) == wanted] for wanted in (True, False)
    )
    groups = [
        {"params": matrices, "weight_decay": PLAN.weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=RATE, eps=PLAN.epsilon)

    def step(items: Sequence[Item]) -> float:
        batch = classifier.collate(items)
        pieces = torch.split(batch.encoding.pieces, batch.encoding.lengths.tolist())
        assert batch.owners is not None
        padded = nn.utils.rnn.pad_sequence(pieces, batch_first=True)
        mask = nn.utils.rnn.pad_sequence([torch.ones_like(row) for row in pieces], batch_first=True)
        optimizer.zero_grad(set_to_none=True)
        loss = model(input_ids=padded, attention_mask=mask, labels=batch.classes[batch.owners]).loss
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), PLAN.clip)
        optimizer.step()
        return float(loss.detach())

    return step


def batches_of(data: Path, steps: int) -> tuple[list[list[Item]], Labels]:
    """Return batches of SST-2's training sentences, and its labels."""
    task = load_task("sst2", data)
    rows = torch.randperm(len(task.splits["train"]), generator=torch.Generator().manual_seed(0)).tolist()
    items = items_of(task, task.splits["train"][rows[: steps * BATCH]])
    return [items[i : i + BATCH] for i in range(0, len(items), BATCH)], Labels.of(
        targets_of(items), {}, "sst2"
    )


def measure(folder: Path, shape: str, data: Path, steps: int, repeats: int) -> None:
    """Print the table of one shape."""
    batches, labels = batches_of(data, steps)
    classifier, our_step = ours(folder, labels)
    steps_of = {"ctxemb": our_step, "transformers, padded": peers(folder, classifier)}
    found = {name: [step(batch) for batch in batches[:5]] for name, step in steps_of.items()}
    worst = max(abs(a - b) / b for a, b in zip(*found.values(), strict=True))
    if worst > 1e-4:
        raise SystemExit(f"the losses differ by {worst:.1e}")
    lengths = [classifier.collate(batch).encoding.lengths for batch in batches]
    n_pieces = sum(int(part.sum()) for part in lengths)
    waste = sum(int(part.max()) * len(part) for part in lengths) / n_pieces
    runs = {name: lambda step=step: [step(b) for b in batches] for name, step in steps_of.items()}
    times = medians(runs, repeats)
    more = f"{waste:.2f} times as many with padding"
    print(f"\n## {shape}: {n_pieces:,} pieces, {more}; losses within {worst:.0e}\n")
    print("| way | pieces/s | time, ctxemb's = 1 | peak MB |\n|---|---:|---:|---:|")
    for name, seconds in times.items():
        ratio, memory = seconds / times["ctxemb"], peak(folder, data, name)
        print(f"| {name} | {n_pieces / seconds:,.0f} | {ratio:.2f} | {memory} |")


def peak(folder: Path, data: Path, way: str) -> str:
    """Return the largest memory, in MB, of a process that takes a few steps one way."""
    command = [sys.executable, __file__, "--data", str(data), "--alone", way, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return f"{int(done.stdout):,}"


def alone(way: str, folder: Path, data: Path) -> None:
    """Take a few steps one way and print the peak memory of this process in MB."""
    batches, labels = batches_of(data, 10)
    classifier, step = ours(folder, labels)
    if way != "ctxemb":
        step = peers(folder, classifier)
        classifier.network = None  # it is not the peer's to hold; texts are laid out without it
    for batch in batches:
        step(batch)
    status = Path("/proc/self/status").read_text().split()
    print(int(status[status.index("VmHWM:") + 1]) // 1024)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--shapes", nargs="+", choices=list(SHAPES), default=list(SHAPES))
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--alone", nargs=2, metavar=("WAY", "FOLDER"), help="for this program's own use")
    given = parser.parse_args()
    if given.alone:
        alone(given.alone[0], Path(given.alone[1]), given.data)
        return
    for shape in given.shapes:
        with tempfile.TemporaryDirectory() as folder:
            write_model(Path(folder), shape)
            measure(Path(folder), shape, given.data, given.steps, given.repeats)


if __name__ == "__main__":
    main()
