"""The bytes on disk are those that are documented, and other tools read them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

from ctxemb.errors import InputError
from ctxemb.vectors import PackedText, StoreWriter, WordVectors
from tests.vectors.stores import META, SENTENCES, hashes, make_vectors, vectors, write

DTYPES = {"float16": ("F16", 2), "float32": ("F32", 4), "bfloat16": ("BF16", 2)}


@pytest.mark.parametrize("dtype", DTYPES)
def test_byte_for_byte(tmp_path: Path, dtype: str) -> None:
    code, size = DTYPES[dtype]
    raw = (write(tmp_path / "store", dtype=dtype) / "shard-00001.safetensors").read_bytes()
    length = int.from_bytes(raw[:8], "little")
    assert length % 8 == 0
    header = json.loads(raw[8 : 8 + length])
    metadata = header.pop("__metadata__")
    assert raw[8 : 8 + length].rstrip(b" ").isascii()
    layer = 5 * 4 * size
    assert header == {
        "sentence_ends": {"dtype": "I64", "shape": [2], "data_offsets": [0, 16]},
        "word_ends": {"dtype": "I64", "shape": [5], "data_offsets": [16, 56]},
        "layer.0": {"dtype": code, "shape": [5, 4], "data_offsets": [56, 56 + layer]},
        "layer.2": {"dtype": code, "shape": [5, 4], "data_offsets": [56 + layer, 56 + 2 * layer]},
        "words": {"dtype": "U8", "shape": [13], "data_offsets": [56 + 2 * layer, 69 + 2 * layer]},
    }
    body = raw[8 + length :]
    assert np.frombuffer(body[:16], "<i8").tolist() == [3, 5]
    assert np.frombuffer(body[16:56], "<i8").tolist() == [1, 2, 10, 12, 13]
    assert body[-13:] == "de👍🏽éf".encode()
    hashed = (2).to_bytes(8, "little") + body[:56] + body[-13:]
    assert json.loads(metadata["ctxemb.shard"]) == {
        "number": 1, "n_sentences": 2, "n_words": 5, "n_pieces": 10, "n_rows": 5,
        "text_hash": hashlib.sha256(hashed).hexdigest(),
    }  # fmt: skip
    assert json.loads(metadata["ctxemb.store"]) == {**asdict(META), "dtype": dtype, "layers": [0, 2]}
    zeroed = raw.replace(metadata["sha256"].encode(), b"0" * 64)
    assert metadata["sha256"] == hashlib.sha256(zeroed).hexdigest()
    if dtype == "float32":
        assert body[56 : 56 + layer] == vectors().values[0, 3:8].tobytes()


def test_safetensors_reads_it(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    folder = write(tmp_path / "store", dtype="bfloat16")
    with safe_open(folder / "shard-00000.safetensors", framework="pt") as shard:
        found = shard.get_tensor("layer.2")
        assert "sha256" in shard.metadata()
    assert found.dtype == torch.bfloat16
    assert torch.equal(found, torch.from_numpy(vectors().values[1, :3]).to(torch.bfloat16))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_numbers_are_rounded_as_torch_does(tmp_path: Path, dtype: str) -> None:
    torch = pytest.importorskip("torch")
    from ctxemb.vectors.numbers import from_bits, to_bits

    rng = np.random.default_rng(0)
    values = (rng.normal(size=50_000) * 10.0 ** rng.uniform(-8, 4, size=50_000)).astype(np.float32)
    values[:4] = [0.0, -0.0, 1 + 2**-9, 1 + 3 * 2**-9]
    bits = to_bits(values, dtype)
    assert bits is not None
    expected = torch.from_numpy(values).to(getattr(torch, dtype)).float().numpy()
    assert from_bits(bits, dtype).astype(np.float32).tolist() == expected.tolist()


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (0, 2, 1)])
@pytest.mark.parametrize("given", [np.float16, np.float32, np.float64])
def test_the_order_in_memory_does_not_matter(tmp_path: Path, order: tuple[int, ...], given: type) -> None:
    values = np.arange(2 * 9 * 4, dtype=given).reshape(2, 9, 4)
    turned = np.ascontiguousarray(values.transpose(order)).transpose(np.argsort(order))
    found = []
    for name, array in (("straight", values), ("turned", turned)):
        with StoreWriter(tmp_path / name, META) as writer:
            text = PackedText.of(SENTENCES)
            assert writer.wants(0, text)
            writer.write(0, text, WordVectors(array, vectors().offsets.astype(np.int32)))
            writer.finish()
        found.append(hashes(tmp_path / name))
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("dtype", "value", "fits"),
    [
        ("float16", 65519.0, True), ("float16", 65520.0, False), ("float16", -65520.0, False),
        ("float32", 3.4e38, True), ("float32", np.inf, False), ("float32", np.nan, False),
        ("bfloat16", 3.38e38, True), ("bfloat16", 3.4e38, False), ("bfloat16", -np.inf, False),
    ],
)  # fmt: skip
@pytest.mark.parametrize("given", [np.float32, np.float16])
def test_overflow_is_refused_with_the_way_out(
    tmp_path: Path, dtype: str, value: float, fits: bool, given: type
) -> None:
    whole = vectors()
    with np.errstate(over="ignore"):
        whole.values[1, 4, 2] = np.float32(value)
        values = whole.values.astype(given)
    if given is np.float16 and dtype == "float16" and value == 65519.0:
        values[1, 4, 2] = 65504
    elif given is np.float16 and abs(value) > 65519:
        fits = False  # infinite before it comes here
    if fits:
        _write_one(tmp_path, dtype, WordVectors(values, whole.offsets))
        return
    with pytest.raises(InputError, match=r"layer 2 holds .*sentence 2, row 1") as told:
        _write_one(tmp_path, dtype, WordVectors(values, whole.offsets))
    if np.isfinite(values[1, 4, 2]):
        assert "float32" in str(told.value)
    else:
        assert "not finite" in str(told.value)
    assert not (tmp_path / "store").exists()


def _write_one(tmp_path: Path, dtype: str, found: WordVectors) -> None:
    from dataclasses import replace

    with StoreWriter(tmp_path / "store", replace(META, dtype=dtype)) as writer:
        writer.wants(0, PackedText.of(SENTENCES))
        writer.write(0, PackedText.of(SENTENCES), found)
        writer.finish()


@pytest.mark.parametrize(
    ("lengths", "sizes", "unit"),
    [
        ([2, 1, 3, 2, 1], (3, 4), "word"),
        ([2, 1, 3, 2, 1], (2, 5), "word"),
        ([1, 2, 3, 2, 1], (2, 4), "word"),
        ([3, 3, 3], (2, 4), "word"),
        ([2, 1, 3, 2, 1], (2, 4), "sentence"),
    ],
    ids=["a layer more", "wider", "other borders", "sentences less", "words as sentences"],
)
def test_what_does_not_fit_is_refused(
    tmp_path: Path, lengths: list[int], sizes: tuple[int, int], unit: str
) -> None:
    from dataclasses import replace

    found = make_vectors(lengths, n_layers=sizes[0], width=sizes[1])
    with StoreWriter(tmp_path / "store", replace(META, unit=unit)) as writer:
        writer.wants(0, PackedText.of(SENTENCES))
        with pytest.raises(ValueError, match=r"the store holds \(2, 4\)|not those of the 5 sentences"):
            writer.write(0, PackedText.of(SENTENCES), found)
    assert not (tmp_path / "store").exists()


def test_a_row_a_sentence(tmp_path: Path) -> None:
    from tests.vectors.stores import written

    store = written(tmp_path / "store", unit="sentence", layers=(0, "mix"))
    assert store.offsets.tolist() == [0, 1, 2, 3, 4, 5]
    assert store.sentences() == SENTENCES
    assert store.layer("mix").tolist() == vectors("sentence").values[1].tolist()
    assert store.sentence(3).tolist() == vectors("sentence").sentence(3).tolist()
