"""Checkpoints of every format with a file damaged at random: each is refused with a clear error, or loads."""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass
from pathlib import Path

import torch

from ctxemb.errors import CtxembError
from ctxemb.models.checkpoints import load_network, save_network
from ctxemb.models.elmo import Elmo, ElmoConfig
from tests.checkpoints import bilm, openai
from tests.checkpoints.hugging_face import (
    as_bin,
    as_old_bin,
    as_safetensors,
    as_shards,
    reference,
    trained,
    write_tokenizer,
)
from tests.toys import lively, sentences

FORMATS = ("bert", "gpt2", "tokenizer.json", "shards", "bin", "old bin", "bilm", "openai", "our ELMo")


@dataclass(frozen=True, slots=True)
class Fates:
    """How many damaged checkpoints were refused by an error of ours that names the folder, and loaded."""

    refused: int
    loaded: int


def build(kind: str, folder: Path) -> None:
    """Write a healthy checkpoint of one of `FORMATS`."""
    if kind in {"bilm", "openai"}:
        (bilm if kind == "bilm" else openai).write(folder)
        return
    if kind == "our ELMo":
        torch.manual_seed(0)
        sizes = ElmoConfig(symbol_width=4, filters=((1, 4), (2, 3)), n_highway=1, width=6, cell_width=9)
        save_network(lively(Elmo(sizes), 0.2), folder)
        return
    folder.mkdir()
    architecture = {"gpt2": "gpt2", "tokenizer.json": "roberta"}.get(kind, "bert")
    if kind == "tokenizer.json":
        trained(architecture).save(str(folder / "tokenizer.json"))
    else:
        write_tokenizer(architecture, folder)
    writers = {"shards": as_shards, "bin": as_bin, "old bin": as_old_bin}
    writers.get(kind, as_safetensors)(reference(architecture, 400), folder)


def mutate(path: Path, generator: random.Random) -> None:
    """Damage a file: flip bytes, cut it, repeat or drop a part, or write nonsense over a part."""
    content = bytearray(path.read_bytes())
    near = generator.choice((64, 4096, max(1, len(content))))
    place = generator.randrange(min(near, max(1, len(content))))
    size = generator.choice((1, 2, 8, 200))
    kind = generator.randrange(5)
    if kind == 0:
        for _ in range(size):
            spot = generator.randrange(len(content)) if generator.random() < 0.3 else place
            content[min(spot, len(content) - 1)] = generator.randrange(256)
    elif kind == 1:
        del content[place:]
    elif kind == 2:
        del content[place : place + size]
    elif kind == 3:
        content[place:place] = content[place : place + size]
    else:
        content[place : place + size] = generator.randbytes(size)
    path.write_bytes(bytes(content))


@torch.no_grad()
def damaged(kind: str, place: Path, count: int) -> Fates:
    """Damage a checkpoint `count` times; whatever else than an error of ours comes out of it is raised."""
    healthy, folder = place / "healthy", place / "mutated"
    build(kind, healthy)
    generator = random.Random(0)
    refused = 0
    for number in range(count):
        shutil.copytree(healthy, folder)
        mutate(generator.choice(sorted(path for path in folder.iterdir() if path.is_file())), generator)
        try:
            network = load_network(folder)
        except CtxembError as error:
            refused += 1
            assert str(folder) in str(error), number
        else:
            layers = network(network.encode(sentences(3)))
            assert layers.shape[0] == network.n_layers
        shutil.rmtree(folder)
    return Fates(refused, count - refused)
