"""Vocabularies of pieces: byte-level BPE for GPT, WordPiece for BERT, trained with `tokenizers`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from ctxemb.atomic import write_text
from ctxemb.models.pieces import PieceTokenizer

START = "<|endoftext|>"
"""GPT's piece for the start of a text."""

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
"""BERT's special pieces, in the order of its vocabularies."""


def train_byte_bpe(sentences: Iterable[str], size: int) -> PieceTokenizer:
    """Train a byte-level BPE (Radford et al. 2019) of `size` pieces; every word starts with a space."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=[START],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(sentences, trainer)
    return PieceTokenizer(tokenizer, START)


def train_wordpiece(sentences: Iterable[str], words: Iterable[str], size: int) -> PieceTokenizer:
    """Train a cased WordPiece vocabulary (Schuster and Nakajima 2012, as in BERT) of `size` pieces.

    The trainer of `tokenizers` numbers inner letters ("##a") in the order of a hash table, which differs from
    run to run and decides which of two equally frequent pieces is made. Here they are numbered beforehand.
    """
    tokenizer = _wordpiece({})
    special = [*SPECIAL, *_inner_letters(tokenizer, words)]
    trainer = trainers.WordPieceTrainer(vocab_size=size, special_tokens=special, show_progress=False)
    tokenizer.train_from_iterator(sentences, trainer)
    trained = _wordpiece(tokenizer.get_vocab())
    trained.add_special_tokens(list(SPECIAL))
    return PieceTokenizer(trained, "[UNK]")


def _wordpiece(vocabulary: dict[str, int]) -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False, strip_accents=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer


def _inner_letters(tokenizer: Tokenizer, words: Iterable[str]) -> list[str]:
    letters: set[str] = set()
    for kind in words:
        for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(tokenizer.normalizer.normalize_str(kind)):
            letters.update(word[1:])
    return [f"##{letter}" for letter in sorted(letters)]


def kept_tokenizer(path: Path, unknown: str, make: Callable[[], PieceTokenizer]) -> PieceTokenizer:
    """Return the tokenizer at `path`, which is made and written there first if there is none."""
    if not path.is_file():
        write_text(path, make().tokenizer.to_str(pretty=False))
    return PieceTokenizer.read(path, unknown)
