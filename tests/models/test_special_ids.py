"""The ids of the pieces that begin and end a text, in what is saved."""

from __future__ import annotations

import json
from pathlib import Path

from ctxemb.models import load
from ctxemb.models.saving import save


def test_saved_gpts_name_their_ends(toy_folders: dict[str, Path], tmp_path: Path) -> None:
    model = load(str(toy_folders["gpt"]))
    save(model, tmp_path / "gpt")
    values = json.loads((tmp_path / "gpt" / "config.json").read_text(encoding="utf-8"))
    tokenizer = model.network.tokenizer.tokenizer  # type: ignore[attr-defined]
    assert values["bos_token_id"] == values["eos_token_id"] == tokenizer.token_to_id("<|endoftext|>")
    save(load(str(toy_folders["bert"])), tmp_path / "bert")
    assert "bos_token_id" not in json.loads((tmp_path / "bert" / "config.json").read_text(encoding="utf-8"))
