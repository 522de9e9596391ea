"""Other ways to the same vectors, for `embed.py`: each reads a folder of transformers, then sentences.

None pools pieces into words, as ours does, and what a batch gives is dropped: they do less, so that the
comparison is in their favour.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

BATCH = 32
"""Sentences of a batch, for those that count sentences."""
BUDGET = 2048
"""Pieces of a padded batch of the ways that count pieces."""

Run = Callable[[list[str]], object]
"""Reads sentences, whose words are separated by spaces."""


def tokenizer_of(folder: Path) -> Any:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.unk_token
    return tokenizer


def padded_batches(tokenizer: Any, texts: list[str]) -> Iterator[dict[str, Tensor]]:
    """Yield batches of similar length, of up to `BUDGET` pieces with their padding."""
    ids = sorted(tokenizer(texts)["input_ids"], key=len)
    batch: list[list[int]] = []
    for sentence in ids:
        if batch and (len(batch) + 1) * len(sentence) > BUDGET:
            yield dict(tokenizer.pad({"input_ids": batch}, return_tensors="pt"))
            batch = []
        batch.append(sentence)
    yield dict(tokenizer.pad({"input_ids": batch}, return_tensors="pt"))


def hand_tuned(folder: Path) -> Run:
    """Load transformers: all layers; sorted, batches by their number of pieces, inference mode."""
    from transformers import AutoModel

    tokenizer, model = tokenizer_of(folder), AutoModel.from_pretrained(folder).eval()

    @torch.inference_mode()
    def run(texts: list[str]) -> None:
        for batch in padded_batches(tokenizer, texts):
            model(**batch, output_hidden_states=True)

    return run


def pipeline(folder: Path, batch_size: int = 1) -> Run:
    """Load the pipeline of transformers for features: the last layer, as lists."""
    import transformers

    made = transformers.pipeline("feature-extraction", model=str(folder), tokenizer=tokenizer_of(folder))
    return lambda texts: made(texts, batch_size=batch_size)


def pipeline_in_batches(folder: Path) -> Run:
    """Load the same, in batches of 32."""
    return pipeline(folder, BATCH)


def sentence_transformers(folder: Path) -> Run:
    """Load sentence-transformers: the last layer of each piece, in batches of 32."""
    from sentence_transformers import SentenceTransformer, models

    transformer = models.Transformer(str(folder))
    transformer.tokenizer.pad_token = transformer.tokenizer.pad_token or transformer.tokenizer.unk_token
    model = SentenceTransformer(
        modules=[transformer, models.Pooling(transformer.auto_model.config.hidden_size)], device="cpu"
    )
    return lambda texts: model.encode(texts, batch_size=BATCH, output_value="token_embeddings")


def flair(folder: Path) -> Run:
    """Load Flair: the mean of a word's pieces in all layers, in batches of 32."""
    import flair as package
    from flair.data import Sentence
    from flair.embeddings import TransformerWordEmbeddings

    package.device = torch.device("cpu")
    embeddings = TransformerWordEmbeddings(
        str(folder), layers="all", layer_mean=False, subtoken_pooling="mean", fine_tune=False
    )
    embeddings.tokenizer.pad_token = embeddings.tokenizer.pad_token or embeddings.tokenizer.unk_token

    def run(texts: list[str]) -> None:
        for start in range(0, len(texts), BATCH):
            embeddings.embed([Sentence(text.split()) for text in texts[start : start + BATCH]])

    return run


def onnx_runtime(folder: Path) -> Run:
    """Load ONNX Runtime: all layers; batches as for the hand-tuned transformers."""
    import onnxruntime
    from transformers import AutoModel

    tokenizer = tokenizer_of(folder)
    model = AutoModel.from_pretrained(folder, attn_implementation="eager").eval().requires_grad_(False)
    model.config.use_cache = False

    class Layers(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, ...]:
            found = self.model(input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=True)
            return tuple(found.hidden_states)

    path = folder / "model.onnx"
    if not path.exists():
        example = torch.ones(2, 8, dtype=torch.long)
        axes = {0: "batch", 1: "length"}
        torch.onnx.export(
            Layers(), (example, example), str(path), dynamo=False,
            input_names=["input_ids", "attention_mask"],
            dynamic_axes={"input_ids": axes, "attention_mask": axes},
        )  # fmt: skip
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def run(texts: list[str]) -> None:
        for batch in padded_batches(tokenizer, texts):
            names = ("input_ids", "attention_mask")
            session.run(None, {name: batch[name].numpy() for name in names})

    return run


PEERS: dict[str, tuple[tuple[str, ...], Callable[[Path], Run]]] = {
    "transformers, hand-tuned": (("transformers",), hand_tuned),
    "sentence-transformers": (("sentence-transformers",), sentence_transformers),
    "ONNX Runtime": (("onnxruntime", "onnx", "transformers"), onnx_runtime),
    "pipeline, batches of 32": (("transformers",), pipeline_in_batches),
    "pipeline, default": (("transformers",), pipeline),
    "Flair": (("flair",), flair),
}
"""The packages that each peer needs, and what loads it."""


def versions(packages: tuple[str, ...]) -> dict[str, str] | None:
    """Return the versions of packages, or None if one is not installed."""
    try:
        return {name: version(name) for name in packages}
    except PackageNotFoundError:
        return None
