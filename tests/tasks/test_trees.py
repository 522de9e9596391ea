from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ctxemb.errors import FormatError, InputError, MissingFileError, UnknownNameError
from ctxemb.tasks.trees import Tree, load_trees, read_trees
from ctxemb.text.sentence import Sentence

TEXT = """# sent_id = 1
1\tI\tI\tPRON\tPRP\t_\t2\tnsubj\t_\t_
2-3\tdon't\t_\t_\t_\t_\t_\t_\t_\t_
2\tdo\tdo\tVERB\tVB\t_\t0\troot\t_\t_
3\tn't\tnot\tPART\tRB\t_\t2\tadvmod:neg\t_\t_
3.1\tit\t_\t_\t_\t_\t_\t_\t_\t_

1\tGo\tgo\tVERB\tVB\t_\t0\troot\t_\t_
"""


def tree(*parents: int) -> Tree:
    return Tree(
        Sentence(("w",) * len(parents)), np.array(parents), ("x",) * len(parents), ("X",) * len(parents)
    )


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.conllu"
    path.write_text(TEXT, encoding="utf-8")
    first, second = read_trees(path)
    assert first.sentence.words == ("I", "do", "n't")
    assert first.parents.tolist() == [1, -1, 1]
    assert first.relations == ("nsubj", "root", "advmod")
    assert first.tags == ("PRON", "VERB", "PART")
    assert len(second.sentence) == 1
    path.write_text("1\tI\n\n", encoding="utf-8")
    with pytest.raises(FormatError, match=r"a.conllu:1: expected 10 columns separated by TAB, found 2"):
        read_trees(path)


def test_distances_by_hand() -> None:
    #      1
    #    0   3
    #       2 4
    example = tree(1, -1, 3, 1, 3)
    assert example.depths.tolist() == [1, 0, 2, 1, 2]
    assert example.distances.tolist() == [
        [0, 1, 3, 2, 3],
        [1, 0, 2, 1, 2],
        [3, 2, 0, 1, 2],
        [2, 1, 1, 0, 1],
        [3, 2, 2, 1, 0],
    ]


@pytest.mark.parametrize("parents", [(1, 0), (-1, -1), (-1, 2, 1), (0, -1, 7)])
def test_no_trees(parents: tuple[int, ...]) -> None:
    with pytest.raises(InputError):
        tree(*parents)


def test_the_treebank(data_folder: Path, tmp_path: Path) -> None:
    trees = load_trees("test", data_folder)
    assert len(trees) == 2077
    assert sum(len(one.sentence) for one in trees) == 25_094
    with pytest.raises(UnknownNameError, match="unknown split 'tset'; did you mean 'test'"):
        load_trees("tset", data_folder)
    with pytest.raises(MissingFileError, match="ctxemb data get ewt-pos"):
        load_trees("dev", tmp_path)
