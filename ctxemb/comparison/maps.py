"""The word-sense map: where the occurrences of one word lie, in two dimensions."""

from __future__ import annotations

from typing import Any

import numpy as np

from ctxemb.comparison.cache import Cache
from ctxemb.comparison.spec import MapSpec
from ctxemb.comparison.vectors import task_vectors
from ctxemb.extraction.layers import resolve_layers
from ctxemb.models import ContextualModel
from ctxemb.probes import project
from ctxemb.registry import unknown_name
from ctxemb.tasks import Example, Task


def sense_map(model: ContextualModel, task: Task, spec: MapSpec, cache: Cache) -> list[dict[str, Any]]:
    """Return a row per occurrence of the word: task, word, model, layer, sense, x, y and text.

    The text is empty unless the task's text may be published.

    Raises
    ------
    UnknownNameError
        If the task has no such word.
    """
    if spec.word not in task.groups:
        raise unknown_name(f"word of {task.name}", spec.word, task.groups)
    layer = resolve_layers([spec.layer], model.n_layers)[0]
    numbers = [i for i, example in enumerate(task.examples) if example.group == spec.word]
    points = project(np.asarray(task_vectors(model, task, cache)[int(layer), numbers]))  # (n, 2)
    return [
        {
            "task": task.name,
            "word": spec.word,
            "model": model.name,
            "layer": layer,
            "sense": task.examples[number].label,
            "x": round(float(x), 5),
            "y": round(float(y), 5),
            "text": _marked(task, task.examples[number]) if task.shareable else "",
        }
        for number, (x, y) in zip(numbers, points, strict=True)
    ]


def _marked(task: Task, example: Example) -> str:
    words = list(task.sentences[example.sentence].words)
    for start, stop in example.spans:
        words[start] = f"*{words[start]}"
        words[stop - 1] = f"{words[stop - 1]}*"
    return " ".join(words)
