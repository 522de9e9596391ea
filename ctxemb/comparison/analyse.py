"""Measures of layers: models or stores in, measurements out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ctxemb.analysis.catalogue import all_measures
from ctxemb.analysis.measure import LayerMeasure, Measure
from ctxemb.analysis.measurements import Measurement, Measurements
from ctxemb.analysis.spaces import Space
from ctxemb.comparison.analysed_attention import arc_rows, attention_rows
from ctxemb.comparison.analysed_depth import depth_rows
from ctxemb.comparison.analysed_layers import AnalysedLayers
from ctxemb.comparison.analysed_model import (
    AnalysedModel,
    check_same_words,
    embedded,
    store_folder,
    stored,
)
from ctxemb.comparison.analysed_structure import RANKS, chain_rows, structure_rows
from ctxemb.comparison.analysed_text import (
    AnalysedText,
    drawn,
    text_of_file,
    text_of_sentences,
    text_of_task,
)
from ctxemb.comparison.cache import Cache
from ctxemb.errors import InputError
from ctxemb.extraction.embedder import as_sentences
from ctxemb.extraction.layers import Layers
from ctxemb.models import ContextualModel, load
from ctxemb.models.attention import has_attention
from ctxemb.models.computation import FLOAT32_ON_CPU, Computation
from ctxemb.suggest import unknown_name
from ctxemb.tasks.trees import Tree, load_trees
from ctxemb.text.sentence import Sentence
from ctxemb.vectors import VectorStore

OF_MODELS = {
    "attention": "where the heads of a Transformer look, in a text",
    "arcs": "whether heads look along the arcs of syntax trees (English Web Treebank)",
    "structure": "whether a linear map of vectors holds syntax trees (English Web Treebank)",
    "expected-layer": "at which layer a task is solved, by cumulative probes (--task)",
    "similarity-in-context": "whether cosines agree with rated similarity (--task scws, cosimlex or rawc)",
}
"""Measures that need more than the vectors of a text."""

OF_TREES = ("arcs", "structure")
"""Measures that bring their own text."""

DEFAULT_MEASURES = ("self-similarity", "isotropy")
Progress = Callable[[int, int, str], None]


def measure_descriptions() -> dict[str, str]:
    """Return what each measure is, by its name."""
    return {name: measure.description for name, measure in all_measures().items()} | OF_MODELS


def analyse(
    models: str | Sequence[str] = (),
    measures: str | Sequence[str] = DEFAULT_MEASURES,
    *,
    text: str | Path | Sequence[str | Sequence[str] | Sentence] | None = None,
    task: str | None = None,
    stores: Sequence[str | Path] = (),
    layers: Layers = "all",
    space: str = "raw",
    reference: str | Path | None = None,
    twins: bool = True,
    random_seed: int = 1,
    ranks: Sequence[int] = RANKS,
    most_sentences: int | None = None,
    tokenized: bool = False,
    seed: int = 0,
    computation: Computation = FLOAT32_ON_CPU,
    data: Path | None = None,
    cache: Path | None = None,
    progress: Progress = lambda done, total, what: None,
) -> Measurements:
    """Measure what the layers of models are like.

    Models without attention are passed over by ``attention`` and ``arcs``, if another has it.

    Parameters
    ----------
    models
        Names of models; see `ctxemb.load`.
    measures
        Names of measures; see `measure_descriptions`.
    text
        A file with a sentence a line, or sentences as of `ctxemb.load(...).embed`.
    task
        Name of a task whose sentences are read, with the labels of its words; or of a set of rated pairs.
    stores
        Vector stores to measure instead of models; they know their words.
    layers
        ``"all"``, or numbers; -1 is the last.
    space, reference
        A space (see `ctxemb.analysis.spaces`), fitted on the same layer of the store `reference`; None for
        the vectors that are measured.
    twins, random_seed
        Whether to measure each model's twin with random weights, too; the seed of its weights.
    ranks
        Of structural probes.
    most_sentences
        Draw at most so many sentences; None for all.
    tokenized
        Whether the words of the file are separated by spaces.
    seed
        Of draws, samples, probes and intervals.
    computation
        Where and in what numbers models compute.
    data, cache
        Folders of data sets and of what was computed before; without a cache, nothing is kept.
    progress
        Called with the steps done, their number, and what comes next.

    Returns
    -------
    Measurements
        A row for each number, in the order of the measures and models; see `Measurements.to_frame`.

    Raises
    ------
    InputError
        If what is to be measured is not said, or said twice; or a measure cannot be had of what is there.
    UnknownNameError
        If there is no such model, measure, task, space or layer.
    """
    asked = _Asked(
        models=(models,) if isinstance(models, str) else tuple(models),
        measures=tuple(dict.fromkeys((measures,) if isinstance(measures, str) else measures)),
        stores=tuple(Path(store) for store in stores),
        layers=layers,
        space=space,
        reference=None if reference is None else VectorStore.open(reference),
        random_seed=random_seed if twins else None,
        ranks=tuple(ranks),
        most=most_sentences,
        seed=seed,
        computation=computation,
        data=data,
        progress=progress,
    )
    asked.check(has_text=text is not None or task is not None)
    with store_folder(cache) as folder:
        return Measurements(list(_rows(asked, _words(text, task, asked, tokenized), folder)))


@dataclass(frozen=True, slots=True)
class _Asked:
    """What `analyse` was asked for, but the text."""

    models: tuple[str, ...]
    measures: tuple[str, ...]
    stores: tuple[Path, ...]
    layers: Layers
    space: str
    reference: VectorStore | None
    random_seed: int | None
    ranks: tuple[int, ...]
    most: int | None
    seed: int
    computation: Computation
    data: Path | None
    progress: Progress

    def check(self, *, has_text: bool) -> None:
        known = measure_descriptions()
        for name in self.measures:
            if name not in known:
                raise unknown_name("measure", name, known)
        Space(self.space)
        if bool(self.models) == bool(self.stores):
            raise InputError("name either models or stores to analyse")
        if self.stores and has_text:
            raise InputError("a store knows its words: give no text or task with it")
        needed = [name for name in self.measures if name not in OF_TREES]
        if self.models and needed and not has_text:
            raise InputError(f"{needed[0]} needs words to measure: name a text or a task")
        odd = [name for name in self.measures if name in OF_MODELS]
        if self.stores and odd:
            raise InputError(f"{odd[0]} needs a model, not a store: it reads text of its own")


def _words(
    text: str | Path | Sequence[str | Sequence[str] | Sentence] | None,
    task: str | None,
    asked: _Asked,
    tokenized: bool,
) -> AnalysedText | None:
    """Return the words to measure; None if measures bring their own."""
    if text is not None and task is not None:
        raise InputError("give either a text or a task")
    if asked.stores:
        words = VectorStore.open(asked.stores[0]).sentences()
        return text_of_sentences(asked.stores[0].name, [Sentence(one) for one in words], asked.data)
    options = {"most": asked.most, "seed": asked.seed, "data": asked.data}
    if task is not None:
        return text_of_task(task, **options)  # type: ignore[arg-type]
    if isinstance(text, str | Path):
        return text_of_file(str(text), tokenized=tokenized, **options)  # type: ignore[arg-type]
    return None if text is None else text_of_sentences("text", as_sentences(text), asked.data)


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A model, and what it was loaded by."""

    model: ContextualModel
    source: str
    random_init: int | None

    def embed(self, text: AnalysedText, folder: Path, layers: Layers) -> AnalysedModel:
        return embedded(
            self.model, text, folder, source=self.source, layers=layers, random_init=self.random_init
        )


def _rows(asked: _Asked, text: AnalysedText | None, folder: Path) -> Iterator[Measurement]:
    known, total = all_measures(), len(asked.measures)
    seeds = (None,) if asked.random_seed is None else (None, asked.random_seed)
    loaded = [
        _Loaded(load(name, seed, asked.computation), name, seed) for name in asked.models for seed in seeds
    ]
    layers: AnalysedLayers | None = None
    for number, name in enumerate(asked.measures):
        asked.progress(number, total, name)
        if name in OF_MODELS and name != "similarity-in-context":
            yield from _of_models(name, asked, loaded, text, folder)
            continue
        assert text is not None
        if layers is None:
            layers = _layers(asked, loaded, text, folder)
        yield from layers.rated() if name not in known else _measured(known[name], layers)
    asked.progress(total, total, "done")


def _measured(measure: Measure, layers: AnalysedLayers) -> Iterator[Measurement]:
    return layers.measured(measure) if isinstance(measure, LayerMeasure) else layers.compared(measure)


def _layers(asked: _Asked, loaded: list[_Loaded], text: AnalysedText, folder: Path) -> AnalysedLayers:
    models = [stored(store, asked.layers) for store in asked.stores]
    for one in loaded:
        asked.progress(0, len(asked.measures), f"embedding with {one.model.name}")
        models.append(one.embed(text, folder, asked.layers))
    if asked.stores:
        check_same_words(models)
    return AnalysedLayers(models, text, asked.space, asked.reference, asked.seed)


def _of_models(
    name: str, asked: _Asked, loaded: list[_Loaded], text: AnalysedText | None, folder: Path
) -> Iterator[Measurement]:
    if name == "structure":
        yield from _structure(asked, loaded, folder)
        return
    if name == "expected-layer":
        if text is None or text.task is None:
            raise InputError("expected-layer needs labels to probe: name a task")
        for one in loaded:
            asked.progress(0, len(asked.measures), f"{name} of {one.model.name}")
            yield from depth_rows(one.model, text.task, Cache(folder.parent), seed=asked.seed)
        return
    seeing = [one for one in loaded if has_attention(one.model)]
    if not seeing:
        raise InputError(f"{name} needs a model with attention: GPT or BERT; {loaded[0].model.name} has none")
    trees = {split: _trees(split, asked) for split in ("dev", "test")} if name == "arcs" else {}
    for one in seeing:
        asked.progress(0, len(asked.measures), f"{name} of {one.model.name}")
        if name == "arcs":
            yield from arc_rows(one.model, trees["dev"], trees["test"], seed=asked.seed)
        else:
            assert text is not None
            yield from attention_rows(one.model, text.sentences, text.name, seed=asked.seed)


def _structure(asked: _Asked, loaded: list[_Loaded], folder: Path) -> Iterator[Measurement]:
    trees = _trees("train", asked), _trees("test", asked)
    texts = [text_of_sentences("ewt", [tree.sentence for tree in part], asked.data) for part in trees]
    yield from chain_rows(trees[1], seed=asked.seed)
    for one in loaded:
        train, test = (one.embed(text, folder, asked.layers) for text in texts)
        say = partial(asked.progress, 0, len(asked.measures))
        yield from structure_rows(
            train, test, trees, ranks=asked.ranks, space=asked.space, seed=asked.seed, progress=say
        )


def _trees(split: str, asked: _Asked) -> list[Tree]:
    trees = load_trees(split, asked.data)
    return [trees[i] for i in drawn(len(trees), asked.most, asked.seed)]
