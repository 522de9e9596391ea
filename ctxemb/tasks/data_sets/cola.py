"""CoLA: whether linguists accept a sentence (Warstadt et al. 2019).

The labels of the published test are secret. The in-domain dev split is dev here, and the out-of-domain dev
split is the test. Sentences are split into words as raw text is.
"""

from __future__ import annotations

from functools import partial

from ctxemb.tasks.data_set import DataSet
from ctxemb.tasks.formats.conversions import acceptability
from ctxemb.tasks.formats.labelled import read_labelled
from ctxemb.tasks.remote import GITHUB, RemoteFile

FOLDER = "sentences/cola"
_RAW = GITHUB + "nyu-mll/CoLA-baselines/HEAD/acceptability_corpus/cola_public/raw/"
_SHA256 = {
    ("train", "in_domain_train"): "d27f4d94c60b98d3d065bcb0aa3afe7cc595d0eca223e44138d4f68281e431a1",
    ("dev", "in_domain_dev"): "27c970908c45b8e4ee16ee98f62d2bc323fed343e7efc7d52110150b4340452e",
    ("dev_ood", "out_of_domain_dev"): "9ff2222193b2ce640087e5c59e0941634302ac083a784ab1be74c23008452b44",
}
_FILES = tuple(
    RemoteFile(f"{FOLDER}/{split}.tsv", f"{_RAW}{there}.tsv", checked, convert=acceptability)
    for (split, there), checked in _SHA256.items()
)

DATA_SET = DataSet(
    name="cola",
    kind="sentence-label",
    description="Whether a sentence is acceptable; tested on the out-of-domain part of the dev data.",
    licence="excerpts for research use",
    paper="A. Warstadt, A. Singh, S. Bowman. Neural network acceptability judgments. TACL 7, 2019",
    metrics=("matthews", "accuracy"),
    folder=FOLDER,
    public="GitHub nyu-mll/CoLA-baselines, acceptability_corpus/cola_public/raw; as label<TAB>text",
    counts={"train": 8_551, "dev": 527, "dev_ood": 516},
    files=lambda: _FILES,
    read=partial(read_labelled, names={"dev_ood": "test"}, raw=True),
)
