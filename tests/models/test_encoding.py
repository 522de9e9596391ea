"""Packing: windows, and which of them owns a piece."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ctxemb.models.encoding import NO_WORD, Encoding, _windows
from tests.toys import packed


def random_sentences(seed: int, n: int, longest: int) -> list[list[tuple[int, ...]]]:
    """Return sentences of words of one to three pieces; each piece is its own number."""
    generator = np.random.default_rng(seed)
    number = 100
    found = []
    for _ in range(n):
        words = []
        for _ in range(int(generator.integers(1, longest))):
            size = int(generator.integers(1, 4))
            words.append(tuple(range(number, number + size)))
            number += size
        found.append(words)
    return found


def test_short_sentences_are_one_window_each() -> None:
    batch = packed([[(5,), (6, 7)], [(8,)]], prefix=(1,), suffix=(2, 3), max_pieces=6)
    assert batch.pieces.tolist() == [1, 8, 2, 3, 1, 5, 6, 7, 2, 3]  # shortest first
    assert batch.words.tolist() == [-1, 2, -1, -1, -1, 0, 1, 1, -1, -1]
    assert batch.windows.tolist() == [0, 4, 10]
    assert batch.offsets.tolist() == [0, 2, 3]
    assert batch.lengths.tolist() == [4, 6]
    assert batch.runs() == [(1, 4), (1, 6)]
    assert batch.positions().tolist() == [0, 1, 2, 3, 0, 1, 2, 3, 4, 5]
    assert (batch.n_words, batch.n_sentences) == (3, 2)


def test_runs_are_stretches_of_equal_length() -> None:
    batch = packed([[(1,)] * length for length in (2, 1, 3, 1, 2, 2)])
    assert batch.runs() == [(2, 1), (3, 2), (1, 3)]


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("max_pieces", [4, 5, 7, 12, 33, None])
def test_every_piece_is_owned_once(max_pieces: int | None, causal: bool) -> None:
    texts = random_sentences(max_pieces or 0, 12, 40)
    batch = packed(texts, prefix=(1,), suffix=(2,), max_pieces=max_pieces, causal=causal)
    owned = batch.words != NO_WORD
    pieces = batch.pieces[owned]
    order = pieces.argsort()
    words = [word for words in texts for word in words]
    assert pieces[order].tolist() == [piece for word in words for piece in word]
    assert batch.words[owned][order].tolist() == [i for i, word in enumerate(words) for _ in word]
    assert batch.offsets.diff().tolist() == [len(text) for text in texts]
    if max_pieces is not None:
        assert int(batch.lengths.max()) <= max_pieces
    for start, stop in zip(batch.windows[:-1], batch.windows[1:], strict=True):
        window = batch.pieces[start:stop].tolist()
        assert (window[0], window[-1]) == (1, 2)
        assert window[1:-1] == list(range(window[1], window[1] + len(window) - 2))  # running text


@pytest.mark.parametrize("room", [1, 2, 3, 4, 5, 8, 13])
def test_the_owner_has_the_most_context(room: int) -> None:
    for n_pieces in range(1, 50):
        windows = _windows(n_pieces, room, causal=False)
        for piece in range(n_pieces):
            (owner,) = [w for w in windows if w[2] <= piece < w[3]]
            for other in windows:
                if other is owner or not other[0] <= piece < other[1]:
                    continue
                # Only the side where the other window sees further can count against the owner.
                if owner[0] < other[0]:
                    assert owner[1] - 1 - piece >= piece - other[0] - 1
                else:
                    assert piece - owner[0] >= other[1] - 1 - piece - 1


@pytest.mark.parametrize("room", [1, 2, 3, 4, 5, 8, 13])
def test_the_owner_has_the_most_left_context_in_a_causal_model(room: int) -> None:
    for n_pieces in range(1, 50):
        windows = _windows(n_pieces, room, causal=True)
        for piece in range(n_pieces):
            (owner,) = [w for w in windows if w[2] <= piece < w[3]]
            assert owner[0] == min(w[0] for w in windows if w[0] <= piece < w[1])


@pytest.mark.parametrize("causal", [False, True])
def test_windows_cover_the_sentence_with_full_windows(causal: bool) -> None:
    for room in range(1, 12):
        for n_pieces in range(1, 60):
            windows = _windows(n_pieces, room, causal=causal)
            assert windows[0][0] == windows[0][2] == 0
            assert windows[-1][1] == windows[-1][3] == n_pieces
            assert [w[3] for w in windows[:-1]] == [w[2] for w in windows[1:]]
            assert all(start <= first < last <= stop for start, stop, first, last in windows)
            assert all(stop - start == min(room, n_pieces) for start, stop, _, _ in windows)


def test_moving_to_a_device_keeps_everything() -> None:
    batch = packed([[(5,), (6, 7)], [(8,)]])
    spelled = Encoding(batch.pieces, batch.words, batch.windows, batch.offsets, torch.ones(3, 50))
    for encoding in (batch, spelled):
        moved = encoding.to(torch.device("cpu"))
        for name in ("pieces", "words", "windows", "offsets", "spellings"):
            one, other = getattr(encoding, name), getattr(moved, name)
            assert (one is None and other is None) or torch.equal(one, other)
