"""The log of a training."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctxemb.errors import FormatError
from ctxemb.models.training_log import LOG, held_out, read_log
from ctxemb.pretraining.log import append_log, mend_log


def test_the_later_of_two_lines_counts(tmp_path: Path) -> None:
    assert read_log(tmp_path) == []
    for words, loss in ((10, 3.0), (20, 2.0), (30, 1.5), (20, 1.9), (30, 1.4)):
        append_log(tmp_path, {"words": words, "loss": loss})
    append_log(tmp_path, {"words": 30, "valid_loss": 1.8})
    assert [entry.get("loss") for entry in read_log(tmp_path)] == [3.0, 1.9, 1.4, None]
    assert held_out(read_log(tmp_path)) == [{"words": 30, "valid_loss": 1.8}]


def test_a_line_cut_short_at_the_end_is_left_out(tmp_path: Path) -> None:
    append_log(tmp_path, {"words": 10, "loss": 3.0})
    with (tmp_path / LOG).open("a", encoding="utf-8") as file:
        file.write('{"words": 20, "lo')
    assert read_log(tmp_path) == [{"words": 10, "loss": 3.0}]
    with (tmp_path / LOG).open("a", encoding="utf-8") as file:
        file.write("\n")
    with pytest.raises(FormatError, match=r"log\.jsonl:2: not a line of a training's log"):
        read_log(tmp_path)


def test_mending_cuts_what_was_cut_short(tmp_path: Path) -> None:
    mend_log(tmp_path)
    append_log(tmp_path, {"words": 10, "loss": 3.0})
    whole = (tmp_path / LOG).read_bytes()
    mend_log(tmp_path)
    assert (tmp_path / LOG).read_bytes() == whole
    (tmp_path / LOG).write_bytes(whole + b'{"words": 20, "lo')
    mend_log(tmp_path)
    assert (tmp_path / LOG).read_bytes() == whole
