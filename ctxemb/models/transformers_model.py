"""Any other checkpoint of `transformers` behind our interface (extra ``ctxemb[hf]``)."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ctxemb.errors import FormatError, MissingFileError
from ctxemb.models.encoding import Encoding, pack
from ctxemb.models.pieces import PieceTokenizer
from ctxemb.text.sentence import Sentence

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
        self.prefix, self.suffix = _around(tokenizer)
        # After `_around`: each call of the tokenizer sets its backend to read special pieces in text as such.
        self.tokenizer = PieceTokenizer(tokenizer.backend_tokenizer, _unknown(tokenizer))
        self.max_pieces = _longest_window(config, tokenizer)
        layers = self._layers(torch.tensor([[self.tokenizer.unknown]]))
        self.n_layers, self.width = len(layers), int(layers[0].shape[-1])

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
        out = self.inner(input_ids=pieces, output_hidden_states=True, return_dict=True)
        layers: tuple[Tensor, ...] = out.hidden_states
        return layers


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
    place: dict[str, Any] = {"pretrained_model_name_or_path": path.parent if is_file else path}
    if is_file:
        place["gguf_file"] = path.name
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(**place, add_prefix_space=True, use_fast=True)
        if random_init is None:
            model = transformers.AutoModel.from_pretrained(**place, dtype=torch.float32, use_safetensors=True)
        else:
            config = transformers.AutoConfig.from_pretrained(**place)
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(random_init)
                model = transformers.AutoModel.from_config(config)
        return TransformersNetwork(model.eval(), tokenizer).eval().requires_grad_(False)
    except Exception as error:  # transformers raises whatever the model's code raises
        raise FormatError(f"{path}: transformers cannot load this model: {error}") from error


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


def _around(tokenizer: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the special pieces before and after a text."""
    bare = tokenizer(["a"], is_split_into_words=True, add_special_tokens=False)["input_ids"]
    whole = tokenizer(["a"], is_split_into_words=True)["input_ids"]
    places = [i for i in range(len(whole) - len(bare) + 1) if whole[i : i + len(bare)] == bare]
    start = places[0] if places else 0
    return tuple(whole[:start]), tuple(whole[start + len(bare) :])


def _longest_window(config: Any, tokenizer: Any) -> int | None:
    said = [getattr(config, "max_position_embeddings", None), getattr(config, "n_positions", None)]
    said.append(tokenizer.model_max_length)
    known = [int(size) for size in said if size is not None and 0 < size < _LONGEST]
    return min(known) if known else None
