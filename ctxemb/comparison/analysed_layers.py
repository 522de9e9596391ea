"""Measures of layers, and of pairs of layers, on the same words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, permutations
from typing import Any

from ctxemb.analysis.measure import LayerMeasure, MeasuredLayer, MeasuredValue, PairMeasure
from ctxemb.analysis.measurements import Measurement
from ctxemb.analysis.rated_similarity import pair_cosines, rated_values
from ctxemb.comparison.analysed_model import AnalysedModel
from ctxemb.comparison.analysed_text import AnalysedText
from ctxemb.errors import InputError
from ctxemb.vectors import VectorStore


@dataclass(frozen=True, slots=True, eq=False)
class AnalysedLayers:
    """The layers of some models on the same words.

    Parameters
    ----------
    models
        The models.
    text
        The words.
    space, reference
        The space of the vectors, fitted on them or on the same layers of another store.
    seed
        Of samples and intervals.
    """

    models: Sequence[AnalysedModel]
    text: AnalysedText
    space: str = "raw"
    reference: VectorStore | None = None
    seed: int = 0

    def each(self) -> Iterator[MeasuredLayer]:
        """Yield the layers, model by model."""
        for model in self.models:
            for name in model.layers:
                rows = model.rows(name, self.space, self.reference)
                yield MeasuredLayer(model.name, name, rows, self.text.occurrences, self.seed)

    def measured(self, measure: LayerMeasure) -> Iterator[Measurement]:
        """Yield what a measure finds in each layer."""
        for layer in self.each():
            for value in measure.run(layer):
                yield self._row(value, layer, measure.name)

    def compared(self, measure: PairMeasure) -> Iterator[Measurement]:
        """Yield what a measure finds in two layers of a model, or of two models.

        A twin with random weights is compared with itself and its model, not with others.
        """
        twins = {model.name: model.twin_of for model in self.models}
        prepared: list[tuple[MeasuredLayer, Any]] = [(layer, measure.prepare(layer)) for layer in self.each()]
        pairs = combinations(prepared, 2) if measure.symmetric else permutations(prepared, 2)
        for (a, of_a), (b, of_b) in pairs:
            related = {a.model, twins[a.model]} & {b.model, twins[b.model]} - {""}
            if related or not (twins[a.model] or twins[b.model]):
                for value in measure.compare(of_a, of_b):
                    row = self._row(value, a, measure.name)
                    yield replace(row, other_model=b.model, other_layer=b.layer)

    def rated(self) -> Iterator[Measurement]:
        """Yield how well cosines agree with ratings in each layer.

        Raises
        ------
        InputError
            If the text is no set of rated pairs.
        """
        rated = self.text.rated
        if rated is None:
            raise InputError("similarity-in-context needs rated pairs: name the task scws, cosimlex or rawc")
        starts = self.text.occurrences.offsets
        spans = [
            tuple((int(starts[s.sentence]) + s.start, int(starts[s.sentence]) + s.stop) for s in pair)
            for pair in rated.pairs
        ]
        for layer in self.each():
            cosines = pair_cosines(layer.rows, spans)  # type: ignore[arg-type]
            for value in rated_values(
                cosines,
                rated.ratings,
                rated.clusters,
                changes=rated.changes,
                parts=rated.parts,
                seed=self.seed,
            ):
                yield self._row(value, layer, "similarity-in-context")

    def _row(self, value: MeasuredValue, layer: MeasuredLayer, measure: str) -> Measurement:
        row = Measurement.of(
            value, model=layer.model, layer=layer.layer, text=self.text.name, measure=measure, seed=self.seed
        )
        return replace(row, space=self.space)
