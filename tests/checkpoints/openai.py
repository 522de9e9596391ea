"""A tiny GPT in the format of OpenAI's release."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers

from ctxemb.models import load
from tests.checkpoints.hugging_face import largest_difference, their_layers, trained
from tests.toys import lively

WIDTH, N_BLOCKS, N_POSITIONS = 128, 2, 32  # two heads of 64
PARTS = ("attn.c_attn", "attn.c_proj", "ln_1", "mlp.c_fc", "mlp.c_proj", "ln_2")


def reference(n_vocabulary: int) -> Any:
    torch.manual_seed(0)
    config = transformers.OpenAIGPTConfig(
        vocab_size=n_vocabulary, n_positions=N_POSITIONS, n_embd=WIDTH, n_layer=N_BLOCKS, n_head=2
    )
    return lively(transformers.OpenAIGPTModel(config), 0.1).eval()


def write_release(folder: Path, model: Any) -> None:
    """Write the files as the released code reads them: matrices with a leading 1, all in one row."""
    state = {name: weight.numpy() for name, weight in model.state_dict().items()}
    arrays = [state["positions_embed.weight"], state["tokens_embed.weight"]]
    for block in range(N_BLOCKS):
        for part in PARTS:
            weight = state[f"h.{block}.{part}.weight"]
            arrays += [weight[None] if weight.ndim == 2 else weight, state[f"h.{block}.{part}.bias"]]
    (folder / "params_shapes.json").write_text(
        json.dumps([array.shape for array in arrays]), encoding="utf-8"
    )
    row = np.concatenate([array.reshape(-1) for array in arrays])
    for number, part in enumerate(np.array_split(row, 10)):
        np.save(folder / f"params_{number}.npy", part)


def write(folder: Path) -> Any:
    """Write the release, pieces and all, and return the model."""
    folder.mkdir(exist_ok=True)
    tokenizer = trained("openai-gpt")
    tokenizer.model.save(str(folder))
    (folder / "vocab.json").rename(folder / "encoder_bpe_40000.json")
    (folder / "merges.txt").rename(folder / "vocab_40000.bpe")
    model = reference(tokenizer.get_vocab_size())
    write_release(folder, model)
    return model


def difference(folder: Path) -> float:
    """Write the release, and return the largest difference of its hidden states from ours."""
    model = write(folder)
    return largest_difference(
        load(str(folder)), lambda batch, window: their_layers(model, batch.pieces[window])
    )
