from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ctxemb.comparison import evaluate, make_spec
from ctxemb.comparison.cache import Cache, default_cache, digest
from ctxemb.comparison.vectors import features_of, task_vectors
from ctxemb.errors import FormatError, InputError, UnknownNameError
from ctxemb.extraction import embed
from ctxemb.models import load
from ctxemb.reporting.plain import render_markdown
from ctxemb.results import Result
from ctxemb.results.json_lines import read_records
from ctxemb.tasks import Example, Span, Task, load_task
from ctxemb.text.sentence import Sentence


def spec(folder: Path, **more: Any) -> Any:
    values = {
        "models": [str(folder)],
        "tasks": ["events"],
        "layers": [0, -1],
        "probes": ["centroid"],
        "combinations": ["mix", "concat"],
        **more,
    }
    return make_spec(values, "test")


def test_a_comparison_has_every_line(elmo_folder: Path, tmp_path: Path) -> None:
    folder = evaluate(spec(elmo_folder), command="ctxemb compare test").save(tmp_path / "results")
    results = read_records(folder / "results.jsonl", Result)
    lines = {(result.model, result.layer, result.probe) for result in results}
    assert lines == {
        ("majority", "-", "majority"),
        ("bag-of-words", "-", "bag-of-words"),
        ("tiny", 0, "centroid"),
        ("tiny", 2, "centroid"),
        ("tiny", "concat", "logistic"),
        ("tiny", "mix", "logistic"),
        ("tiny@static", 0, "centroid"),
        ("tiny@random", 0, "centroid"),
        ("tiny@random", 2, "centroid"),
    }
    assert len(results) == 4 * len(lines)  # accuracy and macro-F1, on dev and on the test
    assert {path.name for path in folder.iterdir()} == {
        "results.jsonl", "mixes.jsonl", "maps.jsonl", "differences.jsonl", "confusions.jsonl",
        "trainings.jsonl", "tunings.jsonl", "tuning_runs.jsonl", "ranks.jsonl",
        "run.json",
    }  # fmt: skip


def test_what_is_known_is_not_computed_again(
    elmo_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = evaluate(spec(elmo_folder), cache=tmp_path)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("computed again")

    for name in ("run_probe", "run_mix", "run_baseline"):
        monkeypatch.setattr(f"ctxemb.comparison.steps.{name}", refuse)
    monkeypatch.setattr("ctxemb.comparison.vectors.embed_ways", refuse)
    again = evaluate(spec(elmo_folder), cache=tmp_path)
    assert again.results == first.results
    assert again.mixes == first.mixes
    with pytest.raises(AssertionError, match="computed again"):
        evaluate(spec(elmo_folder, seed=1), cache=tmp_path)


def test_no_cache_gives_the_same(elmo_folder: Path, tmp_path: Path) -> None:
    assert evaluate(spec(elmo_folder)).results == evaluate(spec(elmo_folder), cache=tmp_path).results


def test_wrong_layers_and_words_are_told(elmo_folder: Path) -> None:
    with pytest.raises(UnknownNameError, match="no layer 7"):
        evaluate(spec(elmo_folder, layers=[7]))
    wanted = {"task": "senses", "word": "sprnig"}
    with pytest.raises(UnknownNameError, match="did you mean 'spring'"):
        evaluate(spec(elmo_folder, tasks=["senses"], map=wanted, baselines=[], combinations=[]))


def test_vectors_of_examples_are_means_of_their_words(elmo_folder: Path) -> None:
    sentences = (Sentence(("one", "two", "three")), Sentence(("four",)))
    examples = (
        Example((Span(1, 0, 1),), "a"),
        Example((Span(0, 0, 3),), "b"),
        Example((Span(0, 1, 2),), "a"),
    )
    pairs = (
        Example((Span(1, 0, 1), Span(0, 2, 3)), "yes"),
        Example((Span(0, 0, 2), Span(0, 1, 2)), "no"),
    )
    task = Task(
        "toy", "word-sense", "", "", "", sentences, examples, {"train": np.arange(3), "test": np.arange(3)}
    )
    model = load(str(elmo_folder))
    words = embed(model, list(sentences)).values
    (found,) = task_vectors(model, task, Cache(None))
    assert found[:, 0] == pytest.approx(words[:, 3], abs=1e-5)
    assert found[:, 1] == pytest.approx(words[:, :3].mean(axis=1), abs=1e-5)
    assert found[:, 2] == pytest.approx(words[:, 1], abs=1e-5)
    (both,) = task_vectors(model, dataclasses.replace(task, kind="pair", examples=pairs), Cache(None))
    assert both.shape == (model.n_layers, 2, 2 * model.width)
    assert both[:, 0] == pytest.approx(np.concatenate([words[:, 3], words[:, 2]], axis=1), abs=1e-5)
    assert both[:, 1, : model.width] == pytest.approx(words[:, :2].mean(axis=1), abs=1e-5)


def test_pools_are_made_together_and_kept_apart(elmo_folder: Path, tmp_path: Path) -> None:
    sentences = (Sentence(tuple("abcdefgh")), Sentence(("h", "g")), Sentence(tuple("abcdefgh")))
    examples = tuple(Example((Span(i, 0, len(one)),), "x") for i, one in enumerate(sentences))
    task = Task("toy", "sentence-label", "", "", "", sentences, examples, {"train": np.arange(3)})
    model = load(str(elmo_folder))
    cache = Cache(tmp_path)
    (last,) = task_vectors(model, task, cache, pools=["last"])
    mean, highest, again, cls = task_vectors(model, task, cache, pools=["mean", "max", "last", "cls"])
    assert (again == last).all()
    assert len(list(tmp_path.glob("vectors/*.npy"))) == 4
    assert not list(tmp_path.glob("vectors/*.part"))
    for pool, found in (("max", highest), ("last", last), ("cls", cls)):
        alone = embed(model, list(sentences), pool=pool, unit="sentence").values
        assert found == pytest.approx(alone, abs=1e-5)
    words = embed(model, list(sentences)).values
    assert mean[:, 1] == pytest.approx(words[:, 8:10].mean(axis=1), abs=1e-5)


def test_the_map_shows_text_only_where_it_may(elmo_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = {"task": "senses", "word": "bank"}
    given = spec(elmo_folder, tasks=["senses"], map=wanted, baselines=[], combinations=[], layers=[0])
    maps = evaluate(given).maps
    assert len(maps) == 60
    assert all("*bank" in point.text for point in maps)
    closed = dataclasses.replace(load_task("senses"), shareable=False)
    monkeypatch.setattr("ctxemb.comparison.compare.load_task", lambda *_: closed)
    assert all(point.text == "" for point in evaluate(given).maps)


def test_keys_do_not_mind_order_and_the_cache_has_a_place(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1}) != digest({"a": 1, "b": 3})
    monkeypatch.setenv("CTXEMB_CACHE", str(tmp_path))
    assert default_cache() == tmp_path
    monkeypatch.delenv("CTXEMB_CACHE")
    assert "ctxemb" in str(default_cache())


def test_results_have_the_names_of_today(elmo_folder: Path, tmp_path: Path) -> None:
    rows = [f"{'good' if i % 2 else 'bad'}\tIt was {'fine' if i % 2 else 'dull'} no {i} ." for i in range(40)]
    for name in ("first", "second"):
        file = tmp_path / f"{name}.tsv"
        file.write_text("\n".join(rows), encoding="utf-8")
        given = spec(elmo_folder, tasks=[str(file)], layers=[0], analyses=["control"], combinations=["mix"])
        findings = evaluate(given, cache=tmp_path / "cache")
        named = (*findings.results, *findings.mixes, *findings.differences)
        assert {record.task for record in named} == {name}


def window_task() -> Task:
    """Return examples at the beginning, in the middle and at the end of sentences."""
    sentences = (Sentence(("one", "two", "three", "four")), Sentence(("five",)))
    examples = (
        Example((Span(0, 0, 1),), "a"),
        Example((Span(0, 1, 3),), "b"),
        Example((Span(1, 0, 1),), "a"),
    )
    rows = {"train": np.arange(3), "test": np.arange(3)}
    return Task("toy", "word-sense", "", "", "", sentences, examples, rows)


def test_what_stands_beside_a_word(elmo_folder: Path, tmp_path: Path) -> None:
    task, model = window_task(), load(str(elmo_folder))
    words = embed(model, list(task.sentences)).values
    contexts = ("window-1", "sentence", "others")
    mean, window, sentence, others = task_vectors(model, task, Cache(tmp_path), contexts=contexts)
    width = model.width
    for beside in (window, sentence):
        assert beside.shape == (model.n_layers, 3, 2 * width)
        assert beside[:, :, :width] == pytest.approx(mean, abs=1e-5)
        assert beside[:, 2, width:] == pytest.approx(words[:, 4], abs=1e-5)
    assert window[:, 0, width:] == pytest.approx(words[:, :2].mean(axis=1), abs=1e-5)
    assert window[:, 1, width:] == pytest.approx(words[:, :4].mean(axis=1), abs=1e-5)
    assert sentence[:, 0, width:] == pytest.approx(words[:, :4].mean(axis=1), abs=1e-5)
    assert others[:, 0] == pytest.approx(words[:, 1:4].mean(axis=1), abs=1e-5)
    assert others[:, 1] == pytest.approx(words[:, [0, 3]].mean(axis=1), abs=1e-5)
    assert (others[:, 2] == 0).all()
    (alone,) = task_vectors(model, task, Cache(tmp_path), pools=(), contexts=("others",))
    assert (alone == others).all()
    pair = dataclasses.replace(
        task, kind="pair", examples=(Example((Span(1, 0, 1), Span(0, 0, 1)), "yes"),) * 2
    )
    (_, of_pair) = task_vectors(model, pair, Cache(None), contexts=("sentence",))
    assert of_pair[:, 0] == pytest.approx(np.concatenate([sentence[:, 2], sentence[:, 0]], axis=1), abs=1e-5)


def test_contexts_and_other_words_stand_beside_the_word(elmo_folder: Path) -> None:
    plain = evaluate(spec(elmo_folder, tasks=["senses"]))
    findings = evaluate(spec(elmo_folder, tasks=["senses"], contexts=["word", "sentence"]))
    assert set(plain.results) < set(findings.results)
    more = {row for row in findings.results if row not in plain.results}
    assert {(row.model, row.layer, row.context) for row in more} == {
        ("tiny", 0, "sentence"), ("tiny", 2, "sentence"),
    }  # fmt: skip
    assert findings.contexts("senses") == ["word", "sentence"]
    assert {"tiny@context-mean", "bag-of-10-words"} <= {row.model for row in plain.results}
    assert plain.models("senses") == ["tiny"]
    beside = [row for row in findings.differences if row.context == "sentence"]
    assert [(row.a, row.b) for row in beside] == [("tiny", "tiny")]
    assert findings.compared("senses", "tiny", "tiny@context-mean") is not None
    assert [row for row in findings.differences if row.context == "word"] == list(plain.differences)
    report = render_markdown(findings)
    assert "word and sentence" in report and "other words" in report
    assert "At a word, tiny has read both sides of it." in report


def test_contexts_are_for_words(elmo_folder: Path) -> None:
    with pytest.raises(InputError, match="no word tasks in events"):
        evaluate(spec(elmo_folder, contexts=["word", "sentence"]))
    with pytest.raises(FormatError, match=r"'window-K' .* found 'window'"):
        spec(elmo_folder, contexts=["word", "window"])
    with pytest.raises(FormatError, match='the first should be "word"'):
        spec(elmo_folder, contexts=["sentence"])


def test_the_sum_of_the_last_four_layers_is_probed_by_all_probes(
    toy_folders: dict[str, Path], elmo_folder: Path
) -> None:
    given = spec(toy_folders["bert"], layers=[-1], probes=["1-nn", "centroid"], combinations=["sum-last4"])
    model = load(str(toy_folders["bert"]))
    lines = {(row.layer, row.probe) for row in evaluate(given).results if row.model == model.name}
    added = {("sum-last4", "1-nn"), ("sum-last4", "centroid")}
    assert (added <= lines) == (model.n_layers > 4)
    stacked = np.random.default_rng(0).normal(size=(6, 5, 3)).astype(np.float32)
    rows = np.array([4, 0])
    assert features_of(stacked, "sum-last4")(rows) == pytest.approx(stacked[2:, rows].sum(axis=0), abs=1e-6)
    given = spec(elmo_folder, combinations=["sum-last4"], baselines=[])
    assert {row.layer for row in evaluate(given).results} == {0, 2}  # three layers: no last four


def test_several_twins_have_a_mean_and_a_spread(elmo_folder: Path) -> None:
    one = evaluate(spec(elmo_folder, combinations=[]))
    several = evaluate(spec(elmo_folder, combinations=[], twins=3))
    marked = {dataclasses.replace(row, chosen=None) for row in several.results}
    assert {dataclasses.replace(row, chosen=None) for row in one.results} < marked
    twins = several.twins("events", "tiny")
    assert [twin.seed for twin in twins] == [0, 1, 2]
    assert len({twin.value for twin in twins}) > 1
    alone = several.chosen("events", "tiny@random")
    assert alone == twins[0]
    found = several.compared("events", "tiny", "tiny@random")
    best = several.chosen("events", "tiny")
    assert found is not None and best is not None
    assert found.test == "bootstrap of twins"
    assert found.difference == pytest.approx(best.value - np.mean([twin.value for twin in twins]), abs=1e-5)
    assert found.smallest is not None
    table = render_markdown(several)
    assert " of 3" in table and "over random twins" in table
