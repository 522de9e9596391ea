"""ELMo's words per second against AllenNLP's modules stacked the AllenNLP way, same weights, in one run.

    python benchmarks/speed/elmo.py [--data FOLDER] [--shape small] [--sentences 5000] [--peer 320]

All layers of the first sentences of SUBJ (without `--data`: made-up sentences of such lengths), from words to
arrays on words. Ours is `Embedder.embed`, whose words are not known from a run before. The peer is what
AllenNLP's `Elmo` computes: characters of all words of a padded batch, allennlp-light's `Highway` and
`LstmCellWithProjection` for each direction and layer, skip connections, marks removed; in batches of 32 in
the order of the text, which is its way, and sorted by length in batches of `--batch`, the best that can
be done with it. As it is slow, it embeds `--peer` sentences spread evenly over those sorted by length, and is
given the same words per second for the rest. Everybody takes turns; medians. Peak memory is that of processes
of their own, beyond what they had with the model loaded.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from allennlp_light.modules.highway import Highway
from allennlp_light.modules.lstm_cell_with_projection import LstmCellWithProjection
from torch import nn

from ctxemb.extraction.embedder import Embedder
from ctxemb.layers.weight_cache import Kept
from ctxemb.models import load
from ctxemb.models.elmo import Elmo, ElmoConfig
from ctxemb.models.model import LoadedModel
from ctxemb.text.sentence import Sentence

SHAPES = {
    "small": ElmoConfig(n_highway=1, width=128, cell_width=1024),  # elmo_2x1024_128_2048cnn_1xhighway
    "original": ElmoConfig(),  # elmo_2x4096_512_2048cnn_2xhighway
    "shipped": None,
}


class Peer(nn.Module):
    """ELMo as AllenNLP has it."""

    def __init__(self, network: Elmo) -> None:
        super().__init__()
        characters, config = network.characters, network.config
        self.network = network
        self.symbols, self.convolutions = characters.symbols, characters.convolutions
        n_filters = sum(count for _, count in config.filters)
        self.highway = Highway(n_filters, config.n_highway, activation=torch.relu)
        for theirs, ours in zip(self.highway._layers, characters.highways, strict=True):
            theirs.weight.data, theirs.bias.data = ours.weight.data, ours.bias.data
        self.projection = characters.projection
        self.cells = [[self._cell(lstm, direction) for direction in range(2)] for lstm in network.lstm]

    def _cell(self, lstm: nn.Module, direction: int) -> LstmCellWithProjection:
        config = self.network.config
        cell = LstmCellWithProjection(
            config.width, config.width, config.cell_width, direction == 0, 0.0,
            config.cell_clip, config.state_clip,
        )  # fmt: skip
        cell.input_linearity.weight.data = lstm.input_weight.data[direction]
        cell.state_linearity.weight.data = lstm.state_weight.data[direction]
        cell.state_linearity.bias.data = lstm.bias.data[direction]
        cell.state_projection.weight.data = lstm.projection.data[direction]
        return cell.eval()

    @torch.inference_mode()
    def embed(self, sentences: Sequence[Sentence], batch: int) -> list[np.ndarray]:
        found = []
        for start in range(0, len(sentences), batch):
            found += self._batch(sentences[start : start + batch])
        return found

    def _batch(self, sentences: Sequence[Sentence]) -> list[np.ndarray]:
        longest = max(map(len, sentences)) + 2
        symbols = torch.zeros(len(sentences), longest, 50, dtype=torch.long)
        for row, sentence in enumerate(sentences):
            spelled = self.network.spell(sentence.words)
            symbols[row, 0], symbols[row, len(sentence) + 1] = spelled[0], spelled[1]
            symbols[row, 1 : len(sentence) + 1] = spelled[2:]
        x = self.symbols(symbols.view(-1, 50)).transpose(1, 2)
        x = torch.cat([torch.relu(part(x).max(dim=-1)[0]) for part in self.convolutions], dim=-1)
        words = self.projection(self.highway(x)).view(len(sentences), longest, -1)
        lengths = torch.tensor([len(sentence) + 2 for sentence in sentences])
        order = lengths.argsort(descending=True, stable=True)
        both = [words[order]] * 2
        layers = [torch.cat([words, words], dim=-1)]
        back = order.argsort()
        for number, cells in enumerate(self.cells):
            outs = [cell(x, lengths[order].tolist())[0] for cell, x in zip(cells, both, strict=True)]
            both = [out + x for out, x in zip(outs, both, strict=True)] if number else outs
            layers.append(torch.cat(both, dim=-1)[back])
        stacked = torch.stack(layers)
        return [stacked[:, i, 1 : len(s) + 1].numpy() for i, s in enumerate(sentences)]


def read(data: str | None, count: int) -> list[Sentence]:
    """Return the first sentences of SUBJ, or made-up ones of such lengths."""
    if data is not None:
        lines = (Path(data) / "sentences" / "subj" / "all.tsv").read_text(encoding="utf-8").splitlines()
        return [Sentence(tuple(line.split("\t")[1].split())) for line in lines[:count]]
    random = np.random.default_rng(0)
    letters = np.array(list("etaoinshrdlucmfwypvbgkjqxz"))
    words = ["".join(random.choice(letters, size=size)) for size in random.integers(1, 12, size=40_000)]
    return [
        Sentence(tuple(words[i] for i in (40_000 * random.random(size) ** 3).astype(int)))
        for size in random.integers(8, 40, size=count).tolist()
    ]


def model_of(shape: str) -> Embedder:
    config = SHAPES[shape]
    if config is None:
        return Embedder(load("elmo"))
    torch.manual_seed(0)
    network = Elmo(config).eval()
    with torch.no_grad():
        for highway in network.characters.highways:
            highway.bias[len(highway.bias) // 2 :] = 1.0
    return Embedder(LoadedModel(network, shape, lambda: "0" * 64))


def roof() -> float:
    """Return the rate of a large product of matrices, in multiplications and additions per second."""
    x = torch.randn(2048, 2048)
    times = []
    for _ in range(5):
        started = time.perf_counter()
        x @ x
        times.append(time.perf_counter() - started)
    return 2 * 2048**3 / statistics.median(times)


def spread(sentences: Sequence[Sentence], count: int) -> list[Sentence]:
    """Return `count` sentences, evenly over those sorted by length, in the order of the text."""
    order = np.argsort([len(sentence) for sentence in sentences], kind="stable")
    chosen = np.sort(order[np.linspace(0, len(order) - 1, min(count, len(order))).astype(int)])
    return [sentences[i] for i in chosen]


def n_words(sentences: Sequence[Sentence]) -> int:
    return sum(map(len, sentences))


def work(network: Elmo, n_pieces: int) -> float:
    """Return the multiplications and additions of the LSTMs for so many pieces."""
    c = network.config
    return 2 * n_pieces * 2 * c.n_lstm_layers * (4 * c.cell_width * 2 * c.width + c.cell_width * c.width)


def runs(
    model: Embedder, sentences: list[Sentence], few: list[Sentence], batch: int
) -> dict[str, tuple[object, int]]:
    network = model.model.network
    peer = Peer(network)

    def ours() -> object:
        network._known = Kept()
        return model.embed(sentences)

    by_length = sorted(few, key=len)
    return {
        "ours": (ours, n_words(sentences)),
        "ours, words known": (lambda: model.embed(sentences), n_words(sentences)),
        "AllenNLP, 32 in order": (lambda: peer.embed(few, 32), n_words(few)),
        f"AllenNLP, {batch} by length": (lambda: peer.embed(by_length, batch), n_words(few)),
    }


def difference(model: Embedder, few: list[Sentence]) -> tuple[float, float]:
    """Return the largest difference of any number, and the largest number."""
    ours = model.embed(few)
    theirs = Peer(model.model.network).embed(few, 32)
    largest = max(float(np.abs(ours.sentence(i) - found).max()) for i, found in enumerate(theirs))
    return largest, float(np.abs(ours.values).max())


def status(key: str) -> int:
    with Path("/proc/self/status").open() as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith(key))


def memory(arguments: argparse.Namespace) -> Iterator[tuple[str, int]]:
    """Yield names and the peak memory of each in a process of its own."""
    for name in ("ours", "AllenNLP, 32 in order"):
        done = subprocess.run(
            [sys.executable, __file__, *sys.argv[1:], "--alone", name, "--shape", arguments.shape],
            capture_output=True, text=True, check=True, env={**os.environ},
        )  # fmt: skip
        yield name, json.loads(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", default=os.environ.get("CTXEMB_DATA"))
    parser.add_argument("--shape", choices=SHAPES, default="small")
    parser.add_argument("--sentences", type=int, default=5000)
    parser.add_argument("--peer", type=int, default=320)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--no-memory", action="store_true")
    parser.add_argument("--alone", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    sentences = read(arguments.data, arguments.sentences)
    few = spread(sentences, arguments.peer)
    model = model_of(arguments.shape)
    ways = runs(model, sentences, few, arguments.batch)
    if arguments.alone:
        before = status("VmRSS")
        ways[arguments.alone][0]()
        print(status("VmHWM") - before)
        return
    times: dict[str, list[float]] = {name: [] for name in ways}
    rates = []
    for _ in range(arguments.repeats):
        rates.append(roof())
        for name, (run, _) in ways.items():
            started = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - started)
    speeds = {name: ways[name][1] / statistics.median(found) for name, found in times.items()}
    rate = statistics.median(rates)
    print(
        f"{arguments.shape}: {len(sentences):,} sentences, {n_words(sentences):,} words; peer: {len(few):,} "
        f"of them, {n_words(few):,} words; {torch.get_num_threads()} threads; median of {arguments.repeats}; "
        f"sgemm {rate / 1e9:.0f} GFLOP/s"
    )
    for name, speed in speeds.items():
        print(f"  {name:26} {speed:10,.0f} words/s   ours / this {speeds['ours'] / speed:6.2f}")
    pieces_per_word = 1 + 2 * len(sentences) / n_words(sentences)
    needed = work(model.model.network, 1) * pieces_per_word
    print(f"  ours, LSTMs' full work over the roof: {speeds['ours, words known'] * needed / rate:.2f}")
    largest, size = difference(model, few[:64])
    print(f"  largest difference {largest:.1e}, of numbers up to {size:.1f}")
    if not arguments.no_memory:
        for name, peak in memory(arguments):
            print(f"  {name:26} peak {peak / 1e6:6.0f} MB beyond the loaded model")


if __name__ == "__main__":
    main()
