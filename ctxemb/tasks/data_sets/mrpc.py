"""MRPC: whether two sentences of the news say the same (Dolan and Brockett 2005)."""

from __future__ import annotations

from ctxemb.tasks.data_set import DataSet
from ctxemb.tasks.formats.text_pairs import read_text_pairs

DATA_SET = DataSet(
    name="mrpc",
    kind="sentence-pair",
    description="Whether two sentences from news say the same.",
    licence="Microsoft Shared Source License, not for commercial use",
    paper="W. Dolan, C. Brockett. Automatically constructing a corpus of sentential paraphrases. IWP 2005",
    metrics=("accuracy", "macro_f1"),
    symmetric=True,
    folder="pairs/mrpc",
    public="Microsoft Research, MSRParaphraseCorpus; as label<TAB>text<TAB>text",
    counts={"train": 4_076, "test": 1_725},
    read=read_text_pairs,
)
