"""What a network reads, and what is seen of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ctxemb.errors import InputError
from ctxemb.finetuning.catalogue import recipe_for
from ctxemb.finetuning.items import items_of, targets_of, whole_texts
from ctxemb.finetuning.labels import UNKNOWN, Labels
from ctxemb.finetuning.layouts import Apart, Together
from ctxemb.finetuning.pieces import with_pieces
from ctxemb.finetuning.plan import Plan
from ctxemb.finetuning.spans import bags_of, combined
from ctxemb.models.bert import Bert
from ctxemb.models.gpt import Gpt
from tests.finetuning.toy_tasks import KINDS, toy_material, toy_source, toy_task
from tests.toys import sentence, sentences


def test_bert_reads_pairs_in_two_segments(toy_folders: dict[str, Path]) -> None:
    network = toy_source(toy_folders["bert"]).network()
    assert isinstance(network, Bert)
    first, second = sentence("the bank"), sentence("the river")
    laid = Together(network).lay([whole_texts(0, first, second)])
    cls, sep = (network.tokenizer.id(piece) for piece in ("[CLS]", "[SEP]"))
    a, b = ([p for word in network.tokenizer.pieces([text])[0] for p in word] for text in (first, second))
    assert laid.encoding.pieces.tolist() == [cls, *a, sep, *b, sep]
    assert laid.segments is not None
    assert laid.segments.tolist() == [0] * (len(a) + 2) + [1] * (len(b) + 1)


def test_gpt_reads_both_orders_and_what_is_asked(toy_folders: dict[str, Path]) -> None:
    network = toy_source(toy_folders["gpt-post"]).network()
    assert isinstance(network, Gpt)
    network = with_pieces(network)
    start, delimiter, classify = (network.tokenizer.id(f"_{p}_") for p in ("start", "delimiter", "classify"))
    task = toy_task("pair", 4)
    (item, *_) = items_of(task, [0])
    laid = Together(network, both_orders=True, asks=True).lay([item])
    texts = [[p for word in text for p in word] for text in network.tokenizer.pieces(item.texts)]
    span = item.targets[0].spans[0]
    asked = [*network.tokenizer.pieces([item.texts[0]])[0][span.start]]
    expected = [
        [start, *one, delimiter, *other, delimiter, *asked, classify] for one, other in (texts, texts[::-1])
    ]
    windows = np.split(laid.encoding.pieces.numpy(), laid.encoding.windows[1:-1].numpy())
    assert sorted(map(list, windows)) == sorted(expected)
    assert laid.owners is not None
    assert laid.owners.tolist() == [0, 0]


def test_long_texts_are_cut_and_counted(toy_folders: dict[str, Path]) -> None:
    network = toy_source(toy_folders["bert"]).network()
    assert isinstance(network, Bert)
    layout = Together(network)
    laid = layout.lay([whole_texts(7, *sentences(40, 2)), whole_texts(8, *sentences(2, 2))])
    assert layout.cut == {7}
    assert int(laid.encoding.lengths.max()) == network.config.n_positions
    kept = laid.encoding.words[laid.encoding.words >= 0]
    assert set(kept.tolist()) >= {40, 41}  # the short text is whole


@pytest.mark.parametrize("family", ["elmo", "gpt", "bert"])
def test_a_batch_is_each_of_its_items(family: str, toy_folders: dict[str, Path]) -> None:
    for kind in KINDS:
        material = toy_material(toy_task(kind))
        for recipe in ("bert", "ulmfit", "features"):
            torch.manual_seed(0)
            network = toy_source(toy_folders[family]).network()
            classifier = recipe_for(recipe)[0].build(network, material.shape, Plan()).eval()
            with torch.no_grad():
                together = classifier(classifier.collate(material.dev))
                alone = torch.cat([classifier(classifier.collate([item])) for item in material.dev], dim=1)
            torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)


def test_pooling_over_windows_is_that_of_all_words(toy_folders: dict[str, Path]) -> None:
    network = toy_source(toy_folders["bert"]).network()
    texts = sentences(30, 4)
    encoding = Apart(network).lay([whole_texts(0, texts[0]), whole_texts(1, texts[1])]).encoding
    assert len(encoding.windows) - 1 > 2  # the first text has several windows
    layer = torch.randn(len(encoding.pieces), 5)
    spans = torch.tensor([[0, 30], [30, 34], [2, 3]])
    for mode in ("mean", "max"):
        found = combined(layer, bags_of(encoding, spans), mode)  # type: ignore[arg-type]
        for row, (start, stop) in zip(found, spans.tolist(), strict=True):
            own = layer[(encoding.words >= start) & (encoding.words < stop)]
            expected = own.mean(0) if mode == "mean" else own.max(0).values
            torch.testing.assert_close(row, expected)
    firsts = bags_of(encoding, spans[2:], "first")
    assert encoding.words[firsts.rows].tolist() == [2]


def test_candidates_of_a_word_alone_compete(toy_folders: dict[str, Path]) -> None:
    material = toy_material(toy_task("word-sense"))
    labels = material.shape.labels
    network = toy_source(toy_folders["bert"]).network()
    classifier = recipe_for("bert")[0].build(network, material.shape, Plan()).eval()
    with torch.no_grad():
        shares = classifier(classifier.collate(material.dev))[0].softmax(dim=1).numpy()
    targets = targets_of(material.dev)
    for target, row in zip(targets, shares, strict=True):
        own = [group == target.group for group, _ in labels.classes]
        assert row[own].sum() == pytest.approx(1)
    found = labels.answers(shares, targets)
    assert all(label.endswith(target.group[-1]) for label, target in zip(found, targets, strict=True))


def test_labels_that_training_has_not_seen() -> None:
    train = targets_of(items_of(toy_task("word-sense"), range(12)))
    labels = Labels.of(train, {"word9": "nine"}, "toy")
    odd = [replace(train[0], label="none"), replace(train[0], group="word9", label="nine")]
    assert labels.unseen(odd) == ["none"]
    assert labels.codes(odd).tolist() == [UNKNOWN, UNKNOWN]
    even = np.full((2, len(labels)), 1 / len(labels), dtype=np.float32)
    assert labels.answers(even, odd)[1] == "nine"
    with pytest.raises(InputError, match="group 'word8' is to be labelled but has no training example"):
        labels.answers(even[:1], [replace(train[0], group="word8")])
