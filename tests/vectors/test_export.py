"""Exports are read back by the tools that they are meant for."""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from ctxemb.errors import FormatError, InputError, MissingFileError, StorageError, UnknownNameError
from ctxemb.vectors import VectorStore
from ctxemb.vectors.export import export_store
from ctxemb.vectors.imported import import_hdf5
from tests.vectors.stores import SENTENCES, hashes, vectors, written

WHOLE = vectors().values
DTYPES = pytest.mark.parametrize("dtype", ["float16", "float32", "bfloat16"])
FLAT = [(number, place, word) for number, words in enumerate(SENTENCES) for place, word in enumerate(words)]
PLAIN = [("a", "b"), ("c",), ("d", "e", "👍🏽"), ("é", "f"), ("g",)]


@DTYPES
def test_hdf5_as_allennlp_writes_it(tmp_path: Path, dtype: str) -> None:
    h5py = pytest.importorskip("h5py")
    store = written(tmp_path / "store", dtype=dtype, sentences=PLAIN)
    export_store(store, tmp_path / "vectors.hdf5", "hdf5")
    with h5py.File(tmp_path / "vectors.hdf5", "r") as file:
        assert set(file) == {"0", "1", "2", "3", "4", "sentence_to_index"}
        for number in range(5):
            assert file[str(number)].dtype == np.float32
            assert file[str(number)][()].tolist() == store.sentence(number).astype(np.float32).tolist()
        assert file["sentence_to_index"].shape == (1,)
        index = json.loads(file["sentence_to_index"][0])
    assert index == {"a b": "0", "c": "1", "d e 👍🏽": "2", "é f": "3", "g": "4"}


@pytest.mark.parametrize("given", [True, False])
def test_hdf5_there_and_back(tmp_path: Path, given: bool) -> None:
    pytest.importorskip("h5py")
    store = written(tmp_path / "store", sentences=PLAIN)
    path, back = tmp_path / "vectors.hdf5", tmp_path / "back"
    export_store(store, path, "hdf5")
    sentences = PLAIN if given else None
    import_hdf5(path, back, model="elmo", dtype="float32", sentences=sentences)
    found = VectorStore.open(back)
    assert found.vectors().values.tolist() == store.vectors().values.tolist()
    assert found.sentences() == PLAIN
    assert (found.meta.model, found.layers) == ("elmo", (0, 1))
    before = hashes(back)
    (back / "store.json").unlink()
    import_hdf5(path, back, model="elmo", dtype="float32", sentences=sentences)
    assert hashes(back) == before


def test_a_store_of_hdf5_as_bilm_writes_it(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    rng = np.random.default_rng(0)
    text = [(f"w{i}",) * (1 + i % 7) for i in range(3000)]
    arrays = [rng.normal(size=(3, len(words), 2)).astype(np.float32) for words in text]
    with h5py.File(tmp_path / "bilm.hdf5", "w") as file:
        for number, array in enumerate(arrays):
            file.create_dataset(str(number), data=array)
    with pytest.raises(InputError, match="no sentence_to_index; give the text"):
        import_hdf5(tmp_path / "bilm.hdf5", tmp_path / "store", model="elmo")
    import_hdf5(tmp_path / "bilm.hdf5", tmp_path / "store", model="elmo", sentences=text, dtype="float32")
    store = VectorStore.open(tmp_path / "store")
    assert store.n_shards == 3
    assert store.sentences() == text
    assert (store.sentence(2999) == arrays[2999]).all()


def test_hdf5_of_another_layout_is_told(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")

    def told(arrays: dict[str, object], text: list[tuple[str, ...]] | None = None) -> str:
        path = tmp_path / "x.hdf5"
        with h5py.File(path, "w") as file:
            for name, array in arrays.items():
                file.create_dataset(name, data=array)
        with pytest.raises((FormatError, InputError)) as error:
            import_hdf5(path, tmp_path / "store", model="m", sentences=text)
        assert not (tmp_path / "store").exists()
        assert "x.hdf5" in str(error.value)
        return str(error.value)

    one = np.zeros((3, 2, 4), dtype=np.float32)
    assert "no data set 1; expected 0 to 1" in told({"0": one, "7": one})
    assert "holds no sentence" in told({})
    assert "has shape (2, 4)" in told({"0": one[0]}, [("a", "b")])
    assert "data set 1 has shape (3, 2, 4), expected (3, 1, 4)" in told(
        {"0": one, "1": one}, [("a", "b"), ("c",)]
    )
    assert "holds int64" in told({"0": one.astype(np.int64)}, [("a", "b")])
    assert "holds 2 sentences, the text 1" in told({"0": one, "1": one}, [("a", "b")])
    twice = [json.dumps({"a b": "1"})]
    assert "no words for sentence 0" in told({"0": one, "1": one, "sentence_to_index": twice})
    assert "sentence_to_index is damaged" in told({"0": one, "sentence_to_index": ["[]"]})
    (tmp_path / "text.hdf5").write_text("no", encoding="utf-8")
    with pytest.raises(FormatError, match="not an HDF5 file"):
        import_hdf5(tmp_path / "text.hdf5", tmp_path / "store", model="m")
    with pytest.raises(MissingFileError, match="no file"):
        import_hdf5(tmp_path / "none.hdf5", tmp_path / "store", model="m")


def _table(path: Path) -> object:
    import pyarrow.ipc
    import pyarrow.parquet

    if path.suffix == ".parquet":
        return pyarrow.parquet.read_table(path)
    with pyarrow.OSFile(str(path)) as file:
        return pyarrow.ipc.open_stream(file).read_all()


@DTYPES
@pytest.mark.parametrize("to", ["parquet", "arrow"])
def test_tables(tmp_path: Path, dtype: str, to: str) -> None:
    store = written(tmp_path / "store", dtype=dtype)
    path = tmp_path / f"vectors.{to}"
    export_store(store, path, to)
    table = _table(path)
    assert table.column_names == ["sentence", "position", "word", "layer_0", "layer_2"]
    columns = table.to_pydict()
    rows = list(zip(columns["sentence"], columns["position"], columns["word"], strict=True))
    assert rows == [(*place, word.replace("\ud800", "?")) for *place, word in FLAT]
    for name in (0, 2):
        assert np.array(columns[f"layer_{name}"]).tolist() == store.layer(name).tolist()


@pytest.mark.parametrize("to", ["parquet", "arrow"])
def test_tables_of_sentences(tmp_path: Path, to: str) -> None:
    store = written(tmp_path / "store", unit="sentence", sentences=PLAIN)
    export_store(store, tmp_path / "vectors", to)
    path = (tmp_path / "vectors").rename(tmp_path / f"vectors.{to}")
    columns = _table(path).to_pydict()
    assert columns["sentence"] == [0, 1, 2, 3, 4]
    assert columns["position"] == [0] * 5
    assert columns["word"] == [" ".join(words) for words in PLAIN]
    assert columns["layer_2"] == store.layer(2).tolist()


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_datasets_of_hugging_face_loads_tables(
    tmp_path: Path, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        datasets = pytest.importorskip("datasets")
    store = written(tmp_path / "store", dtype=dtype)
    export_store(store, tmp_path / "vectors.parquet", "parquet")
    export_store(store, tmp_path / "vectors.arrow", "arrow")
    read = datasets.load_dataset(
        "parquet", data_files=str(tmp_path / "vectors.parquet"), split="train", cache_dir=str(tmp_path / "c")
    )
    mapped = datasets.Dataset.from_file(str(tmp_path / "vectors.arrow"))
    for found in (read.with_format("numpy"), mapped.with_format("numpy")):
        assert len(found) == 9
        assert found.column_names == ["sentence", "position", "word", "layer_0", "layer_2"]
        assert np.asarray(found["layer_2"][:]).tolist() == store.layer(2).tolist()
        assert found[4]["word"] == "e"


@DTYPES
def test_numpy(tmp_path: Path, dtype: str) -> None:
    store = written(tmp_path / "store", dtype=dtype)
    folder = tmp_path / "arrays"
    export_store(store, folder, "numpy")
    assert sorted(path.name for path in folder.iterdir()) == [
        "layer-0.npy", "layer-2.npy", "offsets.npy", "sentences.jsonl",
    ]  # fmt: skip
    assert np.load(folder / "layer-2.npy", mmap_mode="r").tolist() == store.layer(2).tolist()
    assert np.load(folder / "offsets.npy").tolist() == [0, 2, 3, 6, 8, 9]
    lines = (folder / "sentences.jsonl").read_text(encoding="utf-8").splitlines()
    assert [tuple(json.loads(line)) for line in lines] == SENTENCES
    with pytest.raises(InputError, match="there already"):
        export_store(store, folder, "numpy")
    assert not list(tmp_path.glob("*.part"))


REPEATED = [("the", "bank"), ("the",), ("a b", "the", "\xa0x"), ("bank", "é"), ("a_b",)]


def test_word2vec(tmp_path: Path) -> None:
    gensim = pytest.importorskip("gensim.models")
    store = written(tmp_path / "store", sentences=REPEATED)
    export_store(store, tmp_path / "vectors.txt", "word2vec", layer=0)
    found = gensim.KeyedVectors.load_word2vec_format(str(tmp_path / "vectors.txt"))
    assert found.index_to_key == ["the", "bank", "a_b", "_x", "é"]
    rows = {"the": [0, 2, 4], "bank": [1, 6], "a_b": [3, 8], "_x": [5], "é": [7]}
    for word, places in rows.items():
        np.testing.assert_allclose(found[word], WHOLE[0, places].mean(axis=0), rtol=1e-5)


def test_word2vec_without_gensim(tmp_path: Path) -> None:
    store = written(tmp_path / "store", sentences=REPEATED)
    export_store(store, tmp_path / "vectors.txt", "word2vec")
    first, *lines = (tmp_path / "vectors.txt").read_text(encoding="utf-8").splitlines()
    assert first == "5 4"
    assert [line.split(" ")[0] for line in lines] == ["the", "bank", "a_b", "_x", "é"]
    expected = WHOLE[1, [1, 6]].mean(axis=0)
    np.testing.assert_allclose([float(value) for value in lines[1].split(" ")[1:]], expected, rtol=1e-5)


def test_what_cannot_be_exported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = written(tmp_path / "store")
    with pytest.raises(UnknownNameError, match=r"the layers \[0, 2\], not 1"):
        export_store(store, tmp_path / "x", "word2vec", layer=1)
    with pytest.raises(InputError, match="word2vec alone"):
        export_store(store, tmp_path / "x", "numpy", layer=0)
    sentences = written(tmp_path / "sentences", unit="sentence")
    with pytest.raises(InputError, match="vectors of words"):
        export_store(sentences, tmp_path / "x", "word2vec")
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(MissingFileError, match=r"ctxemb\[hdf5\]"):
        export_store(store, tmp_path / "x", "hdf5")
    with pytest.raises(MissingFileError, match=r"ctxemb\[hdf5\]"):
        import_hdf5(tmp_path / "x", tmp_path / "y", model="m")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sentences", "store"]


@pytest.mark.parametrize("to", ["hdf5", "parquet", "arrow", "numpy", "word2vec"])
def test_a_damaged_store_leaves_no_export(tmp_path: Path, to: str) -> None:
    store = written(tmp_path / "store")
    shard = tmp_path / "store" / "shard-00001.safetensors"
    shard.write_bytes(shard.read_bytes()[:-1])
    with pytest.raises((FormatError, StorageError), match="shard-00001"):
        export_store(store, tmp_path / "out", to)
    assert [path.name for path in tmp_path.iterdir()] == ["store"]
