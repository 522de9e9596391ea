"""What each family has read at a word."""

from __future__ import annotations

from ctxemb.results import Findings

_READ = {
    "elmo": "both sides of it",
    "bert": "both sides of it",
    "gpt": "what stands to its left, and nothing that follows",
}
"""What the vector of a word has read in each family."""


def read_at_word(findings: Findings, task: str) -> str:
    """Return what each model's vector of a word has read; "" where a task is not about words."""
    kind = next((m["tasks"][task]["kind"] for m in findings.manifests if task in m.get("tasks", {})), "")
    if kind not in ("word-sense", "token-label", "pair"):
        return ""
    families = {
        name: known.get("family", "")
        for manifest in findings.manifests
        for name, known in manifest.get("models", {}).items()
    }
    readers: dict[str, list[str]] = {}
    for model in findings.models(task):
        if (read := _READ.get(families.get(model, ""))) is not None:
            readers.setdefault(read, []).append(model)
    if not readers:
        return ""
    said = "; ".join(
        f"{' and '.join(models)} {'has' if len(models) == 1 else 'have'} read {read}"
        for read, models in readers.items()
    )
    return f"At a word, {said}."
