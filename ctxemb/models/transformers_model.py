"""Any other checkpoint of `transformers` behind our interface (extra ``ctxemb[hf]``)."""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ctxemb.errors import FormatError, MissingFileError
from ctxemb.models.encoding import Encoding, pack
from ctxemb.models.formats.config_values import read_config_values
from ctxemb.models.pieces import PieceTokenizer
from ctxemb.text.sentence import Sentence

_TRIED = 4
"""Pieces that a model is tried on."""

_LONGEST = 100_000
"""A window that is said to be longer has no limit."""


class TransformersNetwork(nn.Module):
    """A model of `transformers`, whatever its architecture; of an encoder with a decoder, the encoder.

    Windows of equal length are read together, without padding, so that a sentence's vectors do not depend on
    its neighbours; a window that is there several times is read once. Layers are its hidden states, layer 0
    the input of the first block.

    Parameters
    ----------
    model
        A model of `transformers`.
    tokenizer
        Its fast tokenizer.
    """

    batch_pieces = 1024

    def __init__(self, model: Any, tokenizer: Any) -> None:
        super().__init__()
        config = model.config
        self.inner = model.get_encoder() if config.is_encoder_decoder else model
        self.family = str(config.model_type)
        self.config = config
        self.causal = not config.is_encoder_decoder and _is_causal(config)
        self.around = around(tokenizer)
        self.prefix, self.suffix = self.around.prefix, self.around.suffix
        # After `around`: each call of the tokenizer sets its backend to read special pieces in text as such.
        self.tokenizer = PieceTokenizer(tokenizer.backend_tokenizer, _unknown(tokenizer))
        self._types = (
            self.around.types and "token_type_ids" in inspect.signature(self.inner.forward).parameters
        )
        self.max_pieces = _longest_window(self.inner, config, tokenizer)
        self._check_tokenizer()
        self.n_layers, self.width = self._sizes()

    def encode(self, sentences: Sequence[Sentence]) -> Encoding:
        """Split the words of `sentences` into pieces, between the model's special ones."""
        return pack(
            *self.tokenizer.flat(sentences),
            prefix=self.prefix,
            suffix=self.suffix,
            max_pieces=self.max_pieces,
            causal=self.causal,
        )

    def forward(self, batch: Encoding) -> Tensor:
        """Return the vectors of all layers, (n_layers, n_pieces, width)."""
        return torch.stack(list(self.each(batch)))

    def each(self, batch: Encoding) -> Iterator[Tensor]:
        """Yield the vectors of one layer after the other, (n_pieces, width)."""
        lengths = batch.lengths
        computed = []
        for length in lengths.unique().tolist():
            starts = batch.windows[:-1][lengths == length]
            places = starts[:, None] + torch.arange(length, device=starts.device)  # (n_windows, length)
            distinct, copies = batch.pieces[places].unique(dim=0, return_inverse=True)
            computed.append((places, copies, self._layers(distinct)))
        for number in range(self.n_layers):
            layer = torch.empty(len(batch.pieces), self.width, device=batch.pieces.device)
            for places, copies, layers in computed:
                layer[places] = layers[number][copies].float()
            yield layer

    @torch.no_grad()
    def _layers(self, pieces: Tensor) -> tuple[Tensor, ...]:
        more = {"token_type_ids": self._token_types(pieces)} if self._types else {}
        out = self.inner(input_ids=pieces, output_hidden_states=True, return_dict=True, **more)
        layers: tuple[Tensor, ...] = out.hidden_states
        return layers

    def _token_types(self, pieces: Tensor) -> Tensor:
        """Return (n_windows, length) the types that the tokenizer gives the pieces of one text."""
        types = torch.full_like(pieces, self.around.inside)
        before, after = self.around.prefix_types, self.around.suffix_types
        types[:, : len(before)] = torch.tensor(before, dtype=types.dtype)
        types[:, types.shape[1] - len(after) :] = torch.tensor(after, dtype=types.dtype)
        return types

    def _sizes(self) -> tuple[int, int]:
        """Return the number of layers and their width, which must be the same in all."""
        length = min(_TRIED, self.max_pieces or _TRIED)
        layers = self._layers(torch.full((1, length), self.tokenizer.unknown))
        shapes = {tuple(layer.shape) for layer in layers}
        if len(shapes) > 1:
            sizes = ", ".join(str(shape[1:]) for shape in sorted(shapes))
            raise ValueError(f"its layers have different sizes (pieces, width): {sizes}")
        if layers[0].shape[:2] != (1, length):
            raise ValueError(f"its layers have no vector for each piece: {tuple(layers[0].shape)}")
        return len(layers), int(layers[0].shape[-1])

    def _check_tokenizer(self) -> None:
        """Refuse a tokenizer with pieces that the model has no vectors for."""
        try:
            room = len(self.inner.get_input_embeddings().weight)
        except (AttributeError, NotImplementedError, TypeError):
            return
        largest = max(self.tokenizer.tokenizer.get_vocab().values())
        if largest >= room:
            raise ValueError(f"the tokenizer has pieces up to number {largest}, but the model only {room}")


def load_transformers(path: Path, random_init: int | None = None) -> TransformersNetwork:
    """Load a model of `transformers` whose architecture is none of ours, or any in a GGUF file.

    Parameters
    ----------
    path
        The model's folder, with a fast tokenizer; or a GGUF file, which holds all. Quantised weights become
        float32.
    random_init
        Seed of random weights to have instead of the trained ones.

    Raises
    ------
    MissingFileError
        If `transformers` is not installed, or, for a GGUF file, the packages `gguf` or `accelerate`.
    FormatError
        If it cannot load the model.
    """
    try:
        import transformers
    except ImportError as error:
        raise MissingFileError(
            f"{path}: a format or architecture that ctxemb does not have itself; with the extra ctxemb[hf] "
            "(pip install 'ctxemb[hf]') any model of transformers can be used"
        ) from error
    is_file = path.is_file()
    missing = [name for name in ("gguf", "accelerate") if importlib.util.find_spec(name) is None]
    if is_file and missing:
        raise MissingFileError(f"{path}: GGUF files need {' and '.join(missing)}: pip install 'ctxemb[hf]'")
    place: dict[str, Any] = {"pretrained_model_name_or_path": path.parent if is_file else path, **_NO_CODE}
    if is_file:
        place["gguf_file"] = path.name
    else:
        _check_config(path)
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(**place, use_fast=True)
        if not hasattr(tokenizer, "backend_tokenizer"):
            raise ValueError(f"it has no fast tokenizer, only {type(tokenizer).__name__}")  # noqa: TRY301
        config = transformers.AutoConfig.from_pretrained(**place)
        kind = _model_class(transformers, config)
        if random_init is None:
            model = _trained(kind, place)
        else:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(random_init)
                made = kind is transformers.AutoModel
                model = kind.from_config(config, **_NO_CODE) if made else kind(config)
        return TransformersNetwork(model.eval(), tokenizer).eval().requires_grad_(False)
    except FormatError as error:
        raise FormatError(f"{path}: {error}") from None
    except Exception as error:  # transformers raises whatever the model's code raises
        raise FormatError(f"{path}: transformers cannot load this model: {error}") from error


_NO_CODE: dict[str, Any] = {"trust_remote_code": False}
"""Given to every call of transformers: no code that a checkpoint brings is run, and nobody is asked."""

_CONFIG = "config.json"


def _check_config(folder: Path) -> None:
    """Refuse a configuration that names one setting twice, or code that lies elsewhere."""
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    values = read_config_values(folder)
    kind = values.values.get("model_type")
    if isinstance(kind, str) and kind in CONFIG_MAPPING:
        values.must_agree(CONFIG_MAPPING[kind].attribute_map)
    for key, value in values.values.items():
        if "attn_implementation" in key and "/" in str(value):
            raise FormatError(f"{values.path}: '{key}' {value!r} names code on the hub, which is not run")


def _model_class(transformers: Any, config: Any) -> Any:
    """Return the class of an encoder that is stored without its decoder; for all else, AutoModel."""
    for name in getattr(config, "architectures", None) or ():
        if str(name).endswith("EncoderModel") and hasattr(transformers, str(name)):
            return getattr(transformers, str(name))
    return transformers.AutoModel


def _trained(kind: Any, place: dict[str, Any]) -> Any:
    """Return a model with its weights, all of which were in the file and are finite.

    Poolers, which no layer needs, may be missing; so may the decoder, where only the encoder is used.
    """
    known = dict(place)
    if kind.__name__ != "AutoModel":
        del known["trust_remote_code"]  # only Auto classes look for code
    model, said = kind.from_pretrained(
        **known, dtype=torch.float32, use_safetensors=True, output_loading_info=True
    )
    inner = model.get_encoder() if model.config.is_encoder_decoder else model
    used = {id(weight) for weight in inner.parameters()}
    names = {name for name, weight in model.named_parameters(remove_duplicate=False) if id(weight) in used}
    lacking = {
        name
        for name in {*said["missing_keys"], *(str(key[0]) for key in said["mismatched_keys"])}
        if name in names and "pooler" not in name
    }
    if lacking:
        shown = ", ".join(sorted(lacking)[:5]) + (" …" if len(lacking) > 5 else "")
        raise FormatError(f"the file of weights lacks {len(lacking)} tensors: {shown}")
    for name, weight in inner.named_parameters():
        if not torch.isfinite(weight.sum()) and not torch.isfinite(weight).all():
            raise FormatError(f"tensor {name} holds values that are not finite")
    return model


def _is_causal(config: Any) -> bool:
    from transformers.models.auto import modeling_auto as auto

    kind = config.model_type
    generates = kind in auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
    return bool(
        getattr(config, "is_decoder", False)
        or (generates and kind not in auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES)
    )


def _unknown(tokenizer: Any) -> str:
    for piece in (tokenizer.unk_token, tokenizer.pad_token, tokenizer.bos_token, tokenizer.eos_token):
        if piece is not None:
            return str(piece)
    return str(tokenizer.convert_ids_to_tokens(0))


@dataclass(frozen=True, slots=True)
class Around:
    """What a tokenizer puts around a text.

    Parameters
    ----------
    prefix, suffix
        Special pieces before and after it.
    types
        Whether the tokenizer gives each piece a type.
    prefix_types, inside, suffix_types
        The types of the special pieces, and that of all pieces of the text.
    """

    prefix: tuple[int, ...]
    suffix: tuple[int, ...]
    types: bool = False
    prefix_types: tuple[int, ...] = ()
    inside: int = 0
    suffix_types: tuple[int, ...] = ()


def around(tokenizer: Any) -> Around:
    """Return what a tokenizer of transformers puts around a text."""
    bare = tokenizer("a", add_special_tokens=False)["input_ids"]
    whole = tokenizer("a")
    pieces, types = whole["input_ids"], whole.get("token_type_ids")
    places = [i for i in range(len(pieces) - len(bare) + 1) if pieces[i : i + len(bare)] == bare]
    if not places:
        raise ValueError(f"its tokenizer puts special pieces into a text: {pieces}")
    start, stop = places[0], places[0] + len(bare)
    around_it = tuple(pieces[:start]), tuple(pieces[stop:])
    if types is None:
        return Around(*around_it)
    return Around(*around_it, True, tuple(types[:start]), types[start], tuple(types[stop:]))


def _longest_window(inner: Any, config: Any, tokenizer: Any) -> int | None:
    """Return how many pieces there are positions for, padding's aside; None for any number."""
    said = [getattr(config, "max_position_embeddings", None), getattr(config, "n_positions", None)]
    said.append(tokenizer.model_max_length)
    known = [int(size) for size in said if size is not None and 0 < size < _LONGEST]
    for name, module in inner.named_modules():
        if isinstance(module, nn.Embedding) and name.rpartition(".")[2] in _POSITIONS:
            # Positions of RoBERTa and its kin are counted from the one after the padding piece's number.
            first = getattr(module, "offset", None)
            if first is None:
                first = 0 if module.padding_idx is None else module.padding_idx + 1
            known.append(module.num_embeddings - first)
    return min(known) if known else None


_POSITIONS = ("position_embeddings", "embed_positions", "wpe", "position_embedding", "positions_embed")
"""What transformers calls embeddings of positions."""
