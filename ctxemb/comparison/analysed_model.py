"""Whose vectors are analysed: models, which write them to stores first, and stores that are there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from ctxemb.analysis.rows import Rows
from ctxemb.analysis.spaces import Space
from ctxemb.analysis.store_layer import StoreLayer
from ctxemb.comparison.analysed_text import AnalysedText
from ctxemb.comparison.cache import digest
from ctxemb.comparison.vectors import model_key
from ctxemb.errors import InputError
from ctxemb.extraction import embed_to_store
from ctxemb.extraction.layers import Layers, resolve_layers
from ctxemb.models import ContextualModel
from ctxemb.vectors import VectorStore

STORE_DTYPE = "float32"
"""Of the stores that are written for an analysis."""


@dataclass(frozen=True, slots=True, eq=False)
class AnalysedModel:
    """Layers to measure.

    Parameters
    ----------
    name
        What results call the model.
    store
        Its vectors.
    layers
        The names of the layers that are measured.
    twin_of
        Name of the model whose twin with random weights it is; empty if it is none.
    """

    name: str
    store: VectorStore
    layers: tuple[int | str, ...]
    twin_of: str = ""

    def rows(self, layer: int | str, space: str = "raw", reference: VectorStore | None = None) -> Rows:
        """Return the vectors of a layer in a space fitted on them, or on the same layer of `reference`."""
        rows = StoreLayer(self.store, layer)
        if space == "raw":
            return rows
        return Space(space).fit(rows if reference is None else StoreLayer(reference, layer)).of(rows)


@contextmanager
def store_folder(cache: Path | None) -> Iterator[Path]:
    """Give the folder ``stores`` of the cache, or of a folder that goes with the block."""
    if cache is not None:
        yield cache / "stores"
        return
    with TemporaryDirectory(prefix="ctxemb-") as folder:
        yield Path(folder) / "stores"


def embedded(
    model: ContextualModel,
    text: AnalysedText,
    folder: Path,
    *,
    source: str,
    layers: Layers = "all",
    random_init: int | None = None,
    progress: Callable[[int], None] = lambda n_sentences: None,
) -> AnalysedModel:
    """Embed a text, unless it has been, and return the layers.

    A model's store is found again by the model's fingerprint and the words.
    """
    names = resolve_layers(layers, model.n_layers)
    key = {
        "what": "analysed",
        **model_key(model),
        "text": text.digest,
        "layers": list(names),
        "dtype": STORE_DTYPE,
    }
    place = folder / digest(key)
    if not (place / "store.json").is_file():
        embed_to_store(
            model,
            text.sentences,
            place,
            source=source,
            random_init=random_init,
            layers=layers,
            store_dtype="float32",
            progress=progress,
        )
    twin_of = model.name.removesuffix("@random") if random_init is not None else ""
    return AnalysedModel(model.name, VectorStore.open(place), names, twin_of)


def stored(folder: Path, layers: Layers = "all") -> AnalysedModel:
    """Return the layers of a store; numbers count its layers, -1 is the last."""
    store = VectorStore.open(folder)
    places = resolve_layers(layers, len(store.layers)) if layers != "mix" else (0,)
    names = tuple(store.layers[int(place)] for place in places)
    StoreLayer(store, names[0])
    return AnalysedModel(store.meta.model, store, names)


def check_same_words(models: list[AnalysedModel]) -> None:
    """Check that all stores hold the vectors of the same words.

    Raises
    ------
    InputError
        If they do not; the message names the first sentence that differs.
    """
    first = models[0].store
    words = first.sentences()
    for model in models[1:]:
        others = model.store.sentences()
        for number, (a, b) in enumerate(zip(words, others, strict=False)):
            if a != b:
                raise InputError(
                    f"{first.folder} and {model.store.folder} hold other words: sentence {number} (counted "
                    f"from 0) is '{' '.join(a)}' in one and '{' '.join(b)}' in the other; embed the same "
                    "text, split into the same words"
                )
        if len(words) != len(others):
            raise InputError(
                f"{first.folder} holds {len(words):,} sentences, {model.store.folder} {len(others):,}; "
                "layers are compared on the same words"
            )
