"""Pieces per second on a GPU, and the share of its matrix peak, for the shapes of published models.

    python benchmarks/speed/gpu.py [--device cuda] [--dtype bfloat16] [--compile]
    python benchmarks/speed/gpu.py --device cpu --dtype float32 --tiny      # a rehearsal without a GPU

Weights are random. Windows are as long as SUBJ's sentences (every 20th part of 10,000, in the pieces of
BERT-base uncased, `[CLS]` and `[SEP]` included), or all of 128 pieces. *Model* is the network alone, its
output left on the device; *last layer* and *all layers* are `embed`: encoding, pooling into words and the
copy into the CPU's memory included. The peak is the best rate of large square products in the same numbers,
and the share is that of the network's products of matrices, attention's included.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import torch
from timing import medians

from ctxemb.errors import CtxembError
from ctxemb.extraction.embed import embed
from ctxemb.models import Encoding
from ctxemb.models.bert import Bert, BertConfig
from ctxemb.models.checkpoints import Network
from ctxemb.models.computation import DTYPES, Computation
from ctxemb.models.elmo import Elmo, ElmoConfig
from ctxemb.models.formats.tokenizer_settings import TOKENIZER
from ctxemb.models.gpt import Gpt, GptConfig
from ctxemb.models.model import LoadedModel
from ctxemb.models.pieces import PieceTokenizer
from ctxemb.pretraining.vocabulary import START
from ctxemb.shipped import shipped_path
from ctxemb.text.sentence import Sentence

SUBJ = (14, 16, 18, 19, 20, 22, 23, 25, 26, 27, 29, 30, 32, 34, 35, 38, 40, 43, 48, 57)


def networks(tiny: bool) -> dict[str, Network]:
    """Return networks of random weights, with the tokenizers of the models that ship."""
    gpt = PieceTokenizer.read(shipped_path("models", "gpt", TOKENIZER), START)
    bert = PieceTokenizer.read(shipped_path("models", "bert", TOKENIZER), "[UNK]")
    sizes = {"width": 64, "n_blocks": 2, "n_heads": 4} if tiny else {}
    torch.manual_seed(0)
    return {
        "BERT-base": Bert(
            BertConfig(n_vocabulary=len(bert), hidden=256 if tiny else 3072, **sizes),
            bert,
        ),
        "GPT-2": Gpt(
            GptConfig(
                len(gpt), n_positions=1024, norm="pre", start=START, unknown=START, **sizes,
            ),
            gpt,
        ),
        "ELMo-original": Elmo(
            ElmoConfig(filters=((1, 8), (2, 8)), width=32, cell_width=64) if tiny else ElmoConfig()
        ),
    }  # fmt: skip


def work(network: Network, lengths: np.ndarray) -> float:
    """Return the operations of matrix products for windows of `lengths`, two for each product of numbers."""
    n_pieces = lengths.sum()
    if isinstance(network, Elmo):
        c = network.config
        of_direction = 4 * c.cell_width * 2 * c.width + c.width * c.cell_width
        return float(2 * n_pieces * len(network.lstm) * 2 * of_direction)
    width = network.width
    linear = sum(weight.numel() for weight in network.blocks.parameters() if weight.ndim == 2)
    scores = 2 * width * len(network.blocks) * (lengths.astype(float) ** 2).sum()
    return float(2 * (n_pieces * linear + scores / (2 if isinstance(network, Gpt) else 1)))


def texts(model: LoadedModel, lengths: np.ndarray) -> list[Sentence]:
    """Return different sentences of as many pieces, of words of one piece each."""
    letters = [a + b for a in "abcdefghijklmnoprstuvw" for b in "aeiouy"]
    of_word = model.encode([Sentence((word,)) for word in letters]).lengths
    words = [word for word, length in zip(letters, of_word.tolist(), strict=True) if length == of_word.min()]
    around = int(of_word.min()) - 1
    generator = np.random.default_rng(0)
    chosen = generator.choice(words, (len(lengths), int(lengths.max())))
    return [Sentence(tuple(row[: n - around])) for row, n in zip(chosen.tolist(), lengths, strict=True)]


def waiting(device: torch.device, run: Callable[[], object]) -> Callable[[], None]:
    """Return what runs, and waits until the device is done."""

    def waited() -> None:
        run()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        elif device.type == "mps":
            torch.mps.synchronize()

    return waited


def peak(device: torch.device, dtype: torch.dtype, size: int) -> float:
    """Return the best rate of products of square matrices, operations per second."""
    a, b = (torch.randn(size, size, device=device, dtype=dtype) for _ in range(2))
    run = waiting(device, lambda: [a @ b for _ in range(10)])
    run()
    times = []
    for _ in range(5):
        started = time.perf_counter()
        run()
        times.append(time.perf_counter() - started)
    return 10 * 2 * size**3 / min(times)


def forward(model: LoadedModel, batches: list[Encoding]) -> None:
    for batch in batches:
        for _ in model.each(batch):
            pass


def batches_of(model: LoadedModel, sentences: list[Sentence]) -> list[Encoding]:
    """Return the batches that `embed` would compute."""
    whole = model.prepare(model.encode(sentences))
    starts = np.searchsorted(whole.windows.numpy(), np.arange(0, len(whole.pieces), model.batch_pieces))
    borders = sorted({*starts.tolist(), len(whole.windows) - 1})
    return [whole.part(a, b) for a, b in pairwise(borders)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--dtype", choices=DTYPES, default="bfloat16")
    parser.add_argument("--compile", dest="compiled", action="store_true")
    parser.add_argument("--pieces", type=int, default=100_000, help="so many at least are computed")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--tiny", action="store_true", help="small models and little text")
    arguments = parser.parse_args()
    plain = Computation(arguments.device, arguments.dtype)
    try:
        plain.check()
    except CtxembError as error:
        parser.error(str(error))
    device, n_pieces = torch.device(plain.device), 2000 if arguments.tiny else arguments.pieces
    roof = peak(device, getattr(torch, plain.dtype), 512 if arguments.tiny else 8192)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    print(f"{name}, torch {torch.__version__}, {plain}; large products: {roof / 1e12:.2f} TFLOP/s\n")
    print("| shape | windows | model, pieces/s | TFLOP/s | share of peak | last layer | all layers |")
    print("|---|---|---:|---:|---:|---:|---:|")
    for shape, network in networks(arguments.tiny).items():
        has_blocks = not isinstance(network, Elmo)
        how = Computation(plain.device, plain.dtype, compiled=arguments.compiled and has_blocks)
        model = LoadedModel(network.eval().requires_grad_(False), shape, str, computation=how)
        for windows, pattern in (("SUBJ", SUBJ), ("128", (128,))):
            lengths = np.tile(pattern, -(-n_pieces // sum(pattern)))
            sentences = texts(model, lengths)
            batches = batches_of(model, sentences)
            runs = {
                "model": lambda model=model, batches=batches: forward(model, batches),
                "last": lambda model=model, sentences=sentences: embed(model, sentences, layers=[-1]),
                "all": lambda model=model, sentences=sentences: embed(model, sentences),
            }
            found = medians({key: waiting(device, run) for key, run in runs.items()}, arguments.repeats)
            rates = {key: lengths.sum() / seconds for key, seconds in found.items()}
            done = work(network, lengths) / found["model"]
            print(
                f"| {shape}{', compiled' * how.compiled} | {windows} | {rates['model']:,.0f} "
                f"| {done / 1e12:.2f} | {100 * done / roof:.0f} % "
                f"| {rates['last']:,.0f} | {rates['all']:,.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
