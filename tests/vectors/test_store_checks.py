"""A store keeps what it is given, however that lies in memory, and refuses what does not fit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ctxemb.vectors import StoreMeta, StoreWriter, VectorStore, WordVectors

SENTENCES = [("a",), ("b", "c", "d")]
OFFSETS = np.array([0, 1, 4])


def meta(unit: str = "word", dtype: str = "float32") -> StoreMeta:
    return StoreMeta(
        model="m", family="gpt", fingerprint="f", source="m", random_init=None, layers=(0, "mix"),
        pool="mean", unit=unit, dtype=dtype, width=3,
    )  # fmt: skip


@pytest.mark.parametrize("dtype", ["float16", "float32"])
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (0, 2, 1)])
def test_the_order_in_memory_does_not_matter(tmp_path: Path, order: tuple[int, int, int], dtype: str) -> None:
    values = np.arange(24, dtype=np.float32).reshape(2, 4, 3)
    back = np.argsort(order)
    turned = np.ascontiguousarray(values.transpose(order)).transpose(back)
    wide = np.repeat(turned, 2, axis=1)[:, ::2]
    writer = StoreWriter(tmp_path / "store", meta(dtype=dtype))
    writer.write(SENTENCES, WordVectors(turned, OFFSETS))
    writer.write(SENTENCES, WordVectors(wide, np.repeat(OFFSETS, 2)[::2].astype(np.int32)))
    writer.finish(meta(dtype=dtype))
    store = VectorStore.open(tmp_path / "store")
    assert store.vectors().values.tolist() == np.concatenate([values, values], axis=1).tolist()
    assert store.offsets.tolist() == [0, 1, 4, 5, 8]


@pytest.mark.parametrize(
    ("shape", "offsets", "unit"),
    [
        ((3, 4, 3), [0, 1, 4], "word"),
        ((2, 4, 5), [0, 1, 4], "word"),
        ((2, 4, 3), [0, 2, 4], "word"),
        ((2, 4, 3), [0, 4], "word"),
        ((2, 4, 3), [0, 1, 4], "sentence"),
    ],
    ids=["a layer more", "wider", "other borders", "a sentence less", "words as sentences"],
)
def test_what_does_not_fit_is_refused(
    tmp_path: Path, shape: tuple[int, ...], offsets: list[int], unit: str
) -> None:
    writer = StoreWriter(tmp_path / "store", meta(unit))
    with pytest.raises(ValueError, match=r"the store holds \(2, 3\)|not those of the 2 sentences"):
        writer.write(SENTENCES, WordVectors(np.zeros(shape, dtype=np.float32), np.array(offsets)))
    assert list((tmp_path / "store").iterdir()) == []


def test_a_row_a_sentence(tmp_path: Path) -> None:
    values = np.arange(12, dtype=np.float32).reshape(2, 2, 3)
    writer = StoreWriter(tmp_path / "store", meta("sentence"))
    writer.write(SENTENCES, WordVectors(values, np.arange(3)))
    writer.finish(meta("sentence"))
    store = VectorStore.open(tmp_path / "store")
    assert store.offsets.tolist() == [0, 1, 2]
    assert store.sentences() == SENTENCES
    assert (store.layer("mix") == values[1]).all()
