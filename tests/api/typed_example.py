"""What a typed program of a user looks like; mypy checks it in strict mode."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

import ctxemb


def words() -> Iterator[str]:
    """Yield sentences."""
    yield "I sat by the bank ."


def vectors() -> int:
    """Embed a stream of sentences."""
    return sum(batch.values.shape[1] for batch in ctxemb.embed(words(), "bert", layers=[0, -1]))


def store(folder: str) -> int:
    """Embed a stream of sentences into a store."""
    opened: ctxemb.VectorStore = ctxemb.embed_into(folder, words(), "gpt", store_dtype="float32")
    return opened.n_words


def judged() -> pd.DataFrame:
    """Probe models on a task, and own vectors."""
    X = np.zeros((30, 4), dtype=np.float32)
    own: ctxemb.Findings = ctxemb.probe(ctxemb.Arrays(X, ["a", "b", "c"] * 10), cache=False)
    task: ctxemb.Task = ctxemb.load_task("senses")
    findings = ctxemb.probe(task, ["elmo", "bert"], analyses=["control"])
    shown = [row.difference for row in findings.differences if row.is_significant]
    findings.save("results")
    ctxemb.report(findings, "report.html")
    return (own + findings).to_frame().assign(n_shown=len(shown))


def compared() -> ctxemb.Findings:
    """Run a comparison that is given by its keys."""
    return ctxemb.compare({"models": ["bert"], "tasks": ["events"], "layers": [0, -1]}, cache=False)


def trained(folder: str) -> list[float]:
    """Train a model, and tell how well it predicts."""
    ctxemb.pretrain(
        "gpt", "text.txt", folder, ctxemb.TrainingPlan(max_words=1000), sizes=ctxemb.Sizes(width=64)
    )
    return [line.bits_per_character for line in ctxemb.perplexity("text.txt", folder)]


def told(name: str) -> str:
    """Return what is wrong with a name."""
    try:
        model = ctxemb.load(name)
    except ctxemb.CtxembError as error:
        return str(error)
    return model.name
