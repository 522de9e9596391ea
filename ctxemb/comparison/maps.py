"""The word-sense map: where the occurrences of one word lie, in two dimensions."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ctxemb.analysis.projection import project
from ctxemb.comparison.spec import MapSpec
from ctxemb.extraction.layers import resolve_layers
from ctxemb.models import ContextualModel
from ctxemb.results import MapPoint
from ctxemb.tasks import Example, Task


def sense_map(
    model: ContextualModel, task: Task, spec: MapSpec, vectors: NDArray[np.float32]
) -> list[MapPoint]:
    """Return a point per occurrence of the word.

    The `vectors` are those of the task's examples, (n_layers, n_examples, width). The text is empty unless
    the task's text may be published.

    If a word has more than `spec.most` occurrences, every n-th is drawn.
    """
    layer = resolve_layers([spec.layer], model.n_layers)[0]
    occurrences = [i for i, example in enumerate(task.examples) if example.group == spec.word]
    numbers = occurrences[:: math.ceil(len(occurrences) / spec.most)]
    points = project(np.asarray(vectors[int(layer), numbers]))  # (n, 2)
    return [
        MapPoint(
            task=task.name,
            word=spec.word,
            model=model.name,
            layer=int(layer),
            sense=task.examples[number].label,
            x=round(float(x), 5),
            y=round(float(y), 5),
            text=_marked(task, task.examples[number]) if task.shareable else "",
        )
        for number, (x, y) in zip(numbers, points, strict=True)
    ]


def _marked(task: Task, example: Example) -> str:
    sentence, start, stop = example.spans[0]
    words = list(task.sentences[sentence].words)
    words[start] = f"*{words[start]}"
    words[stop - 1] = f"{words[stop - 1]}*"
    return " ".join(words)
