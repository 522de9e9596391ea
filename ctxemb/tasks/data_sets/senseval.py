"""SENSEVAL: line, hard, serve and interest in newspapers (Leacock et al. 1998, Bruce and Wiebe 1994)."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path
from xml.etree import ElementTree

from ctxemb.errors import FormatError, MissingFileError
from ctxemb.tasks.base import Example, Span
from ctxemb.tasks.data_set import Content, DataSet
from ctxemb.tasks.formats.files import check_count, parts_by_group, splits_of
from ctxemb.tasks.remote import NLTK, RemoteFile
from ctxemb.text.sentence import Sentence

TEST_SHARE = 0.3
_FILES = (
    RemoteFile(
        "senseval/senseval.zip",
        NLTK + "senseval.zip",
        "fbcb658b562969e47a19a45e04c452d874755d157db936d815ca391ca88bfdea",
        checksum="md5:bfc6a33c62ddc2ec24b02701a2f364ff",
    ),
)


def read(data_set: DataSet, data: Path) -> Content:
    """Read all four words from ``senseval.zip``, as NLTK distributes them.

    There is no published split. The hash of a context puts 30 % of the contexts into the test: equal
    contexts are on one side, and the split is the same everywhere.

    Raises
    ------
    MissingFileError, FormatError
        If the archive is not there or damaged, or the instances are not as many as published.
    """
    path = data / data_set.folder / "senseval.zip"
    if not path.is_file():
        raise MissingFileError(f"no file {path}")
    sentences: list[Sentence] = []
    examples: list[Example] = []
    splits: list[str] = []
    for word, count in data_set.counts.items():
        before = len(examples)
        for sentence, position, sense in _instances(path, word):
            span = Span(len(sentences), position, position + 1)
            examples.append(Example((span,), sense, word))
            sentences.append(sentence)
            splits.append(_split(sentence))
        check_count(path / f"senseval/{word}.pos", count, len(examples) - before)
    return Content(
        tuple(sentences), tuple(examples), splits_of(splits), parts=parts_by_group(examples, splits)
    )


def _instances(path: Path, word: str) -> list[tuple[Sentence, int, str]]:
    name = f"senseval/{word}.pos"
    try:
        with zipfile.ZipFile(path) as archive:
            root = ElementTree.fromstring(archive.read(name))
    except KeyError as error:
        raise FormatError(f"{path}: {name} is missing") from error
    except (zipfile.BadZipFile, ElementTree.ParseError, EOFError, OSError) as error:
        raise FormatError(f"{path}: {name}: damaged: {error}") from error
    return [_instance(instance, f"{path}: {name}") for instance in root.iter("instance")]


def _instance(instance: ElementTree.Element, where: str) -> tuple[Sentence, int, str]:
    named = f"{where}: instance {instance.get('id')!r}"
    answer, context = instance.find("answer"), instance.find("context")
    sense = None if answer is None else answer.get("senseid")
    if context is None or not sense:
        raise FormatError(f"{named} has no sense, or no context")
    heads = {id(token) for head in context.iter("head") for token in head.iter("wf")}
    tokens = [token for token in context.iter("wf") if (token.text or "").strip()]
    places = [number for number, token in enumerate(tokens) if id(token) in heads]
    if len(places) != 1:
        raise FormatError(f"{named} marks {len(places)} words, expected one")
    words = tuple((token.text or "").strip() for token in tokens)
    return Sentence(words), places[0], sense


def _split(sentence: Sentence) -> str:
    drawn = int.from_bytes(hashlib.sha256(str(sentence).encode("utf-8")).digest()[:4], "big") / 2**32
    return "test" if drawn < TEST_SHARE else "train"


DATA_SET = DataSet(
    name="senseval",
    kind="word-sense",
    description="Which sense line, hard, serve or interest has in newspapers; one classifier per word.",
    licence="distributed with permission (NLTK)",
    paper=(
        "C. Leacock, M. Chodorow, G. Miller. Computational Linguistics 24, 1998; R. Bruce, J. Wiebe. ACL 1994"
    ),
    metrics=("macro_f1", "accuracy"),
    folder="senseval",
    public="GitHub nltk/nltk_data, packages/corpora/senseval.zip",
    counts={"hard": 4_333, "interest": 2_368, "line": 4_146, "serve": 4_378},
    files=lambda: _FILES,
    read=read,
)
