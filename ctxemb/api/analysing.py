"""What layers are like, without probes: measures of vectors, and vectors for other tools."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ctxemb.analysis.flat import Method
from ctxemb.analysis.measurements import Measurements
from ctxemb.api.progress import StepProgress, shown_steps
from ctxemb.comparison.analyse import DEFAULT_MEASURES
from ctxemb.comparison.analyse import analyse as measure
from ctxemb.comparison.analysed_structure import RANKS
from ctxemb.comparison.analysis_spec import read_analysis, run_analyses
from ctxemb.comparison.cache import default_cache
from ctxemb.comparison.exporting import Tool, export_occurrences
from ctxemb.extraction.layers import Layers
from ctxemb.models.computation import Computation, Dtype
from ctxemb.text.sentence import Sentence


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
    device: str = "cpu",
    dtype: Dtype = "float32",
    data: str | Path | None = None,
    cache: bool = True,
    progress: StepProgress | None = None,
) -> Measurements:
    """Measure what the layers of models are like.

    Models without attention are passed over by ``attention`` and ``arcs``, if another has it.

    Parameters
    ----------
    models
        Names of models; see `ctxemb.load`.
    measures
        Names of measures; see ``ctxemb analyse --list``.
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
    device, dtype
        Where and in what numbers models compute.
    data
        Folder of the data sets that do not ship with ctxemb.
    cache
        Whether vectors are kept and found again (in ``CTXEMB_CACHE``, or the user's cache folder).
    progress
        Called with the steps done, all steps, and what comes next; None for a bar in a terminal or notebook.

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

    Examples
    --------
    >>> texts = ["I sat by the bank .", "The bank is closed .", "By the bank I sat ."]
    >>> rows = analyse("bert", "intra-sentence", text=texts, layers=[-1], twins=False, cache=False)
    >>> [row.statistic for row in rows]
    ['intra_sentence', 'intra_sentence_adjusted']
    """
    with shown_steps(progress) as show:
        return measure(
            models,
            measures,
            text=text,
            task=task,
            stores=stores,
            layers=layers,
            space=space,
            reference=reference,
            twins=twins,
            random_seed=random_seed,
            ranks=ranks,
            most_sentences=most_sentences,
            tokenized=tokenized,
            seed=seed,
            computation=Computation(device, dtype),
            data=_folder(data),
            cache=default_cache() if cache else None,
            progress=show,
        )


def analyse_spec(
    spec: str | Path,
    *,
    data: str | Path | None = None,
    cache: bool = True,
    progress: StepProgress | None = None,
) -> Measurements:
    """Run the analyses of a TOML file, such as ``benchmarks/geometry.toml``.

    Parameters
    ----------
    spec
        The file.
    data, cache, progress
        As for `analyse`.

    Raises
    ------
    MissingFileError
        If there is no such file.
    FormatError
        If it is not TOML, or a key is unknown, missing or wrong; the message names the line.
    """
    asked = read_analysis(Path(spec))
    with shown_steps(progress) as show:
        return run_analyses(
            asked, data=_folder(data), cache=default_cache() if cache else None, progress=show
        )


def export(
    path: str | Path,
    to: Tool = "atlas",
    *,
    model: str | None = None,
    text: str | Path | None = None,
    task: str | None = None,
    store: str | Path | None = None,
    layer: int = -1,
    space: str = "raw",
    method: Method = "pca",
    words: Sequence[str] = (),
    most: int | None = 20_000,
    k: int = 10,
    tokenized: bool = False,
    seed: int = 0,
    device: str = "cpu",
    dtype: Dtype = "float32",
    data: str | Path | None = None,
    cache: bool = True,
) -> int:
    """Write occurrences of words with coordinates, neighbours and metadata, for other tools to show.

    Parameters
    ----------
    path
        The file (``"atlas"``) or folder (``"tensorboard"``) to write.
    to
        ``"atlas"``: Parquet for embedding-atlas; ``"tensorboard"``: vectors for its projector.
    model, text, task
        A model, and the text file or the task whose words it embeds.
    store
        A vector store instead.
    layer, space
        Number of the layer, -1 for the last; its space is fitted on all words of the text.
    method, k
        How coordinates are made, and how many neighbours each occurrence has, for ``"atlas"``.
    words, most
        Only occurrences of these words, and at most so many, drawn by the seed.
    tokenized, seed, device, dtype, data, cache
        As for `analyse`.

    Returns
    -------
    int
        How many occurrences were written.

    Raises
    ------
    InputError
        If what is to be written is not said, or said twice, or there is no such word.
    """
    return export_occurrences(
        Path(path),
        to,
        model=model,
        text=None if text is None else str(text),
        task=task,
        store=_folder(store),
        layer=layer,
        space=space,
        method=method,
        words=words,
        most=most,
        k=k,
        tokenized=tokenized,
        seed=seed,
        computation=Computation(device, dtype),
        data=_folder(data),
        cache=default_cache() if cache else None,
    )


def _folder(path: str | Path | None) -> Path | None:
    return None if path is None else Path(path)
