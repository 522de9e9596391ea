"""Sentences to word vectors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ctxemb.errors import InputError, UnknownNameError
from ctxemb.extraction.batches import cut
from ctxemb.extraction.embed import embed
from ctxemb.extraction.layers import Layers
from ctxemb.extraction.pooling import POOLS, UNITS, Pool, Unit
from ctxemb.models import ContextualModel, load
from tests.toys import sentences

TEXTS = sentences(3, 40, 1, 17, 1, 8)


@pytest.fixture(params=["elmo", "gpt", "bert"])
def model(request: pytest.FixtureRequest, toy_folders: dict[str, Path]) -> ContextualModel:
    return load(str(toy_folders[request.param]))


def test_shape_and_order(model: ContextualModel) -> None:
    found = embed(model, TEXTS)
    assert found.values.shape == (model.n_layers, 70, model.width)
    assert found.values.dtype == np.float32
    assert found.offsets.tolist() == [0, 3, 43, 44, 61, 62, 70]
    for number, text in enumerate(TEXTS):
        alone = embed(model, [text]).values
        np.testing.assert_allclose(found.sentence(number), alone, rtol=0, atol=1e-5)
    assert found.n_pieces >= 70


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("pool", POOLS)
def test_batches_do_not_matter(model: ContextualModel, pool: Pool, unit: Unit) -> None:
    if pool == "cls" and (unit == "word" or model.encode(TEXTS[:1]).words[0] >= 0):
        with pytest.raises(InputError, match="the pool 'cls'"):
            embed(model, TEXTS, pool=pool, unit=unit)
        return
    whole = embed(model, TEXTS, pool=pool, unit=unit)
    for batch_pieces in (1, 7, 25):
        parts = embed(model, TEXTS, pool=pool, unit=unit, batch_pieces=batch_pieces)
        np.testing.assert_allclose(parts.values, whole.values, rtol=0, atol=1e-5)
        assert parts.offsets.tolist() == whole.offsets.tolist()
        assert parts.n_pieces == whole.n_pieces


def test_a_sentence_is_one_row(model: ContextualModel) -> None:
    found = embed(model, TEXTS, unit="sentence")
    assert found.values.shape == (model.n_layers, len(TEXTS), model.width)
    assert found.offsets.tolist() == list(range(len(TEXTS) + 1))
    last = embed(model, TEXTS, unit="sentence", pool="last").values[:, 1]
    np.testing.assert_allclose(last, embed(model, TEXTS, pool="last").sentence(1)[:, -1], rtol=0, atol=1e-5)


@pytest.mark.parametrize("layers", [[0], [-1], (2, 0), [2, 1, 0], [1, 2, 0], "all"])
def test_layers(model: ContextualModel, layers: Layers) -> None:
    assert model.n_layers == 3
    every = embed(model, TEXTS).values
    expected = every if isinstance(layers, str) else every[list(layers)]
    np.testing.assert_array_equal(embed(model, TEXTS, layers=layers).values, expected)


@pytest.mark.parametrize("unit", UNITS)
def test_the_mix_is_the_mean_of_the_layers(model: ContextualModel, unit: Unit) -> None:
    mixed = embed(model, TEXTS, layers="mix", unit=unit).values
    assert mixed.shape[0] == 1
    mean = embed(model, TEXTS, unit=unit).values.mean(axis=0)
    np.testing.assert_allclose(mixed[0], mean, rtol=0, atol=1e-5)


def test_progress_counts_sentences(model: ContextualModel) -> None:
    counts: list[int] = []
    embed(model, TEXTS, batch_pieces=20, progress=counts.append)
    assert sum(counts) == len(TEXTS)
    assert len(counts) > 2


def test_static(toy_folders: dict[str, Path]) -> None:
    model = load(f"static:{toy_folders['bert']}")
    found = embed(model, TEXTS)
    assert found.values.shape == (1, 70, 16)
    rows: dict[str, np.ndarray] = {}
    for word, row in zip((word for text in TEXTS for word in text.words), found.values[0], strict=True):
        np.testing.assert_allclose(row, rows.setdefault(word, row), rtol=0, atol=1e-5)
    assert len(rows) > 20


def test_errors(model: ContextualModel) -> None:
    with pytest.raises(InputError, match="no sentences to embed"):
        embed(model, [])
    with pytest.raises(UnknownNameError, match="unknown pool 'meen'; did you mean 'mean'"):
        embed(model, TEXTS, pool="meen")  # type: ignore[arg-type]
    with pytest.raises(UnknownNameError, match="unknown unit 'paragraph'"):
        embed(model, TEXTS, unit="paragraph")  # type: ignore[arg-type]
    with pytest.raises(UnknownNameError, match="no layer 3: the model has 3 layers"):
        embed(model, TEXTS, layers=[3])


@pytest.mark.parametrize("batch_pieces", [10, 100, 999, 5000])
def test_tasks_are_of_equal_size(batch_pieces: int) -> None:
    lengths = np.sort(np.random.default_rng(0).integers(3, 40, 300))
    windows = np.concatenate([[0], lengths.cumsum()])
    tasks = cut(windows, np.arange(300), batch_pieces)
    parts = [part for task in tasks for part in task]
    assert [start for start, _ in parts] == [0, *(stop for _, stop in parts[:-1])]
    assert parts[-1][1] == 300
    sizes = [int(windows[task[-1][1]] - windows[task[0][0]]) for task in tasks]
    assert max(sizes) <= batch_pieces + lengths.max()
    if batch_pieces > 2 * lengths.max():
        assert max(sizes) - min(sizes) <= 2 * lengths.max()


def test_long_sentences_are_tasks_of_several_parts() -> None:
    windows = np.arange(0, 1001, 10)
    tasks = cut(windows, np.array([1] * 3 + [0] * 95 + [2] * 2), 200)
    assert tasks[0][0] == (0, 20)
    assert [stop for *_, (_, stop) in tasks] == [98, 100]
    assert max(windows[stop] - windows[start] for task in tasks for start, stop in task) <= 300
