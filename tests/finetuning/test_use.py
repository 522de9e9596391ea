"""Tuned models in use: lines, commands, scikit-learn, and the outcome beside the frozen probe."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import ctxemb
from ctxemb import finetune
from ctxemb.cli.main import run
from ctxemb.errors import FormatError, InputError
from ctxemb.finetuning.lines import item_of_line, label_lines
from ctxemb.finetuning.tune import Source, plan_of, tune
from ctxemb.probes import score_of
from tests.finetuning.toy_tasks import toy_material, toy_source, toy_task
from tests.toys import sentences

QUICK = ("--epochs", "2", "--learning-rate", "0.01", "--batch-size", "6")


def own_file(folder: Path, *, pairs: bool = False) -> Path:
    """Write labelled texts: blue if the word sea is in them."""
    rows = []
    for number, text in enumerate(sentences(*(3 + i % 4 for i in range(60)))):
        colour = "blue" if number % 2 else "red"
        first = f"{text} {'sea' if number % 2 else 'sun'}"
        split = ("train", "train", "train", "dev", "test")[number % 5]
        rows.append("\t".join([colour, first, *([str(text)] if pairs else []), split]))
    header = "\t".join(["label", "text", *(["second"] if pairs else []), "split"])
    path = folder / "colours.tsv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("family", ["bert", "gpt", "elmo"])
def test_finetune_and_predict_commands(
    family: str, toy_folders: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    task, output = own_file(tmp_path), tmp_path / "out"
    arguments = ["finetune", "--model", str(toy_folders[family]), "--task", str(task), "--recipe", "bert",
                 "--seeds", "2", "-o", str(output), "--no-cache", "--format", "json", *QUICK]  # fmt: skip
    assert run(arguments) == 0
    told = capsys.readouterr()
    rows = json.loads(told.out)
    assert [row["seed"] for row in rows] == ["0", "1", "mean", "-"]
    assert rows[2]["low"] <= rows[2]["test"] <= rows[2]["high"]
    assert rows[3]["recipe"] == "frozen"
    assert "bert less frozen:" in told.err
    assert run(arguments) == 0  # everything is read
    assert json.loads(capsys.readouterr().out) == rows
    lines = tmp_path / "lines.txt"
    lines.write_text("The sea was cold\nThe sun rose\n")
    assert run(["predict", str(output / "seed-0"), str(lines)]) == 0
    answers = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert all(label in ("blue", "red") and 0.5 <= float(share) <= 1 for label, share in answers)
    assert run(["predict", str(output / "seed-0"), str(lines), "--format", "jsonl"]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["label"] for row in found] == [label for label, _ in answers]
    assert sum(found[0]["probabilities"].values()) == pytest.approx(1, abs=1e-4)
    lines.write_text("The sea\n\n")
    assert run(["predict", str(output / "seed-0"), str(lines)]) == 1
    assert "lines.txt:2: expected a text, found ''" in capsys.readouterr().err
    assert run(["probe", "--model", str(output / "seed-0"), "--task", str(task), "--no-cache",
                "--no-baselines", "--layer", "-1"]) == 0  # fmt: skip


def test_pairs_of_ones_own(toy_folders: dict[str, Path], tmp_path: Path) -> None:
    task = own_file(tmp_path, pairs=True)
    outcome = finetune(str(toy_folders["bert"]), str(task), "bert", epochs=1, learning_rate=1e-3)
    assert outcome.task.kind == "sentence-pair"
    assert outcome.frozen is not None
    assert outcome.difference is not None
    assert 0 <= outcome.difference.p <= 1
    with pytest.raises(FormatError, match=r"mixed.tsv:2: expected 3 columns"):
        (tmp_path / "mixed.tsv").write_text("a\tone\ttwo\nb\tone\n")
        finetune(str(toy_folders["bert"]), str(tmp_path / "mixed.tsv"))


def test_folds_and_failed_runs(toy_folders: dict[str, Path], tmp_path: Path) -> None:
    rows = [f"{'blue' if i % 3 else 'red'}\t{text}" for i, text in enumerate(sentences(*[4] * 30))]
    (tmp_path / "folds.tsv").write_text("\n".join(rows) + "\n")
    outcome = finetune(
        str(toy_folders["bert"]), str(tmp_path / "folds.tsv"), "bert", frozen=False, epochs=1,
        learning_rate=1e-9, folder=tmp_path / "out",
    )  # fmt: skip
    assert len(outcome.runs[0].test.rows) == 30
    assert (tmp_path / "out" / "seed-0" / "fold-3" / "config.json").is_file()
    assert (outcome.failed == [0]) == (outcome.runs[0].test_score <= outcome.majority)


def test_labels_of_the_test_alone_are_told(toy_folders: dict[str, Path], tmp_path: Path) -> None:
    path = own_file(tmp_path)
    path.write_text(path.read_text() + "green\tThe grass was green\ttest\n")
    outcome = finetune(
        str(toy_folders["bert"]), str(path), "bert", frozen=False, epochs=1, learning_rate=1e-3
    )
    assert any("labels that training has not seen count as wrong: green" in note for note in outcome.notes)


def test_lines_of_every_kind() -> None:
    assert len(item_of_line("one two", 1, "token-label", "f:1").targets) == 2
    marked = item_of_line("on the *Bank* .", 3, "word-sense", "f:3")
    assert (marked.targets[0].group, marked.targets[0].spans[0][1:]) == ("bank", (2, 3))
    assert len(item_of_line("a *b* c\t*b* d", 1, "pair", "f:1").targets[0].spans) == 2
    with pytest.raises(FormatError, match=r"f:1: expected two texts with a tab between"):
        item_of_line("one text", 1, "sentence-pair", "f:1")
    with pytest.raises(FormatError, match=r"f:1: no position, and 0 \*marked\* targets"):
        item_of_line("no mark", 1, "word-sense", "f:1")


def test_words_without_senses_and_ways_to_read_out_are_told(toy_folders: dict[str, Path]) -> None:
    source, material = toy_source(toy_folders["bert"]), toy_material(toy_task("word-sense"))
    recipe, plan = plan_of(source, "bert", {"epochs": 1, "learning_rate": 1e-3})
    tuned = tune(source, material, recipe, plan, 0)
    with pytest.raises(FormatError, match=r"f:7: no senses of 'word2' are known; did you mean 'word1'"):
        list(label_lines(tuned, [(7, "the *word2* .")], "f", "tsv"))
    assert [line.split("\t")[0][-1] for line in label_lines(tuned, [(1, "a *word1*")], "f", "tsv")] == ["1"]
    with pytest.raises(InputError, match="a way to read a model out; tune the model itself"):
        Source.of("static:bert")


def test_scikit_learns_contract(toy_folders: dict[str, Path]) -> None:
    from sklearn.base import clone
    from sklearn.model_selection import GridSearchCV, cross_val_score
    from sklearn.pipeline import make_pipeline

    texts = [f"{text} {'sea' if i % 2 else 'sun'}" for i, text in enumerate(sentences(*[3] * 40))]
    y = np.array([number % 2 * 10 for number in range(40)])
    classifier = ctxemb.FineTunedClassifier(
        str(toy_folders["bert"]), "bert", epochs=2, learning_rate=1e-2, batch_size=8
    )
    fitted = clone(classifier).fit(texts, y)
    assert fitted.classes_.tolist() == [0, 10]
    shares = fitted.predict_proba(texts[:3])
    assert shares.shape == (3, 2)
    assert (fitted.predict(texts[:3]) == fitted.classes_[shares.argmax(1)]).all()
    again = clone(classifier).fit(texts, y)
    np.testing.assert_array_equal(again.predict_proba(texts), fitted.predict_proba(texts))
    assert len(cross_val_score(make_pipeline(classifier), texts, y, cv=2)) == 2
    search = GridSearchCV(classifier, {"epochs": [1]}, cv=2).fit(texts, y)
    assert search.best_params_ == {"epochs": 1}
    with pytest.raises(InputError, match=r"text 1 .* has no words"):
        classifier.fit(["a", ""], [0, 1])
    with pytest.raises(InputError, match="two labels to tell apart, but all are '0'"):
        classifier.fit(["a", "b"], [0, 0])
    with pytest.raises(InputError, match="as many labels as texts, found 1 and 2"):
        classifier.fit(["a", "b"], [0])
    with pytest.raises(InputError, match="too few texts of each label"):
        classifier.fit(["a", "b"], [0, 1])
    with pytest.raises(TypeError, match=r"write \[text\]"):
        fitted.predict("one")


def test_a_task_of_ones_own(toy_folders: dict[str, Path]) -> None:
    outcome = ctxemb.finetune(str(toy_folders["elmo"]), toy_task("word-sense", 40), epochs=1, cache=False)
    assert outcome.recipe == "features"
    assert outcome.frozen is not None and outcome.difference is not None
    frozen, score = outcome.frozen
    assert score.value == pytest.approx(score_of(outcome.task, frozen.rows, frozen.labels))
    assert outcome.difference.value == pytest.approx(outcome.score.value - score.value)
    with pytest.raises(InputError, match="at least one seed"):
        ctxemb.finetune(str(toy_folders["elmo"]), toy_task("word-sense"), seeds=0)
