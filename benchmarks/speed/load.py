"""Time and memory of loading a checkpoint the size of BERT-base, against `transformers`, in one run.

    python benchmarks/speed/load.py

Each loads in processes of its own, in turns; memory is the peak of the process beyond what it had before it
loaded, over the size of the weights. Loading ends with a first sentence, so that mapped pages count.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

PEAK = """
def status(key):
    for line in open("/proc/self/status"):
        if line.startswith(key):
            return int(line.split()[1]) * 1024
import sys, time, json
folder = sys.argv[1]
"""
OURS = (
    PEAK
    + """
import torch
from ctxemb.models import load
from ctxemb.text.sentence import Sentence
before, started = status("VmRSS"), time.perf_counter()
model = load(folder)
seconds = time.perf_counter() - started
model(model.encode([Sentence(("the", "bank"))]))
print(json.dumps([seconds, status("VmHWM") - before]))
"""
)
THEIRS = (
    PEAK
    + """
import torch, transformers
from transformers import BertModel
transformers.logging.set_verbosity_error()
before, started = status("VmRSS"), time.perf_counter()
model = BertModel.from_pretrained(folder)
seconds = time.perf_counter() - started
with torch.inference_mode():
    model(input_ids=torch.tensor([[2, 5, 6, 3]]))
print(json.dumps([seconds, status("VmHWM") - before]))
"""
)


def write_checkpoint(folder: Path) -> int:
    """Write a BERT-base with random weights; return the size of its weights in bytes."""
    from tokenizers import Tokenizer, models
    from transformers import BertConfig, BertModel

    BertModel(BertConfig()).save_pretrained(folder)
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "bank"]
    tokenizer = Tokenizer(models.WordPiece({piece: i for i, piece in enumerate(pieces)}, unk_token="[UNK]"))
    tokenizer.save(str(folder / "tokenizer.json"))
    return (folder / "model.safetensors").stat().st_size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        size = write_checkpoint(Path(name))
        found: dict[str, list[list[float]]] = {"ours": [], "transformers": []}
        for _ in range(arguments.repeats):
            for who, code in (("ours", OURS), ("transformers", THEIRS)):
                run = subprocess.run(
                    [sys.executable, "-c", code, name], capture_output=True, text=True, check=True
                )
                found[who].append(json.loads(run.stdout.strip().split("\n")[-1]))
    print(f"{size / 1e6:.0f} MB of float32 weights, median of {arguments.repeats}")
    for who, rows in found.items():
        seconds, peak = (statistics.median(row[i] for row in rows) for i in range(2))
        print(f"  {who:13} {seconds:6.3f} s   peak memory {peak / size:.2f} x the weights")


if __name__ == "__main__":
    main()
