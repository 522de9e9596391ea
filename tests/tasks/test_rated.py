from __future__ import annotations

from pathlib import Path

import pytest

from ctxemb.errors import FormatError, MissingFileError, UnknownNameError
from ctxemb.tasks.rated import RatedPairs, load_rated, rated_names


def words(rated: RatedPairs, number: int) -> list[str]:
    return [
        " ".join(rated.sentences[span.sentence].words[span.start : span.stop]) for span in rated.pairs[number]
    ]


def test_the_published_sets(data_folder: Path) -> None:
    scws = load_rated("scws", data_folder)
    assert len(scws.pairs) == 2003
    assert words(scws, 0) == ["Brazil", "nut"]
    assert scws.ratings[0] == 1.1
    assert len(scws.parts["same word"]) == 241
    cosimlex = load_rated("cosimlex", data_folder)
    assert len(cosimlex.pairs) == 680
    assert sorted(words(cosimlex, 0)) == ["absence", "presence"]
    assert cosimlex.pairs[0][0].sentence == cosimlex.pairs[0][1].sentence
    assert cosimlex.ratings[:2].tolist() == [2.27, 1.37]
    assert cosimlex.changes[1].tolist() == [2, 3]
    rawc = load_rated("rawc", data_folder)
    assert len(rawc.pairs) == 672
    assert words(rawc, 0) == ["act", "act"]
    assert len(set(rawc.clusters)) == 112


def test_errors(tmp_path: Path) -> None:
    assert rated_names() == ["scws", "cosimlex", "rawc"]
    with pytest.raises(UnknownNameError, match="did you mean 'scws'"):
        load_rated("scwss")
    with pytest.raises(MissingFileError, match="name the folder of your data sets"):
        load_rated("scws", tmp_path)
    folder = tmp_path / "similarity" / "scws"
    folder.mkdir(parents=True)
    (folder / "ratings.txt").write_text("1\tx\n", encoding="utf-8")
    with pytest.raises(FormatError, match="expected 2,003 rows, found 1"):
        load_rated("scws", tmp_path)
