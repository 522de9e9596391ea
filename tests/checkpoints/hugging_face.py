"""Tiny checkpoints as `transformers` writes them."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from torch import Tensor, nn

from ctxemb.models import ContextualModel, Encoding, load
from ctxemb.models.checkpoints import load_network
from ctxemb.text.sentence import Sentence
from tests.toys import DOCUMENTS, STRANGE_WORDS, lively, sentences

WIDTH, N_BLOCKS, N_HEADS, HIDDEN = 24, 3, 4, 40
BERT_SIZES = {
    "hidden_size": WIDTH,
    "num_hidden_layers": N_BLOCKS,
    "num_attention_heads": N_HEADS,
    "intermediate_size": HIDDEN,
}
GPT_SIZES = {"n_embd": WIDTH, "n_layer": N_BLOCKS, "n_head": N_HEADS}
BERT_SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
ROBERTA_SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
KINDS = ("bert", "roberta", "distilbert", "openai-gpt", "gpt2")
TOLERANCE = 1e-5
Write = Callable[[nn.Module, Path], None]


def trained(kind: str) -> Tokenizer:
    if kind in {"bert", "distilbert"}:
        tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
        tokenizer.normalizer = normalizers.BertNormalizer(lowercase=kind == "bert")
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        trainer: Any = trainers.WordPieceTrainer(
            vocab_size=200, special_tokens=BERT_SPECIAL, show_progress=False
        )
    elif kind == "openai-gpt":
        tokenizer = Tokenizer(models.BPE(unk_token="<unk>", end_of_word_suffix="</w>"))
        tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        trainer = trainers.BpeTrainer(
            vocab_size=200, special_tokens=["<unk>"], end_of_word_suffix="</w>", show_progress=False
        )
    else:
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
        special = ROBERTA_SPECIAL if kind == "roberta" else ["<|endoftext|>"]
        trainer = trainers.BpeTrainer(
            vocab_size=400,
            special_tokens=special,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
    tokenizer.train_from_iterator(DOCUMENTS, trainer)
    return tokenizer


def write_tokenizer(kind: str, folder: Path) -> None:
    """Write the files that the published checkpoints have."""
    tokenizer = trained(kind)
    if kind in {"bert", "distilbert"}:
        pieces = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
        (folder / "vocab.txt").write_text("".join(f"{piece}\n" for piece, _ in pieces), encoding="utf-8")
        settings = {"do_lower_case": kind == "bert"}
        (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    else:
        tokenizer.model.save(str(folder))


def reference_tokenizer(kind: str, folder: Path) -> Any:
    name = {
        "bert": "BertTokenizerFast",
        "distilbert": "BertTokenizerFast",
        "roberta": "RobertaTokenizerFast",
        "openai-gpt": "OpenAIGPTTokenizerFast",
        "gpt2": "GPT2TokenizerFast",
    }[kind]
    more = {"add_prefix_space": True} if kind in {"gpt2", "roberta"} else {}
    lower = {"do_lower_case": kind == "bert"} if "bert" in kind and kind != "roberta" else {}
    return getattr(transformers, name).from_pretrained(folder, **more, **lower)


def reference(kind: str, n_vocabulary: int) -> nn.Module:
    torch.manual_seed(0)
    shared: dict[str, Any] = {"vocab_size": n_vocabulary, "attn_implementation": "eager"}
    if kind == "bert":
        config = transformers.BertConfig(**shared, **BERT_SIZES, max_position_embeddings=32)
        model = transformers.BertForPreTraining(config)
    elif kind == "roberta":
        sizes = {**BERT_SIZES, "max_position_embeddings": 34, "type_vocab_size": 1, "pad_token_id": 1}
        model = transformers.RobertaForMaskedLM(transformers.RobertaConfig(**shared, **sizes))
    elif kind == "distilbert":
        sizes = {"dim": WIDTH, "n_layers": N_BLOCKS, "n_heads": N_HEADS, "hidden_dim": HIDDEN}
        config = transformers.DistilBertConfig(**shared, **sizes, max_position_embeddings=32)
        model = transformers.DistilBertForMaskedLM(config)
    elif kind == "openai-gpt":
        config = transformers.OpenAIGPTConfig(**shared, **GPT_SIZES, n_positions=32)
        model = transformers.OpenAIGPTLMHeadModel(config)
    else:
        sizes = {**GPT_SIZES, "n_positions": 32, "n_inner": HIDDEN, "bos_token_id": 0, "eos_token_id": 0}
        model = transformers.GPT2LMHeadModel(transformers.GPT2Config(**shared, **sizes))
    return lively(model, 0.2).eval()


def as_safetensors(model: Any, folder: Path) -> None:
    model.save_pretrained(folder)


def as_shards(model: Any, folder: Path) -> None:
    model.save_pretrained(folder, max_shard_size="15KB")
    assert len(list(folder.glob("*.safetensors"))) > 2


def as_bin(model: Any, folder: Path) -> None:
    model.config.save_pretrained(folder)
    torch.save(model.state_dict(), folder / "pytorch_model.bin")


def as_old_bin(model: Any, folder: Path) -> None:
    """Write what was written before PyTorch 1.6, with the names of TensorFlow's normalisations."""
    model.config.save_pretrained(folder)
    old = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace(
            "LayerNorm.bias", "LayerNorm.beta"
        ): weight
        for name, weight in model.state_dict().items()
    }
    torch.save(old, folder / "pytorch_model.bin", _use_new_zipfile_serialization=False)


def as_bare_model(model: Any, folder: Path) -> None:
    model.base_model.save_pretrained(folder)


WRITERS: tuple[Write, ...] = (as_safetensors, as_shards, as_bin, as_old_bin, as_bare_model)


def their_layers(model: Any, pieces: Tensor) -> Tensor:
    out = model.base_model(input_ids=pieces[None], output_hidden_states=True)
    return torch.stack([layer[0] for layer in out.hidden_states])


def odd_sentences(count: int) -> list[list[str]]:
    """Return sentences of ordinary and of strange words, and of random characters."""
    generator = random.Random(0)
    ordinary = " ".join(DOCUMENTS).split()
    strange = [word for word in STRANGE_WORDS if 0 < len(word) < 200 and word.isprintable()]
    strange = [word for word in strange if not word.startswith(("[", "<")) and " " not in word]
    found = []
    for _ in range(count):
        words = []
        for _ in range(generator.randint(1, 12)):
            kind = generator.random()
            if kind < 0.6:
                words.append(generator.choice(ordinary))
            elif kind < 0.8:
                words.append(generator.choice(strange))
            else:
                size = generator.randint(1, 8)
                starts = [generator.choice((65, 97, 0xC0, 0x3B1, 0x4E00, 0x1F600)) for _ in range(size)]
                letters = [chr(start + generator.randint(0, 25)) for start in starts]
                words.append("".join(letters))
        found.append(words)
    return found


@torch.no_grad()
def largest_difference(model: ContextualModel, layers_of: Callable[[Encoding, slice], Tensor]) -> float:
    """Return the largest difference between a model's layers and those of a reference, window by window.

    `layers_of` returns (n_layers, n_pieces, width) of the window that lies at a slice of the pieces.
    """
    batch = model.encode(sentences(1, 5, 5, 9, 2))
    layers = model(batch)
    found = 0.0
    for start, stop in zip(batch.windows[:-1].tolist(), batch.windows[1:].tolist(), strict=True):
        theirs = layers_of(batch, slice(start, stop))
        assert theirs.shape == layers[:, start:stop].shape
        found = max(found, float((layers[:, start:stop] - theirs).abs().max()))
    return found


def difference(kind: str, write: Write, folder: Path) -> float:
    """Write a checkpoint, and return the largest difference of its hidden states from ours."""
    write_tokenizer(kind, folder)
    model = reference(kind, len(reference_tokenizer(kind, folder)))
    write(model, folder)
    ours = load(str(folder))
    assert ours.n_layers == N_BLOCKS + 1
    return largest_difference(ours, lambda batch, window: their_layers(model, batch.pieces[window]))


def misaligned(kind: str, folder: Path, texts: list[list[str]]) -> list[list[str]]:
    """Return the sentences whose pieces, or the words that they belong to, differ from their tokenizer's."""
    write_tokenizer(kind, folder)
    theirs = reference_tokenizer(kind, folder)
    reference(kind, len(theirs)).config.save_pretrained(folder)
    network = load_network(folder, random_init=0)
    ours = network.tokenizer.pieces([Sentence(tuple(words)) for words in texts])
    different = []
    for words, pieces in zip(texts, ours, strict=True):
        encoded = theirs(words, is_split_into_words=True, add_special_tokens=False)
        by_word: list[list[int]] = [[] for _ in words]
        for piece, word in zip(encoded["input_ids"], encoded.word_ids(), strict=True):
            by_word[word].append(piece)
        unknown = network.tokenizer.unknown  # a word without pieces has one here
        if [list(word) for word in pieces] != [word or [unknown] for word in by_word]:
            different.append(words)
    return different
