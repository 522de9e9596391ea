"""Model folders: what is written is read, and damage is named."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from ctxemb.errors import CtxembError, FormatError, MissingFileError
from ctxemb.models.bert import BertConfig
from ctxemb.models.checkpoints import (
    CONFIG,
    all_formats,
    build_network,
    fingerprint_of,
    load_network,
    save_network,
)
from ctxemb.models.formats.config_values import Values
from ctxemb.models.formats.folder import FolderFormat
from ctxemb.models.formats.tokenizer_settings import SETTINGS, TOKENIZER
from ctxemb.models.formats.weights import SAFE as WEIGHTS
from ctxemb.models.gpt import GptConfig
from ctxemb.pretraining.corpus import Corpus
from tests.toys import sentences, toy_network

FAMILIES = ("elmo", "gpt", "gpt-post", "bert")
A_TENSOR = {"elmo": "characters.projection.weight", "gpt": "h.1.mlp.c_fc.bias", "bert": "pooler.dense.weight"}


@pytest.fixture
def copied(tmp_path: Path, toy_folders: dict[str, Path]) -> Callable[[str], Path]:
    """Return a function that makes a copy of a toy model's folder, to be damaged."""
    return lambda family: Path(shutil.copytree(toy_folders[family], tmp_path / family))


def change_config(folder: Path, **changes: object) -> None:
    values = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    (folder / CONFIG).write_text(json.dumps({**values, **changes}), encoding="utf-8")


def known(folder: Path, keys: Sequence[str], value: object) -> dict[str, object]:
    values = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    return {key: value for key in keys if key in values}


def change_weights(folder: Path, change: Callable[[dict[str, Tensor]], Any]) -> None:
    weights = load_file(folder / WEIGHTS)
    change(weights)
    save_file(weights, folder / WEIGHTS)


@pytest.mark.parametrize("family", FAMILIES)
def test_round_trip(family: str, tmp_path: Path, toy_corpus: Corpus) -> None:
    network = toy_network(family, toy_corpus, seed=3).half().float()  # weights are stored as float16
    save_network(network, tmp_path / "a" / "b")
    found = load_network(tmp_path / "a" / "b")
    assert found.config == network.config
    assert not found.training
    assert not any(weight.requires_grad for weight in found.parameters())
    assert {name: weight.dtype for name, weight in found.state_dict().items()} == dict.fromkeys(
        network.state_dict(), torch.float32
    )
    texts = sentences(3, 30, 1)
    assert torch.equal(found.encode(texts).pieces, network.encode(texts).pieces)
    with torch.no_grad():
        assert torch.equal(found(found.encode(texts)), network(network.encode(texts)))


@pytest.mark.parametrize("family", FAMILIES)
def test_saving_twice_gives_the_same_bytes(family: str, tmp_path: Path, toy_folders: dict[str, Path]) -> None:
    save_network(load_network(toy_folders[family]), tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {CONFIG, WEIGHTS} | (set() if family == "elmo" else {TOKENIZER, SETTINGS})
    for name in names:
        assert (tmp_path / name).read_bytes() == (toy_folders[family] / name).read_bytes()


def test_others_may_read_a_model(toy_folders: dict[str, Path]) -> None:
    folder = toy_folders["bert"]
    modes = {(folder / name).stat().st_mode & 0o777 for name in (CONFIG, WEIGHTS, TOKENIZER)}
    assert len(modes) == 1  # as the user's umask says


def test_saving_replaces_a_model(tmp_path: Path, toy_corpus: Corpus) -> None:
    for seed in (0, 1):
        network = toy_network("gpt", toy_corpus, seed=seed)
        save_network(network, tmp_path)
    found = load_network(tmp_path).state_dict()
    torch.testing.assert_close(
        found["pieces.weight"], network.state_dict()["pieces.weight"], rtol=0, atol=1e-3
    )


@pytest.mark.parametrize(
    "config",
    [
        GptConfig(),
        GptConfig(norm="pre", start="<s>", unknown="<s>", activation="relu", hidden=8),
        BertConfig(),
        BertConfig(n_positions=514, n_segments=1, first_position=2, start="<s>", end="</s>", unknown="<unk>"),
        BertConfig(n_segments=0, pooler=False, activation="gelu_tanh"),
    ],
    ids=["openai-gpt", "gpt2", "bert", "roberta", "distilbert"],
)
def test_config_round_trip(config: GptConfig | BertConfig) -> None:
    (form,) = (
        form
        for form in all_formats().values()
        if isinstance(form, FolderFormat) and form.network.family == config.family and form.holds(config)
    )
    values = form.write_config(config)
    assert values["model_type"] == form.name
    assert form.read_config(Values(values, Path(CONFIG))) == config


def test_a_transformer_needs_a_tokenizer() -> None:
    with pytest.raises(ValueError, match="a bert network needs a tokenizer"):
        build_network(BertConfig(), None)


@pytest.mark.parametrize("family", FAMILIES)
def test_random_weights(family: str, toy_folders: dict[str, Path]) -> None:
    trained, first, again, other = (
        load_network(toy_folders[family], random_init=seed).state_dict() for seed in (None, 0, 0, 1)
    )
    drawn = [name for name, weight in first.items() if weight.ndim > 1 and not name.endswith("bias")]
    assert drawn
    for name, weight in first.items():
        assert torch.equal(weight, again[name])
    for name in drawn:
        assert not torch.equal(first[name], other[name])
        assert not torch.equal(first[name], trained[name])


def test_loading_leaves_the_random_state_alone(toy_folders: dict[str, Path]) -> None:
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    load_network(toy_folders["bert"], random_init=1)
    assert torch.equal(torch.rand(3), expected)


def test_random_weights_need_no_file(copied: Callable[[str], Path]) -> None:
    folder = copied("gpt")
    (folder / WEIGHTS).unlink()
    load_network(folder, random_init=0)


def test_fingerprint(copied: Callable[[str], Path], toy_folders: dict[str, Path]) -> None:
    folder = copied("bert")
    original = fingerprint_of(folder, None)
    assert original == fingerprint_of(toy_folders["bert"], None)  # the place does not matter
    twins = [fingerprint_of(folder, seed) for seed in (0, 1)]
    change_weights(folder, lambda weights: weights["pooler.dense.bias"].__setitem__(0, 2.0))
    changed = fingerprint_of(folder, None)
    assert [fingerprint_of(folder, seed) for seed in (0, 1)] == twins  # trained weights do not matter
    tokenizer = (folder / TOKENIZER).read_text(encoding="utf-8")
    (folder / TOKENIZER).write_text(tokenizer.replace("##he", "##hx"), encoding="utf-8")
    tokenized = fingerprint_of(folder, None)
    change_config(folder, layer_norm_eps=1e-6)
    configured = fingerprint_of(folder, None)
    assert len({original, *twins, changed, tokenized, configured}) == 6


def damage(name: str) -> Callable[[Path, str], Any]:
    """Return what damages a model's folder in one of the ways that happen."""
    return {
        "no config": lambda folder, _: (folder / CONFIG).unlink(),
        "no weights": lambda folder, _: (folder / WEIGHTS).unlink(),
        "no tokenizer": lambda folder, _: (folder / TOKENIZER).unlink(),
        "config not JSON": lambda folder, _: (folder / CONFIG).write_text("{"),
        "config not UTF-8": lambda folder, _: (folder / CONFIG).write_bytes(b'{"family": "\xff"}'),
        "config a list": lambda folder, _: (folder / CONFIG).write_text("[]"),
        "unknown family": lambda folder, _: change_config(folder, family="bort", model_type="bort"),
        "family a list": lambda folder, _: change_config(folder, family=["elmo"], model_type=["bert"]),
        "unknown key": lambda folder, _: change_config(folder, colour="blue"),
        "width of another type": lambda folder, _: change_config(folder, **known(folder, WIDTHS, "wide")),
        "width negative": lambda folder, _: change_config(folder, **known(folder, WIDTHS, -16)),
        "no heads": lambda folder, _: change_config(folder, **known(folder, HEADS, 0)),
        "odd heads": lambda folder, _: change_config(folder, **known(folder, HEADS, 3)),
        "activation": lambda folder, _: change_config(folder, hidden_act="mish", activation_function="mish"),
        "relative positions": lambda folder, _: change_config(folder, position_embedding_type="relative_key"),
        "scaling": lambda folder, _: change_config(folder, scale_attn_by_inverse_layer_idx=True),
        "filters a number": lambda folder, _: change_config(folder, filters=3),
        "truncated": lambda folder, _: (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:-100]),
        "truncated header": lambda folder, _: (folder / WEIGHTS).write_bytes(
            (folder / WEIGHTS).read_bytes()[:50]
        ),
        "empty": lambda folder, _: (folder / WEIGHTS).write_bytes(b""),
        "shape": lambda folder, tensor: change_weights(
            folder, lambda weights: weights.update({tensor: weights[tensor].repeat_interleave(2, dim=0)})
        ),
        "missing tensor": lambda folder, tensor: change_weights(folder, lambda weights: weights.pop(tensor)),
        "unknown tensor": lambda folder, tensor: change_weights(
            folder, lambda weights: weights.update({f"{tensor}.more": torch.ones(1)})
        ),
        "nan": lambda folder, tensor: change_weights(
            folder, lambda weights: weights[tensor][-1].fill_(torch.nan)
        ),
        "infinity": lambda folder, tensor: change_weights(
            folder, lambda weights: weights[tensor][0].fill_(-torch.inf)
        ),
        "tokenizer not JSON": lambda folder, _: (folder / TOKENIZER).write_text("nothing"),
        "tokenizer of nothing": lambda folder, _: (folder / TOKENIZER).write_text("{}"),
        "tokenizer too large": lambda folder, _: change_config(folder, vocab_size=50),
        "tokenizer without a piece": lambda folder, _: (folder / TOKENIZER).write_text(
            (folder / TOKENIZER).read_text().replace("[CLS]", "[cls]").replace("endoftext", "eot")
        ),
    }[name]


WIDTHS, HEADS = ("width", "n_embd", "hidden_size"), ("n_head", "num_attention_heads")
ANY, TRANSFORMERS = ("elmo", "gpt", "bert"), ("gpt", "bert")
DAMAGES: list[tuple[str, tuple[str, ...], type[CtxembError], str, str]] = [
    ("no config", ANY, MissingFileError, CONFIG, "is missing"),
    ("no weights", ANY, MissingFileError, WEIGHTS, "no weights in"),
    ("no tokenizer", TRANSFORMERS, MissingFileError, TOKENIZER, "no tokenizer in"),
    ("config not JSON", ANY, FormatError, CONFIG, "not JSON"),
    ("config not UTF-8", ANY, FormatError, CONFIG, "not JSON"),
    ("config a list", ANY, FormatError, CONFIG, "expected an object, found []"),
    ("unknown family", ("elmo",), FormatError, CONFIG, "architecture 'bort' is not supported"),
    (
        "unknown family",
        TRANSFORMERS,
        FormatError,
        CONFIG,
        "bert, distilbert, elmo, openai-gpt, gpt2, roberta are",
    ),
    ("family a list", ANY, FormatError, CONFIG, "architecture ['bert'] is not supported"),
    ("unknown key", ("elmo",), FormatError, CONFIG, "colour"),
    ("width of another type", ("elmo",), FormatError, CONFIG, "no network has these sizes"),
    ("width of another type", TRANSFORMERS, FormatError, CONFIG, "should be a number above 0, found 'wide'"),
    ("width negative", ("elmo",), FormatError, CONFIG, "no network has these sizes"),
    ("width negative", TRANSFORMERS, FormatError, CONFIG, "should be a number above 0, found -16"),
    ("no heads", TRANSFORMERS, FormatError, CONFIG, "should be a number above 0, found 0"),
    (
        "activation",
        TRANSFORMERS,
        FormatError,
        CONFIG,
        "'mish' is not supported; supported are gelu, gelu_new",
    ),
    (
        "relative positions",
        ("bert",),
        FormatError,
        CONFIG,
        "'relative_key' is not supported, only 'absolute'",
    ),
    ("scaling", ("gpt",), FormatError, CONFIG, "True is not supported, only False"),
    ("odd heads", TRANSFORMERS, FormatError, CONFIG, "width 16 is not a multiple of n_heads 3"),
    ("filters a number", ("elmo",), FormatError, CONFIG, "not a configuration of elmo"),
    ("truncated", ANY, FormatError, WEIGHTS, "not a safetensors file"),
    ("truncated header", ANY, FormatError, WEIGHTS, "not a safetensors file"),
    ("empty", ANY, FormatError, WEIGHTS, "not a safetensors file"),
    ("shape", ANY, FormatError, WEIGHTS, "tensor {tensor} has shape"),
    ("missing tensor", ANY, FormatError, WEIGHTS, "tensor {tensor} is missing"),
    ("unknown tensor", ANY, FormatError, WEIGHTS, "unknown tensors: {tensor}.more"),
    ("nan", ANY, FormatError, WEIGHTS, "tensor {tensor} holds values that are not finite"),
    ("infinity", ANY, FormatError, WEIGHTS, "tensor {tensor} holds values that are not finite"),
    ("tokenizer not JSON", TRANSFORMERS, FormatError, TOKENIZER, "not a tokenizer"),
    ("tokenizer of nothing", TRANSFORMERS, FormatError, TOKENIZER, "not a tokenizer"),
    ("tokenizer too large", TRANSFORMERS, FormatError, CONFIG, "config.json has room for 50"),
    ("tokenizer without a piece", TRANSFORMERS, FormatError, TOKENIZER, "the vocabulary lacks"),
]


@pytest.mark.parametrize(
    ("family", "name", "error", "file", "message"),
    [(family, name, *rest) for name, families, *rest in DAMAGES for family in families],
)
def test_damage_is_named(
    copied: Callable[[str], Path], family: str, name: str, error: type[CtxembError], file: str, message: str
) -> None:
    folder = copied(family)
    damage(name)(folder, A_TENSOR[family])
    with pytest.raises(error) as raised:
        load_network(folder)
    assert str(folder) in str(raised.value)
    assert file in str(raised.value)
    assert message.format(tensor=A_TENSOR[family]) in str(raised.value)
