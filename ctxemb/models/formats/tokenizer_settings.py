"""What the files of a tokenizer say of its class, its special pieces and what it returns."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from ctxemb.errors import FormatError
from ctxemb.models.formats.config_values import CONFIG

TOKENIZER, VOCABULARY, MERGED, MERGES = "tokenizer.json", "vocab.txt", "vocab.json", "merges.txt"
SETTINGS, SPECIAL, ADDED = "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"
SMALL_FILES = (TOKENIZER, VOCABULARY, MERGED, MERGES, SETTINGS, SPECIAL, ADDED, "*.model")
"""All files that decide pieces."""

INPUTS, TYPES = "model_input_names", "token_type_ids"
"""Key of the settings that lists what a tokenizer returns, and its name for types of pieces."""

BERT_CLASS, ROBERTA_CLASS = "BertTokenizer", "RobertaTokenizer"
GPT_CLASS, GPT2_CLASS = "OpenAIGPTTokenizer", "GPT2Tokenizer"
BERT_LIKE = {BERT_CLASS, "DistilBertTokenizer", "ElectraTokenizer", "MobileBertTokenizer"}
AS_WRITTEN = {"PreTrainedTokenizer", "TokenizersBackend"}
"""Classes that take ``tokenizer.json`` as it is."""

CLASS_PIECES = {
    **{name: {"cls_token": "[CLS]", "sep_token": "[SEP]", "unk_token": "[UNK]"} for name in BERT_LIKE},
    ROBERTA_CLASS: {"cls_token": "<s>", "sep_token": "</s>", "unk_token": "<unk>"},
    GPT_CLASS: {"unk_token": "<unk>"},
    GPT2_CLASS: {"bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>"},
}
"""Special pieces of classes, where settings do not name them."""


def read_settings(folder: Path, default: str) -> tuple[str, dict[str, Any]]:
    """Return the class of a folder's tokenizer, and its settings."""
    settings = read_object(folder / SETTINGS)
    kind = settings.get("tokenizer_class") or read_object(folder / CONFIG).get("tokenizer_class") or default
    if not isinstance(kind, str):
        raise FormatError(f"{folder / SETTINGS}: 'tokenizer_class' should be a name, found {kind!r}")
    more = {} if "added_tokens_decoder" in settings else read_object(folder / SPECIAL)
    return kind.removesuffix("Fast"), {**settings, **more}


def named_pieces(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return the special pieces that settings name."""
    keys = ("cls_token", "sep_token", "bos_token", "eos_token", "unk_token", "pad_token")
    values = {key: settings.get(key) for key in keys}
    texts = {key: value.get("content") if isinstance(value, dict) else value for key, value in values.items()}
    return {key: text for key, text in texts.items() if isinstance(text, str)}


def pieces_around(
    tokenizer: Tokenizer, kind: str, settings: Mapping[str, Any], names: Mapping[str, str], folder: Path
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the special pieces before and after a text.

    A tokenizer as ctxemb writes it names the pieces around BERT's windows and may have no post-processor.
    """
    has_both = "cls_token" in names and "sep_token" in names
    if has_both and (kind in BERT_LIKE or kind == ROBERTA_CLASS):
        return (names["cls_token"],), (names["sep_token"],)
    if "add_bos_token" in settings or "add_eos_token" in settings:
        before = names.get("bos_token") if settings.get("add_bos_token") else None
        after = names.get("eos_token") if settings.get("add_eos_token") else None
        return (before,) if before else (), (after,) if after else ()
    if tokenizer.post_processor is None:
        both = has_both and kind in AS_WRITTEN
        return ((names["cls_token"],), (names["sep_token"],)) if both else ((), ())
    encoded = tokenizer.encode("a")
    special = encoded.special_tokens_mask
    if 0 not in special:
        return tuple(encoded.tokens), ()
    first, last = special.index(0), len(special) - special[::-1].index(0)
    if any(special[first:last]):
        raise FormatError(f"{folder / TOKENIZER}: it puts special pieces into a text")
    return tuple(encoded.tokens[:first]), tuple(encoded.tokens[last:])


def unknown_piece(tokenizer: Tokenizer, settings: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Return the piece of words that would have none: the named one, or one that there is."""
    if "unk_token" in named_pieces(settings):
        return names["unk_token"]
    candidates = [getattr(tokenizer.model, "unk_token", None), names.get("unk_token")]
    candidates += [names.get(key) for key in ("pad_token", "bos_token", "eos_token")]
    there = [name for name in candidates if isinstance(name, str)]
    known = [name for name in there if tokenizer.token_to_id(name) is not None]
    return known[0] if known else (there[0] if there else str(tokenizer.id_to_token(0)))


def read_object(path: Path) -> dict[str, Any]:
    """Return the object in a file of JSON; nothing if there is no such file."""
    if not path.is_file():
        return {}
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path}: not JSON: {error}") from error
    if not isinstance(values, dict):
        raise FormatError(f"{path}: expected an object")
    return values
