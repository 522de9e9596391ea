"""Published tokenizers: ``tokenizer.json``, ``vocab.txt``, or ``vocab.json`` with ``merges.txt``."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers

from ctxemb.errors import FormatError, MissingFileError
from ctxemb.models.pieces import PieceTokenizer

TOKENIZER, VOCABULARY, MERGED, MERGES = "tokenizer.json", "vocab.txt", "vocab.json", "merges.txt"
SETTINGS = "tokenizer_config.json"


def read_tokenizer(
    folder: Path, unknown: str, special: Sequence[str] = (), *, word_ends: bool = False
) -> PieceTokenizer:
    """Read the tokenizer of a model's folder.

    Words are given to it one by one, so a byte-level BPE must take each as if a space were before it,
    whatever the file says of the first word of a text.

    Parameters
    ----------
    folder
        The model's folder.
    unknown, special
        The piece of a word that would have none, and others that the vocabulary must have.
    word_ends
        Whether a BPE from ``merges.txt`` marks the ends of words, like OpenAI's first, and not spaces.

    Raises
    ------
    MissingFileError
        If there is no tokenizer.
    FormatError
        If a file is damaged, or the vocabulary lacks a piece.
    """
    for names, make in (
        ((TOKENIZER,), _from_json),
        ((VOCABULARY,), _word_pieces),
        ((MERGED, MERGES), _word_end_bpe if word_ends else _byte_bpe),
    ):
        paths = [folder / name for name in names]
        if all(path.is_file() for path in paths):
            return _checked(lambda: make(folder, unknown), paths[0], unknown, special)  # noqa: B023
    raise MissingFileError(
        f"no tokenizer in {folder}: neither {TOKENIZER} nor {VOCABULARY} nor {MERGED} with {MERGES}"
    )


def _checked(
    make: Callable[[], Tokenizer], path: Path, unknown: str, special: Sequence[str]
) -> PieceTokenizer:
    try:
        tokenizer = make()
    except FormatError:
        raise
    except Exception as error:  # tokenizers raises bare Exception
        raise FormatError(f"{path}: not a tokenizer: {error}") from error
    if lacking := [piece for piece in (unknown, *special) if tokenizer.token_to_id(piece) is None]:
        raise FormatError(f"{path}: the vocabulary lacks {', '.join(lacking)}")
    return PieceTokenizer(tokenizer, unknown)


def _from_json(folder: Path, unknown: str) -> Tokenizer:
    values = json.loads((folder / TOKENIZER).read_text(encoding="utf-8"))
    _set_prefix_space(values.get("pre_tokenizer"))
    return Tokenizer.from_str(json.dumps(values))


def _set_prefix_space(part: Any) -> None:
    if isinstance(part, dict):
        if part.get("type") == "ByteLevel":
            part["add_prefix_space"] = True
        for inner in part.get("pretokenizers", ()):
            _set_prefix_space(inner)


def _word_pieces(folder: Path, unknown: str) -> Tokenizer:
    lines = (folder / VOCABULARY).read_text(encoding="utf-8").split("\n")
    if lines and not lines[-1]:
        lines.pop()
    vocabulary = {line.removesuffix("\r"): number for number, line in enumerate(lines)}
    settings = _settings(folder)
    lower = settings.get("do_lower_case")
    if lower is None:  # a vocabulary with capitals is cased
        lower = not any(len(piece) == 1 and piece.isascii() and piece.isupper() for piece in vocabulary)
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token=unknown, max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(
        clean_text=True,
        handle_chinese_chars=bool(settings.get("tokenize_chinese_chars", True)),
        strip_accents=settings.get("strip_accents"),
        lowercase=bool(lower),
    )
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer


def _byte_bpe(folder: Path, unknown: str) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE.from_file(str(folder / MERGED), str(folder / MERGES)))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def _word_end_bpe(folder: Path, unknown: str) -> Tokenizer:
    return word_end_bpe(folder / MERGED, folder / MERGES, unknown)


def word_end_bpe(vocabulary: Path, merges: Path, unknown: str) -> Tokenizer:
    """Return the BPE of OpenAI's first GPT: lower-cased, with ``</w>`` at the end of a word."""
    model = models.BPE.from_file(
        str(vocabulary), str(merges), unk_token=unknown, end_of_word_suffix="</w>", fuse_unk=False
    )
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.BPEDecoder(suffix="</w>")
    return tokenizer


def _settings(folder: Path) -> dict[str, Any]:
    path = folder / SETTINGS
    if not path.is_file():
        return {}
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path}: not JSON: {error}") from error
    if not isinstance(values, dict):
        raise FormatError(f"{path}: expected an object")
    return values
