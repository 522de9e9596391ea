"""Vocabularies of pieces: byte-level BPE for GPT, WordPiece for BERT, trained with `tokenizers`."""

from __future__ import annotations

from collections.abc import Iterator

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from ctxemb.models.pieces import PieceTokenizer
from ctxemb.pretraining.corpus import Corpus

START = "<|endoftext|>"
"""GPT's piece for the start of a text."""

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
"""BERT's special pieces, in the order of its vocabularies."""


def train_byte_bpe(corpus: Corpus, size: int) -> PieceTokenizer:
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
    tokenizer.train_from_iterator(_texts(corpus), trainer)
    return PieceTokenizer(tokenizer, START)


def train_wordpiece(corpus: Corpus, size: int) -> PieceTokenizer:
    """Train a cased WordPiece vocabulary (Schuster and Nakajima 2012, as in BERT) of `size` pieces."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False, strip_accents=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(vocab_size=size, special_tokens=list(SPECIAL), show_progress=False)
    tokenizer.train_from_iterator(_texts(corpus), trainer)
    return PieceTokenizer(tokenizer, "[UNK]")


def _texts(corpus: Corpus) -> Iterator[str]:
    return (str(sentence) for document in corpus.documents() for sentence in document)
