"""Lines of text to items to label, and labelled items to lines."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Literal

from ctxemb.errors import FormatError
from ctxemb.finetuning.items import Item, Target, targets_of, whole_texts
from ctxemb.finetuning.tuned import Tuned
from ctxemb.suggest import nearest_name
from ctxemb.tasks.base import PAIR_KINDS, Kind, Span
from ctxemb.tasks.formats.rows import Row
from ctxemb.text.sentence import Sentence
from ctxemb.text.words import split_words

Style = Literal["tsv", "jsonl"]

_AT_ONCE = 256
"""Lines that are labelled together, so that what is written follows closely what is read."""


def item_of_line(line: str, row: int, kind: Kind, where: str) -> Item:
    """Return what a line holds for a classifier of this kind.

    - sentence labels: a text; pairs: two, with a tab between.
    - labels of words: a text whose words are all labelled.
    - word senses: a text with one ``*marked*`` target; WiC: two of them, with a tab between.

    Parameters
    ----------
    line, row
        The line, and its number, by which its target is told.
    kind
        Of the task.
    where
        File and line, for messages.

    Raises
    ------
    FormatError
        If the line holds something else.
    """
    texts = line.split("\t")
    wanted = 2 if kind in PAIR_KINDS else 1
    if len(texts) != wanted or not all(text.strip() for text in texts):
        shown = "a text" if wanted == 1 else "two texts with a tab between"
        raise FormatError(f"{where}: expected {shown}, found {line!r:.60}")
    if kind in ("word-sense", "pair"):
        return _marked(texts, row, where)
    sentences = [Sentence(tuple(split_words(text))) for text in texts]
    if kind == "token-label":
        words = range(len(sentences[0]))
        return Item((sentences[0],), tuple(Target(row, (Span(0, i, i + 1),)) for i in words))
    return whole_texts(row, *sentences)


def _marked(texts: Sequence[str], row: int, where: str) -> Item:
    """Return texts with a marked target each; a single one's lower-cased words are its group."""
    read = [Row(where, {"text": text}).sentence(senses=True) for text in texts]
    spans = tuple(span._replace(sentence=number) for number, (_, span) in enumerate(read) if span is not None)
    group = ""
    if len(read) == 1:
        sentence, span = read[0][0], spans[0]
        group = " ".join(sentence.words[span.start : span.stop]).lower()
    return Item(tuple(sentence for sentence, _ in read), (Target(row, spans, group=group),))


def label_lines(tuned: Tuned, lines: Iterable[tuple[int, str]], source: str, style: Style) -> Iterator[str]:
    """Label lines of text, some hundreds at once, and yield what is to be written of each.

    Parameters
    ----------
    tuned
        The classifier.
    lines
        Numbered lines.
    source
        What messages call their file.
    style
        ``"tsv"``: the label and its probability; for words, word and label, and an empty line after each
        text. ``"jsonl"``: an object with the label and the probability of every candidate.

    Raises
    ------
    FormatError
        If a line holds something else than the classifier labels; the message names it.
    """
    kind = tuned.shape.kind
    numbered = iter(lines)
    write: Callable[[Tuned, Sequence[Item]], Iterator[str]] = _tsv if style == "tsv" else _jsonl
    while some := list(islice(numbered, _AT_ONCE)):
        items = [item_of_line(text, n, kind, f"{source}:{n}") for n, text in some]
        _check_groups(tuned, items, source)
        yield from write(tuned, items)


def _check_groups(tuned: Tuned, items: Sequence[Item], source: str) -> None:
    """Raise FormatError for a word that the classifier has no senses of."""
    labels = tuned.shape.labels
    for target in targets_of(items):
        if target.group not in labels.groups and target.group not in labels.fallback:
            raise FormatError(
                f"{source}:{target.row}: no senses of '{target.group}' are known"
                f"{nearest_name(target.group, labels.groups)}"
            )


def _tsv(tuned: Tuned, items: Sequence[Item]) -> Iterator[str]:
    found = tuned.predict(items)
    answers = iter(zip(found.labels.tolist(), found.probabilities.max(axis=1).tolist(), strict=True))
    for item in items:
        for target in item.targets:
            label, probability = next(answers)
            if tuned.shape.kind == "token-label":
                yield f"{item.texts[0].words[target.spans[0].start]}\t{label}\t{probability:.4f}"
            else:
                yield f"{label}\t{probability:.4f}"
        if tuned.shape.kind == "token-label":
            yield ""


def _jsonl(tuned: Tuned, items: Sequence[Item]) -> Iterator[str]:
    found = tuned.predict(items)
    rows = iter(zip(found.labels.tolist(), found.probabilities.tolist(), strict=True))
    for item in items:
        answers: list[dict[str, Any]] = []
        for target in item.targets:
            label, probabilities = next(rows)
            named = zip(tuned.shape.labels.classes, probabilities, strict=True)
            candidates = {name: round(p, 6) for (group, name), p in named if group == target.group}
            answers.append({"label": label, "probabilities": candidates})
        if tuned.shape.kind == "token-label":
            yield json.dumps({"words": item.texts[0].words, "labels": answers}, ensure_ascii=False)
        else:
            yield json.dumps(answers[0], ensure_ascii=False)
