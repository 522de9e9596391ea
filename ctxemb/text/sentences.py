"""Paragraphs to sentences: where running text is cut."""

from __future__ import annotations

import re

_ABBREVIATIONS = (  # noqa: SIM905 (one text reads better than a list)
    "Mr Mrs Ms Messrs Mme Mlle Dr St Mt Rev Hon Prof Col Capt Lieut Lt Gen Sergt Sgt Maj Gov Sen Rep Sir Esq "
    "Jr Sr Co Inc Ltd No Nos vol Vol vols pp cf etc viz vs Fig fig ch Ch "
    "Jan Feb Mar Apr Jun Jul Aug Sept Sep Oct Nov Dec"
).split()
_END = re.compile(
    r"""(?P<before>\S*?)(?P<mark>[.!?]+["')\]]*)\s+(?=["'(\[]?\s?[^\W_a-z])""",
)


def split_sentences(paragraph: str) -> list[str]:
    """Cut a paragraph into sentences, after a full stop, question or exclamation mark.

    The next sentence starts with a capital or a digit, perhaps after a quotation mark; common abbreviations
    and initials end no sentence.

    Examples
    --------
    >>> split_sentences('"Is it you, Mr. Holmes?" he asked. "It is." It was.')
    ['"Is it you, Mr. Holmes?" he asked.', '"It is."', 'It was.']
    """
    sentences = []
    start = 0
    for match in _END.finditer(paragraph):
        if match["mark"].startswith(".") and _is_abbreviation(match["before"].lstrip("\"'([")):
            continue
        sentences.append(paragraph[start : match.end()].strip())
        start = match.end()
    if rest := paragraph[start:].strip():
        sentences.append(rest)
    return sentences


def _is_abbreviation(word: str) -> bool:
    is_initial = len(word) == 1 and word.isupper() and word != "I"
    return is_initial or word in _ABBREVIATIONS
