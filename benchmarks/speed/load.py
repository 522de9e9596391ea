"""Time and memory of loading checkpoints of full size, against `transformers`, in one run.

    python benchmarks/speed/load.py > benchmarks/results/loading.md

Each loads in processes of its own, in turns; memory is the peak of the process beyond what it had before it
loaded, over the size of the weights in float32. Loading ends with a first sentence, so that mapped pages
count.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

STATUS = """
import sys, time, json
def status(key):
    for line in open("/proc/self/status"):
        if line.startswith(key + ":"):
            return int(line.split()[1]) * 1024
folder = sys.argv[1]
keys = "VmRSS", "RssAnon", "RssFile"
def finish():
    after = [status(key) for key in ("VmHWM", *keys[1:])]
    print(json.dumps([seconds, *(now - then for now, then in zip(after, before))]))
"""
OURS = (
    STATUS
    + """
import torch
from ctxemb.models import load
from ctxemb.text.sentence import Sentence
before, started = [status(key) for key in keys], time.perf_counter()
model = load(folder)
seconds = time.perf_counter() - started
model(model.encode([Sentence(("the", "bank"))]))
finish()
"""
)
THEIRS = (
    STATUS
    + """
import torch, transformers
transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()
from transformers import AutoConfig, GPT2Model, BertModel
kind = {"bert": BertModel, "gpt2": GPT2Model}[AutoConfig.from_pretrained(folder).model_type]
before, started = [status(key) for key in keys], time.perf_counter()
model = kind.from_pretrained(folder)
seconds = time.perf_counter() - started
with torch.inference_mode():
    model(input_ids=torch.tensor([[2, 5, 6, 3]]))
finish()
"""
)


@dataclass(frozen=True, slots=True)
class Case:
    """A checkpoint: what it is, how it is written (which returns its number of weights), and who reads it."""

    what: str
    write: Callable[[Path], int]
    by_transformers: bool = True


def write_bert(folder: Path, *, pickled: bool = False) -> int:
    """Write a BERT-base with random weights."""
    import torch
    from tokenizers import Tokenizer, models
    from transformers import BertConfig, BertModel

    model = BertModel(BertConfig())
    if pickled:
        model.config.save_pretrained(folder)
        torch.save(model.state_dict(), folder / "pytorch_model.bin")
    else:
        model.save_pretrained(folder)
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "bank"]
    tokenizer = Tokenizer(models.WordPiece({piece: i for i, piece in enumerate(pieces)}, unk_token="[UNK]"))
    tokenizer.save(str(folder / "tokenizer.json"))
    return sum(weight.numel() for weight in model.parameters())


def write_gpt2(folder: Path) -> int:
    """Write a GPT-2 of 124 million weights."""
    from tokenizers import Tokenizer, models
    from transformers import GPT2Config, GPT2Model

    model = GPT2Model(GPT2Config())
    model.save_pretrained(folder)
    pieces = {"<|endoftext|>": 0, **{letter: i for i, letter in enumerate("thebank", start=1)}}
    Tokenizer(models.BPE(pieces, [])).save(str(folder / "tokenizer.json"))
    return sum(weight.numel() for weight in model.parameters())


def write_openai(folder: Path) -> int:
    """Write a GPT of the published sizes the way OpenAI released it."""
    block = [
        [1, 768, 2304],
        [2304],
        [1, 768, 768],
        [768],
        [768],
        [768],
        [1, 768, 3072],
        [3072],
        [1, 3072, 768],
    ]
    shapes = [[512, 768], [40478, 768], *([*block, [768], [768], [768]] * 12)]
    size = sum(int(np.prod(shape)) for shape in shapes)
    (folder / "params_shapes.json").write_text(json.dumps(shapes), encoding="utf-8")
    for i, part in enumerate(np.array_split(np.arange(size), 10)):
        np.save(folder / f"params_{i}.npy", np.random.default_rng(i).normal(0, 0.02, len(part)).astype("f4"))
    vocabulary = {"<unk>": 0, **{letter: i for i, letter in enumerate("thebank", start=1)}}
    (folder / "encoder_bpe_40000.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    (folder / "vocab_40000.bpe").write_text("#version: 0.2\n", encoding="utf-8")
    return size


def write_elmo(folder: Path) -> int:
    """Write an ELMo of the sizes of the original."""
    from ctxemb.models.elmo import Elmo, ElmoConfig
    from ctxemb.models.formats.bilm import write_elmo as write

    network = Elmo(ElmoConfig())
    write(network, folder)
    return sum(weight.numel() for weight in network.parameters())


CASES = {
    "bert": Case("BERT-base, safetensors", write_bert),
    "bin": Case("BERT-base, .bin", lambda folder: write_bert(folder, pickled=True)),
    "gpt2": Case("GPT-2, safetensors", write_gpt2),
    "openai": Case("GPT, OpenAI's release", write_openai, by_transformers=False),
    "elmo": Case("ELMo of the original's size, HDF5", write_elmo, by_transformers=False),
}


def measure(case: Case, repeats: int) -> list[str]:
    """Return the rows of the table."""
    readers = {"ctxemb": OURS, **({"transformers": THEIRS} if case.by_transformers else {})}
    found: dict[str, list[list[float]]] = {who: [] for who in readers}
    with tempfile.TemporaryDirectory() as name:
        size = 4 * case.write(Path(name))
        for _ in range(repeats):
            for who, code in readers.items():
                run = subprocess.run(
                    [sys.executable, "-c", code, name], capture_output=True, text=True, check=True
                )
                found[who].append(json.loads(run.stdout.strip().split("\n")[-1]))
    rows = []
    for who, numbers in found.items():
        seconds, *memory = (statistics.median(row[i] for row in numbers) for i in range(4))
        peak, own, mapped = (part / size for part in memory)
        what = f"{case.what} ({size / 1e6:.0f} MB)"
        rows.append(f"| {what} | {who} | {seconds:.2f} | {peak:.2f} | {own:.2f} | {mapped:.2f} |")
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=list(CASES), default=list(CASES), metavar="CASE")
    arguments = parser.parse_args()
    print("# Loading, against transformers\n")
    print(
        "Written by `python benchmarks/speed/load.py`: medians of", arguments.repeats, "processes each, files"
    )
    print("in the page cache. Memory is what a process has more than before it loaded, over the size of the")
    print(
        "weights in float32: at its peak, and after a first sentence, its own and that of mapped files, which"
    )
    print("processes share and the system may take back.\n")
    print("| checkpoint | loaded by | seconds | peak memory | own | mapped |\n|---|---|---:|---:|---:|---:|")
    for name in arguments.only:
        print("\n".join(measure(CASES[name], arguments.repeats)), flush=True)


if __name__ == "__main__":
    main()
