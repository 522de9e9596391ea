"""Published tokenizers: ``tokenizer.json``, ``vocab.txt``, or ``vocab.json`` with ``merges.txt``.

Which pieces a text has, and which special ones stand around it, is decided as `transformers` decides it:
by the class that ``tokenizer_config.json`` names, or else by that of the model's type, with its settings.
Where such a class would build another tokenizer than ``tokenizer.json`` describes, the folder is refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from ctxemb.errors import FormatError, MissingFileError
from ctxemb.models.formats.tokenizer_settings import (
    ADDED,
    BERT_LIKE,
    CLASS_PIECES,
    GPT2_CLASS,
    GPT_CLASS,
    INPUTS,
    MERGED,
    MERGES,
    ROBERTA_CLASS,
    SETTINGS,
    TOKENIZER,
    TYPES,
    VOCABULARY,
    named_pieces,
    pieces_around,
    read_object,
    read_settings,
    unknown_piece,
)
from ctxemb.models.pieces import PieceTokenizer

_NORMALIZED = (
    ("do_lower_case", "lowercase", True),
    ("strip_accents", "strip_accents", None),
    ("tokenize_chinese_chars", "handle_chinese_chars", True),
)
"""A setting of BERT's class, its name in ``tokenizer.json``, and the class's default."""


@dataclass(frozen=True, slots=True)
class FolderTokenizer:
    """The tokenizer of a model's folder.

    Parameters
    ----------
    tokenizer
        It.
    prefix, suffix
        The special pieces that it puts before and after a text.
    unknown
        The piece of a word that would have none.
    types
        Whether it gives each piece a type, 0 in a single text.
    """

    tokenizer: PieceTokenizer
    prefix: tuple[str, ...]
    suffix: tuple[str, ...]
    unknown: str
    types: bool


def read_tokenizer(folder: Path, default: str) -> FolderTokenizer:
    """Read the tokenizer of a model's folder.

    Parameters
    ----------
    folder
        The model's folder.
    default
        The class of its tokenizer, where no file names one.

    Raises
    ------
    MissingFileError
        If there is no tokenizer.
    FormatError
        If a file is damaged, the vocabulary lacks a piece, or files disagree.
    """
    kind, settings = read_settings(folder, default)
    files, make = _maker(folder, kind, settings)
    path = folder / files[0]
    try:
        tokenizer = make()
        _add_pieces(tokenizer, folder, settings)
    except FormatError:
        raise
    except Exception as error:  # tokenizers raises bare Exception
        raise FormatError(f"{path}: not a tokenizer: {error}") from error
    names = {**CLASS_PIECES.get(kind, {}), **named_pieces(settings)}
    prefix, suffix = pieces_around(tokenizer, kind, settings, names, folder)
    unknown = unknown_piece(tokenizer, settings, names)
    given = [piece for key, piece in named_pieces(settings).items() if key in ("cls_token", "sep_token")]
    needed = dict.fromkeys((unknown, *prefix, *suffix, *given))
    if lacking := [piece for piece in needed if tokenizer.token_to_id(piece) is None]:
        raise FormatError(f"{path}: the vocabulary lacks {', '.join(lacking)}")
    try:
        pieces = PieceTokenizer(tokenizer, unknown)
    except FormatError as error:
        raise FormatError(f"{path}: {error}") from None
    types = TYPES in settings.get(INPUTS, [TYPES] if kind in BERT_LIKE else [])
    return FolderTokenizer(pieces, prefix, suffix, unknown, types)


def _maker(
    folder: Path, kind: str, settings: Mapping[str, Any]
) -> tuple[tuple[str, ...], Callable[[], Tokenizer]]:
    """Return the files of a tokenizer, and what makes it of them."""
    bpe = _word_end_bpe if kind == GPT_CLASS else _byte_bpe
    makers: tuple[tuple[tuple[str, ...], Callable[[], Tokenizer]], ...] = (
        ((TOKENIZER,), lambda: _from_json(folder, kind, settings)),
        ((VOCABULARY,), lambda: _word_pieces(folder, settings)),
        ((MERGED, MERGES), lambda: bpe(folder)),
    )
    for files, make in makers:
        if all((folder / name).is_file() for name in files):
            return files, make
    raise MissingFileError(
        f"no tokenizer in {folder}: neither {TOKENIZER} nor {VOCABULARY} nor {MERGED} with {MERGES}"
    )


def _from_json(folder: Path, kind: str, settings: Mapping[str, Any]) -> Tokenizer:
    path = folder / TOKENIZER
    values = json.loads(path.read_text(encoding="utf-8"))
    if isinstance(values, dict) and isinstance(values.get("model"), dict):
        _check_kind(path, kind, values)
        if kind in BERT_LIKE:
            _set_normalizer(folder, values["normalizer"], settings)
    return Tokenizer.from_str(json.dumps(values))


def _check_kind(path: Path, kind: str, values: Mapping[str, Any]) -> None:
    """Refuse a ``tokenizer.json`` of another kind than the class, which would build its own."""
    bert = ("BertNormalizer", "BertPreTokenizer")
    expected: tuple[Any, ...] | None = None
    if kind in BERT_LIKE:
        expected = ("WordPiece", *bert)
    elif kind in {ROBERTA_CLASS, GPT2_CLASS}:
        expected = ("BPE", None, "ByteLevel")
    elif kind == GPT_CLASS:
        expected = ("BPE", *bert)
    parts = ("model", "normalizer", "pre_tokenizer")
    found = tuple(_type(values, part) for part in parts)
    if expected is not None and found != expected:
        wrong = next(i for i in range(3) if found[i] != expected[i])
        raise FormatError(
            f"{path}: its {parts[wrong]} is {found[wrong]}, but the tokenizer's class, {kind}, has "
            f"{expected[wrong]}; name the right 'tokenizer_class' in {SETTINGS}, such as "
            "'PreTrainedTokenizerFast', which takes the file as it is"
        )


def _type(values: Mapping[str, Any], part: str) -> str | None:
    """Return the type of a part; files of old have none for models, which are told by their fields."""
    value = values.get(part)
    if value is None:
        return None
    if "type" in value or part != "model":
        return str(value.get("type"))
    if "merges" in value:
        return "BPE"
    return "WordPiece" if "max_input_chars_per_word" in value else "Unigram"


def _set_normalizer(folder: Path, normalizer: dict[str, Any], settings: Mapping[str, Any]) -> None:
    """Let settings decide how text is normalised; refuse a file that disagrees with settings' defaults."""
    for setting, name, default in _NORMALIZED:
        if setting in settings:
            normalizer[name] = settings[setting]
        elif normalizer.get(name, default) != default:
            raise FormatError(
                f"{folder / TOKENIZER}: '{name}' is {normalizer[name]!r}, but {SETTINGS} has no '{setting}', "
                f"which means {default!r}; write it there"
            )


def _add_pieces(tokenizer: Tokenizer, folder: Path, settings: Mapping[str, Any]) -> None:
    """Add the pieces that stand beside the vocabulary, each at its number."""
    for source, number, token in sorted(_added(folder, settings), key=lambda added: added[1]):
        if tokenizer.id_to_token(number) != token.content:
            tokenizer.add_special_tokens([token]) if token.special else tokenizer.add_tokens([token])
        else:
            tokenizer.add_tokens([token])  # it is in the vocabulary, and is read as a whole from now on
        found = tokenizer.token_to_id(token.content)
        if found != number:
            raise FormatError(f"{source}: the piece {token.content!r} has the number {number}, not {found}")


def _added(folder: Path, settings: Mapping[str, Any]) -> Iterator[tuple[Path, int, AddedToken]]:
    """Yield added pieces with their numbers, and the file that says so."""
    special = set(named_pieces(settings).values()) | {"[MASK]", "<mask>"}
    if "added_tokens_decoder" in settings:
        source, pieces = folder / SETTINGS, settings["added_tokens_decoder"]
    else:
        source, pieces = folder / ADDED, read_object(folder / ADDED)
        pieces = {
            number: {"content": piece, "normalized": piece not in special, "special": piece in special}
            for piece, number in pieces.items()
        }
    try:
        for number, piece in pieces.items():
            fields = {key: value for key, value in piece.items() if key != "__type"}
            yield source, int(number), AddedToken(**fields)
    except (AttributeError, TypeError, ValueError) as error:
        raise FormatError(f"{source}: not added pieces with their numbers: {error}") from error


def _word_pieces(folder: Path, settings: Mapping[str, Any]) -> Tokenizer:
    lines = (folder / VOCABULARY).read_text(encoding="utf-8").split("\n")
    if lines and not lines[-1]:
        lines.pop()
    vocabulary = {line.removesuffix("\r"): number for number, line in enumerate(lines)}
    lower = settings.get("do_lower_case", True)
    if "do_lower_case" not in settings and any(
        len(piece) == 1 and piece.isascii() and piece.isupper() for piece in vocabulary
    ):
        raise FormatError(
            f"{folder / VOCABULARY}: has capital letters, but no 'do_lower_case' in {SETTINGS} says that "
            "they are kept; write it there"
        )
    unknown = named_pieces(settings).get("unk_token", "[UNK]")
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


def _byte_bpe(folder: Path) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE.from_file(str(folder / MERGED), str(folder / MERGES)))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def _word_end_bpe(folder: Path) -> Tokenizer:
    return word_end_bpe(folder / MERGED, folder / MERGES, "<unk>")


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


def written_tokenizer(tokenizer: Tokenizer, start: str | None, end: str | None) -> str:
    """Return the text of ``tokenizer.json``, which puts these special pieces around a text."""
    values: dict[str, Any] = json.loads(tokenizer.to_str())
    names = [name for name in (start, end) if name is not None]
    if values.get("post_processor") is None and names:
        before, after = ([f"{name}:0"] if name else [] for name in (start, end))
        second = [*before, "$A:0", *after, "$B:1", *(part.replace(":0", ":1") for part in after)]
        template = processors.TemplateProcessing(
            single=[*before, "$A:0", *after],
            pair=second,
            special_tokens=[(name, tokenizer.token_to_id(name)) for name in dict.fromkeys(names)],
        )
        values["post_processor"] = json.loads(template.__getstate__())
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))
