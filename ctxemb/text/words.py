"""Raw text to words: where a word begins and ends when no one has said so."""

from __future__ import annotations

import functools
import re
import unicodedata

_IDEOGRAPHS = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002ffff"
_SKIN_TONES = "\U0001f3fb-\U0001f3ff"
_FLAG_LETTERS = "\U0001f1e6-\U0001f1ff"
_TAGS = "\U000e0020-\U000e007f"
_JOINERS = "\u00ad\u200c\u200d"


def split_words(text: str) -> list[str]:
    """Split raw text into words; every character that is no white space is in exactly one of them.

    Letters, digits and combining marks stay together, also around an inner apostrophe or hyphen
    ("don't", "twenty-one"), an invisible joiner or soft hyphen and, between digits, a point or comma
    ("3.14"). Abbreviations of single letters keep their points ("U.S."). An ideograph is a word of its own.
    Of all other characters, a repetition of one ("...", "--") is a word, and an emoji keeps its modifiers.

    Examples
    --------
    >>> split_words("Don't wait -- twenty-one ships... left the U.S. in 1,000 days!")
    ["Don't", 'wait', '--', 'twenty-one', 'ships', '...', 'left', 'the', 'U.S.', 'in', '1,000', 'days', '!']
    """
    pattern = _pattern("") if text.isascii() else _pattern(_combining_marks())
    return [match[0] for match in pattern.finditer(text)]


@functools.cache
def _pattern(marks: str) -> re.Pattern[str]:
    letters = rf"(?:(?![{_IDEOGRAPHS}])[\w{marks}])"
    return re.compile(
        rf"""
        (?<!\w)(?:[^\W\d_]\.){{2,}}                                  # U.S.
        | {letters}+ (?: ['’\-{_JOINERS}] {letters}+ | (?<=\d)[.,](?=\d){letters}+ )*
        | [{_IDEOGRAPHS}] [{marks}\ufe0f]*
        | [{_FLAG_LETTERS}]{{2}}
        | [^\w\s] (?: [{marks}\ufe0f{_SKIN_TONES}{_TAGS}] | \u200d [^\w\s] )+
        | ([^\w\s]) \1*
        """,
        re.VERBOSE,
    )


@functools.cache
def _combining_marks() -> str:
    r"""Return the marks of all scripts, which ``\w`` leaves out, as the inside of a character class."""
    planes = [*range(0x300, 0x1F000), *range(0xE0100, 0xE01F0)]
    return "".join(chr(code) for code in planes if unicodedata.category(chr(code)).startswith("M"))
