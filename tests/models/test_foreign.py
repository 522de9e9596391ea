"""Checkpoints as strangers have them: with the numbers of transformers, or refused by name."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from tokenizers import AddedToken, Tokenizer, processors
from torch import Tensor

from ctxemb.errors import CtxembError, FormatError
from ctxemb.models import ContextualModel, load, save
from ctxemb.models.checkpoints import fingerprint_of
from ctxemb.text.sentence import Sentence
from tests.checkpoints.hugging_face import (
    TOLERANCE,
    as_bin,
    as_safetensors,
    as_shards,
    reference,
    trained,
    write_tokenizer,
)
from tests.checkpoints.others import SIZES, write_folder
from tests.checkpoints.tokenizer_types import TYPES
from tests.toys import lively

WORDS = ["the", "river", "bank", ",", "2024", "Spring", "children"]


def settings(folder: Path, **values: Any) -> None:
    path = folder / "tokenizer_config.json"
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    path.write_text(json.dumps({**known, **values}), encoding="utf-8")


def config(folder: Path, **values: Any) -> None:
    path = folder / "config.json"
    known = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**known, **values}), encoding="utf-8")


def change(folder: Path, edit: Callable[[dict[str, Tensor]], Any]) -> None:
    weights = load_file(folder / "model.safetensors")
    edit(weights)
    save_file(weights, folder / "model.safetensors", {"format": "pt"})


@torch.no_grad()
def assert_equals_transformers(folder: Path, words: list[str] = WORDS) -> ContextualModel:
    """Compare pieces and layers with those of transformers on the whole text, after a first word."""
    ours = load(str(folder))
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    encoded = tokenizer(" ".join(words), return_tensors="pt")
    batch = ours.encode([Sentence(tuple(words))])
    marked = {"add_prefix_space": True} if getattr(tokenizer, "add_prefix_space", None) is False else {}
    if marked:  # the first word has a space before it, as all others
        encoded = tokenizer(" " + " ".join(words), return_tensors="pt")
    assert batch.pieces.tolist() == encoded["input_ids"][0].tolist()
    inner = transformers.AutoModel.from_pretrained(folder, attn_implementation="eager").eval()
    out = inner(**encoded, output_hidden_states=True)
    theirs = torch.stack([layer[0] for layer in out.hidden_states])
    assert float((ours(batch) - theirs).abs().max()) <= TOLERANCE
    return ours


HOSTILE = """
from pathlib import Path
Path({flag!r}).write_text("run")
from transformers import {kind}Config as Base, {kind}Model as Model, PreTrainedTokenizerFast as Tokens
class HostileConfig(Base): pass
class HostileModel(Model): pass
class HostileTokenizer(Tokens): pass
"""


@pytest.mark.parametrize("kind", ["electra", "bert"])
@pytest.mark.parametrize("known", [True, False], ids=["a known type", "a type of its own"])
@pytest.mark.parametrize("seed", [None, 1])
def test_no_code_of_a_checkpoint_runs(
    kind: str, known: bool, seed: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, flag = tmp_path / "hostile", tmp_path / "flag"
    if kind == "electra":
        write_folder("electra", folder)
    else:
        folder.mkdir()
        write_tokenizer("bert", folder)
        as_safetensors(reference("bert", len(trained("bert").get_vocab())), folder)
    name = kind.capitalize()
    (folder / "code.py").write_text(HOSTILE.format(flag=str(flag), kind=name), encoding="utf-8")
    auto = {"AutoConfig": "code.HostileConfig", "AutoModel": "code.HostileModel"}
    config(folder, auto_map=auto, **({} if known else {"model_type": "hostile"}))
    settings(folder, auto_map={"AutoTokenizer": [None, "code.HostileTokenizer"]})
    answers = io.StringIO("y\n" * 9)
    monkeypatch.setattr(sys, "stdin", answers)
    try:
        load(str(folder), seed)
    except CtxembError as error:
        assert str(folder) in str(error)
    assert not flag.exists()
    assert answers.tell() == 0  # and nobody was asked


def test_code_on_the_hub_is_not_named(tmp_path: Path) -> None:
    write_folder("electra", tmp_path)
    config(tmp_path, _attn_implementation="somebody/kernels")
    with pytest.raises(FormatError, match=r"config\.json: '_attn_implementation'.*which is not run"):
        load(str(tmp_path))


@pytest.mark.parametrize("name", ["config.json", "vocab.txt", "model.safetensors"])
def test_no_link_leads_out_of_a_folder(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "snapshots" / "model"
    folder.mkdir(parents=True)
    write_tokenizer("bert", folder)
    as_safetensors(reference("bert", 200), folder)
    (tmp_path / "blobs").mkdir()
    (folder / name).rename(tmp_path / "blobs" / "1")
    (folder / name).symlink_to(tmp_path / "blobs" / "1")
    load(str(folder))  # as the cache of the hub has it
    (folder / name).unlink()
    (tmp_path / "blobs" / "1").rename(tmp_path / "secret")
    (folder / name).symlink_to(tmp_path / "secret")
    with pytest.raises(FormatError, match=f"{name}: a link that leads out of its folder"):
        load(str(folder))


@pytest.mark.parametrize(
    "lost", ["encoder.layer.1.", "embeddings.word_embeddings", "embeddings.LayerNorm.bias"]
)
def test_missing_weights_are_never_drawn(lost: str, tmp_path: Path) -> None:
    write_folder("electra", tmp_path)
    change(tmp_path, lambda weights: [weights.pop(name) for name in list(weights) if lost in name])
    with pytest.raises(FormatError, match=f"lacks .* tensors: .*{lost}"):
        load(str(tmp_path))


def test_weights_that_are_no_numbers(tmp_path: Path) -> None:
    write_folder("electra", tmp_path)
    change(tmp_path, lambda weights: weights["encoder.layer.0.output.dense.weight"][0].fill_(torch.nan))
    with pytest.raises(
        FormatError, match=r"encoder\.layer\.0\.output\.dense\.weight holds values that are not"
    ):
        load(str(tmp_path))


def unigram() -> Tokenizer:
    tokenizer = TYPES["XLM-R"]()
    tokenizer.add_special_tokens([AddedToken(name, special=True) for name in ("<s>", "</s>", "<pad>")])
    pieces = [(name, tokenizer.token_to_id(name)) for name in ("<s>", "</s>")]
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=pieces)
    return tokenizer


def with_start(tokenizer: Tokenizer) -> Tokenizer:
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<|endoftext|> $A", special_tokens=[("<|endoftext|>", 0)]
    )
    return tokenizer


@pytest.mark.parametrize("kind", ["bert with <s>", "roberta as bert", "gpt2 as bert", "gpt2 with a start"])
def test_special_pieces_are_the_tokenizers(kind: str, tmp_path: Path) -> None:
    if kind == "bert with <s>":
        tokenizer, name = unigram(), "bert"
        settings(tmp_path, tokenizer_class="PreTrainedTokenizerFast", unk_token="<unk>")
    elif kind == "gpt2 with a start":
        tokenizer, name = with_start(trained("gpt2")), "gpt2"
        settings(tmp_path, tokenizer_class="PreTrainedTokenizerFast", unk_token="<|endoftext|>")
    else:
        tokenizer, name = trained("bert"), kind.split(maxsplit=1)[0]
        write_tokenizer("bert", tmp_path)
        settings(tmp_path, tokenizer_class="BertTokenizer")
    if "as bert" not in kind:
        tokenizer.save(str(tmp_path / "tokenizer.json"))
    as_safetensors(reference(name, tokenizer.get_vocab_size()), tmp_path)
    assert_equals_transformers(tmp_path)


def test_types_of_pieces_are_given(tmp_path: Path) -> None:
    tokenizer = unigram()
    pieces = [(name, tokenizer.token_to_id(name)) for name in ("<s>", "</s>")]
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s> <s>:2", special_tokens=pieces)
    theirs = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, model_input_names=["input_ids", "token_type_ids", "attention_mask"],
        unk_token="<unk>", pad_token="<pad>", padding_side="left",
    )  # fmt: skip
    theirs.save_pretrained(tmp_path)
    made = transformers.XLNetConfig(
        vocab_size=tokenizer.get_vocab_size(), d_model=24, n_layer=2, n_head=2, d_inner=32
    )
    torch.manual_seed(0)
    lively(transformers.XLNetModel(made), 0.1).eval().save_pretrained(tmp_path)
    assert_equals_transformers(tmp_path)


@torch.no_grad()
def test_a_padding_piece_in_the_text(tmp_path: Path) -> None:
    write_tokenizer("roberta", tmp_path)
    model = reference("roberta", len(trained("roberta").get_vocab()))
    as_safetensors(model, tmp_path)
    config(tmp_path, pad_token_id=2, max_position_embeddings=34)  # the piece that ends every text
    assert_equals_transformers(tmp_path)


@pytest.mark.parametrize("kind", ["bert", "distilbert", "roberta", "gpt2", "openai-gpt"])
@pytest.mark.parametrize("beside", ["tokenizer.json", "vocabulary"])
def test_settings_beside_a_tokenizer(kind: str, beside: str, tmp_path: Path) -> None:
    """Lower case and added pieces, of each type: as transformers reads them, or refused."""
    for number, more in enumerate(
        (
            {},
            {"do_lower_case": True},
            {"do_lower_case": False},
            {"do_lower_case": False, "strip_accents": True},
        )
    ):
        for added in ({}, {"river bank": 0, "kiosk": 1}, {"Springtime": 0}):
            folder = tmp_path / f"{number}-{len(added)}"
            folder.mkdir()
            write_tokenizer(kind, folder)
            size = trained(kind).get_vocab_size()
            if beside == "tokenizer.json":
                for path in folder.iterdir():
                    path.unlink()
                trained(kind).save(str(folder / "tokenizer.json"))
            if more:
                settings(folder, **more)
            if added:
                numbered = {piece: size + place for piece, place in added.items()}
                (folder / "added_tokens.json").write_text(json.dumps(numbered), encoding="utf-8")
            as_safetensors(reference(kind, size + 2), folder)
            try:
                load(str(folder))
            except FormatError as error:
                assert "do_lower_case" in str(error)
                continue
            assert_equals_transformers(folder, ["The", "Springtime", "café", "of", "kiosk"])


def test_added_pieces_with_other_numbers(tmp_path: Path) -> None:
    write_tokenizer("bert", tmp_path)
    as_safetensors(reference("bert", 400), tmp_path)
    (tmp_path / "added_tokens.json").write_text('{"qqq": 300}', encoding="utf-8")
    with pytest.raises(FormatError, match=r"added_tokens\.json: the piece 'qqq' has the number 300, not "):
        load(str(tmp_path))


FILES = (
    "config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
    "spiece.model", "sentencepiece.bpe.model", "model.safetensors", "vocab.txt",
)  # fmt: skip


@pytest.mark.parametrize("kind", ["bert", "electra"])
def test_every_file_that_decides_vectors_is_in_the_fingerprint(kind: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": kind}), encoding="utf-8")
    seen = {fingerprint_of(tmp_path, None)}
    for name in FILES:
        for content in ("{ }", "{  }"):
            (tmp_path / name).write_text(
                json.dumps({"model_type": kind}) + content[1:-1] if name == "config.json" else content,
                encoding="utf-8",
            )
            found = fingerprint_of(tmp_path, None)
            assert found not in seen, name
            seen.add(found)


def test_which_file_of_weights_wins(tmp_path: Path) -> None:
    """Safetensors, its index, .bin, its index, as transformers has it."""
    write_tokenizer("bert", tmp_path)
    torch.manual_seed(1)
    new = reference("bert", trained("bert").get_vocab_size())
    old = lively(reference("bert", trained("bert").get_vocab_size()), 0.5)
    as_bin(old, tmp_path)
    as_shards(new, tmp_path)
    assert_equals_transformers(tmp_path)
    assert (
        load(str(tmp_path))
        .network.state_dict()["norm.bias"]
        .equal(  # type: ignore[attr-defined]
            new.bert.embeddings.LayerNorm.bias
        )
    )


def test_a_tensor_under_two_names(tmp_path: Path) -> None:
    write_tokenizer("bert", tmp_path)
    as_safetensors(reference("bert", 200), tmp_path)
    name = "embeddings.LayerNorm.bias"
    change(tmp_path, lambda weights: weights.update({name: weights[f"bert.{name}"] + 1}))
    with pytest.raises(FormatError, match=r"one tensor under two names, .*embeddings\.LayerNorm\.bias"):
        load(str(tmp_path))


@pytest.mark.parametrize(
    ("kind", "other", "theirs"),
    [
        ("gpt2", "hidden_size", "n_embd"),
        ("gpt2", "num_hidden_layers", "n_layer"),
        ("openai-gpt", "num_attention_heads", "n_head"),
        ("distilbert", "hidden_size", "dim"),
        ("distilbert", "num_hidden_layers", "n_layers"),
    ],
)
def test_two_names_of_a_setting(kind: str, other: str, theirs: str, tmp_path: Path) -> None:
    write_tokenizer(kind, tmp_path)
    as_safetensors(reference(kind, trained(kind).get_vocab_size()), tmp_path)
    config(tmp_path, **{other: json.loads((tmp_path / "config.json").read_text())[theirs]})
    load(str(tmp_path))
    config(tmp_path, **{other: 2})
    with pytest.raises(FormatError, match=f"'{other}' is 2, but '{theirs}', another name of it"):
        load(str(tmp_path))


def test_two_names_of_a_setting_of_another_architecture(tmp_path: Path) -> None:
    write_folder("t5", tmp_path)
    config(tmp_path, hidden_size=12)
    with pytest.raises(FormatError, match="'hidden_size' is 12, but 'd_model'"):
        load(str(tmp_path))


def write_bytes_tokenizer(folder: Path) -> int:
    tokenizer = trained("roberta")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="<unk>", pad_token="<pad>"
    ).save_pretrained(folder)
    return int(tokenizer.get_vocab_size())


@pytest.mark.parametrize("kind", ["XLMRoberta", "Camembert", "MPNet", "Longformer"])
def test_windows_end_where_positions_do(kind: str, tmp_path: Path) -> None:
    size = write_bytes_tokenizer(tmp_path)
    more = {"attention_window": 4} if kind == "Longformer" else {}
    made = getattr(transformers, f"{kind}Config")(
        vocab_size=size, max_position_embeddings=34, pad_token_id=1, type_vocab_size=1, **SIZES, **more
    )
    torch.manual_seed(0)
    getattr(transformers, f"{kind}Model")(made).eval().save_pretrained(tmp_path)
    model = load(str(tmp_path))
    for count in (1, 20, 30, 31, 32, 33, 100):
        batch = model.encode([Sentence(("river",) * count)])
        assert int(batch.lengths.max()) <= 32
        assert torch.isfinite(model(batch)).all()


def write_opt(folder: Path) -> None:
    made = transformers.OPTConfig(
        vocab_size=write_bytes_tokenizer(folder), hidden_size=24, word_embed_proj_dim=12, num_hidden_layers=2,
        num_attention_heads=2, ffn_dim=32, max_position_embeddings=32, do_layer_norm_before=False,
    )  # fmt: skip
    transformers.OPTModel(made).eval().save_pretrained(folder)


def test_layers_of_different_widths(tmp_path: Path) -> None:
    write_opt(tmp_path)
    with pytest.raises(FormatError, match="its layers have different sizes"):
        load(str(tmp_path))


def test_an_encoder_alone(tmp_path: Path) -> None:
    size = write_bytes_tokenizer(tmp_path)
    made = transformers.T5Config(vocab_size=size, d_model=24, d_kv=12, d_ff=32, num_layers=2, num_heads=2)
    torch.manual_seed(0)
    model = lively(transformers.T5EncoderModel(made), 0.1).eval()
    model.save_pretrained(tmp_path)
    ours = load(str(tmp_path))
    batch = ours.encode([Sentence(tuple(WORDS))])
    with torch.no_grad():
        out = model(input_ids=batch.pieces[None], output_hidden_states=True)
    theirs = torch.stack([layer[0] for layer in out.hidden_states])
    assert float((ours(batch) - theirs).abs().max()) <= TOLERANCE


def test_a_tokenizer_larger_than_the_embedding(tmp_path: Path) -> None:
    write_folder("electra", tmp_path)
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path)
    tokenizer.add_tokens(["qqq", "zzz"])
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(FormatError, match="the tokenizer has pieces up to number"):
        load(str(tmp_path))


HEADS = [
    ("bert", "BertForMaskedLM"), ("bert", "BertForTokenClassification"), ("bert", "BertForQuestionAnswering"),
    ("bert", "BertForSequenceClassification"), ("bert", "BertForMultipleChoice"),
    ("roberta", "RobertaForTokenClassification"), ("roberta", "RobertaForSequenceClassification"),
    ("distilbert", "DistilBertForTokenClassification"), ("distilbert", "DistilBertForQuestionAnswering"),
    ("gpt2", "GPT2ForTokenClassification"), ("gpt2", "GPT2ForQuestionAnswering"),
    ("gpt2", "GPT2DoubleHeadsModel"),
    ("gpt2", "GPT2ForSequenceClassification"), ("openai-gpt", "OpenAIGPTForSequenceClassification"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "name"), HEADS, ids=[name for _, name in HEADS])
def test_heads_are_left_out_and_kept_when_saved(kind: str, name: str, tmp_path: Path) -> None:
    source, saved = tmp_path / "source", tmp_path / "saved"
    source.mkdir()
    write_tokenizer(kind, source)
    made = reference(kind, trained(kind).get_vocab_size()).config
    torch.manual_seed(0)
    model = lively(getattr(transformers, name)(made), 0.2).eval()
    model.save_pretrained(source)
    ours = assert_equals_transformers(source)
    save(ours, saved)
    again, said = getattr(transformers, name).from_pretrained(saved, output_loading_info=True)
    lost = [key for key in said["missing_keys"] if "position_ids" not in key]
    assert not lost
    theirs = again.state_dict()
    for key, weight in model.state_dict().items():
        assert torch.equal(weight, theirs[key]), key
    load(str(saved))


@pytest.mark.slow
def test_a_saved_model_fills_masks(tmp_path: Path) -> None:
    """The head of the pretraining travels with the model that ships."""
    save(load("bert"), tmp_path / "bert")
    fill = transformers.pipeline("fill-mask", str(tmp_path / "bert"))
    found = fill("He sat on the bank [MASK] the river .", top_k=3)
    assert found[0]["token_str"] == "of"
