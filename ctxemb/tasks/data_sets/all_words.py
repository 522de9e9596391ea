"""All-words disambiguation in the format of the WSD Evaluation Framework (Raganato et al. 2017).

Each ``X.data.xml`` holds sentences of words, some of which are instances with a lemma and a part of speech;
``X.gold.key.txt`` gives the sense keys of each instance, any of which is right. Training is SemCor; the five
test sets together are the framework's ALL. The first sense of WordNet answers where a lemma was not seen.
"""

from __future__ import annotations

import lzma
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from xml.etree import ElementTree

import numpy as np

from ctxemb.errors import FormatError, MissingFileError
from ctxemb.tasks.base import Example, Span
from ctxemb.tasks.data_set import Content, DataSet
from ctxemb.tasks.formats.files import check_count
from ctxemb.tasks.remote import NLTK, RemoteFile
from ctxemb.text.reader import read_lines
from ctxemb.text.sentence import Sentence

TRAIN, DEV = "semcor", "semeval2007"
TESTS = ("senseval2", "senseval3", "semeval2007", "semeval2013", "semeval2015")
FOLDER = "semcor"
_FRAMEWORK = "http://lcl.uniroma1.it/wsdeval/data/WSD_Evaluation_Framework.zip"
_SHA256 = {
    "semcor.data.xml": "",  # SemCor's is not published; its instances are counted
    "semcor.gold.key.txt": "",
    "senseval2.data.xml": "5f5fe6a74fdd4ee85ca271c49a3b88131e4a7ba04a11a1392c1333efcbfe9be9",
    "senseval2.gold.key.txt": "1e1c43116dadc796763c59f66cc61aa204cfb1886e5825836a96cf9b96a056e8",
    "senseval3.data.xml": "ecd472808c5f3873b0e90fda6182519e5ed6081929435a67eb7f2c5a8fd36839",
    "senseval3.gold.key.txt": "1faa09ca47a9c4627c0c1078dfc30e39c16d6ce728a532cc670007fbca0be70e",
    "semeval2007.data.xml": "ff0cb1350acf7d0bf09f05b18c537870c8205f12daa2510099674a227c149f38",
    "semeval2007.gold.key.txt": "06dce0b5892bb5c625ebfd8755d1a31a5a04df6882709aa29c1dcd44befb3b41",
    "semeval2013.data.xml": "58682da53cdb24e7563f9a77bc357616eee6863399c2be62f8927c9d5eb20245",
    "semeval2013.gold.key.txt": "3dcedb0b9bed2906c3651d089236801c5353198ba6eda0575f864e3d18ee81cc",
    "semeval2015.data.xml": "e0804170a39fac9d0da6c707b0b974d493a385743557a40626abf36609372650",
    "semeval2015.gold.key.txt": "3a15c65607f27efb3846a71a303b21d0916b5bb527348bf27f526d6770301eaf",
}
_FOLDERS = {TRAIN: "Training_Corpora/SemCor"} | {name: f"Evaluation_Datasets/{name}" for name in TESTS}
_FILES = (
    *(
        RemoteFile(
            f"{FOLDER}/{name}",
            _FRAMEWORK,
            checked,
            f"WSD_Evaluation_Framework/{_FOLDERS[name.partition('.')[0]]}/{name}",
        )
        for name, checked in _SHA256.items()
    ),
    RemoteFile(
        "wordnet30/index.sense",
        NLTK + "wordnet.zip",
        member="wordnet/index.sense",
        checksum="md5:b3f38606f626e54c6f060548546f71f0",
    ),
)
PARTS_OF_SPEECH = {"NOUN": "1", "VERB": "2", "ADJ": "3", "ADV": "4"}


@dataclass(frozen=True, slots=True)
class _Instance:
    identifier: str
    position: int
    group: str


def read(data_set: DataSet, data: Path) -> Content:
    """Read SemCor, the five test sets, and WordNet's senses from the folder ``wordnet30``.

    SemEval-2007 is dev, as is customary, and part of the test ALL, as published; the part
    ``ALL-without-dev`` leaves it out. Parts of the test are the five sets and the four parts of speech.
    Words of one lemma and part of speech share a classifier; documents are clusters.

    Raises
    ------
    MissingFileError, FormatError
        If a file is not there or damaged, an instance has no key, or the instances are not as many as
        published.
    """
    folder = data / data_set.folder
    sentences: list[Sentence] = []
    examples: list[Example] = []
    owners: list[str] = []
    for name in (TRAIN, *TESTS):
        keys = _keys(_packed(folder / f"{name}.gold.key.txt"))
        path = _packed(folder / f"{name}.data.xml")
        before = len(examples)
        for document, words, instances in _sentences(path):
            number = len(sentences)
            sentences.append(Sentence(words))
            for instance in instances:
                if instance.identifier not in keys:
                    raise FormatError(
                        f"{path}: the instance {instance.identifier} has no line in its gold keys"
                    )
                label, *also = keys[instance.identifier]
                span = Span(number, instance.position, instance.position + 1)
                cluster = f"{name} {document}"
                examples.append(Example((span,), label, instance.group, tuple(also), cluster))
        check_count(path, data_set.counts[name], len(examples) - before)
        owners += [name] * (len(examples) - before)
    sets = np.array(owners)
    tested = np.flatnonzero(sets != TRAIN)
    speech = np.array([example.group.rpartition("#")[2] for example in examples])
    parts = {name: np.flatnonzero(sets == name) for name in TESTS}
    parts |= {name: tested[speech[tested] == name] for name in PARTS_OF_SPEECH}
    parts["ALL-without-dev"] = tested[sets[tested] != DEV]
    return Content(
        tuple(sentences),
        tuple(examples),
        {"train": np.flatnonzero(sets == TRAIN), "dev": np.flatnonzero(sets == DEV), "test": tested},
        parts=parts,
        fallback=_first_senses(_packed(data / "wordnet30" / "index.sense"), examples),
    )


def _packed(path: Path) -> Path:
    """Return the file, or its compressed form where only that is there."""
    packed = path.with_name(f"{path.name}.xz")
    chosen = packed if packed.is_file() else path
    if not chosen.is_file():
        raise MissingFileError(f"no file {path}")
    return chosen


def _keys(path: Path) -> dict[str, list[str]]:
    keys = {}
    for number, line in enumerate(read_lines(str(path)), start=1):
        cells = line.split()
        if len(cells) < 2:
            raise FormatError(f"{path}:{number}: expected an instance and its sense keys, found {line!r}")
        keys[cells[0]] = cells[1:]
    return keys


def _sentences(path: Path) -> Iterator[tuple[str, tuple[str, ...], list[_Instance]]]:
    """Yield document, words and instances of each sentence; a word of several, such as a name, stays one."""
    document = ""
    try:
        with _open(path) as file:
            for event, element in ElementTree.iterparse(file, events=("start", "end")):
                if event == "start" and element.tag == "text":
                    document = element.get("id", "")
                if event != "end" or element.tag != "sentence":
                    continue
                words: list[str] = []
                instances: list[_Instance] = []
                for token in element:
                    if token.tag == "instance":
                        group = f"{token.get('lemma', '').lower()}#{token.get('pos')}"
                        instances.append(_Instance(token.get("id", ""), len(words), group))
                    words.append((token.text or "").strip() or "_")
                element.clear()
                if words:
                    yield document, tuple(words), instances
    except (ElementTree.ParseError, EOFError, OSError, lzma.LZMAError) as error:
        raise FormatError(f"{path}: damaged: {error}") from error


def _open(path: Path) -> IO[bytes]:
    return lzma.open(path) if path.suffix == ".xz" else path.open("rb")


def _first_senses(path: Path, examples: list[Example]) -> dict[str, str]:
    """Return the first sense of each group: that of sense number 1 in WordNet's index."""
    first: dict[tuple[str, str], str] = {}
    for number, line in enumerate(read_lines(str(path)), start=1):
        parts = line.split(" ")
        lemma, _, rest = parts[0].partition("%")
        if len(parts) != 4 or not rest:
            raise FormatError(f"{path}:{number}: expected key, offset, number and count, found {line!r}")
        if parts[2] == "1":
            first.setdefault((lemma, "3" if rest[0] == "5" else rest[0]), parts[0])
    by_group = {}
    for example in examples:
        lemma, _, speech = example.group.rpartition("#")
        if (key := (lemma, PARTS_OF_SPEECH.get(speech, ""))) in first:
            by_group[example.group] = first[key]
    return by_group


DATA_SET = DataSet(
    name="all-words",
    kind="word-sense",
    description="The WordNet sense of every noun, verb, adjective and adverb; trained on SemCor.",
    licence="SemCor: free with Princeton's notice; test sets: none stated",
    paper=(
        "A. Raganato, J. Camacho-Collados, R. Navigli. Word sense disambiguation: a unified "
        "evaluation framework. EACL 2017"
    ),
    folder=FOLDER,
    public=(
        "lcl.uniroma1.it/wsdeval, and index.sense of WordNet 3.0 (NLTK's wordnet.zip) in folder wordnet30"
    ),
    counts={
        "semcor": 226_036,
        "senseval2": 2_282,
        "senseval3": 1_850,
        "semeval2007": 455,
        "semeval2013": 1_644,
        "semeval2015": 1_022,
    },
    files=lambda: _FILES,
    read=read,
)
