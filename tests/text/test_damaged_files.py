"""Compressed text that is damaged, cut off or put together is told or read, never lost silently."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import pyarrow
import pytest

from ctxemb.errors import InputError
from ctxemb.text.reader import read_lines

LINES = [f"line {number} ends here" for number in range(500)]
TEXT = "".join(line + "\n" for line in LINES).encode()


def zstandard(text: bytes) -> bytes:
    memory = pyarrow.BufferOutputStream()
    with pyarrow.CompressedOutputStream(memory, "zstd") as stream:
        stream.write(text)
    return bytes(memory.getvalue().to_pybytes())


ENDINGS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstandard,
}


@pytest.fixture(params=sorted(ENDINGS))
def ending(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def read(folder: Path, ending: str, content: bytes) -> list[str]:
    path = folder / f"text.{ending}"
    path.write_bytes(content)
    return list(read_lines(str(path)))


def test_whole(tmp_path: Path, ending: str) -> None:
    assert read(tmp_path, ending, ENDINGS[ending](TEXT)) == LINES


def test_two_files_behind_one_another(tmp_path: Path, ending: str) -> None:
    content = ENDINGS[ending](TEXT)
    assert read(tmp_path, ending, content + content) == LINES * 2


def test_cut_off(tmp_path: Path, ending: str) -> None:
    with pytest.raises(InputError, match=rf"text\.{ending}: damaged after line"):
        read(tmp_path, ending, ENDINGS[ending](TEXT)[:-9])


def test_another_format(tmp_path: Path, ending: str) -> None:
    with pytest.raises(InputError, match=rf"text\.{ending}: damaged after line 0"):
        read(tmp_path, ending, TEXT)


def test_a_gzip_file_with_a_damaged_inside(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"text\.gz: damaged after line 0"):
        read(tmp_path, "gz", gzip.compress(TEXT)[:10] + b"\xff" * 20)
