"""How many senses WordNet lists for a word."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from ctxemb.tasks.formats.columns import packed
from ctxemb.tasks.storage import data_folder
from ctxemb.text.reader import read_lines


def count_senses(data: Path | None = None) -> dict[str, int]:
    """Return the number of senses, over all parts of speech, of each single word in lower case.

    It is empty where ``wordnet30/index.sense`` is not in the data folder.
    """
    path = packed(data_folder(data) / "wordnet30" / "index.sense")
    if not path.is_file():
        return {}
    lemmas = (line.partition("%")[0] for line in read_lines(str(path)) if "%" in line)
    return dict(Counter(lemma for lemma in lemmas if "_" not in lemma))
