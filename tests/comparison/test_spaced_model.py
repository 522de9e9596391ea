from __future__ import annotations

from pathlib import Path

import pytest

import ctxemb
from ctxemb.analysis import Space
from ctxemb.errors import InputError, UnknownNameError
from tests.toys import sentences

TEXT = sentences(*[5, 7, 9, 4] * 6)


def test_a_store_in_a_space_of_another(toy_folders: dict[str, Path], tmp_path: Path) -> None:
    model = str(toy_folders["bert"])
    reference = ctxemb.embed_into(tmp_path / "reference", TEXT[:-2], model, store_dtype="float32")
    raw = ctxemb.embed_into(tmp_path / "raw", TEXT[-2:], model, store_dtype="float32")
    moved = ctxemb.embed_into(
        tmp_path / "moved",
        TEXT[-2:],
        model,
        space="standardized",
        reference=tmp_path / "reference",
        store_dtype="float32",
    )
    for layer in raw.layers:
        space = Space("standardized").fit(reference.layer(layer))
        assert moved.layer(layer) == pytest.approx(space.transform(raw.layer(layer)), abs=1e-3)
    assert moved.meta.model.endswith("@standardized")
    assert moved.meta.fingerprint != raw.meta.fingerprint


def test_what_a_space_cannot_be_fitted_on(toy_folders: dict[str, Path], tmp_path: Path) -> None:
    ctxemb.embed_into(tmp_path / "gpt", TEXT[:2], str(toy_folders["gpt"]))
    bert = str(toy_folders["bert"])
    with pytest.raises(InputError, match="name one as the reference"):
        ctxemb.embed_into(tmp_path / "a", TEXT, bert, space="centered")
    with pytest.raises(InputError, match="a space on vectors of the same model"):
        ctxemb.embed_into(tmp_path / "a", TEXT, bert, space="centered", reference=tmp_path / "gpt")
    with pytest.raises(UnknownNameError, match="did you mean 'centered'"):
        ctxemb.embed_into(tmp_path / "a", TEXT, bert, space="centred")
    ctxemb.embed_into(tmp_path / "few", TEXT[:1], bert)
    with pytest.raises(InputError, match="fit whitened on more words"):
        ctxemb.embed_into(tmp_path / "a", TEXT, bert, space="whitened", reference=tmp_path / "few")


def test_a_comparison_takes_a_space(toy_folders: dict[str, Path]) -> None:
    spec = {
        "models": [str(toy_folders["bert"])], "tasks": ["senses"], "layers": [-1], "probes": ["1-nn"],
        "combinations": [], "baselines": [],
    }  # fmt: skip
    raw, moved = (ctxemb.compare(spec, space=space, cache=False) for space in (None, "abtt-1"))
    assert [row.value for row in raw.results] != [row.value for row in moved.results]
    with pytest.raises(InputError, match="analyses measure vectors as they are"):
        ctxemb.compare({**spec, "analyses": ["clusters"]}, space="centered")
