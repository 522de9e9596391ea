from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ctxemb.analysis import Space, cka, expected_layer, intra_sentence_similarity, self_similarity
from ctxemb.analysis.catalogue import all_measures
from ctxemb.analysis.measurements import Measurements
from ctxemb.comparison import analyse as module
from ctxemb.comparison.analyse import analyse, measure_descriptions
from ctxemb.errors import FormatError, InputError, MissingFileError, UnknownNameError
from ctxemb.extraction import embed, embed_to_store
from ctxemb.models import load
from ctxemb.tasks.trees import Tree
from ctxemb.text.sentence import Sentence
from tests.toys import DOCUMENTS, sentence, sentences

TEXTS = [
    sentence(line.strip())
    for text in DOCUMENTS
    for line in text.replace("\n", " ").split(".")
    if line.strip()
]


def names(folders: dict[str, Path], *families: str) -> list[str]:
    return [str(folders[family]) for family in families]


def test_every_measure_of_layers_on_every_family(toy_folders: dict[str, Path]) -> None:
    measures = [name for name in all_measures() if name not in {"sense-separation", "same-sense"}]
    found = analyse(names(toy_folders, "elmo", "gpt", "bert"), measures, text=TEXTS, layers=[0, -1])
    assert {row.measure for row in found} == set(measures)
    assert {row.model for row in found} == {
        f"toy-{family}{twin}" for family in ("elmo", "gpt", "bert") for twin in ("", "@random")
    }
    frame = found.to_frame()
    assert len(frame) == len(found)
    values = frame[frame.statistic != "partition"].value
    assert np.isfinite(values).all()
    bounded = frame.dropna(subset=["low", "high"])
    assert (bounded.low <= bounded.value + 1e-9).all()
    assert (bounded.value <= bounded.high + 1e-9).all()
    pairs = found.select(measure="cka", statistic="cka")
    assert len(pairs) == 15 + 3 * (1 + 4)  # trained layers; each twin with itself and its model


def test_values_are_those_of_the_functions(toy_folders: dict[str, Path]) -> None:
    model = load(str(toy_folders["bert"]))
    vectors = embed(model, TEXTS)
    words = [word.lower() for text in TEXTS for word in text.words]
    found = analyse(
        str(toy_folders["bert"]), ["self-similarity", "intra-sentence", "cka"], text=TEXTS, twins=False
    )
    for layer in range(model.n_layers):
        rows = found.select(layer=layer, statistic="self_similarity", group="")
        expected = np.mean(list(self_similarity(vectors.values[layer], words, 5).values()))
        assert rows[0].value == pytest.approx(expected, abs=1e-5)
    scores = intra_sentence_similarity(vectors.values[1], vectors.offsets)
    lengths = np.diff(vectors.offsets)
    (row,) = found.select(layer=1, statistic="intra_sentence")
    assert row.value == pytest.approx(scores[lengths > 1].mean(), abs=1e-5)
    (row,) = found.select(layer=0, other_layer=2, statistic="cka")
    assert row.value == pytest.approx(cka(vectors.values[0], vectors.values[2]), abs=1e-5)


def test_spaces_are_fitted_on_a_reference(toy_folders: dict[str, Path], tmp_path: Path) -> None:
    model = load(str(toy_folders["bert"]))
    embed_to_store(model, TEXTS[:20], tmp_path / "store", source="bert", store_dtype="float32")
    path = str(toy_folders["bert"])
    options = {"text": TEXTS, "layers": [1], "twins": False, "space": "centered"}
    own = analyse(path, "isotropy", **options)  # type: ignore[arg-type]
    other = analyse(path, "isotropy", reference=tmp_path / "store", **options)  # type: ignore[arg-type]
    centre = Space("centered").fit(embed(model, TEXTS[:20]).values[1])
    rows = centre.transform(embed(model, TEXTS).values[1])
    units = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    n = len(units)
    assert other[0].value == pytest.approx(((units.sum(axis=0) ** 2).sum() - n) / (n * (n - 1)), abs=1e-5)
    assert abs(own[0].value - other[0].value) > 1e-4
    assert own[0].space == "centered"


def test_stores_are_measured_as_their_models(toy_folders: dict[str, Path], tmp_path: Path) -> None:
    folders = []
    for family in ("gpt", "bert"):
        folders.append(tmp_path / family)
        model = load(str(toy_folders[family]))
        embed_to_store(model, TEXTS, folders[-1], source=family, store_dtype="float32")
    found = analyse(measures=["cka", "isotropy"], stores=folders)
    direct = analyse(names(toy_folders, "gpt", "bert"), ["cka", "isotropy"], text=TEXTS, twins=False)
    assert [row.value for row in found] == pytest.approx([row.value for row in direct], abs=1e-6)
    embed_to_store(model, sentences(3, 4), tmp_path / "other", source="bert")
    with pytest.raises(InputError, match="hold other words: sentence 0"):
        analyse(measures="cka", stores=[folders[0], tmp_path / "other"])
    embed_to_store(model, TEXTS, tmp_path / "whole", source="bert", unit="sentence")
    with pytest.raises(FormatError, match="holds vectors of sentences; measures need vectors of words"):
        analyse(stores=[tmp_path / "whole"])


def test_stores_are_kept_in_the_cache(toy_folders: dict[str, Path], tmp_path: Path) -> None:
    path = str(toy_folders["bert"])
    first = analyse(path, text=TEXTS, cache=tmp_path)
    stores = sorted((tmp_path / "stores").iterdir())
    assert len(stores) == 2
    again = analyse(path, text=TEXTS, cache=tmp_path)
    assert [row.as_row() for row in again] == [row.as_row() for row in first]
    assert sorted((tmp_path / "stores").iterdir()) == stores


def test_tasks_bring_labels(toy_folders: dict[str, Path]) -> None:
    path = str(toy_folders["bert"])
    found = analyse(path, ["sense-separation"], task="senses", most_sentences=400, twins=False)
    assert {row.statistic for row in found} == {
        "within_senses",
        "between_senses",
        "senses_difference",
        "senses_ratio",
    }
    assert found[0].text == "senses"
    with pytest.raises(InputError, match="sense-separation needs labelled occurrences"):
        analyse(path, "sense-separation", text=TEXTS, twins=False)


def test_attention(toy_folders: dict[str, Path]) -> None:
    found = analyse(names(toy_folders, "elmo", "gpt", "bert"), "attention", text=TEXTS, twins=False)
    assert {row.model for row in found} == {"toy-gpt", "toy-bert"}  # ELMo has none
    heads = found.select(model="toy-bert", layer=1, statistic="special")
    assert [row.head for row in heads] == ["", 1, 2]
    assert heads[0].value == pytest.approx((heads[1].value + heads[2].value) / 2)
    (row,) = found.select(model="toy-gpt", layer=2, statistic="next", head="")
    assert row.value == 0
    with pytest.raises(InputError, match="attention needs a model with attention"):
        analyse(str(toy_folders["elmo"]), "attention", text=TEXTS, twins=False)


def chain(text: Sentence) -> Tree:
    n = len(text)
    relations = tuple("root" if i == 0 else "dep" for i in range(n))
    return Tree(text, np.arange(n) - 1, relations, ("X",) * n)


def test_trees(toy_folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    marks = Tree(sentence("Stop !"), np.array([-1, 0]), ("root", "punct"), ("VERB", "PUNCT"))
    trees = [*map(chain, TEXTS), marks]
    monkeypatch.setattr(module, "load_trees", lambda split, data: trees)
    path = str(toy_folders["bert"])
    found = analyse(path, ["arcs", "structure"], layers=[0, -1], ranks=[2, 4], twins=False)
    (best,) = found.select(measure="arcs", group="dep", layer="-")
    assert (best.statistic, best.value) == ("offset_-1", 1)
    assert [row.group for row in found.select(measure="arcs")] == ["", "", "dep", "dep"]
    structure = found.select(measure="structure")
    assert structure.select(model="linear", statistic="uuas")[0].value == 1
    assert [row.group for row in structure.select(layer=2, statistic="uuas")] == ["rank 2", "rank 4"]
    assert {row.statistic for row in structure} == {"uuas", "dspr", "root", "nspr"}


def test_rated_pairs(toy_folders: dict[str, Path], data_folder: Path) -> None:
    path = str(toy_folders["bert"])
    found = analyse(path, "similarity-in-context", task="rawc", data=data_folder, layers=[1])
    assert [(row.model, row.group) for row in found] == [
        (f"toy-bert{twin}", part) for twin in ("", "@random") for part in ("", "homonymy", "polysemy")
    ]
    with pytest.raises(InputError, match="similarity-in-context needs rated pairs"):
        analyse(path, "similarity-in-context", text=TEXTS)


def test_what_is_written_is_read(toy_folders: dict[str, Path], tmp_path: Path) -> None:
    found = analyse(str(toy_folders["bert"]), text=TEXTS, twins=False)
    found.write(tmp_path / "rows.jsonl")
    again = Measurements.read(tmp_path / "rows.jsonl")
    assert [row.as_row() for row in again] == [row.as_row() for row in found]
    (tmp_path / "rows.jsonl").write_text('{"model": "x"}\n', encoding="utf-8")
    with pytest.raises(FormatError, match=r"rows.jsonl:1: not a measurement"):
        Measurements.read(tmp_path / "rows.jsonl")
    with pytest.raises(MissingFileError, match="no measurements at"):
        Measurements.read(tmp_path / "none")


def test_errors(toy_folders: dict[str, Path], tmp_path: Path) -> None:
    path = str(toy_folders["bert"])
    with pytest.raises(UnknownNameError, match="unknown measure 'isotopy'; did you mean 'isotropy'"):
        analyse(path, "isotopy", text=TEXTS)
    with pytest.raises(UnknownNameError, match="unknown space 'white'"):
        analyse(path, text=TEXTS, space="white")
    with pytest.raises(InputError, match="self-similarity needs words to measure"):
        analyse(path)
    with pytest.raises(InputError, match="name either models or stores"):
        analyse()
    with pytest.raises(InputError, match="give either a text or a task"):
        analyse(path, text=TEXTS, task="senses")
    with pytest.raises(InputError, match="no word occurs 5 times"):
        analyse(path, "self-similarity", text=TEXTS[:1])
    assert set(measure_descriptions()) > {"cka", "attention"}


def test_where_a_task_is_solved(toy_folders: dict[str, Path], tmp_path: Path) -> None:
    lines = [f"{'near' if i % 3 else 'far'}\t{' '.join(text.words)}" for i, text in enumerate(TEXTS)]
    (tmp_path / "own").mkdir()
    for split in ("train", "test"):
        (tmp_path / "own" / f"{split}.tsv").write_text(
            "label\ttext\n" + "\n".join(lines) + "\n", encoding="utf-8"
        )
    path = str(toy_folders["bert"])
    found = analyse(path, "expected-layer", task=str(tmp_path / "own"), twins=False)
    accuracies = [row.value for row in found.select(statistic="cumulative_accuracy")]
    assert len(accuracies) == 3
    (centre,) = found.select(statistic="centre_of_gravity")
    assert 0 <= centre.value <= 2
    for row in found.select(statistic="expected_layer"):
        assert row.value == pytest.approx(expected_layer(accuracies))
    with pytest.raises(InputError, match="expected-layer needs labels to probe: name a task"):
        analyse(path, "expected-layer", text=TEXTS)
