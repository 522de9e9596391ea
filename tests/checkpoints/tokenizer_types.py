"""Tokenizers of the types that published models have, trained on the toy text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

from tests.toys import DOCUMENTS

LLAMA_3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)


def _trained(model: Any, pre: Any = None, normalizer: Any = None, **settings: Any) -> Tokenizer:
    tokenizer = Tokenizer(model)
    if pre is not None:
        tokenizer.pre_tokenizer = pre
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    trainer = {
        "BPE": trainers.BpeTrainer,
        "WordPiece": trainers.WordPieceTrainer,
        "Unigram": trainers.UnigramTrainer,
        "WordLevel": trainers.WordLevelTrainer,
    }[type(model).__name__]
    settings = {"vocab_size": 400, "special_tokens": ["<unk>", "</s>"], "show_progress": False, **settings}
    if type(model).__name__ == "Unigram":
        settings["unk_token"] = "<unk>"
    tokenizer.train_from_iterator(DOCUMENTS, trainer(**settings))
    return tokenizer


def _bytes(*before: Any, prefix: bool = False, regex: bool = True, normalizer: Any = None) -> Tokenizer:
    level = pre_tokenizers.ByteLevel(add_prefix_space=prefix, use_regex=regex)
    pre = pre_tokenizers.Sequence([*before, level]) if before else level
    return _trained(
        models.BPE(), pre, normalizer, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), vocab_size=500
    )


def _spaced(tokenizer: Tokenizer) -> Tokenizer:
    tokenizer.add_tokens(["bank of", "river"])
    return tokenizer


def _metaspace(scheme: str, *, split: bool = True) -> Any:
    return pre_tokenizers.Metaspace(replacement="▁", prepend_scheme=scheme, split=split)


def _split(pattern: str, behavior: str = "isolated") -> Any:
    return pre_tokenizers.Split(Regex(pattern), behavior=behavior)


_UNKNOWN: dict[str, Any] = {"unk_token": "<unk>"}
TYPES: dict[str, Callable[[], Tokenizer]] = {
    "BERT, uncased": lambda: _trained(
        models.WordPiece(**_UNKNOWN), pre_tokenizers.BertPreTokenizer(), normalizers.BertNormalizer()
    ),
    "BERT, cased": lambda: _trained(
        models.WordPiece(**_UNKNOWN),
        pre_tokenizers.BertPreTokenizer(),
        normalizers.BertNormalizer(lowercase=False),
    ),
    "GPT-2": _bytes,
    "GPT-2, space first": lambda: _bytes(prefix=True),
    "StarCoder: digits, then bytes": lambda: _bytes(pre_tokenizers.Digits(individual_digits=True)),
    "digits, then bytes, space first": lambda: _bytes(pre_tokenizers.Digits(), prefix=True),
    "Llama 3": lambda: _bytes(_split(LLAMA_3), regex=False),
    "Bloom": lambda: _bytes(_split(r" ?[^(\s|[.,!?…。，、।۔،])]+"), regex=False),
    "ModernBERT": lambda: _spaced(_bytes(normalizer=normalizers.NFC())),
    "punctuation, then bytes": lambda: _bytes(pre_tokenizers.Punctuation()),
    "scripts, then bytes": lambda: _bytes(pre_tokenizers.UnicodeScripts()),
    "XLM-R": lambda: _trained(
        models.Unigram(),
        pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), _metaspace("always")]),
        normalizers.NFKC(),
    ),
    "T5": lambda: _trained(models.Unigram(), _metaspace("always"), normalizers.NFKC()),
    "Metaspace, first": lambda: _trained(models.BPE(**_UNKNOWN), _metaspace("first")),
    "Metaspace, never": lambda: _trained(models.BPE(**_UNKNOWN), _metaspace("never")),
    "Metaspace, whole": lambda: _trained(models.BPE(**_UNKNOWN), _metaspace("always", split=False)),
    "Llama 2": lambda: _trained(
        models.BPE(**_UNKNOWN, fuse_unk=True),
        None,
        normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]),
        max_token_length=5,
    ),
    "Gemma": lambda: _trained(
        models.BPE(**_UNKNOWN),
        _split(" ", "merged_with_previous"),
        normalizers.Replace(" ", "▁"),
        max_token_length=6,
    ),
    "words and marks": lambda: _trained(models.WordLevel(**_UNKNOWN), pre_tokenizers.Whitespace()),
    "between spaces": lambda: _trained(models.BPE(**_UNKNOWN), pre_tokenizers.CharDelimiterSplit(" ")),
    "OpenAI GPT": lambda: _trained(
        models.BPE(**_UNKNOWN, end_of_word_suffix="</w>"),
        pre_tokenizers.BertPreTokenizer(),
        normalizers.BertNormalizer(),
        end_of_word_suffix="</w>",
    ),
}
