"""Tiny models of other architectures, and GGUF files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gguf
import torch
import transformers
from torch import Tensor

from ctxemb.models import Encoding, load
from tests.checkpoints.hugging_face import largest_difference, reference_tokenizer, trained, write_tokenizer
from tests.toys import lively

SIZES = {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
FOLDERS = ("electra", "llama", "t5")
KINDS = (*FOLDERS, "gguf")


def write(kind: str, place: Path) -> tuple[Path, Any]:
    """Write a tiny model and its tokenizer, and return where it lies and the model itself."""
    if kind == "gguf":
        place.mkdir(exist_ok=True)
        return place / "tiny.gguf", write_gguf(place / "tiny.gguf")
    return place, write_folder(kind, place)


def write_folder(kind: str, folder: Path) -> Any:
    """Write a tiny model as a folder."""
    folder.mkdir(exist_ok=True)
    source = folder / "source"
    source.mkdir()
    pieces = "distilbert" if kind == "electra" else "gpt2"
    write_tokenizer(pieces, source)
    tokenizer = reference_tokenizer(pieces, source)
    tokenizer.save_pretrained(folder)
    size = len(tokenizer)
    torch.manual_seed(0)
    if kind == "electra":
        config = transformers.ElectraConfig(
            vocab_size=size, embedding_size=24, max_position_embeddings=32, **SIZES
        )
        model = transformers.ElectraModel(config)
    elif kind == "llama":
        config = transformers.LlamaConfig(vocab_size=size, max_position_embeddings=32, **SIZES)
        model = transformers.LlamaModel(config)
    else:
        config = transformers.T5Config(
            vocab_size=size, d_model=24, d_kv=12, d_ff=32, num_layers=2, num_heads=2, decoder_start_token_id=0
        )
        model = transformers.T5Model(config)
    lively(model, 0.1).eval().save_pretrained(folder)
    return model


def write_gguf(path: Path) -> Any:
    """Write a tiny Qwen2, float32, as llama.cpp's converter does."""
    tokenizer = trained("gpt2")
    pieces = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    torch.manual_seed(0)
    config = transformers.Qwen2Config(
        vocab_size=len(pieces), max_position_embeddings=32, num_key_value_heads=1, **SIZES
    )
    model = lively(transformers.Qwen2ForCausalLM(config), 0.1).eval()
    writer = gguf.GGUFWriter(str(path), "qwen2")
    writer.add_context_length(32)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_rope_freq_base(10_000.0)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_vocab_size(len(pieces))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list([piece for piece, _ in pieces])
    writer.add_token_types([gguf.TokenType.NORMAL] * len(pieces))
    merges = json.loads(tokenizer.to_str())["model"]["merges"]
    writer.add_token_merges([" ".join(merge) for merge in merges])
    for special in (writer.add_bos_token_id, writer.add_eos_token_id, writer.add_pad_token_id):
        special(0)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.QWEN2, config.num_hidden_layers)
    for name, weight in model.state_dict().items():
        stem, _, end = name.rpartition(".")
        writer.add_tensor(f"{names.get_name(stem)}.{end}", weight.float().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return model.base_model


def difference(path: Path, model: Any) -> float:
    """Return the largest difference of the hidden states of a model at `path` from its own."""
    encoder = model.get_encoder() if model.config.is_encoder_decoder else model

    def theirs(batch: Encoding, window: slice) -> Tensor:
        out = encoder(input_ids=batch.pieces[None, window], output_hidden_states=True)
        return torch.stack([layer[0] for layer in out.hidden_states])

    return largest_difference(load(str(path)), theirs)
