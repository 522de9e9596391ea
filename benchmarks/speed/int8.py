"""Extraction in int8 against float32: pieces per second, and cosines between the vectors, in one run.

    python benchmarks/speed/int8.py [--data FOLDER] [--model NAME ...] [--windows 40]

BERT-base has random weights here, which is the same work; its cosines say little of trained weights, which
have columns that are many times larger than the others.
"""

from __future__ import annotations

import argparse
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from timing import medians

from ctxemb.models import ContextualModel, Encoding, load
from ctxemb.models.bert import Bert, BertConfig
from ctxemb.models.computation import Computation
from ctxemb.models.model import LoadedModel
from ctxemb.tasks import load_task

BERT_BASE = "BERT-base, random"
INT8 = Computation(dtype="int8")


def model(name: str, computation: Computation) -> ContextualModel:
    if name != BERT_BASE:
        return load(name, computation=computation)
    tokenizer = load("bert").network.tokenizer  # type: ignore[attr-defined]
    torch.manual_seed(0)
    network = Bert(BertConfig(n_vocabulary=len(tokenizer)), tokenizer).eval().requires_grad_(False)
    return LoadedModel(network, name, str, computation=computation)


def forward(found: ContextualModel, batches: list[Encoding]) -> None:
    for batch in batches:
        for _ in found.each(batch):
            pass


def cosines(wide: ContextualModel, narrow: ContextualModel, batches: list[Encoding]) -> np.ndarray:
    """Return (n_layers, n_pieces)."""
    parts = [torch.nn.functional.cosine_similarity(wide(batch), narrow(batch), dim=2) for batch in batches]
    return torch.cat(parts, dim=1).numpy()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of published data sets: SUBJ instead of `senses`")
    parser.add_argument("--model", nargs="+", default=[BERT_BASE, "bert", "gpt"])
    parser.add_argument("--windows", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    task = load_task("subj", arguments.data) if arguments.data else load_task("senses")
    sentences = task.sentences[:: max(1, len(task.sentences) // arguments.windows)][: arguments.windows]
    print(f"{torch.get_num_threads()} threads, {len(sentences)} sentences of {task.name}\n")
    print(
        "| model | float32, pieces/s | int8, pieces/s | ratio | smallest cosine by layer | mean, last layer |"
    )
    print("|---|---:|---:|---:|---|---:|")
    for name in arguments.model:
        wide, narrow = model(name, Computation()), model(name, INT8)
        whole = wide.encode(sentences)
        starts = np.searchsorted(whole.windows.numpy(), np.arange(0, len(whole.pieces), wide.batch_pieces))
        batches = [whole.part(a, b) for a, b in pairwise(sorted({*starts.tolist(), len(whole.windows) - 1}))]
        runs = {
            "float32": lambda wide=wide, batches=batches: forward(wide, batches),
            "int8": lambda narrow=narrow, batches=batches: forward(narrow, batches),
        }
        seconds = medians(runs, arguments.repeats)
        found = cosines(wide, narrow, batches)
        smallest = " ".join(f"{value:.4f}" for value in found.min(axis=1))
        rates = {key: len(whole.pieces) / value for key, value in seconds.items()}
        print(
            f"| {wide.name} | {rates['float32']:,.0f} | {rates['int8']:,.0f} "
            f"| {rates['int8'] / rates['float32']:.2f} | {smallest} | {found[-1].mean():.5f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
