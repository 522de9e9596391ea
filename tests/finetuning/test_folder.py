"""Tuned folders: what transformers reads of them, and what of transformers is read here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ctxemb.errors import FormatError, MissingFileError
from ctxemb.finetuning.catalogue import recipe_for
from ctxemb.finetuning.folder import ABOUT, HEAD, load_tuned
from ctxemb.finetuning.items import Item
from ctxemb.finetuning.plan import Plan
from ctxemb.finetuning.tune import tune
from ctxemb.finetuning.tuned import Tuned
from tests.finetuning.toy_tasks import toy_material, toy_source, toy_task
from tests.toys import byte_bpe, wordpiece

PLAN = Plan(learning_rates=(1e-3,), epochs=1, batch_size=6, dropout=0.0)


def run(
    folder: Path, into: Path, kind: Any = "sentence-label", recipe: str = "bert"
) -> tuple[Tuned, list[Item]]:
    material = toy_material(toy_task(kind))
    return tune(toy_source(folder), material, recipe_for(recipe)[0], PLAN, 0, folder=into), list(material.dev)


@pytest.mark.parametrize(
    ("family", "kind", "architecture"),
    [
        ("bert", "sentence-label", "BertForSequenceClassification"),
        ("bert", "sentence-pair", "BertForSequenceClassification"),
        ("bert", "token-label", "BertForTokenClassification"),
        ("gpt", "sentence-label", "GPT2ForSequenceClassification"),
        ("gpt", "token-label", "GPT2ForTokenClassification"),
        ("gpt-post", "sentence-pair", "OpenAIGPTForSequenceClassification"),
    ],
)
def test_transformers_gives_the_same_logits(
    family: str, kind: str, architecture: str, toy_folders: dict[str, Path], tmp_path: Path
) -> None:
    import transformers

    tuned, items = run(toy_folders[family], tmp_path / "run", kind)
    other = getattr(transformers, architecture).from_pretrained(tmp_path / "run").eval()
    assert (
        type(other).__name__ == json.loads((tmp_path / "run" / "config.json").read_text())["architectures"][0]
    )
    assert tuple(other.config.id2label.values()) == tuned.labels
    for item in items[:5]:
        batch = tuned.classifier.collate([item])
        inputs = {"input_ids": batch.encoding.pieces[None]}
        if batch.segments is not None:
            inputs["token_type_ids"] = batch.segments[None]
        with torch.no_grad():
            ours, theirs = tuned.classifier(batch)[0], other(**inputs).logits[0]
        if kind == "token-label":
            words = batch.encoding.words.tolist()
            places = [i for i, word in enumerate(words) if word >= 0]
            by_word = {words[i]: i for i in (places if family == "gpt" else reversed(places))}
            theirs = theirs[[by_word[word] for word in sorted(by_word)]]
        np.testing.assert_allclose(ours, theirs.reshape(ours.shape), atol=1e-5)


def test_the_saved_tokenizer_puts_special_pieces_itself(toy_folders: dict[str, Path], tmp_path: Path) -> None:
    import transformers

    for family in ("bert", "gpt-post"):
        tuned, items = run(toy_folders[family], tmp_path / family, "sentence-pair")
        tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / family)
        encoded = tokenizer(*(str(text) for text in items[0].texts))
        batch = tuned.classifier.collate(items[:1])
        assert encoded["input_ids"] == batch.encoding.pieces.tolist()


def _bert_config(n_vocabulary: int, **more: Any) -> Any:
    import transformers

    return transformers.BertConfig(
        vocab_size=n_vocabulary, hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=32, id2label={0: "no", 1: "perhaps", 2: "yes"}, **more,
    )  # fmt: skip


@pytest.mark.parametrize("name", ["Bert", "DistilBert", "GPT2"])
@pytest.mark.parametrize("what", ["SequenceClassification", "TokenClassification"])
def test_published_heads_are_read(name: str, what: str, toy_corpus: Any, tmp_path: Path) -> None:
    import transformers

    pieces = byte_bpe(toy_corpus) if name == "GPT2" else wordpiece(toy_corpus)
    config = _bert_config(len(pieces))
    if name == "DistilBert":
        config = transformers.DistilBertConfig(
            vocab_size=len(pieces), dim=16, n_layers=2, n_heads=2, hidden_dim=32, id2label=config.id2label
        )
    elif name == "GPT2":
        config = transformers.GPT2Config(
            vocab_size=len(pieces), n_embd=16, n_layer=2, n_head=2, n_positions=32, id2label=config.id2label,
            pad_token_id=0,
        )  # fmt: skip
    torch.manual_seed(1)
    other = getattr(transformers, f"{name}For{what}")(config).eval()
    other.save_pretrained(tmp_path)
    pieces.tokenizer.save(str(tmp_path / "tokenizer.json"))
    settings = '{"do_lower_case": false, "strip_accents": false}'
    (tmp_path / "tokenizer_config.json").write_text(settings, encoding="utf-8")
    tuned = load_tuned(tmp_path)
    assert tuned.labels == ("no", "perhaps", "yes")
    kind: Any = "token-label" if what.startswith("Token") else "sentence-label"
    for item in toy_material(toy_task(kind)).dev[:4]:
        batch = tuned.classifier.collate([item])
        with torch.no_grad():
            theirs = other(input_ids=batch.encoding.pieces[None]).logits[0]
            ours = tuned.classifier(batch)[0]
        if kind == "sentence-label":
            np.testing.assert_allclose(ours, theirs.reshape(ours.shape), atol=1e-5)
        else:
            rows = {round(float(value), 3) for value in theirs.flatten()}
            assert {round(float(value), 3) for value in ours.flatten()} <= rows


def test_what_is_no_tuned_model_is_told(toy_folders: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match=r"no tuned model in .*: config.json is missing"):
        load_tuned(tmp_path)
    with pytest.raises(FormatError, match="expected a folder of `ctxemb finetune`"):
        load_tuned(toy_folders["bert"])
    run(toy_folders["bert"], tmp_path / "runs" / "seed-0")
    with pytest.raises(MissingFileError, match="name one of the runs in it: seed-0"):
        load_tuned(tmp_path / "runs")
    folder = tmp_path / "runs" / "seed-0"
    (folder / HEAD).write_bytes(b"nothing")
    with pytest.raises(FormatError, match=f"{HEAD}: not the head"):
        load_tuned(folder)
    (folder / HEAD).unlink()
    with pytest.raises(MissingFileError, match="no head at"):
        load_tuned(folder)
    (folder / ABOUT).write_text("{}")
    with pytest.raises(FormatError, match=f"{ABOUT}: not a tuned classifier"):
        load_tuned(folder)
    (folder / ABOUT).write_text("[")
    with pytest.raises(FormatError, match=f"{ABOUT}: not JSON"):
        load_tuned(folder)
